//! What is delivered follows from events, trail and time: files, names, hours.

use event::arn::{AccountId, Region};
use event::fingerprint::FingerprintKey;
use event::key::{FileName, Folder, Key};
use event::open::{Content, Opened, Opener};
use event::time::EventTime;
use jiff::{SignedDuration, Timestamp};
use predicate::Rows;
use trail::audit::{Audit, Evidence, Found, Scope, examine};
use trail::delivery::{Chain, Group, Listed, PackedFile, Packer, Plan, groups, pack};
use trail::digest::{Location, Metadata, PublicKeys, Sealed, read_content};
use trail::model::{Logging, Millis, Trail};

use crate::bucket::{FINGERPRINT, KEY, time};

fn trail() -> Trail {
    let json = serde_json::json!({
        "arn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit", "name": "audit", "account": "111122223333",
        "home_region": "eu-west-1", "s3_bucket_name": "trail-logs", "s3_key_prefix": null, "sns_topic_arn": null,
        "cloud_watch_logs": null, "kms_key_id": null, "include_global_service_events": true,
        "is_multi_region_trail": true, "is_organization_trail": false, "organization_id": null,
        "log_file_validation_enabled": true, "recursive_logging": true, "selectors": null,
        "logging": Logging::default(), "created": 0,
    });
    serde_json::from_value(json).unwrap()
}

fn group(account: &str, folder: Folder, region: &str) -> Group {
    Group { account: AccountId::parse(account).unwrap(), folder, region: Region::parse(region).unwrap() }
}

fn event_time(second: i64) -> EventTime {
    EventTime::from_micros(second * 1_000_000)
}

/// Packs one file that holds one record.
fn packed(record: &str) -> Vec<PackedFile> {
    let mut packer = Packer::new(1 << 20);
    packer.add(&group("111122223333", Folder::CloudTrail, "eu-west-1"), record, event_time(1_772_359_200));
    packer.finish().iter().map(|content| pack(content).unwrap()).collect()
}

