//! Made-up files in a trail's bucket, each with what is true about it, told without the code under test.

use event::arn::{AccountId, Region};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use source::{SINCE_SLACK, Selection, UNTIL_SLACK};

/// A file and what its place says about it.
#[derive(Debug, Clone)]
pub(crate) struct Specimen {
    pub(crate) path: String,
    account: Option<&'static str>,
    region: Option<&'static str>,
    /// First and last possible second of its delivery.
    delivery: Option<(Timestamp, Timestamp)>,
    /// Whether it lies in another service's folder.
    pub(crate) is_foreign: bool,
}

impl Specimen {
    /// Returns whether a selection wants it, by the words of the documentation.
    pub(crate) fn is_wanted(&self, selection: &Selection) -> bool {
        let wanted =
            |known: Option<&str>, names: Vec<&str>| names.is_empty() || known.is_none_or(|name| names.contains(&name));
        let accounts = selection.accounts.iter().map(AccountId::as_str).collect();
        let regions = selection.regions.iter().map(Region::as_str).collect();
        let (early, late) = self.delivery.unwrap_or((Timestamp::MIN, Timestamp::MAX));
        let not_before = selection.since.is_none_or(|since| late >= since - SINCE_SLACK || self.delivery.is_none());
        let not_after = selection.until.is_none_or(|until| early < until + UNTIL_SLACK || self.delivery.is_none());
        !self.is_foreign && wanted(self.account, accounts) && wanted(self.region, regions) && not_before && not_after
    }
}

pub(crate) const ACCOUNTS: &[&str] = &["111122223333", "444455556666", "777788889999"];
pub(crate) const REGIONS: &[&str] = &["eu-west-1", "us-east-1", "us-gov-west-1"];

/// Folders upon folders above the layout.
pub(crate) const DEEP_ROOT: &str = "a/b/c/d/e/f/AWSLogs/";

/// What stands before the account.
const ROOTS: &[&str] = &[
    "AWSLogs/",
    "AWSLogs/o-abcdef1234/",
    "some/prefix/AWSLogs/",
    "o-abcdef1234/AWSLogs/o-abcdef1234/",
    DEEP_ROOT,
    "AWSLogs/copy/AWSLogs/",
    // Below the root of a copy there may be no `AWSLogs` at all.
    "",
    "copy/",
];

/// Some minutes around the end of a year, a leap day among them.
fn minute() -> impl Strategy<Value = Timestamp> {
    // 2023-12-29 and 2024-02-27, five days each.
    let starts = prop::sample::select(vec![1_703_808_000_i64, 1_708_992_000]);
    (starts, 0..5 * 24 * 60_i64).prop_map(|(start, minute)| Timestamp::from_second(start + minute * 60).unwrap())
}

/// A log file or a digest file in its place.
fn delivered() -> impl Strategy<Value = Specimen> {
    let folder = prop::sample::select(vec!["CloudTrail", "CloudTrail-Insight", "CloudTrail-Digest"]);
    let place = (prop::sample::select(ROOTS), prop::sample::select(ACCOUNTS), prop::sample::select(REGIONS));
    (place, folder, minute(), "[A-Za-z0-9]{16}").prop_map(|((root, account, region), folder, minute, unique)| {
        let day = minute.strftime("%Y/%m/%d");
        let name = match folder {
            "CloudTrail-Digest" => format!("my_trail_us-east-1_{}", minute.strftime("%Y%m%dT%H%M00Z")),
            _ => format!("{}_{unique}", minute.strftime("%Y%m%dT%H%MZ")),
        };
        Specimen {
            path: format!("{root}{account}/{folder}/{region}/{day}/{account}_{folder}_{region}_{name}.json.gz"),
            account: Some(account),
            region: Some(region),
            delivery: Some((minute, minute)),
            is_foreign: false,
        }
    })
}

/// A file whose name says nothing, somewhere in the layout.
fn astray() -> impl Strategy<Value = Specimen> {
    let place = (prop::sample::select(ROOTS), prop::sample::select(ACCOUNTS), prop::sample::select(REGIONS));
    let name = prop::sample::select(vec!["part-0.json", ".hidden", "x/deeper.json.gz", "2024/x.json"]);
    (place, name, minute(), 0..6_u8).prop_map(|((root, account, region), name, minute, depth)| {
        let day = TimeZone::UTC.to_datetime(minute).date();
        let within = |first: Date, last: Date| {
            let last = last.at(23, 59, 59, 0);
            Some((TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap(), TimeZone::UTC.to_timestamp(last).unwrap()))
        };
        let trail = format!("{root}{account}/CloudTrail");
        let (year, month) = (minute.strftime("%Y"), minute.strftime("%Y/%m"));
        let (path, region, delivery) = match depth {
            0 => (format!("{trail}/{name}"), None, None),
            1 => (format!("{trail}/not-a-region/{name}"), None, None),
            // A folder named like a year would be one here.
            2 => (format!("{trail}/{region}/files/{name}"), Some(region), None),
            3 => {
                let dates = within(day.first_of_year(), day.last_of_year());
                (format!("{trail}/{region}/{year}/x{name}"), Some(region), dates)
            }
            4 => {
                let dates = within(day.first_of_month(), day.last_of_month());
                (format!("{trail}/{region}/{month}/x{name}"), Some(region), dates)
            }
            _ => (format!("{trail}/{region}/{}/{name}", minute.strftime("%Y/%m/%d")), Some(region), within(day, day)),
        };
        Specimen { path, account: Some(account), region, delivery, is_foreign: false }
    })
}

/// A file of another service, or of nobody.
fn other() -> impl Strategy<Value = Specimen> {
    let place = (prop::sample::select(ROOTS), prop::sample::select(ACCOUNTS));
    let foreign = (place, "[a-z]{3}").prop_map(|((root, account), name)| {
        // Only `AWSLogs` makes twelve digits an account.
        let is_account = root.contains("AWSLogs");
        Specimen {
            path: format!("{root}{account}/Config/eu-west-1/2024/1/1/{name}.json.gz"),
            account: is_account.then_some(account),
            region: None,
            delivery: None,
            is_foreign: is_account,
        }
    });
    let plain = "[a-d]{1,2}(/[a-d]{1,2}){0,6}/[e-z]{1,3}[.]json".prop_map(|path| Specimen {
        path,
        account: None,
        region: None,
        delivery: None,
        is_foreign: false,
    });
    prop_oneof![foreign, plain]
}

/// Files of one bucket. No path is both a file and a folder.
pub(crate) fn specimens(max: usize) -> impl Strategy<Value = Vec<Specimen>> {
    let one = prop_oneof![4 => delivered(), 2 => astray(), 1 => other()];
    prop::collection::vec(one, 0..max).prop_map(|mut specimens| {
        specimens.sort_by(|a, b| a.path.cmp(&b.path));
        specimens.dedup_by(|a, b| a.path == b.path);
        specimens
    })
}

pub(crate) fn selection() -> impl Strategy<Value = Selection> {
    let accounts = prop::sample::subsequence(ACCOUNTS, 0..=2);
    let regions = prop::sample::subsequence(REGIONS, 0..=2);
    (prop::option::of(minute()), prop::option::of(minute()), accounts, regions).prop_map(
        |(since, until, accounts, regions)| Selection {
            since,
            until,
            accounts: accounts.into_iter().map(|text| AccountId::parse(text).unwrap()).collect(),
            regions: regions.into_iter().map(|text| Region::parse(text).unwrap()).collect(),
        },
    )
}
