//! Windows of a correlation in event time: one for each group, sliding, with the question at which events it holds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::finding::EventRef;
use crate::ruleset::Linked;
use crate::sigma::correlation::{Aggregate, Holds, Range};

/// The events of one group, in the order of their times, and of their arrival where times are equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// The values that the events have in common.
    pub values: Arc<[Option<Box<str>>]>,
    pub entries: VecDeque<Entry>,
    /// The time in which the correlation holds again and again.
    pub episode: Option<Episode>,
    counted: Counted,
}

/// A stretch in which a correlation holds again before its timespan is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Episode {
    /// When the first window in it began: microseconds.
    pub start: i64,
    /// The latest event at which the correlation held.
    pub last: i64,
    /// True if any of its events carries no `errorCode`.
    pub done: bool,
}

/// An event of a window.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Microseconds.
    pub time: i64,
    /// Which of the correlation's rules matched.
    pub place: u32,
    /// What is counted or added up.
    pub value: Option<Box<str>>,
    pub event: Arc<EventRef>,
    /// The events before it, where a correlation feeds a correlation.
    pub earlier: Arc<[Arc<EventRef>]>,
    pub fired: bool,
}

/// An event at which a correlation holds.
#[derive(Debug, Clone)]
pub(crate) struct Firing {
    /// When the episode began: microseconds.
    pub start: i64,
    pub time: i64,
    /// The events of the window, the one at which it holds last; the latest of them, if they are many.
    pub events: Vec<Arc<EventRef>>,
    pub total: u64,
    /// True if any event of the episode carries no `errorCode`.
    pub done: bool,
}

/// How often each thing occurs in the part of the window that is counted, so that the next event costs little.
#[derive(Debug, Clone, Default)]
struct Counted {
    counts: HashMap<u128, u32>,
    /// The part: from and to, as places in the window.
    from: usize,
    to: usize,
}

/// Bounds on a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Microseconds beyond the timespan for which events are kept, for those that come late.
    pub lateness: i64,
    pub entries_max: usize,
    pub finding_events_max: usize,
}

impl Group {
    /// Makes a group with the events it has already.
    pub(crate) fn new(values: Arc<[Option<Box<str>>]>, entries: VecDeque<Entry>, episode: Option<Episode>) -> Group {
        Group { values, entries, episode, counted: Counted::default() }
    }

    /// Adds an event. Returns the events at which the correlation now holds and did not before, and how many events the
    /// window lost to its bound.
    pub(crate) fn add(&mut self, linked: &Linked, entry: Entry, bounds: Bounds) -> (Vec<Firing>, u64) {
        let newest = self.entries.back().map_or(entry.time, |last| last.time.max(entry.time));
        let at = self.entries.partition_point(|other| other.time <= entry.time);
        let until = entry.time.saturating_add(linked.timespan);
        if at < self.counted.to {
            self.counted = Counted::default();
        }
        self.entries.insert(at, entry);
        let mut firings = Vec::new();
        let mut next = at;
        while let Some(entry) = self.entries.get(next).filter(|entry| entry.time <= until) {
            if !entry.fired && self.holds(linked, next) {
                firings.extend(self.fire(linked, next, bounds));
            }
            next += 1;
        }
        let oldest = newest.saturating_sub(linked.timespan).saturating_sub(bounds.lateness);
        let expired = self.entries.partition_point(|entry| entry.time < oldest);
        let most = bounds.entries_max.max(needed(&linked.holds));
        let lost = (self.entries.len() - expired).saturating_sub(most);
        self.drop_first(expired + lost);
        (firings, lost as u64)
    }

    /// Returns the time of the latest event.
    pub(crate) fn newest(&self) -> i64 {
        self.entries.back().map_or(i64::MIN, |entry| entry.time)
    }

    fn drop_first(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        if count > self.counted.from {
            self.counted = Counted::default();
        } else {
            self.counted.from -= count;
            self.counted.to -= count;
        }
        self.entries.drain(..count);
    }

    /// Returns where the window begins that ends at an event. The timespan itself still counts.
    fn start(&self, linked: &Linked, at: usize) -> usize {
        let time = self.entries.get(at).map_or(i64::MIN, |entry| entry.time);
        let start = time.saturating_sub(linked.timespan);
        self.entries.partition_point(|entry| entry.time < start)
    }

