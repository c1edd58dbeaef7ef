//! Hunting: rules and indicators held against events, those of files or those that the lake has stored.
//!
//! The way is the same for both: events come in batches, a [`Detector`](detect::detector::Detector) looks at them, and
//! each finding goes out with what its last event shows. Windows are asked in the order of event time, once a stretch
//! (a file, a date of the lake) is at its end.

pub mod cases;
mod files;
mod hunter;
mod row;
mod sight;
mod stored;

use std::collections::BTreeSet;
use std::sync::Arc;

use detect::Level;
use detect::detector::Counts;
use detect::finding::Finding;
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::arn::AccountId;
use event::time::EventTime;

pub use files::{FileHunt, STREAM_BYTES_MAX, in_files};
pub use sight::Sight;
pub use stored::{LEAD_DAYS, in_lake};

/// What is looked for.
#[derive(Clone)]
pub struct Hunt {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The indicators.
    pub indicators: Arc<Indicators>,
    /// Which findings are given out.
    pub scope: Scope,
    /// The time at which it is looked: suppressions end by it.
    pub now: EventTime,
}

/// Which findings are given out: by the last event of each.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Not before.
    pub since: Option<EventTime>,
    /// Before.
    pub until: Option<EventTime>,
    /// Of these accounts; of all if there is none.
    pub accounts: Vec<AccountId>,
    /// At least as grave; a rule without a level counts as `informational`.
    pub level: Option<Level>,
}

impl Scope {
    /// Returns true if a finding is to be given out. An event without a time that can be read is in no range of times.
    fn holds(&self, finding: &Finding) -> bool {
        let last = finding.events.last();
        let time = last.and_then(|event| event.time);
        let since = self.since.is_none_or(|since| time.is_some_and(|time| time >= since));
        let until = self.until.is_none_or(|until| time.is_some_and(|time| time < until));
        let account = last.and_then(|event| event.account.as_deref());
        let accounts = &self.accounts;
        let account = accounts.is_empty() || accounts.iter().any(|wanted| Some(wanted.as_str()) == account);
        let level = finding.rule.meta.level.unwrap_or(Level::Informational);
        since && until && account && self.level.is_none_or(|least| level >= least)
    }
}

/// A finding with what its last event shows.
#[derive(Debug, Clone)]
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// What its last event shows.
    pub sight: Arc<Sight>,
}

/// What a hunt did beside finding.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Files looked at.
    pub files: u64,
    /// Events looked at.
    pub events: u64,
    /// Pieces of files that are no events; rules about single events were tried on them.
    pub rejects: u64,
    /// Issuing calls known, which origins rest on.
    pub edges: u64,
    /// What could not be read, and why.
    pub failed: Vec<(String, String)>,
    /// What was forgotten or decided early because of a bound, so that nothing of it is silent.
    pub bounded: Bounded,
}

/// What bounds made a hunt forget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounded {
    /// Groups of windows.
    pub groups: u64,
    /// Events of windows.
    pub window_events: u64,
    /// First-seen terms.
    pub terms: u64,
    /// Matches decided before all events of their stretch were known.
    pub decided_early: u64,
    /// Issuing calls.
    pub edges: u64,
    /// Events whose name, address and origin are not shown with a finding that is about several.
    pub sights: u64,
    /// Dates of which matches came too late for their windows.
    pub late_dates: BTreeSet<i32>,
}

impl Bounded {
    fn count(&mut self, counts: &Counts) {
        self.groups += counts.groups_evicted;
        self.window_events += counts.window_events_evicted;
        self.terms += counts.terms_evicted;
        self.decided_early += counts.decided_early;
    }

    /// Returns true if nothing was forgotten.
    pub fn is_nothing(&self) -> bool {
        *self == Bounded::default()
    }
}
