//! What the log is told of something that fails again and again: that it begins, once an hour that it lasts, and that it is over.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// How often it is told that the same thing still fails.
const TOLD_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Failures in a row. Time is an argument.
#[derive(Debug, Clone, Default)]
pub(super) struct Outage {
    since: Option<Timestamp>,
    attempts: u64,
    /// When each code of an error was told last.
    told: BTreeMap<String, Timestamp>,
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It fails.
    Begins,
    /// It has failed so often since then, and still does; or it fails in another way by now.
    Lasts { since: Timestamp, attempts: u64 },
}

/// Failures that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) since: Timestamp,
    pub(super) attempts: u64,
}

impl Outage {
    /// Takes note of a failure by the code of its error, and returns what is to be told now.
    pub(super) fn fail(&mut self, now: Timestamp, code: &str) -> Option<Word> {
        self.attempts += 1;
        let Some(since) = self.since else {
            self.since = Some(now);
            self.told.insert(code.to_owned(), now);
            return Some(Word::Begins);
        };
        let is_due = |told: &Timestamp| now.duration_since(*told) >= TOLD_EVERY;
        if !self.told.get(code).is_none_or(is_due) {
            return None;
        }
        self.told.insert(code.to_owned(), now);
        Some(Word::Lasts { since, attempts: self.attempts })
    }

    /// Takes note that it goes on, and returns what is over by that.
    pub(super) fn end(&mut self) -> Option<Over> {
        let attempts = self.attempts;
        let over = self.since.map(|since| Over { since, attempts });
        *self = Outage::default();
        over
    }

    /// Returns since when it fails, if it failed when it was tried last.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    #[test]
    fn an_outage_is_told_when_it_begins_each_hour_and_when_it_is_over() {
        let lasts = |attempts| Some(Word::Lasts { since: minute(0), attempts });
        // Minutes, the code of an error, and what is told.
        let cases = [
            (0, "NoSuchBucket", Some(Word::Begins)),
            (1, "NoSuchBucket", None),
            (59, "NoSuchBucket", None),
            (60, "NoSuchBucket", lasts(4)),
            (61, "NoSuchBucket", None),
            // It fails in another way: that is news, but not each time that it changes to and fro.
            (62, "AccessDenied", lasts(6)),
            (63, "NoSuchBucket", None),
            (64, "AccessDenied", None),
            (119, "NoSuchBucket", None),
            (120, "NoSuchBucket", lasts(10)),
            (400, "NoSuchBucket", lasts(11)),
            (401, "AccessDenied", lasts(12)),
        ];
        let mut outage = Outage::default();
        assert_eq!(outage.end(), None, "nothing failed yet");
        for (at, code, expected) in cases {
            assert_eq!(outage.fail(minute(at), code), expected, "minute {at}");
            assert!(outage.since().is_some());
        }
        assert_eq!(outage.end(), Some(Over { since: minute(0), attempts: 12 }));
        assert_eq!((outage.end(), outage.since()), (None, None));
        assert_eq!(outage.fail(minute(500), "NoSuchBucket"), Some(Word::Begins), "another one");
    }
}
