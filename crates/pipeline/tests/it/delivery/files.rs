//! Which events go into which files, and when.

use pipeline::delivery::{Deliveries, Settings};
use trail::model::Trail;
use trail::selectors::Selectors;

use super::*;

#[tokio::test]
async fn files_come_at_multiples_of_five_minutes_and_hold_the_bytes_that_came() {
    let ground = Ground::new();
    ground.store(&records(0..3)).await;
    ground.start(&trail(), at("10:02")).await;
    ground.store(&records(3..10)).await;
    let deliveries = ground.deliveries();
    // The time, events stored before it, log files and events delivered by then.
    let cases = [
        ("10:02:30", 0..0, (0, 0)),
        ("10:04:59", 10..12, (0, 0)),
        ("10:05", 0..0, (1, 9)),
        ("10:05:01", 12..13, (0, 0)),
        ("10:10", 0..0, (1, 1)),
        ("10:15", 0..0, (0, 0)),
        ("10:59:59", 13..14, (0, 0)),
        ("11:00", 0..0, (1, 1)),
    ];
    for (now, stored, expect) in cases {
        if !stored.is_empty() {
            ground.store(&records(stored)).await;
        }
        let done = deliveries.step(at(now)).await.unwrap();
        assert_eq!((done.log_files, done.events, done.failures), (expect.0, expect.1, vec![]), "{now}");
    }
    assert_eq!(ground.delivered(BUCKET), records(3..14), "what was stored before the start is not in them");
    let names = ["20260301T1005Z_", "20260301T1010Z_", "20260301T1100Z_"];
    let folder = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_";
    for (key, name) in ground.log_files(BUCKET).keys().zip(names) {
        assert!(key.starts_with(&format!("{folder}{name}")), "{key}");
    }
    let status = ground.status();
    assert_eq!(status.log_files.succeeded, Some(Millis(at("11:00").as_millisecond())));
    assert_eq!(status.log_files.error, None);
}

