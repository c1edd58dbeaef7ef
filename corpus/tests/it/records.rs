//! Every record has what AWS promises, in the file where AWS would put it.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::bucket::{BUCKET, LogFile, text};

/// Members that AWS lists as always present, `null` or not.
const ALWAYS: [&str; 13] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "requestParameters",
    "responseElements",
    "eventID",
    "eventType",
    "eventCategory",
    "recipientAccountId",
];
const GLOBAL: [&str; 4] = ["iam", "organizations", "cloudfront", "route53"];
const SECONDS_LATE_MAX: i64 = 45 * 60;

#[test]
fn every_record_has_the_promised_members() {
    let mut ids = HashSet::new();
    for (file, record) in BUCKET.records() {
        for member in ALWAYS {
            assert!(record.get(member).is_some(), "no `{member}` in a record of {}: {record}", file.key);
        }
        assert!(record["userIdentity"]["type"].is_string(), "{record}");
        assert!(["1.08", "1.09", "1.10", "1.11"].contains(&text(record, "eventVersion")), "{record}");
        assert!(text(record, "eventSource").ends_with(".amazonaws.com"), "{record}");
        assert!(ids.insert(text(record, "eventID")), "an eventID occurs twice: {record}");
        assert!(is_guid(text(record, "eventID")), "{record}");
        assert!(record.get("apiVersion").is_none() || record["eventType"] == "AwsApiCall", "{record}");
        assert_eq!(record["managementEvent"], Value::Bool(record["eventCategory"] == "Management"), "{record}");
        if record.get("errorCode").is_some() && record["eventName"] != "ConsoleLogin" {
            assert!(record["responseElements"].is_null(), "a failed call has no response: {record}");
        }
        let forwarded = record["userIdentity"].get("invokedBy").is_some();
        assert!(!forwarded || record.get("tlsDetails").is_none(), "a service's call has no tlsDetails: {record}");
    }
}

#[test]
fn files_lie_where_cloudtrail_puts_them() {
    for file in &BUCKET.files {
        let (account, region, day, name) = file.place();
        let prefix = format!("{account}_CloudTrail_{region}_");
        let rest = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".json.gz"));
        let (minute, random) = rest.and_then(|rest| rest.split_once('_')).expect("a time and a random part");
        assert!(random.len() == 16 && random.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
        assert!(minute.starts_with(&day.replace('/', "")) && minute.ends_with('Z') && minute.len() == 14, "{name}");
        assert!(file.text.starts_with("{\"Records\":[{\"eventVersion\"") && file.text.ends_with("}]}"), "{}", file.key);
        assert!(!file.text.contains('\n'), "compact JSON has no line ends: {}", file.key);
        let delivered = delivered(&day, minute);
        for record in &file.records {
            assert_eq!((text(record, "recipientAccountId"), text(record, "awsRegion")), (account, region), "{record}");
            let time: Timestamp = text(record, "eventTime").parse().expect("a time");
            let late = delivered.as_second() - time.as_second();
            assert!((1..SECONDS_LATE_MAX).contains(&late), "{late} s after its event: {} {record}", file.key);
        }
    }
}

#[test]
fn global_services_are_recorded_in_their_region() {
    for (_, record) in BUCKET.records() {
        let service = text(record, "eventSource").trim_end_matches(".amazonaws.com");
        assert!(!GLOBAL.contains(&service) || record["awsRegion"] == "us-east-1", "{record}");
    }
}

#[test]
fn access_keys_look_real_and_secrets_are_absent() {
    for file in &BUCKET.files {
        assert!(!file.text.contains("secretAccessKey"), "{}", file.key);
        for (prefix, start) in
            ["\"AKIA", "\"ASIA"].iter().flat_map(|p| file.text.match_indices(p).map(|(at, p)| (p, at)))
        {
            let key = &file.text[start + 1..start + 21];
            let rest = &key[prefix.len() - 1..];
            assert!(
                rest.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)),
                "`{key}` in {}",
                file.key
            );
            assert_eq!(&file.text[start + 21..start + 22], "\"", "`{key}` has 20 letters in {}", file.key);
        }
    }
}

#[test]
fn records_are_not_sorted_within_their_file() {
    let is_sorted = |file: &&LogFile| file.records.is_sorted_by_key(|record| text(record, "eventTime"));
    let unsorted = BUCKET.files.iter().filter(|file| !is_sorted(file)).count();
    assert!(unsorted * 2 > BUCKET.files.len(), "{unsorted} of {} files are unsorted", BUCKET.files.len());
}

fn delivered(day: &str, minute: &str) -> Timestamp {
    let iso = format!("{}T{}:{}:00Z", day.replace('/', "-"), &minute[9..11], &minute[11..13]);
    iso.parse().expect("the name holds a time")
}

fn is_guid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && id.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