#[test]
fn files_are_cut_where_they_are_full() {
    // The limit, the sizes of records, and how many of them each file holds.
    let cases: [(usize, &[usize], &[u64]); 5] = [
        (100, &[], &[]),
        (100, &[20, 20, 20], &[3]),
        (100, &[20, 20, 20, 23], &[4]),
        (100, &[20, 20, 20, 24], &[3, 1]),
        (100, &[200, 20, 200], &[1, 1, 1]),
    ];
    let of = group("111122223333", Folder::CloudTrail, "eu-west-1");
    for (max, sizes, expect) in cases {
        let mut packer = Packer::new(max);
        let record = |size: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(size - 8));
        for (nth, size) in sizes.iter().enumerate() {
            packer.add(&of, &record(*size), event_time(nth as i64));
        }
        let contents = packer.finish();
        let found: Vec<u64> = contents.iter().map(|content| content.events).collect();
        assert_eq!(found, expect, "{sizes:?}");
        let records: Vec<serde_json::Value> = contents
            .iter()
            .flat_map(|content| {
                let file: serde_json::Value = serde_json::from_slice(&content.bytes).unwrap();
                file["Records"].as_array().unwrap().clone()
            })
            .collect();
        let expect: Vec<_> =
            sizes.iter().map(|size| serde_json::from_str::<serde_json::Value>(&record(*size)).unwrap()).collect();
        assert_eq!(records, expect);
        assert!(contents.iter().all(|content| content.bytes.len() <= max || content.events == 1));
        assert_eq!(
            contents.iter().map(|content| content.part).collect::<Vec<_>>(),
            (0..contents.len() as u32).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_file_is_the_same_whenever_it_is_packed() {
    let records = [r#"{"a": 1}"#, r#"{"b":"ü\u00fc"}"#];
    for record in records {
        let (one, other) = (packed(record), packed(record));
        assert_eq!(one, other);
        let content = read_content(&one[0].bytes, &mut Vec::new()).unwrap();
        assert_eq!(content.hash, one[0].hash);
        assert_eq!(content.bytes as usize, record.len() + r#"{"Records":[]}"#.len());
    }
}

#[test]
fn names_follow_from_the_plan() {
    let delivered = time("2026-03-01T23:59:59.9Z");
    let file = packed("{}");
    let plan = Plan::new(&trail(), (7, 9), delivered, &file);
    let planned = plan.files.first().unwrap();
    let begin =
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T2359Z_";
    assert!(planned.key.starts_with(begin), "{}", planned.key);
    let parsed = Key::parse(&planned.key).unwrap();
    let FileName::LogFile(name) = parsed.file else { panic!("{}", planned.key) };
    assert_eq!((name.unique.len(), name.compressed), (16, true));
    assert_eq!(Plan::new(&trail(), (7, 9), delivered, &file), plan);
    let others = [
        Plan::new(&trail(), (7, 10), delivered, &file),
        Plan::new(&trail(), (8, 9), delivered, &file),
        Plan::new(
            &Trail { arn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/b".into(), ..trail() },
            (7, 9),
            delivered,
            &file,
        ),
    ];
    assert!(others.iter().all(|other| other.files[0].key != planned.key));

    let mut moved = plan.clone();
    let elsewhere = Trail {
        s3_bucket_name: "other-logs".into(),
        s3_key_prefix: Some("/a/b/".into()),
        kms_key_id: Some("k".into()),
        ..trail()
    };
    moved.redirect(&elsewhere);
    assert_eq!(moved.location(&moved.files[0]), Location::new("other-logs", format!("a/b/{}", planned.key)));
    let organization = Trail { is_organization_trail: true, organization_id: Some("o-exampleorgid".into()), ..trail() };
    let key = &Plan::new(&organization, (7, 9), delivered, &file).files[0].key;
    assert!(key.starts_with("AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-west-1/2026/03/01/"), "{key}");
}

#[test]
fn events_are_grouped_as_their_folders_are() {
    // What a record says, and its folder in a trail of one account and in one of an organisation.
    let cases = [
        (r#""awsRegion":"eu-west-1","recipientAccountId":"111122223333""#, "111122223333/CloudTrail/eu-west-1", None),
        (
            r#""awsRegion":"ap-south-1","recipientAccountId":"444455556666""#,
            "111122223333/CloudTrail/ap-south-1",
            Some("444455556666/CloudTrail/ap-south-1"),
        ),
        (
            r#""awsRegion":"eu-west-1","userIdentity":{"accountId":"444455556666"}"#,
            "111122223333/CloudTrail/eu-west-1",
            Some("444455556666/CloudTrail/eu-west-1"),
        ),
        (r#""awsRegion":"eu-west-1","recipientAccountId":"anonymous""#, "111122223333/CloudTrail/eu-west-1", None),
        (r#""awsRegion":"us-west-2","eventSource":"iam.amazonaws.com""#, "111122223333/CloudTrail/us-east-1", None),
        (r#""eventSource":"ec2.amazonaws.com""#, "111122223333/CloudTrail/eu-west-1", None),
        (r#""awsRegion":"us-east-2","eventCategory":"Insight""#, "111122223333/CloudTrail-Insight/us-east-2", None),
        (
            r#""awsRegion":"us-east-2","eventCategory":"Aggregated""#,
            "111122223333/CloudTrail-Aggregated/us-east-2",
            None,
        ),
    ];
    let organization = Trail { is_organization_trail: true, organization_id: Some("o-exampleorgid".into()), ..trail() };
    let record = |members: &str, nth: usize| format!(r#"{{"eventTime":"2026-03-01T10:00:0{nth}Z",{members}}}"#);
    let lines: Vec<String> = cases.iter().enumerate().map(|(nth, (members, ..))| record(members, nth)).collect();
    let mut opener = Opener::new(FingerprintKey(0), Default::default());
    let mut batches = Vec::new();
    let mut take = |opened: Opened| {
        batches.push(opened.events);
        Ok::<(), event::error::Error>(())
    };
    opener.open(Content::Bytes(format!("{{\"Records\":[{}]}}", lines.join(",")).as_bytes()), &mut take).unwrap();
    let [batch] = &batches[..] else { panic!("{} batches", batches.len()) };
    let rows = Rows::of_batch(batch, &[]).unwrap();
    for (trail, is_organization) in [(trail(), false), (organization, true)] {
        let mut found = vec![String::new(); cases.len()];
        for (group, of_group) in groups(&trail, &rows) {
            for row in of_group {
                found[row] = group.to_string();
            }
        }
        let expect: Vec<&str> =
            cases.iter().map(|(_, one, all)| all.filter(|_| is_organization).unwrap_or(one)).collect();
        assert_eq!(found, expect);
    }
}

#[test]
fn hours_begin_with_the_chain_and_lists_are_complete() {
    let base = time("2026-03-01T10:17:42.5Z");
    let place = || (AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap());
    let mut chain = Chain::begin(&trail(), place(), base, base);
    let at = |minutes: i64| base + SignedDuration::from_mins(minutes);
    let listed = |minutes: i64| Listed {
        bucket: "trail-logs".into(),
        key: format!("AWSLogs/{minutes}"),
        hash: "00".repeat(32),
        oldest: "2026-03-01T10:00:00Z".into(),
        newest: format!("2026-03-01T{:02}:{:02}:00Z", 10 + minutes / 60, minutes % 60),
        delivered: Millis(at(minutes).as_millisecond()),
    };
    assert!(chain.hourly(&trail(), at(59)).is_none());
    // Three hours, the second without a file; the fourth runs.
    for minutes in [5, 59, 125, 181] {
        chain.add(listed(minutes));
    }
    let mut sealed: Vec<Sealed> = Vec::new();
    while let Some(digest) = chain.hourly(&trail(), at(185)) {
        sealed.push(KEY.seal(digest).unwrap());
        chain.advance(sealed.last().unwrap());
    }
    let last = KEY.seal(chain.last(&trail(), at(185))).unwrap();
    sealed.push(last);
    let times: Vec<(String, String)> =
        sealed.iter().map(|sealed| (sealed.file.start.to_string(), sealed.file.end.to_string())).collect();
    let expect =
        [("10:17:42", "11:17:42"), ("11:17:42", "12:17:42"), ("12:17:42", "13:17:42"), ("13:17:42", "13:22:43")];
    let expect: Vec<_> =
        expect.iter().map(|(start, end)| (format!("2026-03-01T{start}Z"), format!("2026-03-01T{end}Z"))).collect();
    assert_eq!(times, expect);
    let counts: Vec<usize> = sealed.iter().map(|sealed| sealed.file.log_files.len()).collect();
    assert_eq!(counts, [2, 0, 1, 1]);
    assert_eq!(sealed[0].file.newest_event_time.as_deref(), Some("2026-03-01T10:59:00Z"));
    assert_eq!(sealed[1].file.newest_event_time, None);
    assert_eq!(sealed[0].file.previous, None);
    assert!(sealed.windows(2).all(|pair| pair[1].file.previous == Some(pair[0].as_previous())));
    prove(&sealed, at(186));

    // A chain that comes later shares the hours.
    let later = Chain::begin(&trail(), place(), base, at(61));
    assert_eq!(later.hour_end(), time("2026-03-01T12:17:42Z"));
    // One that ends as it begins has a digest of a second.
    let brief = Chain::begin(&trail(), place(), base, base).last(&trail(), time("2026-03-01T10:17:42Z"));
    assert_eq!((brief.start, brief.end), (time("2026-03-01T10:17:42Z"), time("2026-03-01T10:17:43Z")));
}

/// All digests prove; only the made-up log files are missing.
fn prove(sealed: &[Sealed], now: Timestamp) {
    let mut keys = PublicKeys::default();
    keys.add(FINGERPRINT, KEY.public_key());
    let evidence = Evidence { keys, ..Evidence::default() };
    let mut audit = Audit::new(Scope { since: None, until: None, now }, evidence.clone());
    for sealed in sealed {
        let location = sealed.file.location.clone();
        let metadata: Option<Metadata> = Some(sealed.metadata.clone());
        let found = Found { uri: location.to_string(), location: Some(location), metadata };
        audit.take(examine(found, &sealed.bytes, &evidence, &mut Vec::new()));
    }
    let total = audit.finish().total();
    assert_eq!(
        (total.digests(), total.digests_valid, total.digests_missing),
        (sealed.len() as u64, sealed.len() as u64, 0)
    );
}