#[tokio::test]
async fn accounts_regions_and_kinds_have_files_of_their_own() {
    let said = [
        Said { region: "us-east-1", ..SAID },
        Said { account: "444455556666", ..SAID },
        Said { account: "444455556666", region: "us-east-1", ..SAID },
        Said { category: "Insight", ..SAID },
        SAID,
    ];
    let stored: Vec<String> = said.iter().enumerate().map(|(nth, said)| record(nth as u64, *said)).collect();
    let insights = vec![serde_json::json!({"InsightType": "ApiCallRateInsight"})];
    let prefixed = Trail { s3_key_prefix: Some("a/b".into()), log_file_validation_enabled: false, ..trail() };
    let organization = Trail {
        is_organization_trail: true,
        organization_id: Some("o-exampleorgid".into()),
        log_file_validation_enabled: false,
        ..trail()
    };
    let single = Trail { is_multi_region_trail: false, log_file_validation_enabled: false, ..trail() };
    // A trail, and the folders of the records that it gets, by their number.
    type Case<'a> = (Trail, &'a [(usize, &'a str)]);
    let cases: [Case<'_>; 3] = [
        (
            prefixed,
            &[
                (0, "a/b/AWSLogs/111122223333/CloudTrail/us-east-1/"),
                (4, "a/b/AWSLogs/111122223333/CloudTrail/eu-west-1/"),
            ],
        ),
        (
            organization,
            &[
                (0, "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/"),
                (1, "AWSLogs/o-exampleorgid/444455556666/CloudTrail/eu-west-1/"),
                (2, "AWSLogs/o-exampleorgid/444455556666/CloudTrail/us-east-1/"),
                (4, "AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-west-1/"),
            ],
        ),
        (single, &[(4, "AWSLogs/111122223333/CloudTrail/eu-west-1/")]),
    ];
    for (trail, expect) in cases {
        let ground = Ground::new();
        ground.start(&trail, at("10:00")).await;
        ground.store(&stored).await;
        settle(&ground.deliveries(), at("10:01")).await;
        settle(&ground.deliveries(), at("10:05")).await;
        // The first of the two forgot what it had gathered: the second had just begun.
        assert_eq!(ground.log_files(BUCKET).len(), 0);
        let deliveries = ground.deliveries();
        settle(&deliveries, at("10:06")).await;
        settle(&deliveries, at("10:10")).await;
        let files = ground.log_files(BUCKET);
        assert_eq!(files.values().map(Vec::len).sum::<usize>(), expect.len());
        for (nth, folder) in expect {
            let found = files.iter().find(|(_, records)| records.contains(&stored[*nth])).unwrap().0;
            assert!(found.starts_with(folder), "{nth}: {found}");
        }
    }
    let with_insights = Trail { insight_selectors: insights, log_file_validation_enabled: false, ..trail() };
    let ground = Ground::new();
    ground.start(&with_insights, at("10:00")).await;
    let insight = record(7, Said { category: "Insight", ..SAID })
        .replace(r#""text""#, r#""insightDetails":{"insightType":"ApiCallRateInsight"},"text""#);
    ground.store(std::slice::from_ref(&insight)).await;
    let deliveries = ground.deliveries();
    settle(&deliveries, at("10:01")).await;
    settle(&deliveries, at("10:05")).await;
    let files = ground.log_files(BUCKET);
    let (key, records) = files.first_key_value().unwrap();
    assert!(key.starts_with("AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/03/01/"), "{key}");
    assert_eq!(records, &[insight]);
}

#[tokio::test]
async fn what_is_full_does_not_wait() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:01")).await;
    ground.store(&records(0..100)).await;
    let size = records(0..100).iter().map(String::len).sum::<usize>();
    let limits = Settings { gathered_bytes_max: size / 4, content_bytes_max: size / 10, ..ground.settings() };
    let deliveries = Deliveries::new(limits);
    let done = settle(&deliveries, at("10:02")).await;
    // A batch of the lake is taken whole, then it is more than enough.
    assert_eq!((done.events, done.failures), (100, vec![]));
    assert!(done.log_files >= 10, "{}", done.log_files);
    let mut expect = records(0..100);
    expect.sort();
    assert!(ground.delivered(BUCKET) == expect);
    settle(&deliveries, at("11:02")).await;
    ground.assert_proven(BUCKET, at("11:03")).await;
}

#[tokio::test]
async fn other_selectors_hold_for_what_is_read_after_them() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:01")).await;
    let deliveries = ground.deliveries();
    let describe = |range: std::ops::Range<u64>| -> Vec<String> {
        range.map(|nth| record(nth, Said { name: "DescribeInstances", ..SAID })).collect()
    };
    ground.store(&[records(0..2), describe(2..4)].concat()).await;
    deliveries.step(at("10:02")).await.unwrap();
    let write_only = r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}]}"#;
    let write_only: Selectors = serde_json::from_str(write_only).unwrap();
    ground.edit(|trail| trail.selectors = Some(write_only));
    ground.store(&[records(4..6), describe(6..8)].concat()).await;
    let done = settle(&deliveries, at("10:03")).await;
    assert_eq!((done.log_files, done.events), (1, 4), "what was gathered before is closed");
    settle(&deliveries, at("10:05")).await;
    let mut expect = [records(0..2), describe(2..4), records(4..6)].concat();
    expect.sort();
    assert_eq!(ground.delivered(BUCKET), expect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_and_collected_again_is_known_already() {
    let ground = Ground::new();
    let logs = ground.data().join("made");
    corpus::generate(&corpus::Config::new(7, 1_000_000), &logs).unwrap();
    let everything = r#"{"AdvancedEventSelectors":[
        {"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},
        {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},
        {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Lambda::Function"]}]},
        {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::DynamoDB::Table"]}]}]}"#;
    let organization = Trail {
        is_organization_trail: true,
        organization_id: Some("o-exampleorgid".into()),
        selectors: Some(serde_json::from_str(everything).unwrap()),
        ..trail()
    };
    ground.start(&organization, at("10:00")).await;
    let report = crate::run(&ground.data(), &logs, 100_000).await;
    let deliveries = ground.deliveries();
    settle(&deliveries, at("10:01")).await;
    let done = settle(&deliveries, at("10:05")).await;
    assert!(done.events * 10 > report.stored * 9, "{} of {}", done.events, report.stored);
    assert!(done.log_files > 10, "{}", done.log_files);
    let again = crate::run(&ground.data(), &ground.bucket(BUCKET), 1 << 20).await;
    assert_eq!((again.stored, again.rejects, again.duplicates), (0, 0, done.events));
    settle(&deliveries, at("11:00")).await;
    ground.assert_proven(BUCKET, at("11:01")).await;
}
