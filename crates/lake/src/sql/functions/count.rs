//! `count`, with one table of all groups' texts for `count(DISTINCT text)`.
//!
//! The engine's own keeps a set of texts for each group: with 10,000 principals most of a query's time is spent in
//! allocating them. Here a text becomes a number once, and one set holds the pairs of group and number.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{filter, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{HashSet, Result, ScalarValue, exec_datafusion_err};
use datafusion::functions_aggregate::count::Count;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
    StatisticsArgs,
};
use datafusion::physical_expr_common::binary_map::{ArrowBytesMap, OutputType};

/// The engine's `count` in everything but `count(DISTINCT text)` over groups.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CountTexts {
    count: Count,
}

impl AggregateUDFImpl for CountTexts {
    fn name(&self) -> &str {
        self.count.name()
    }

    fn signature(&self) -> &Signature {
        self.count.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.count.return_type(arguments)
    }

    fn is_nullable(&self) -> bool {
        self.count.is_nullable()
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.count.state_fields(arguments)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.count.accumulator(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        counts_texts(&arguments) || self.count.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        if counts_texts(&arguments) {
            return Ok(Box::new(DistinctTexts::default()));
        }
        self.count.create_groups_accumulator(arguments)
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.count.create_sliding_accumulator(arguments)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.count.reverse_expr()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.count.default_value(data_type)
    }

    fn value_from_stats(&self, arguments: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.count.value_from_stats(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.count.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.count.set_monotonicity(data_type)
    }
}

fn counts_texts(arguments: &AccumulatorArgs<'_>) -> bool {
    arguments.is_distinct && matches!(arguments.expr_fields, [field] if matches!(field.data_type(), DataType::Utf8))
}

/// The distinct texts of all groups.
struct DistinctTexts {
    /// Numbers of the texts, in the order in which they were first seen.
    texts: ArrowBytesMap<i32, u32>,
    /// Group and number of a text.
    seen: HashSet<(u32, u32)>,
    /// Distinct texts of each group.
    counts: Vec<i64>,
}

impl Default for DistinctTexts {
    fn default() -> DistinctTexts {
        DistinctTexts { texts: ArrowBytesMap::new(OutputType::Utf8), seen: HashSet::default(), counts: Vec::new() }
    }
}

impl DistinctTexts {
    /// Takes texts, none of them null, each with its group.
    fn add(&mut self, texts: &ArrayRef, groups: impl IntoIterator<Item = usize>) {
        let mut groups = groups.into_iter();
        let (seen, counts) = (&mut self.seen, &mut self.counts);
        let mut next = self.texts.len() as u32;
        let number = |_: Option<&[u8]>| {
            next += 1;
            next - 1
        };
        self.texts.insert_if_new(texts, number, |text| {
            if let Some(group) = groups.next()
                && seen.insert((group as u32, text))
                && let Some(count) = counts.get_mut(group)
            {
                *count += 1;
            }
        });
    }

    /// Leaves out the first groups, whose answer has been given, and renumbers the others.
    fn drop_first(&mut self, emit_to: EmitTo) {
        match emit_to {
            EmitTo::All => {
                self.seen.clear();
                // What it returns is the old table.
                drop(self.texts.take());
            }
            EmitTo::First(groups) => {
                let groups = groups as u32;
                self.seen = self
                    .seen
                    .drain()
                    .filter_map(|(group, text)| group.checked_sub(groups).map(|group| (group, text)))
                    .collect();
            }
        }
    }
}

impl GroupsAccumulator for DistinctTexts {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        wanted: Option<&BooleanArray>,
        groups_total: usize,
    ) -> Result<()> {
        self.counts.resize(groups_total, 0);
        let texts = one(values)?;
        match kept(texts, wanted) {
            None => self.add(texts, groups.iter().copied()),
            Some(kept) => {
                let groups = groups.iter().zip(kept.values()).filter(|(_, kept)| *kept).map(|(group, _)| *group);
                self.add(&filter(texts, &kept)?, groups);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let counts = emit_to.take_needed(&mut self.counts);
        self.drop_first(emit_to);
        Ok(Arc::new(Int64Array::from(counts)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = emit_to.take_needed(&mut self.counts);
        let offsets = OffsetBuffer::<i32>::from_lengths(counts.iter().map(|count| *count as usize));
        let mut at: Vec<usize> = offsets.iter().take(counts.len()).map(|offset| *offset as usize).collect();
        let mut chosen = vec![0; counts.iter().sum::<i64>() as usize];
        for (group, text) in &self.seen {
            if let Some(at) = at.get_mut(*group as usize)
                && let Some(place) = chosen.get_mut(*at)
            {
                *place = *text;
                *at += 1;
            }
        }
        self.drop_first(EmitTo::First(counts.len()));
        // The table gives its texts out as a whole; what later groups still need is put back under its old number.
        let texts = self.texts.take().into_state();
        if self.seen.is_empty() {
            self.seen.clear();
        } else {
            let mut next = 0;
            let number = |_: Option<&[u8]>| {
                next += 1;
                next - 1
            };
            self.texts.insert_if_new(&texts, number, |_| ());
        }
        let values = take(&texts, &UInt32Array::from(chosen), None)?;
        let field = Arc::new(Field::new_list_field(DataType::Utf8, true));
        Ok(vec![Arc::new(ListArray::new(field, offsets, values, None))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], groups_total: usize) -> Result<()> {
        self.counts.resize(groups_total, 0);
        let lists = one(states)?
            .as_list_opt::<i32>()
            .ok_or_else(|| exec_datafusion_err!("the state of `count(DISTINCT ..)` is no list"))?;
        let offsets = lists.offsets();
        let first = offsets.first().map_or(0, |offset| *offset as usize);
        let last = offsets.last().map_or(0, |offset| *offset as usize);
        let lengths = offsets.lengths();
        self.add(
            &lists.values().slice(first, last - first),
            groups.iter().zip(lengths).flat_map(|(group, length)| std::iter::repeat_n(*group, length)),
        );
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], wanted: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let texts = one(values)?;
        let field = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let list = match kept(texts, wanted) {
            None => ListArray::new(field, OffsetBuffer::from_repeated_length(1, texts.len()), texts.clone(), None),
            Some(kept) => {
                let offsets = OffsetBuffer::from_lengths(kept.values().iter().map(usize::from));
                ListArray::new(field, offsets, filter(texts, &kept)?, None)
            }
        };
        Ok(vec![Arc::new(list)])
    }

    fn size(&self) -> usize {
        self.texts.size()
            + self.seen.capacity() * (size_of::<(u32, u32)>() + 1)
            + self.counts.capacity() * size_of::<i64>()
    }
}

fn one(values: &[ArrayRef]) -> Result<&ArrayRef> {
    values.first().ok_or_else(|| exec_datafusion_err!("`count(DISTINCT ..)` was given no values"))
}

/// Which texts count: those that are not null and wanted; `None` if all do.
fn kept(texts: &ArrayRef, wanted: Option<&BooleanArray>) -> Option<BooleanArray> {
    let wanted = wanted.map(|wanted| match wanted.nulls() {
        Some(nulls) => wanted.values() & nulls.inner(),
        None => wanted.values().clone(),
    });
    let valid = texts.nulls().filter(|nulls| nulls.null_count() > 0).map(NullBuffer::inner);
    match (valid, wanted) {
        (None, None) => None,
        (Some(valid), None) => Some(BooleanArray::new(valid.clone(), None)),
        (None, Some(wanted)) => Some(BooleanArray::new(wanted, None)),
        (Some(valid), Some(wanted)) => Some(BooleanArray::new(valid & &wanted, None)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet as Set;

    use datafusion::arrow::array::StringArray;

    use super::*;

    /// A row of a batch: group, text, wanted.
    type Row = (usize, Option<String>, bool);

    fn rows(seed: u64) -> Vec<Row> {
        let mut state = seed;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        (0..400).map(|_| (next(7) as usize, (next(5) > 0).then(|| format!("text {}", next(12))), next(4) > 0)).collect()
    }

    fn columns(rows: &[Row]) -> (ArrayRef, Vec<usize>, BooleanArray) {
        let texts = StringArray::from_iter(rows.iter().map(|(_, text, _)| text.as_deref()));
        let wanted = BooleanArray::from_iter(rows.iter().map(|(_, _, wanted)| Some(*wanted)));
        (Arc::new(texts), rows.iter().map(|(group, _, _)| *group).collect(), wanted)
    }

    fn expected(rows: &[Row]) -> Vec<i64> {
        (0..7)
            .map(|of| {
                let texts = rows.iter().filter(|(group, text, wanted)| *group == of && *wanted && text.is_some());
                texts.map(|(_, text, _)| text).collect::<Set<_>>().len() as i64
            })
            .collect()
    }

    fn counted(array: ArrayRef) -> Vec<i64> {
        array.as_primitive::<datafusion::arrow::datatypes::Int64Type>().values().to_vec()
    }

    /// Whichever way partial results take, the answer is that of a set a group.
    #[test]
    fn every_way_gives_the_count_of_a_set() {
        for seed in 0..20 {
            let rows = rows(seed);
            let (texts, groups, wanted) = columns(&rows);
            let mut whole = DistinctTexts::default();
            whole.update_batch(std::slice::from_ref(&texts), &groups, Some(&wanted), 7).unwrap();
            assert_eq!(counted(whole.evaluate(EmitTo::All).unwrap()), expected(&rows), "seed {seed}");

            // In two parts, whose states are merged; the first part gives out its groups bit by bit.
            let (mut first, mut merged) = (DistinctTexts::default(), DistinctTexts::default());
            let (early, late) = rows.split_at(rows.len() / 2);
            let (texts, groups, wanted) = columns(early);
            first.update_batch(&[texts], &groups, Some(&wanted), 7).unwrap();
            for (from, to) in [(0, 3), (3, 4), (4, 7)] {
                let state = first.state(EmitTo::First(to - from)).unwrap();
                merged.merge_batch(&state, &(from..to).collect::<Vec<_>>(), 7).unwrap();
            }
            let (texts, groups, wanted) = columns(late);
            let state = merged.convert_to_state(&[texts], Some(&wanted)).unwrap();
            merged.merge_batch(&state, &groups, 7).unwrap();
            let mut counts = counted(merged.evaluate(EmitTo::First(2)).unwrap());
            counts.extend(counted(merged.evaluate(EmitTo::All).unwrap()));
            assert_eq!(counts, expected(&rows), "seed {seed}");
        }
    }
}
