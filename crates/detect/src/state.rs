//! What a detector knows between events, as bytes: windows and first-seen terms survive a restart.
//!
//! JSON, version 1. It is the program's own: another version, or a rule that changed, starts anew.

use std::collections::HashMap;
use std::sync::Arc;

use event::time::EventTime;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::detector::Counts;
use crate::detector::stateful::Stateful;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::EventRef;
use crate::ruleset::{Body, Rule, RuleSet};
use crate::window::{Entry, Episode, Group};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    high: i64,
    counts: [u64; 7],
    rules: Vec<SavedRule>,
}

#[derive(Serialize, Deserialize)]
struct SavedRule {
    id: String,
    /// What the rule counts, hashed: if it is another, what was counted is worth nothing.
    definition: String,
    since: Option<i64>,
    /// Hash and last time of each term.
    terms: Vec<(String, i64)>,
    groups: Vec<SavedGroup>,
}

#[derive(Serialize, Deserialize)]
struct SavedGroup {
    key: String,
    values: Vec<Option<Box<str>>>,
    /// Start, last event, and whether anything was done.
    episode: Option<(i64, i64, bool)>,
    entries: Vec<SavedEntry>,
}

#[derive(Serialize, Deserialize)]
struct SavedEntry {
    time: i64,
    place: u32,
    value: Option<Box<str>>,
    fired: bool,
    event: SavedEvent,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<SavedEvent>,
}

#[derive(Serialize, Deserialize)]
struct SavedEvent {
    event_id: Option<String>,
    account: Option<String>,
    time: Option<i64>,
    file: Option<String>,
    number: i64,
    seq: Option<i64>,
    failed: bool,
    origin: Option<String>,
}

/// Writes down what is known.
pub(crate) fn save(rules: &RuleSet, stateful: &Stateful, counts: &Counts) -> Vec<u8> {
    let mut saved = Saved { version: VERSION, high: stateful.high, counts: counts_of(counts), rules: Vec::new() };
    for (at, rule) in rules.rules.iter().enumerate() {
        let groups = stateful.groups.get(at).into_iter().flatten();
        let terms = stateful.terms.get(at).into_iter().flatten();
        let rule = SavedRule {
            id: rule.meta.id.clone(),
            definition: definition(rule),
            since: stateful.since.get(at).copied().flatten(),
            terms: terms.map(|(term, time)| (format!("{term:032x}"), *time)).collect(),
            groups: groups.map(|(key, group)| saved_group(*key, group)).collect(),
        };
        if !rule.terms.is_empty() || !rule.groups.is_empty() {
            saved.rules.push(rule);
        }
    }
    serde_json::to_vec(&saved).expect("plain values with text keys become JSON")
}

/// Takes over what was written down. Returns how many rules were left out.
pub(crate) fn restore(rules: &RuleSet, bytes: &[u8], stateful: &mut Stateful, counts: &mut Counts) -> Result<usize> {
    let refuse = |reason: String| Error::new(ErrorKind::State, format!("restore the state of rules: {reason}"));
    let saved: Saved = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
    if saved.version != VERSION {
        return Err(refuse(format!("it is of version {}, and {VERSION} is wanted", saved.version)));
    }
    let mut fresh = Stateful::new(rules);
    fresh.high = saved.high;
    let places: HashMap<&str, usize> =
        rules.rules.iter().enumerate().map(|(at, rule)| (rule.meta.id.as_str(), at)).collect();
    let mut left_out = 0;
    for kept in saved.rules {
        let place = places.get(kept.id.as_str()).copied();
        let same = place.filter(|at| rules.rules.get(*at).is_some_and(|rule| definition(rule) == kept.definition));
        let Some(at) = same else {
            left_out += 1;
            continue;
        };
        let number = |text: &str| u128::from_str_radix(text, 16).map_err(|_| refuse(format!("`{text}` is no key")));
        if let (Some(terms), Some(since)) = (fresh.terms.get_mut(at), fresh.since.get_mut(at)) {
            *since = kept.since;
            for (term, time) in &kept.terms {
                terms.insert(number(term)?, *time);
            }
        }
        if let Some(groups) = fresh.groups.get_mut(at) {
            for group in kept.groups {
                groups.insert(number(&group.key)?, restored_group(group));
            }
        }
    }
    fresh.group_count = fresh.groups.iter().map(HashMap::len).sum();
    *stateful = fresh;
    restore_counts(counts, saved.counts);
    Ok(left_out)
}

/// Returns what tells two states of a rule apart. Its selections may change: what they found stays true.
fn definition(rule: &Rule) -> String {
    let text = match &rule.body {
        Body::Detection(detection) => {
            format!("{:?}", detection.first_seen.as_ref().map(|(first_seen, _)| &first_seen.fields))
        }
        Body::Correlation(linked) => {
            format!("{:?} {:?} {:?} {}", linked.timespan, linked.holds, linked.group_by, linked.rules)
        }
        Body::Indicators => String::new(),
    };
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

fn counts_of(counts: &Counts) -> [u64; 7] {
    [
        counts.events,
        counts.late,
        counts.groups_evicted,
        counts.window_events_evicted,
        counts.terms_evicted,
        counts.decided_early,
        counts.suppressed,
    ]
}

fn restore_counts(counts: &mut Counts, saved: [u64; 7]) {
    let [events, late, groups_evicted, window_events_evicted, terms_evicted, decided_early, suppressed] = saved;
    *counts = Counts { events, late, groups_evicted, window_events_evicted, terms_evicted, decided_early, suppressed };
}

fn saved_group(key: u128, group: &Group) -> SavedGroup {
    let entries = group.entries.iter().map(|entry| SavedEntry {
        time: entry.time,
        place: entry.place,
        value: entry.value.clone(),
        fired: entry.fired,
        event: saved_event(&entry.event),
        earlier: entry.earlier.iter().map(|event| saved_event(event)).collect(),
    });
    SavedGroup {
        key: format!("{key:032x}"),
        values: group.values.to_vec(),
        episode: group.episode.map(|episode| (episode.start, episode.last, episode.done)),
        entries: entries.collect(),
    }
}

fn restored_group(saved: SavedGroup) -> Group {
    let episode = saved.episode.map(|(start, last, done)| Episode { start, last, done });
    let entries = saved.entries.into_iter().map(|entry| Entry {
        time: entry.time,
        place: entry.place,
        value: entry.value,
        fired: entry.fired,
        event: Arc::new(restored_event(entry.event)),
        earlier: entry.earlier.into_iter().map(|event| Arc::new(restored_event(event))).collect(),
    });
    Group::new(saved.values.into(), entries.collect(), episode)
}

fn saved_event(event: &EventRef) -> SavedEvent {
    SavedEvent {
        event_id: event.event_id.clone(),
        account: event.account.clone(),
        time: event.time.map(EventTime::as_micros),
        file: event.file.as_deref().map(str::to_owned),
        number: event.number,
        seq: event.seq,
        failed: event.failed,
        origin: event.origin.clone(),
    }
}

fn restored_event(saved: SavedEvent) -> EventRef {
    EventRef {
        event_id: saved.event_id,
        account: saved.account,
        time: saved.time.map(EventTime::from_micros),
        file: saved.file.map(Arc::from),
        number: saved.number,
        seq: saved.seq,
        failed: saved.failed,
        origin: saved.origin,
    }
}
