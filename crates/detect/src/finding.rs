//! What a rule found.

use std::sync::Arc;

use crate::detector::hash;
use crate::ruleset::Rule;
use event::time::EventTime;

/// A match of a rule: one event, or the events of a window of which the last made the rule hold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule, with author, references, licence and tags.
    pub rule: Arc<Rule>,
    /// Whether what was found was done, or only tried.
    pub outcome: Outcome,
    /// The values that the rule groups by, with the fields' names; `None` where an event has no such value.
    pub group: Vec<(String, Option<String>)>,
    /// When it began and when it was found.
    pub window: Window,
    /// The events, in the order of time, the one at which the rule held last. At most
    /// [`Settings::finding_events_max`](crate::detector::Settings::finding_events_max): the latest.
    pub events: Vec<Arc<EventRef>>,
    /// How many events there are in all.
    pub events_total: u64,
    /// Why nobody is to be told, if that is so.
    pub suppressed: Option<String>,
    /// The indicator that matched, of a finding of an indicator list.
    pub indicator: Option<Arc<crate::indicator::Indicator>>,
}

/// Whether an action went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// At least one event carries no `errorCode`.
    Done,
    /// Every event carries an `errorCode`.
    Attempted,
}

impl Outcome {
    /// Returns the outcome's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Attempted => "attempted",
        }
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it began. Findings of one rule and group whose windows begin together are one.
    pub start: Option<EventTime>,
    /// The time of the event that made the rule hold; `None` if that event has no time that can be read.
    pub end: Option<EventTime>,
}

/// An event, by what finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventRef {
    /// `eventID`, if it has one.
    pub event_id: Option<String>,
    /// `recipientAccountId`, if it has one.
    pub account: Option<String>,
    /// Its time, if that can be read.
    pub time: Option<EventTime>,
    /// The object it came from.
    pub file: Option<Arc<str>>,
    /// Its 1-based place in that object, rejects counted.
    pub number: i64,
    /// Its sequence number in the lake, if it is stored.
    pub seq: Option<i64>,
    /// True if it carries an `errorCode`.
    pub failed: bool,
    /// Who stands behind its credential, where that was given.
    pub origin: Option<String>,
}

impl Finding {
    /// Returns what findings have in common that replace each other: rule, group and start of the window. A finding
    /// without a group of its own is about one event, and has that event as its group; what was done and what was only
    /// tried are apart.
    pub fn key(&self) -> u128 {
        let mut parts: Vec<Option<&str>> = vec![Some(&self.rule.meta.id)];
        for (name, value) in &self.group {
            parts.push(Some(name));
            parts.push(value.as_deref());
        }
        let place;
        if self.rule.is_about_one_event()
            && let Some(event) = self.events.last()
        {
            place = format!("{:?} {}", event.seq, event.number);
            parts.push(event.account.as_deref());
            match &event.event_id {
                Some(id) => parts.push(Some(id)),
                None => parts.extend([event.file.as_deref(), Some(&place)]),
            }
        }
        if !self.rule.is_stateful() {
            // What was tried must not take the place of what was done.
            parts.push(Some(self.outcome.as_str()));
        }
        let start = format!("{:?}", self.window.start.map(EventTime::as_micros));
        parts.push(Some(&start));
        hash(parts.into_iter())
    }
}
