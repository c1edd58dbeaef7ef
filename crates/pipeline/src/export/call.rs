//! How much is handed over in one call: enough to fill the requests of a sink, little enough to hold in memory.
//!
//! Events come in batches of any size. Where one call ends follows from the payloads alone, and not from how they were
//! read, so that the same payloads make the same calls again after a restart.

use std::ops::Range;

use arrow::array::{AsArray, RecordBatch};
use sink::Payload;

/// Bytes of the payloads of one call; a single one that is larger goes alone.
const CALL_BYTES_MAX: usize = 16 << 20;

/// Events that are made into payloads at once.
const SLICE_EVENTS: usize = 1_024;

/// Bytes of their columns; a single one that is larger goes alone.
const SLICE_BYTES_MAX: u64 = 8 << 20;

/// Returns how many of the first payloads make the next call, or nothing where they are not enough yet.
///
/// `payloads_max` is how many make a full one, `until` where a call ended that was begun before a restart; `is_end` says
/// that no more are to come for now.
pub(super) fn cut(payloads: &[Payload], payloads_max: usize, until: Option<u64>, is_end: bool) -> Option<usize> {
    if let Some(until) = until
        && payloads.first().is_some_and(|first| first.offset <= until)
    {
        let count = payloads.partition_point(|payload| payload.offset <= until);
        return (count < payloads.len() || is_end || payloads.last()?.offset == until).then_some(count);
    }
    let mut bytes = 0_usize;
    for (nth, payload) in payloads.iter().enumerate() {
        bytes = bytes.saturating_add(payload.bytes.len());
        if nth > 0 && (nth >= payloads_max || bytes > CALL_BYTES_MAX) {
            return Some(nth);
        }
    }
    let is_full = payloads.len() >= payloads_max.max(1);
    ((is_end || is_full) && !payloads.is_empty()).then_some(payloads.len())
}

/// Returns the rows of a batch in slices of bounded size.
pub(super) fn slices(batch: &RecordBatch) -> Vec<Range<usize>> {
    let mut slices = Vec::new();
    let (mut start, mut bytes) = (0, 0_u64);
    for (row, weight) in weights(batch).into_iter().enumerate() {
        let is_full = row - start >= SLICE_EVENTS || bytes.saturating_add(weight) > SLICE_BYTES_MAX;
        if is_full && row > start {
            slices.push(start..row);
            (start, bytes) = (row, 0);
        }
        bytes = bytes.saturating_add(weight);
    }
    if start < batch.num_rows() {
        slices.push(start..batch.num_rows());
    }
    slices
}

/// Returns the bytes of each row's texts.
fn weights(batch: &RecordBatch) -> Vec<u64> {
    let mut weights = vec![0_u64; batch.num_rows()];
    for texts in batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>()) {
        for (weight, offsets) in weights.iter_mut().zip(texts.value_offsets().windows(2)) {
            if let [start, end] = offsets {
                *weight = weight.saturating_add(u64::from(end.abs_diff(*start)));
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    fn payload(offset: u64, bytes: usize) -> Payload {
        Payload { id: String::new(), offset, bytes: vec![b'x'; bytes].into() }
    }

    #[test]
    fn calls_end_where_they_would_have_ended() {
        // Payloads as offset and size, where a call ended before, whether more are to come, and how many go.
        type Case = (&'static [(u64, usize)], Option<u64>, bool, Option<usize>);
        const LARGE: usize = CALL_BYTES_MAX;
        let cases: [Case; 14] = [
            (&[], None, true, None),
            (&[(1, 1)], None, false, None),
            (&[(1, 1)], None, true, Some(1)),
            (&[(1, 1), (2, 1), (3, 1)], None, false, Some(3)),
            (&[(1, 1), (2, 1), (3, 1), (4, 1)], None, false, Some(3)),
            (&[(1, LARGE), (2, 1)], None, false, Some(1)),
            (&[(1, LARGE + 1), (2, 1)], None, false, Some(1)),
            (&[(1, 1), (2, LARGE)], None, false, Some(1)),
            (&[(1, 1), (2, LARGE - 1)], None, false, None),
            (&[(1, 1), (3, 1)], Some(2), false, Some(1)),
            (&[(1, 1), (2, 1)], Some(2), false, Some(2)),
            (&[(1, 1), (2, 1)], Some(4), false, None),
            (&[(1, 1), (2, 1)], Some(4), true, Some(2)),
            (&[(5, 1)], Some(4), false, None),
        ];
        for (payloads, until, is_end, expect) in cases {
            let payloads: Vec<_> = payloads.iter().map(|(offset, bytes)| payload(*offset, *bytes)).collect();
            let offsets: Vec<_> = payloads.iter().map(|payload| payload.offset).collect();
            assert_eq!(cut(&payloads, 3, until, is_end), expect, "{offsets:?} {until:?} {is_end}");
        }
    }

    #[test]
    fn slices_are_bounded() {
        let large = SLICE_BYTES_MAX as usize;
        let cases: [(Vec<usize>, Vec<Range<usize>>); 4] = [
            (vec![], vec![]),
            (vec![1, 1, large, 1], vec![0..2, 2..3, 3..4]),
            (vec![large + 1, large + 1], vec![0..1, 1..2]),
            (vec![0; SLICE_EVENTS + 1], vec![0..SLICE_EVENTS, SLICE_EVENTS..SLICE_EVENTS + 1]),
        ];
        for (sizes, expect) in cases {
            let texts: StringArray = sizes.iter().map(|size| Some("x".repeat(*size))).collect();
            let batch = RecordBatch::try_from_iter([("a", Arc::new(texts) as ArrayRef)]).unwrap();
            assert_eq!(slices(&batch), expect, "{} rows", sizes.len());
        }
    }
}
