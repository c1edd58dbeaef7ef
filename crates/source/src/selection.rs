//! What part of a source is wanted, and which objects cannot belong to it.

use event::arn::{AccountId, Region};
use event::key::FileName;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::layout::Facts;

/// How much older than [`Selection::since`] a delivery may be and still be listed. CloudTrail delivers a file after its
/// events, so this only covers clocks that differ and names that are cut to the minute.
pub const SINCE_SLACK: SignedDuration = SignedDuration::from_mins(15);

/// How much later than [`Selection::until`] a delivery may be and still be listed. CloudTrail delivers within minutes as
/// a rule, but promises nothing; and a digest names files up to an hour after their delivery.
pub const UNTIL_SLACK: SignedDuration = SignedDuration::from_hours(24);

/// What part of a source is wanted. The default is all of it.
///
/// A selection only leaves out what its folders or its name show to be elsewhere: it narrows the listing, it does not
/// filter events. An object whose place says nothing is always listed. Times are those of events; objects are
/// listed by time of delivery, from [`SINCE_SLACK`] before to [`UNTIL_SLACK`] after. An event that was delivered later
/// than that is not found by a narrow `until`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Earliest time of events wanted, inclusive.
    pub since: Option<Timestamp>,
    /// Latest time of events wanted, exclusive.
    pub until: Option<Timestamp>,
    /// Accounts wanted; empty for all.
    pub accounts: Vec<AccountId>,
    /// Regions wanted; empty for all.
    pub regions: Vec<Region>,
}

impl Selection {
    /// Returns whether a folder or file of which `facts` are known may hold wanted events.
    pub(crate) fn admits(&self, facts: &Facts) -> bool {
        self.admits_account(facts.account)
            && self.admits_region(facts.region.as_ref())
            && facts.dates.is_none_or(|(first, last)| self.admits_delivery(day_start(first), day_end(last)))
    }

    /// Returns whether a file of this name may hold wanted events. Names that are not CloudTrail's are admitted.
    pub(crate) fn admits_name(&self, name: &str) -> bool {
        let Some(name) = FileName::parse(name) else { return true };
        self.admits_account(Some(name.account()))
            && self.admits_region(Some(name.region()))
            && self.admits_delivery(name.time(), name.time())
    }

    fn admits_account(&self, account: Option<AccountId>) -> bool {
        self.accounts.is_empty() || account.is_none_or(|account| self.accounts.contains(&account))
    }

    fn admits_region(&self, region: Option<&Region>) -> bool {
        self.regions.is_empty() || region.is_none_or(|region| self.regions.contains(region))
    }

    /// Returns whether some delivery between the two times, both inclusive, is within reach.
    fn admits_delivery(&self, first: Timestamp, last: Timestamp) -> bool {
        let early = self.since.map(|since| since.saturating_sub(SINCE_SLACK).unwrap_or(Timestamp::MIN));
        let late = self.until.map(|until| until.saturating_add(UNTIL_SLACK).unwrap_or(Timestamp::MAX));
        early.is_none_or(|early| last >= early) && late.is_none_or(|late| first < late)
    }
}

fn day_start(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

fn day_end(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.at(23, 59, 59, 999_999_999)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_deliveries() {
        let selection = Selection {
            since: Some("2024-05-07T00:05:00Z".parse().unwrap()),
            until: Some("2024-05-08T12:00:00Z".parse().unwrap()),
            ..Selection::default()
        };
        let name = |time: &str| format!("111122223333_CloudTrail_eu-west-1_{time}_AbCdEfGhIjKlMnOp.json.gz");
        let cases = [
            ("20240506T2349Z", false),
            ("20240506T2350Z", true),
            ("20240507T0005Z", true),
            ("20240509T1159Z", true),
            ("20240509T1200Z", false),
        ];
        for (time, expect) in cases {
            assert_eq!(selection.admits_name(&name(time)), expect, "{time}");
        }
        let days = [("2024-05-05", false), ("2024-05-06", true), ("2024-05-09", true), ("2024-05-10", false)];
        for (day, expect) in days {
            let day: Date = day.parse().unwrap();
            assert_eq!(selection.admits(&Facts { dates: Some((day, day)), ..Facts::default() }), expect, "{day}");
        }
        assert!(selection.admits_name("events.json"));
        assert!(selection.admits(&Facts::default()));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let all = Selection { since: Some(Timestamp::MIN), until: Some(Timestamp::MAX), ..Selection::default() };
        let day = Date::constant(9999, 12, 31);
        assert!(all.admits(&Facts { dates: Some((Date::constant(1, 1, 1), day)), ..Facts::default() }));
    }
}
