//! The proportions of a corpus: sizes, reads, variety, rhythm.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::bucket::{BUCKET, BYTES, text};

/// Returns how many records of a thousand are so.
fn permille(wanted: impl Fn(&Value) -> bool) -> u64 {
    1000 * BUCKET.records().filter(|(_, record)| wanted(record)).count() as u64 / BUCKET.summary.records
}

fn distinct(value: impl Fn(&'static Value) -> Option<&'static str>) -> usize {
    BUCKET.records().filter_map(|(_, record)| value(record)).collect::<HashSet<_>>().len()
}

fn check(what: &str, value: u64, bounds: std::ops::RangeInclusive<u64>) {
    assert!(bounds.contains(&value), "{what}: {value} is not within {bounds:?}");
}

#[test]
fn the_summary_is_what_lies_on_disk() {
    let summary = &BUCKET.summary;
    assert_eq!(summary.files, BUCKET.files.len() as u64);
    assert_eq!(summary.records, BUCKET.records().count() as u64);
    assert_eq!(summary.bytes, BUCKET.files.iter().map(|file| file.text.len() as u64).sum::<u64>());
    assert_eq!(summary.gz_bytes, BUCKET.files.iter().map(|file| file.gz_bytes).sum::<u64>());
}

#[test]
fn sizes() {
    let summary = &BUCKET.summary;
    check("bytes", summary.bytes, BYTES * 97 / 100..=BYTES * 103 / 100);
    check("bytes a record", summary.bytes / summary.records, 1_300..=1_700);
    check("gzip ratio in hundredths", 100 * summary.bytes / summary.gz_bytes, 500..=650);
    check("records a file", summary.records / summary.files, 40..=80);
    let mut counts: Vec<usize> = BUCKET.files.iter().map(|file| file.records.len()).collect();
    counts.sort_unstable();
    check("records of the median file", counts[counts.len() / 2] as u64, 10..=60);
    check("records of the largest file", counts[counts.len() - 1] as u64, 250..=5_000);
}

#[test]
fn proportions() {
    check("reads", permille(|r| r["readOnly"] == true), 820..=880);
    check("data events", permille(|r| r["eventCategory"] == "Data"), 150..=350);
    check("errors", permille(|r| r.get("errorCode").is_some()), 15..=45);
    check("long-term keys", permille(|r| starts(&r["userIdentity"]["accessKeyId"], "AKIA")), 80..=250);
    check("calls by services", permille(|r| r["userIdentity"].get("invokedBy").is_some()), 200..=500);
    check("through VPC endpoints", permille(|r| r.get("vpcEndpointId").is_some()), 80..=350);
}

#[test]
fn variety() {
    assert!(distinct(|r| r["eventName"].as_str()) >= 300);
    assert!(distinct(|r| r["eventSource"].as_str()) >= 45);
    assert!(distinct(|r| r["userAgent"].as_str()) >= 40);
    assert!(distinct(|r| r["sourceIPAddress"].as_str()) >= 200);
    assert!(distinct(|r| r["requestParameters"]["bucketName"].as_str()) >= 400);
    assert!(distinct(|r| r["userIdentity"]["accessKeyId"].as_str()) >= 600);
    assert!(distinct(|r| r["userIdentity"]["arn"].as_str()) >= 1_000);
    assert_eq!(distinct(|r| r["eventVersion"].as_str()), 4);
    assert_eq!(distinct(|r| r["recipientAccountId"].as_str()), 5);
    assert_eq!(distinct(|r| r["awsRegion"].as_str()), 6);
    for kind in [
        "Root",
        "IAMUser",
        "AssumedRole",
        "AWSAccount",
        "AWSService",
        "SAMLUser",
        "WebIdentityUser",
        "IdentityCenterUser",
    ] {
        assert!(BUCKET.records().any(|(_, r)| r["userIdentity"]["type"] == kind), "no {kind}");
    }
}

#[test]
fn sign_ins() {
    let logins: Vec<&Value> = BUCKET.records().map(|(_, r)| r).filter(|r| r["eventName"] == "ConsoleLogin").collect();
    let outcomes = [("Success", "Yes"), ("Success", "No"), ("Failure", "No")];
    for (outcome, mfa) in outcomes {
        let wanted = |r: &&&Value| {
            r["responseElements"]["ConsoleLogin"] == outcome && r["additionalEventData"]["MFAUsed"] == mfa
        };
        assert!(logins.iter().filter(wanted).count() >= 1, "{outcome} with MFA {mfa}");
    }
    assert!(logins.iter().all(|r| r["eventType"] == "AwsConsoleSignIn" && r["requestParameters"].is_null()));
    let root = logins.iter().filter(|r| r["userIdentity"]["type"] == "Root").count();
    assert_eq!(root, 1, "root signs in once");
}

#[test]
fn nights_and_weekends_are_quiet() {
    let mut hours: HashMap<i8, u64> = HashMap::new();
    let mut days: HashMap<i8, u64> = HashMap::new();
    for (_, record) in BUCKET.records() {
        let time: Timestamp = text(record, "eventTime").parse().expect("a time");
        let time = time.to_zoned(jiff::tz::TimeZone::UTC);
        *hours.entry(time.hour()).or_default() += 1;
        *days.entry(time.weekday().to_monday_zero_offset()).or_default() += 1;
    }
    let of_hours = |range: std::ops::Range<i8>| range.map(|hour| hours.get(&hour).copied().unwrap_or(0)).sum::<u64>();
    assert!(of_hours(12..18) > 2 * of_hours(0..6) * 9 / 10, "{hours:?}");
    assert_eq!(BUCKET.config.days, 7);
    assert!(days[&5] + days[&6] < (days[&1] + days[&2]) * 2 / 3, "{days:?}");
}

fn starts(value: &Value, prefix: &str) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(prefix))
}
