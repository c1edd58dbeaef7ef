//! Digests: their hours, their keys, their beginnings and ends.

use pipeline::delivery::SigningKeys;
use trail::model::Trail;

use super::*;

/// Ends and Regions of the digests, how many files each lists, and whether it begins a chain.
fn hours(ground: &Ground) -> Vec<(String, String, usize, bool)> {
    let digests = ground.digests(BUCKET).into_iter();
    let hour = |((end, region), digest): ((String, String), Value)| {
        let count = digest["logFiles"].as_array().unwrap().len();
        (end, region, count, digest["previousDigestSignature"].is_null())
    };
    digests.map(hour).collect()
}

fn expect(hours: &[(&str, &str, usize, bool)]) -> Vec<(String, String, usize, bool)> {
    hours.iter().map(|(end, region, count, begins)| ((*end).into(), (*region).into(), *count, *begins)).collect()
}

#[tokio::test]
async fn every_hour_has_a_digest_until_the_trail_is_stopped() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:17:42")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:18")).await;
    settle(&deliveries, at("10:20")).await;
    ground.store(&[record(2, Said { region: "us-east-1", ..SAID }), record(3, SAID)]).await;
    settle(&deliveries, at("10:21")).await;
    settle(&deliveries, at("10:25")).await;
    assert_eq!(hours(&ground), []);
    settle(&deliveries, at("11:17:41")).await;
    assert_eq!(hours(&ground), []);
    settle(&deliveries, at("11:17:42")).await;
    let (eu, us) = ("eu-west-1", "us-east-1");
    assert_eq!(hours(&ground), expect(&[("11:17:42", eu, 2, true), ("11:17:42", us, 1, true)]));
    // The program was down for hours: they are made up.
    drop(deliveries);
    let deliveries = ground.deliveries();
    settle(&deliveries, at("14:00")).await;
    ground.store(&records(4..5)).await;
    settle(&deliveries, at("14:01")).await;
    ground.stop(at("14:02")).await;
    ground.store(&records(5..6)).await;
    settle(&deliveries, at("14:02:30")).await;
    let all = [
        ("11:17:42", eu, 2, true),
        ("11:17:42", us, 1, true),
        ("12:17:42", eu, 0, false),
        ("12:17:42", us, 0, false),
        ("13:17:42", eu, 0, false),
        ("13:17:42", us, 0, false),
        ("14:02:30", eu, 1, false),
        ("14:02:30", us, 0, false),
    ];
    assert_eq!(hours(&ground), expect(&all));
    assert_eq!(ground.delivered(BUCKET).len(), 5, "the last event came after the stop");
    // Nothing more comes while it is off.
    settle(&deliveries, at("16:00")).await;
    assert_eq!(hours(&ground), expect(&all));
    ground.assert_proven(BUCKET, at("14:30")).await;
    assert_eq!(ground.status().digests.succeeded, Some(Millis(at("14:02:30").as_millisecond())));
}

#[tokio::test]
async fn a_new_start_and_validation_switched_on_begin_new_chains() {
    let ground = Ground::new();
    ground.start(&Trail { log_file_validation_enabled: false, ..trail() }, at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..1)).await;
    settle(&deliveries, at("10:01")).await;
    settle(&deliveries, at("10:05")).await;
    ground.edit(|trail| trail.log_file_validation_enabled = true);
    settle(&deliveries, at("10:30")).await;
    ground.store(&records(1..2)).await;
    settle(&deliveries, at("10:31")).await;
    settle(&deliveries, at("11:30")).await;
    ground.edit(|trail| trail.log_file_validation_enabled = false);
    settle(&deliveries, at("11:40")).await;
    settle(&deliveries, at("13:40")).await;
    let region = "eu-west-1";
    let first = [("11:30:00", region, 1, true), ("11:40:00", region, 0, false)];
    // The file of 10:05 is in no digest: none was made then. That of 11:30 came in the second hour.
    let first = if hours(&ground) == expect(&first) {
        first
    } else {
        [("11:30:00", region, 0, true), ("11:40:00", region, 1, false)]
    };
    assert_eq!(hours(&ground), expect(&first));

    ground.stop(at("13:50")).await;
    settle(&deliveries, at("13:50")).await;
    let stopped = ground.trail().unwrap();
    ground.store(&records(2..3)).await;
    ground.start(&Trail { log_file_validation_enabled: true, ..stopped }, at("14:10")).await;
    ground.store(&records(3..4)).await;
    settle(&deliveries, at("14:11")).await;
    settle(&deliveries, at("14:15")).await;
    settle(&deliveries, at("15:10")).await;
    assert_eq!(hours(&ground)[2..], expect(&[("15:10:00", region, 1, true)]));
    assert_eq!(ground.delivered(BUCKET), [records(0..2), records(3..4)].concat());
    let verified = ground.verify(BUCKET, at("15:20")).await;
    assert!(verified.findings.is_clean(), "{:#?}", verified.findings.problems);
    let total = verified.findings.total();
    assert_eq!((total.digests_valid, total.log_files_valid, total.log_files_uncovered), (3, 2, 1));
}

#[tokio::test]
async fn keys_are_replaced_before_they_end() {
    let ground = Ground::new();
    let (region, now) = (event::arn::Region::parse("eu-west-1").unwrap(), at("10:00"));
    let keys = SigningKeys::new(Arc::clone(&ground.documents));
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let first = keys.current(&region, now - days(26)).await.unwrap();
    ground.start(&trail(), now - minutes(61)).await;
    let deliveries = ground.deliveries();
    settle(&deliveries, now - minutes(61)).await;
    settle(&deliveries, now).await;
    settle(&deliveries, now + minutes(60)).await;
    let listed = keys.list(&region, (now, now)).unwrap();
    assert_eq!(listed.len(), 2, "both are good today");
    assert_eq!(keys.list(&region, (now - days(10), now - days(5))).unwrap().len(), 1);
    let named: Vec<String> = ground
        .digests(BUCKET)
        .values()
        .map(|digest| digest["digestPublicKeyFingerprint"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, [first.fingerprint(), &listed[1].fingerprint], "the hour before the new key has the old one's");
    ground.assert_proven(BUCKET, now + minutes(61)).await;
}
