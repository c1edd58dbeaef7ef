//! What an event shows beside what a finding keeps of it: what was called, from where, by whom, and who stands behind it.
//!
//! Windows are decided at the end of a stretch, when the columns of their events are gone. So each event's place among
//! the sights met is kept until then; distinct sights are few.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use lineage::origin::Origin;

/// Most events whose sight is kept at a time: 128 MiB.
const EVENTS_MAX: usize = 8 << 20;

/// The columns that are shown, in the order of [`Sight`].
pub(super) const COLUMNS: [&str; 5] = ["eventname", "eventsource", "awsregion", "sourceipaddress", "useridentity_arn"];

/// What an event shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// `eventName`.
    pub event_name: Option<String>,
    /// `eventSource`.
    pub event_source: Option<String>,
    /// `awsRegion`.
    pub region: Option<String>,
    /// `sourceIPAddress`.
    pub source_address: Option<String>,
    /// `userIdentity.arn`.
    pub arn: Option<String>,
    /// Who stands behind the credential.
    pub origin: Option<Arc<Origin>>,
}

/// The sights met since the last end of a stretch.
#[derive(Default)]
pub(super) struct Sights {
    known: HashMap<u64, Vec<u32>>,
    sights: Vec<Arc<Sight>>,
    /// Number of an event and its sight.
    events: Vec<(i64, u32)>,
    is_sorted: bool,
    hasher: RandomState,
    /// Events whose sight was not kept because there were too many.
    pub missed: u64,
}

/// The columns of a batch that are shown.
pub(super) struct Shown<'a> {
    texts: [Option<&'a ArrayRef>; COLUMNS.len()],
    numbers: Option<&'a Int64Array>,
}

impl<'a> Shown<'a> {
    /// Finds the columns; `number` is the one that tells events apart.
    pub(super) fn new(columns: &'a RecordBatch, number: &str) -> Shown<'a> {
        Shown {
            texts: COLUMNS.map(|name| columns.column_by_name(name)),
            numbers: columns.column_by_name(number).and_then(|array| array.as_primitive_opt::<Int64Type>()),
        }
    }

    /// Returns the number of an event.
    pub(super) fn number(&self, row: usize) -> Option<i64> {
        self.numbers.filter(|numbers| row < numbers.len()).map(|numbers| numbers.value(row))
    }

    fn texts(&self, row: usize) -> [Option<&'a str>; COLUMNS.len()] {
        self.texts.map(|array| {
            let array = array?.as_string_opt::<i32>()?;
            (row < array.len() && array.is_valid(row)).then(|| array.value(row))
        })
    }

    /// Returns what an event shows.
    pub(super) fn sight(&self, row: usize, origin: Option<Arc<Origin>>) -> Sight {
        let [event_name, event_source, region, source_address, arn] =
            self.texts(row).map(|text| text.map(str::to_owned));
        Sight { event_name, event_source, region, source_address, arn, origin }
    }
}

impl Sights {
    /// Keeps what an event shows.
    pub(super) fn keep(&mut self, shown: &Shown<'_>, row: usize, origin: Option<&Arc<Origin>>) {
        let Some(number) = shown.number(row) else { return };
        if self.events.len() >= EVENTS_MAX {
            self.missed += 1;
            return;
        }
        let texts = shown.texts(row);
        let hash = self.hasher.hash_one((texts, origin.map(Arc::as_ptr)));
        let bucket = self.known.entry(hash).or_default();
        let same = |sight: &Sight| {
            let [event_name, event_source, region, source_address, arn] = &texts;
            sight.event_name.as_deref() == *event_name
                && sight.event_source.as_deref() == *event_source
                && sight.region.as_deref() == *region
                && sight.source_address.as_deref() == *source_address
                && sight.arn.as_deref() == *arn
                && sight.origin.as_ref() == origin
        };
        let found = bucket.iter().find(|at| self.sights.get(**at as usize).is_some_and(|sight| same(sight)));
        let at = match found {
            Some(at) => *at,
            None => {
                let at = self.sights.len() as u32;
                self.sights.push(Arc::new(shown.sight(row, origin.cloned())));
                bucket.push(at);
                at
            }
        };
        self.events.push((number, at));
        self.is_sorted = false;
    }

    /// Returns what an event showed; nothing of one that was not kept.
    pub(super) fn of(&mut self, number: i64) -> Arc<Sight> {
        if !self.is_sorted {
            self.events.sort_unstable();
            self.is_sorted = true;
        }
        let at = self.events.binary_search_by_key(&number, |(number, _)| *number);
        let at = at.ok().and_then(|at| self.events.get(at)).map(|(_, at)| *at as usize);
        at.and_then(|at| self.sights.get(at)).cloned().unwrap_or_default()
    }

    /// Forgets all, at the end of a stretch.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.sights.clear();
        self.events.clear();
    }
}
