//! Events counted by what they are about: all of them, and those that each trail records.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use event::schema::column_index;
use event::time::EventTime;
use predicate::{Needs, Rows};

use crate::error::{Error, ErrorKind, Result};
use crate::simulate::cost::{Billed, Cost, Pricing};

/// Most sums of a kind. What comes beyond is counted together.
pub const GROUPS_MAX: usize = 100_000;
/// What is counted together is called so.
const OTHERS: &str = "(others)";
/// An event that does not say.
const UNKNOWN: &str = "(none)";

/// How many events have something in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// What they have in common; of event names the source and the name.
    pub key: Vec<String>,
    /// All events.
    pub events: u64,
    /// Those that each trail records.
    pub recorded: Vec<u64>,
}

/// Events by what they are about; the most numerous first, days in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// By `eventCategory`.
    pub by_category: Vec<Group>,
    /// By `eventSource`.
    pub by_source: Vec<Group>,
    /// By `eventSource` and `eventName`.
    pub by_name: Vec<Group>,
    /// By account.
    pub by_account: Vec<Group>,
    /// By day, in UTC.
    pub by_day: Vec<Group>,
}

/// Sums in the making.
pub(super) struct Tally {
    total: Counts,
    times: Option<(i64, i64)>,
    categories: Kind,
    sources: Kind,
    names: Kind,
    accounts: Kind,
    days: Kind,
    billed: Vec<Billed>,
    columns: Columns,
}

/// Where the columns stand that are counted by.
struct Columns {
    category: usize,
    source: usize,
    name: usize,
    account: usize,
    caller: usize,
    read_only: usize,
}

#[derive(Clone)]
struct Counts {
    events: u64,
    recorded: Vec<u64>,
}

/// Sums of one kind.
struct Kind {
    trails: usize,
    groups: HashMap<String, Counts>,
}

/// Stands between the parts of a key.
const BETWEEN: char = '\0';

impl Tally {
    pub(super) fn new(trails: usize) -> Tally {
        let kind = || Kind { trails, groups: HashMap::new() };
        let column = |name: &str| column_index(name).unwrap_or_default();
        Tally {
            total: Counts { events: 0, recorded: vec![0; trails] },
            times: None,
            categories: kind(),
            sources: kind(),
            names: kind(),
            accounts: kind(),
            days: kind(),
            billed: vec![Billed::default(); trails],
            columns: Columns {
                category: column("eventcategory"),
                source: column("eventsource"),
                name: column("eventname"),
                account: column("recipientaccountid"),
                caller: column("useridentity_accountid"),
                read_only: column("readonly"),
            },
        }
    }

    /// Returns what is read of stored events.
    pub(super) fn needs(&self) -> Needs {
        let at = &self.columns;
        let read = [at.category, at.source, at.name, at.account, at.caller, at.read_only];
        Needs { columns: read.into_iter().fold(0, |columns, at| columns | 1 << at), ..Needs::default() }
    }

    /// Counts events.
    pub(super) fn add(&mut self, events: &RecordBatch, masks: &[BooleanArray]) -> Result<()> {
        let failed = |error| Error::new(ErrorKind::InvalidValue, format!("count stored events: {error}"));
        let rows = Rows::of_stored(events, &[]).map_err(failed)?;
        let reading = events.column_by_name("readonly").and_then(|column| column.as_boolean_opt());
        let mut recorded = vec![false; masks.len()];
        let mut pair = String::new();
        for row in 0..rows.len() {
            for (is_recorded, mask) in recorded.iter_mut().zip(masks) {
                *is_recorded = mask.value(row);
            }
            let text = |column: usize| rows.text(column, row).filter(|text| !text.is_empty());
            let category = text(self.columns.category).unwrap_or(UNKNOWN);
            let source = text(self.columns.source).unwrap_or(UNKNOWN);
            let account = text(self.columns.account).or_else(|| text(self.columns.caller)).unwrap_or(UNKNOWN);
            pair.clear();
            pair.extend([source, "\0", text(self.columns.name).unwrap_or(UNKNOWN)]);
            self.total.add(&recorded);
            self.categories.add(category, &recorded);
            self.sources.add(source, &recorded);
            self.names.add(&pair, &recorded);
            self.accounts.add(account, &recorded);
            self.add_time(rows.time(row), &recorded);
            let reads = reading.is_some_and(|reads| reads.is_valid(row) && reads.value(row));
            for (billed, _) in self.billed.iter_mut().zip(&recorded).filter(|(_, is_recorded)| **is_recorded) {
                billed.add(category, reads);
            }
        }
        Ok(())
    }

