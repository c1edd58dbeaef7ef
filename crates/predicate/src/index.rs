//! Many predicates at once: each is tried only on the events whose name or source it demands.

use std::collections::HashMap;

use event::schema;

use crate::address::{At, Source};
use crate::batch::Rows;
use crate::compile::{Needs, Predicate};
use crate::error::Result;
use crate::expr::Case;
use crate::record::Record;
use crate::text;
use crate::value::{Base, Value};

/// Predicates by the `eventName`, or else the `eventSource`, that they demand.
#[derive(Debug, Clone)]
pub struct RuleIndex {
    predicates: Vec<Predicate>,
    /// By predicate: which buckets hold its candidates.
    ways: Vec<Way>,
    names: Buckets,
    sources: Buckets,
    needs: Needs,
}

/// How the candidates of a predicate are found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Names(Vec<u32>),
    Sources(Vec<u32>),
    Always,
}

/// Values that are demanded, each with a number.
#[derive(Debug, Clone, Default)]
struct Buckets {
    column: usize,
    numbers: HashMap<Box<[u8]>, u32>,
}

/// The bucket of an event whose member is no plain text: every predicate is tried on it.
const ODD: u32 = u32::MAX;

impl RuleIndex {
    /// Makes an index of predicates; each is known by its place.
    pub fn new(predicates: Vec<Predicate>) -> RuleIndex {
        let mut names = Buckets::of("eventname");
        let mut sources = Buckets::of("eventsource");
        let ways = predicates
            .iter()
            .map(|predicate| match (&predicate.witness.names, &predicate.witness.sources) {
                (Some(values), _) => Way::Names(names.numbers(values)),
                (None, Some(values)) => Way::Sources(sources.numbers(values)),
                (None, None) => Way::Always,
            })
            .collect();
        let mut needs = predicates.iter().fold(Needs::default(), |needs, predicate| needs.and(predicate.needs()));
        needs.columns |= 1 << names.column | 1 << sources.column;
        RuleIndex { predicates, ways, names, sources, needs }
    }

    /// Returns what all predicates together read of a batch.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Returns the number of predicates that no event name and no source narrows.
    pub fn always(&self) -> usize {
        self.ways.iter().filter(|way| **way == Way::Always).count()
    }

    /// Calls `found` with each predicate that holds for some events of the batch, and these, in ascending order.
    ///
    /// # Errors
    /// If the batch lacks a column that is read, or a record cannot be rebuilt.
    pub fn select(&self, rows: &Rows<'_>, found: &mut impl FnMut(usize, &[u32])) -> Result<()> {
        rows.check(self.needs)?;
        let by_name = self.names.sort(rows);
        let by_source = self.sources.sort(rows);
        for (at, (predicate, way)) in self.predicates.iter().zip(&self.ways).enumerate() {
            let mut selection = match way {
                Way::Names(numbers) => by_name.candidates(numbers),
                Way::Sources(numbers) => by_source.candidates(numbers),
                Way::Always => rows.all(),
            };
            predicate.select(rows, &mut selection);
            if !selection.is_empty() {
                found(at, &selection);
            }
        }
        rows.outcome()
    }

    /// Returns the predicates that hold for a record, in ascending order.
    pub fn matches(&self, record: &Record<'_>) -> Vec<usize> {
        let name = self.names.of_record(record);
        let source = self.sources.of_record(record);
        let meets = |numbers: &[u32], found: Option<u32>| found.is_some_and(|at| at == ODD || numbers.contains(&at));
        let tried = self.ways.iter().enumerate().filter(|(_, way)| match way {
            Way::Names(numbers) => meets(numbers, name),
            Way::Sources(numbers) => meets(numbers, source),
            Way::Always => true,
        });
        tried
            .filter(|(at, _)| self.predicates.get(*at).is_some_and(|predicate| predicate.matches(record)))
            .map(|(at, _)| at)
            .collect()
    }
}

impl Buckets {
    fn of(column: &str) -> Buckets {
        Buckets { column: schema::column_index(column).unwrap_or_default(), numbers: HashMap::new() }
    }

    fn numbers(&mut self, values: &[Box<[u8]>]) -> Vec<u32> {
        let mut number = |value: &[u8]| {
            let next = self.numbers.len() as u32;
            *self.numbers.entry(value.into()).or_insert(next)
        };
        let mut numbers: Vec<u32> = values.iter().map(|value| number(value)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn number(&self, text: &str) -> Option<u32> {
        text::with_folded(Case::Insensitive, text, |folded| self.numbers.get(folded).copied())
    }

    fn of_record(&self, record: &Record<'_>) -> Option<u32> {
        record.base(At::Column(self.column), |base| match base {
            Base::Json(json) => match Value::of(json) {
                Value::Container(_) => Some(ODD),
                value => value.text().and_then(|text| self.number(&text)),
            },
            _ => None,
        })
    }

    /// Sorts the events of a batch into the buckets.
    fn sort(&self, rows: &Rows<'_>) -> Sorted {
        let mut sorted = Sorted { rows: vec![Vec::new(); self.numbers.len()], odd: Vec::new() };
        if self.numbers.is_empty() {
            return sorted;
        }
        for row in 0..rows.len() {
            let Some(text) = rows.text(self.column, row) else { continue };
            if matches!(text.as_bytes().first(), Some(b'[' | b'{')) {
                sorted.odd.push(row as u32);
            } else if let Some(bucket) = self.number(text).and_then(|at| sorted.rows.get_mut(at as usize)) {
                bucket.push(row as u32);
            }
        }
        sorted
    }
}

/// The events of a batch by bucket.
struct Sorted {
    rows: Vec<Vec<u32>>,
    odd: Vec<u32>,
}

impl Sorted {
    fn candidates(&self, numbers: &[u32]) -> Vec<u32> {
        let buckets = numbers.iter().filter_map(|at| self.rows.get(*at as usize)).filter(|rows| !rows.is_empty());
        let mut candidates = Vec::new();
        let mut parts = usize::from(!self.odd.is_empty());
        for bucket in buckets {
            candidates.extend_from_slice(bucket);
            parts += 1;
        }
        candidates.extend_from_slice(&self.odd);
        if parts > 1 {
            candidates.sort_unstable();
        }
        candidates
    }
}
