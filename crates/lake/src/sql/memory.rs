//! The memory of a session: one limit for what operators hold and for the values that functions make. Reaching it is said
//! in plain words.
//!
//! The engine counts what its operators hold and nothing of the arrays that pass between them. Those that functions make
//! are counted here as long as they live, by a reservation that goes with their longest buffer.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, make_array};
use arrow::buffer::Buffer;
use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// What every message begins with that tells of a limit on memory.
const OUT_OF_MEMORY: &str = "out of memory: ";
/// Begins the name of a consumer that is a function.
const FUNCTION: &str = "function ";

/// What operators do, by a part of the names under which they ask for memory.
const DOINGS: &[(&str, &str)] = &[
    ("Sort", "sort"),
    ("TopK", "sort"),
    ("Aggregate", "group"),
    ("GroupedHash", "group"),
    ("Join", "join tables"),
    ("SMJ", "join tables"),
    ("Repartition", "hand rows over between threads"),
    ("Recursive", "repeat a recursive part"),
];

/// The memory of a session.
#[derive(Debug)]
pub(super) struct QueryMemory {
    inner: Arc<dyn MemoryPool>,
    bytes_max: usize,
}

impl QueryMemory {
    /// The memory of operators, shared out fairly among those that can go on on disk.
    pub(super) fn of_operators(bytes_max: usize) -> Self {
        Self { inner: Arc::new(FairSpillPool::new(bytes_max)), bytes_max }
    }

    /// The memory of values that functions make, half of that of operators. It is apart from theirs: those that go on on disk
    /// take all there is before they do, and would leave nothing for a function above or below them.
    pub(super) fn of_functions(bytes_max: usize) -> Self {
        Self { inner: Arc::new(GreedyMemoryPool::new(bytes_max / 2)), bytes_max }
    }
}

impl fmt::Display for QueryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", size(self.inner.reserved()), size(self.bytes_max))
    }
}

impl MemoryPool for QueryMemory {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
    }

    /// The error is of the kind upon which operators go on on disk.
    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.inner.try_grow(reservation, additional).map_err(|_| {
            let doing = doing(reservation.consumer().name());
            refused(&format!("the query may use {}, and needs more to {doing}", size(self.bytes_max)))
        })
    }

    fn reserved(&self) -> usize {
        self.inner.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

fn doing(consumer: &str) -> String {
    if let Some(name) = consumer.strip_prefix(FUNCTION) {
        return format!("compute `{name}`");
    }
    let known = DOINGS.iter().find(|(part, _)| consumer.contains(part));
    known.map_or("compute its answer", |(_, doing)| doing).to_owned()
}

/// Makes the error of a limit on memory.
pub(super) fn refused(what: &str) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!("{OUT_OF_MEMORY}{what}"))
}

/// Returns what people are told of an error of the engine about memory or disk.
pub(super) fn told(message: &str) -> String {
    // Operators put words of their own around ours.
    if let Some(at) = message.find(OUT_OF_MEMORY) {
        return message[at..].lines().next().unwrap_or_default().to_owned();
    }
    match message.contains("disk space") {
        true => "the query needs more room on disk for what it puts aside than a query may use".to_owned(),
        false => format!("{OUT_OF_MEMORY}the query needs more than it may use"),
    }
}

/// Returns a size as people read it: `512 MiB`.
pub(super) fn size(bytes: usize) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut tenth, mut unit) = (bytes, 0, 0);
    while whole >= 1_024 && unit + 1 < UNITS.len() {
        (tenth, whole, unit) = (whole % 1_024 * 10 / 1_024, whole / 1_024, unit + 1);
    }
    let name = UNITS[unit];
    if tenth == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") }
}

/// Begins to count what a function makes.
///
/// # Errors
/// If there is not so much memory left.
pub(super) fn reserve(memory: &Arc<dyn MemoryPool>, function: &str, bytes: usize) -> Result<MemoryReservation> {
    let reservation = MemoryConsumer::new(format!("{FUNCTION}{function}")).register(memory);
    reservation.try_grow(bytes)?;
    Ok(reservation)
}

/// Has an array be counted until nobody has its longest buffer any more.
///
/// # Errors
/// If the array is larger than what was reserved and there is no more memory.
pub(super) fn held(array: &ArrayRef, reservation: MemoryReservation) -> Result<ArrayRef> {
    reservation.try_resize(array.get_buffer_memory_size())?;
    Ok(make_array(hold(array.to_data(), reservation)?))
}

fn hold(data: ArrayData, reservation: MemoryReservation) -> Result<ArrayData> {
    let bytes = |data: &ArrayData| data.buffers().iter().map(Buffer::len).max().unwrap_or_default();
    let children = data.child_data().iter().enumerate().map(|(nth, child)| (child.get_buffer_memory_size(), nth));
    match children.max() {
        Some((size, nth)) if size > bytes(&data) => {
            let mut children = data.child_data().to_vec();
            children[nth] = hold(children[nth].clone(), reservation)?;
            Ok(data.into_builder().child_data(children).build()?)
        }
        _ => {
            let mut buffers = data.buffers().to_vec();
            if let Some(longest) = buffers.iter_mut().max_by_key(|buffer| buffer.len()) {
                let owner = Counted { buffer: longest.clone(), _reservation: reservation };
                *longest = Buffer::from(Bytes::from_owner(owner));
            }
            Ok(data.into_builder().buffers(buffers).build()?)
        }
    }
}

/// A buffer with what counts it.
struct Counted {
    buffer: Buffer,
    _reservation: MemoryReservation,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, ListArray, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn arrays_are_counted_as_long_as_they_live() {
        let memory: Arc<dyn MemoryPool> = Arc::new(QueryMemory::of_functions(20_000));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("x".repeat(5_000)), None]));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some((0..500).map(Some))]));
        for array in [texts, lists] {
            let counted = held(&array, reserve(&memory, "f", 10).unwrap()).unwrap();
            assert_eq!(counted.as_ref(), array.as_ref());
            assert!(memory.reserved() >= 4_000, "{memory}");
            let slice = counted.slice(0, 1);
            drop(counted);
            assert!(memory.reserved() >= 4_000, "{memory}");
            drop(slice);
            assert_eq!(memory.reserved(), 0);
        }
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(20_000)]));
        let error = held(&long, reserve(&memory, "f", 10).unwrap()).expect_err("too long");
        assert_eq!(told(&error.message()), "out of memory: the query may use 19.5 KiB, and needs more to compute `f`");
        assert_eq!((memory.reserved(), long.as_string::<i32>().len()), (0, 1));
    }

    #[test]
    fn tells_in_plain_words() {
        let cases = [
            ("ExternalSorter[3]", "sort"),
            ("GroupedHashAggregateStream[0] (count(1))", "group"),
            ("HashJoinInput[1]", "join tables"),
            ("function repeat", "compute `repeat`"),
            ("anything else", "compute its answer"),
        ];
        for (consumer, expect) in cases {
            assert_eq!(doing(consumer), expect);
        }
        for (bytes, expect) in [(0, "0 bytes"), (65_536, "64 KiB"), (1_600, "1.5 KiB"), (2 << 30, "2 GiB")] {
            assert_eq!(size(bytes), expect);
        }
        let around =
            "Not enough memory to sort. Error: out of memory: the query may use 1 MiB, and needs more to sort\nmore";
        assert_eq!(told(around), "out of memory: the query may use 1 MiB, and needs more to sort");
        assert!(told("The used disk space during the spilling process has exceeded").contains("room on disk"));
    }
}
