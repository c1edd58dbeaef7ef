//! The walk along a chain of digests as AWS's own validator goes it, from the newest back, step by step.
//!
//! It reads nothing itself: it says which digest comes next, is told what became of it, and goes on. The links in the
//! digests lead; what a bucket lists is where it begins, and where it goes on once a link leads nowhere.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::digest::{DigestFile, Location};

/// How far around the making of a backfill digest its key is looked for.
pub const KEYS_AROUND_BACKFILL: SignedDuration = SignedDuration::from_hours(1);
/// A digest lists files that were delivered up to this long before it is written, so later ones are looked at as well.
const SPILL: SignedDuration = SignedDuration::from_hours(1);
/// The listing begins this much early, so that its first digest is included.
const MARKER_SLACK: SignedDuration = SignedDuration::from_mins(1);
const BACKFILL_ENDING: &str = "_backfill.json.gz";
const ENDING: &str = ".json.gz";

/// Which chain: one account's, one Region's, one trail's. Names are taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The trail's `S3KeyPrefix`; empty when it has none.
    pub prefix: String,
    /// The organization's ID, for organization trails.
    pub organization_id: Option<String>,
    /// The account whose log files are looked at.
    pub account_id: String,
    /// The Region whose log files are looked at.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home Region.
    pub home_region: String,
}

impl Chain {
    /// Returns the key below which the chain's digests lie, without a `/` at its end.
    pub fn folder(&self) -> String {
        let organization = self.organization_id.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        format!("{prefix}AWSLogs/{organization}{}/CloudTrail-Digest/{}", self.account_id, self.region)
    }

    /// Returns the key behind which a listing from `start` on begins.
    pub fn marker(&self, start: Timestamp) -> String {
        let time = start.saturating_sub(MARKER_SLACK).unwrap_or(Timestamp::MIN);
        format!("{}/{}/{}{}{ENDING}", self.folder(), time.strftime("%Y/%m/%d"), self.name_begin(), stamp(time))
    }

    /// Returns a key that no digest of the walk up to `end` lies at or behind.
    pub fn listing_end(&self, end: Timestamp) -> String {
        let next_day = spilled(end).saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        format!("{}/{}", self.folder(), next_day.strftime("%Y/%m/%d"))
    }

    fn name_begin(&self) -> String {
        format!("{}_CloudTrail-Digest_{}_{}_{}_", self.account_id, self.region, self.trail, self.home_region)
    }

    /// Returns the time in a digest's key and whether it is a backfill digest; `None` for keys of no digest of this chain.
    pub fn time_of<'k>(&self, key: &'k str) -> Option<(&'k str, bool)> {
        let below = key.strip_prefix(&self.folder())?.strip_prefix('/')?;
        let mut parts = below.rsplitn(4, '/');
        let name = parts.next()?.strip_prefix(&self.name_begin())?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.clone().count() != 3 || !parts.all(is_number) {
            return None;
        }
        let (time, is_backfill) = match name.strip_suffix(BACKFILL_ENDING) {
            Some(time) => (time, true),
            None => (name.strip_suffix(ENDING)?, false),
        };
        parse_stamp(time).map(|_| (time, is_backfill))
    }
}

/// What the walk asks for next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this digest, and say what became of it by [`Walk::valid`] or [`Walk::broken`].
    Read(Location),
    /// The chain goes on in this bucket: list it from [`Chain::marker`] on and give the keys to [`Walk::listed`].
    List {
        /// The bucket.
        bucket: String,
        /// The time up to which digests count.
        end: Timestamp,
    },
    /// Nothing was digested between an older digest and the one before this one in time: a fact, not a failure.
    Gap {
        /// The end of the older digest.
        from: Timestamp,
        /// The start of the newer one.
        until: Timestamp,
    },
    /// The key that a digest named as the one before holds no time, so that it cannot be said what is older.
    Lost {
        /// What stands where the time should.
        text: String,
    },
    /// The walk is over.
    End,
}

/// A walk along one chain.
#[derive(Debug, Clone)]
pub struct Walk {
    chain: Chain,
    is_backfill: bool,
    start: Timestamp,
    bucket: String,
    /// Keys listed and not passed yet, the newest last.
    listed: Vec<String>,
    state: State,
    /// The start of the last digest that was valid; at first the time of the newest.
    last_start: Timestamp,
    /// Keys read so far: a chain that leads back to one of them must not be followed for ever.
    seen: HashSet<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Read(String),
    List(Timestamp, String),
    Gap(Timestamp, Timestamp, String),
    Lost(String),
    End,
}

impl Walk {
    /// Begins a walk over the keys that a bucket listed, back to `start`. Keys of other chains are left aside.
    pub fn new(
        chain: Chain,
        bucket: String,
        (start, end): (Timestamp, Timestamp),
        keys: &[String],
        is_backfill: bool,
    ) -> Walk {
        let mut walk = Walk {
            chain,
            is_backfill,
            start,
            bucket,
            listed: Vec::new(),
            state: State::End,
            last_start: Timestamp::MAX,
            seen: HashSet::new(),
        };
        walk.take_keys(keys, end);
        if let Some(newest) = walk.listed.pop() {
            walk.last_start = walk.time(&newest).unwrap_or(Timestamp::MAX);
            walk.go_to(newest);
        }
        walk
    }