    fn holds(&mut self, linked: &Linked, at: usize) -> bool {
        let start = self.start(linked, at);
        match &linked.holds {
            Holds::EventCount(range) => range.holds((at + 1 - start) as f64),
            Holds::ValueCount(_, range) => range
                .holds(self.count(start, at, |entry| entry.value.as_deref().map(|value| xxh3_128(value.as_bytes())))
                    as f64),
            Holds::Value(_, aggregate, range) => self.aggregate(start, at, *aggregate, range),
            Holds::Temporal { range, ordered } => {
                let count = self.count(start, at, |entry| Some(u128::from(entry.place)));
                let enough = match range {
                    Some(range) => range.holds(count as f64),
                    None => count >= linked.rules,
                };
                enough && (!ordered || self.is_ordered(start, at, linked.rules))
            }
            Holds::Combination { which, ordered } => {
                self.count(start, at, |entry| Some(u128::from(entry.place)));
                let counts = &self.counted.counts;
                which.holds(&|place| counts.contains_key(&(place as u128)))
                    && (!ordered || self.is_ordered(start, at, linked.rules))
            }
        }
    }

    /// Counts distinct things from `start` to `at`; what was counted for the event before is used again.
    fn count(&mut self, start: usize, at: usize, thing: impl Fn(&Entry) -> Option<u128>) -> usize {
        if self.counted.to > at + 1 || self.counted.to < start || self.counted.from > start {
            self.counted = Counted { counts: HashMap::new(), from: start, to: start };
        }
        let counted = &mut self.counted;
        while counted.to <= at {
            if let Some(thing) = self.entries.get(counted.to).and_then(&thing) {
                *counted.counts.entry(thing).or_default() += 1;
            }
            counted.to += 1;
        }
        while counted.from < start {
            if let Some(thing) = self.entries.get(counted.from).and_then(&thing)
                && let Some(count) = counted.counts.get_mut(&thing)
            {
                *count -= 1;
                if *count == 0 {
                    counted.counts.remove(&thing);
                }
            }
            counted.from += 1;
        }
        counted.counts.len()
    }

    /// Returns true if the rules that are in the window can be found in the order of the list, each no earlier than the
    /// one before. CloudTrail's times are whole seconds, so events of one second count as ordered either way.
    fn is_ordered(&self, start: usize, at: usize, rules: usize) -> bool {
        let window = || self.entries.range(start..=at);
        let mut earliest = i64::MIN;
        for place in 0..rules as u32 {
            if !self.counted.counts.contains_key(&u128::from(place)) {
                continue;
            }
            match window().find(|entry| entry.place == place && entry.time >= earliest) {
                Some(entry) => earliest = entry.time,
                None => return false,
            }
        }
        true
    }

    fn aggregate(&self, start: usize, at: usize, aggregate: Aggregate, range: &Range) -> bool {
        let values =
            self.entries.range(start..=at).filter_map(|entry| entry.value.as_deref()?.trim().parse::<f64>().ok());
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        if values.is_empty() {
            return false;
        }
        let count = values.len() as f64;
        range.holds(match aggregate {
            Aggregate::Sum => values.iter().sum(),
            Aggregate::Average => values.iter().sum::<f64>() / count,
            Aggregate::Least => values.iter().copied().fold(f64::INFINITY, f64::min),
            Aggregate::Greatest => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Aggregate::Percentile(percent) => {
                values.sort_unstable_by(f64::total_cmp);
                let rank = (percent / 100.0 * count).ceil().max(1.0) as usize - 1;
                values.get(rank).copied().unwrap_or(f64::NAN)
            }
        })
    }

    fn fire(&mut self, linked: &Linked, at: usize, bounds: Bounds) -> Option<Firing> {
        let start = self.start(linked, at);
        let entry = self.entries.get_mut(at)?;
        entry.fired = true;
        let time = entry.time;
        let began = self.entries.get(start)?.time;
        let window = self.entries.range(start..=at);
        let total: u64 = window.clone().map(|entry| 1 + entry.earlier.len() as u64).sum();
        let done = window.clone().any(|entry| !entry.event.failed || entry.earlier.iter().any(|event| !event.failed));
        // An episode goes on as long as the next event comes within the timespan of the last.
        let episode = match self.episode {
            Some(before) if (time - before.last).abs() <= linked.timespan => {
                Episode { last: before.last.max(time), done: before.done || done, ..before }
            }
            _ => Episode { start: began, last: time, done },
        };
        self.episode = Some(episode);
        let mut events = Vec::new();
        for entry in window.rev() {
            events.push(entry.event.clone());
            events.extend(entry.earlier.iter().rev().cloned());
            if events.len() >= bounds.finding_events_max {
                break;
            }
        }
        events.truncate(bounds.finding_events_max.max(1));
        events.reverse();
        Some(Firing { start: episode.start, time, events, total, done: episode.done })
    }
}

/// Returns how many events a window must be able to hold for its condition to come true.
fn needed(holds: &Holds) -> usize {
    match holds {
        Holds::EventCount(range) | Holds::ValueCount(_, range) => (range.greatest() as usize).saturating_mul(2),
        _ => 0,
    }
}