    fn add_time(&mut self, time: Option<EventTime>, recorded: &[bool]) {
        let Some(time) = time else { return self.days.add(UNKNOWN, recorded) };
        let micros = time.as_micros();
        let (first, last) = self.times.unwrap_or((micros, micros));
        self.times = Some((first.min(micros), last.max(micros)));
        self.days.add(time.to_string().get(..10).unwrap_or(UNKNOWN), recorded);
    }

    /// Returns what each trail would cost.
    pub(super) fn costs(&self, pricing: &Pricing) -> Vec<Cost> {
        self.billed.iter().map(|billed| billed.cost(pricing)).collect()
    }

    /// Gives the sums out.
    pub(super) fn finish(self) -> (Group, Option<(EventTime, EventTime)>, Sums) {
        let sums = Sums {
            by_category: self.categories.by_number(),
            by_source: self.sources.by_number(),
            by_name: self.names.by_number(),
            by_account: self.accounts.by_number(),
            by_day: self.days.by_key(),
        };
        let times = self.times.map(|(first, last)| (EventTime::from_micros(first), EventTime::from_micros(last)));
        (Group { key: Vec::new(), events: self.total.events, recorded: self.total.recorded }, times, sums)
    }
}

impl Counts {
    fn add(&mut self, recorded: &[bool]) {
        self.events += 1;
        for (count, is_recorded) in self.recorded.iter_mut().zip(recorded) {
            *count += u64::from(*is_recorded);
        }
    }
}

impl Kind {
    fn add(&mut self, key: &str, recorded: &[bool]) {
        if let Some(counts) = self.groups.get_mut(key) {
            return counts.add(recorded);
        }
        let key = if self.groups.len() < GROUPS_MAX { key } else { OTHERS };
        let new = || Counts { events: 0, recorded: vec![0; self.trails] };
        self.groups.entry(key.to_owned()).or_insert_with(new).add(recorded);
    }

    fn by_key(self) -> Vec<Group> {
        let group = |(key, counts): (String, Counts)| Group {
            key: key.split(BETWEEN).map(str::to_owned).collect(),
            events: counts.events,
            recorded: counts.recorded,
        };
        let mut groups: Vec<Group> = self.groups.into_iter().map(group).collect();
        groups.sort_by(|left, right| left.key.cmp(&right.key));
        groups
    }

    fn by_number(self) -> Vec<Group> {
        let mut groups = self.by_key();
        groups.sort_by_key(|group| std::cmp::Reverse(group.events));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted_together() {
        let mut kind = Kind { trails: 2, groups: HashMap::new() };
        for nth in 0..GROUPS_MAX + 3 {
            kind.add(&format!("n{nth}"), &[nth % 2 == 0, false]);
        }
        kind.add("n7\0x", &[true, true]);
        kind.add("n7", &[true, true]);
        let groups = kind.by_number();
        let group = |key: &str, events, recorded: [u64; 2]| Group {
            key: vec![key.to_owned()],
            events,
            recorded: recorded.to_vec(),
        };
        assert_eq!(groups.len(), GROUPS_MAX + 1);
        assert_eq!(groups.first(), Some(&group(OTHERS, 4, [3, 1])), "the three beyond the limit, and one more");
        assert_eq!(groups.get(1), Some(&group("n7", 2, [1, 1])));
    }
}