    /// Returns what to do next.
    pub fn step(&mut self) -> Step {
        match std::mem::replace(&mut self.state, State::End) {
            State::Read(key) => {
                self.state = State::Read(key.clone());
                Step::Read(Location::new(self.bucket.clone(), key))
            }
            State::List(end, key) => {
                self.state = State::List(end, key);
                Step::List { bucket: self.bucket.clone(), end }
            }
            State::Gap(from, until, next) => {
                self.go_to(next);
                Step::Gap { from, until }
            }
            State::Lost(text) => Step::Lost { text },
            State::End => Step::End,
        }
    }

    /// Returns the listed digests older than a key, which are likely to be asked for next, the nearest first.
    pub fn ahead(&self, key: &str) -> impl Iterator<Item = Location> {
        let older = self.listed.partition_point(|listed| listed.as_str() < key);
        self.listed.iter().take(older).rev().map(|key| Location::new(self.bucket.clone(), key.clone()))
    }

    /// Returns whether this digest was read before in this walk.
    pub fn is_seen(&self, location: &Location) -> bool {
        self.seen.contains(&(location.bucket.clone(), location.key.clone()))
    }

    /// Says that the digest asked for is proven.
    pub fn valid(&mut self, file: &DigestFile) {
        let State::Read(key) = std::mem::replace(&mut self.state, State::End) else { return };
        self.seen.insert((self.bucket.clone(), key.clone()));
        self.last_start = file.start;
        let Some(previous) = &file.previous else {
            if let Some((next, time)) = self.older_than(&key) {
                self.state = State::Gap(time, self.last_start, next);
            }
            return;
        };
        if previous.location.bucket == self.bucket {
            self.go_to(previous.location.key.clone());
        } else {
            self.bucket.clone_from(&previous.location.bucket);
            self.state = State::List(file.end, previous.location.key.clone());
        }
    }

    /// Says that the digest asked for is not there or not proven.
    pub fn broken(&mut self) {
        let State::Read(key) = std::mem::replace(&mut self.state, State::End) else { return };
        self.seen.insert((self.bucket.clone(), key.clone()));
        if let Some((next, _)) = self.older_than(&key) {
            self.go_to(next);
        }
    }

    /// Returns whether the next step is [`Step::Lost`].
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Gives the keys that were asked for by [`Step::List`].
    pub fn listed(&mut self, keys: &[String]) {
        let State::List(end, key) = std::mem::replace(&mut self.state, State::End) else { return };
        self.take_keys(keys, end);
        self.go_to(key);
    }

    fn take_keys(&mut self, keys: &[String], end: Timestamp) {
        let (from, until) = (stamp(self.start), stamp(spilled(end)));
        // Written like this, times sort as text.
        let is_ours = |key: &&String| {
            self.chain.time_of(key).is_some_and(|(time, is_backfill)| {
                is_backfill == self.is_backfill && time >= from.as_str() && time <= until.as_str()
            })
        };
        self.listed = keys.iter().filter(is_ours).cloned().collect();
        self.listed.sort();
    }

    fn go_to(&mut self, key: String) {
        self.state = if self.start <= self.last_start { State::Read(key) } else { State::End };
    }

    /// Takes the newest listed key that is older than another key, and its time.
    fn older_than(&mut self, key: &str) -> Option<(String, Timestamp)> {
        if self.listed.is_empty() {
            return None;
        }
        let Some(limit) = parse_stamp(stamp_part(key)) else {
            self.state = State::Lost(stamp_part(key).to_owned());
            return None;
        };
        while let Some(next) = self.listed.pop() {
            if let Some(time) = self.time(&next).filter(|time| *time < limit) {
                return Some((next, time));
            }
        }
        None
    }

    fn time(&self, key: &str) -> Option<Timestamp> {
        self.chain.time_of(key).and_then(|(time, _)| parse_stamp(time))
    }
}

fn spilled(end: Timestamp) -> Timestamp {
    end.saturating_add(SPILL).unwrap_or(Timestamp::MAX)
}

fn stamp(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns where a digest's key has its time, counted from the end; of a shorter key as much as there is.
fn stamp_part(key: &str) -> &str {
    let ending = if key.ends_with(BACKFILL_ENDING) { BACKFILL_ENDING.len() } else { ENDING.len() };
    let end = key.len().saturating_sub(ending);
    let begin = end.saturating_sub("YYYYMMDDTHHMMSSZ".len());
    key.get(begin..end).unwrap_or(key)
}

fn parse_stamp(text: &str) -> Option<Timestamp> {
    if text.len() != "YYYYMMDDTHHMMSSZ".len() {
        return None;
    }
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    (stamp(time) == text).then_some(time)
}
