//! Buckets that go away and come back, trails that are changed, deleted and made again.

use trail::delivery::TRAIL_DELIVERY;
use trail::model::Trail;

use super::*;

#[tokio::test]
async fn a_bucket_that_is_gone_costs_nothing() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:01")).await;
    fs::remove_dir(ground.bucket(BUCKET)).unwrap();
    let done = settle(&deliveries, at("10:05")).await;
    assert_eq!(done.log_files, 0);
    assert!(done.failures[0].contains("trail-logs"), "{:?}", done.failures);
    let status = ground.status().log_files;
    assert_eq!((status.error.as_deref(), status.succeeded), (Some("NoSuchBucket"), None));
    assert_eq!(status.attempted, Some(Millis(at("10:05").as_millisecond())));
    // It is asked again after a pause, and not before.
    assert_eq!(settle(&deliveries, at("10:05:04")).await.failures, Vec::<String>::new());
    assert_eq!(settle(&deliveries, at("10:05:05")).await.failures.len(), 1);
    ground.store(&records(2..4)).await;
    assert_eq!(settle(&deliveries, at("12:30")).await.failures.len(), 1);
    fs::create_dir(ground.bucket(BUCKET)).unwrap();
    let done = settle(&deliveries, at("12:45")).await;
    assert_eq!((done.log_files, done.digests, done.failures), (1, 2, vec![]));
    settle(&deliveries, at("12:50")).await;
    assert_eq!(ground.delivered(BUCKET), records(0..4));
    let status = ground.status();
    assert_eq!((status.log_files.error, status.digests.error), (None, None));
    settle(&deliveries, at("13:00")).await;
    ground.assert_proven(BUCKET, at("13:01")).await;
}

#[tokio::test]
async fn what_one_bucket_does_not_take_goes_to_the_next() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:01")).await;
    settle(&deliveries, at("10:05")).await;
    ground.store(&records(2..4)).await;
    settle(&deliveries, at("10:06")).await;
    // The old bucket takes what was planned for it; then the other gets everything.
    fs::create_dir(ground.bucket("other-logs")).unwrap();
    ground.edit(|trail| trail.s3_bucket_name = "other-logs".into());
    settle(&deliveries, at("10:07")).await;
    assert_eq!(ground.delivered(BUCKET), records(0..4));
    ground.store(&records(4..6)).await;
    settle(&deliveries, at("10:08")).await;
    fs::rename(ground.bucket("other-logs"), ground.bucket("lost-logs")).unwrap();
    assert_eq!(settle(&deliveries, at("10:10")).await.failures.len(), 1);
    fs::create_dir(ground.bucket("third-logs")).unwrap();
    ground.edit(|trail| trail.s3_bucket_name = "third-logs".into());
    settle(&deliveries, at("10:11")).await;
    assert_eq!(ground.delivered("third-logs"), records(4..6));
    settle(&deliveries, at("11:00")).await;
    let digests = ground.digests("third-logs");
    let (_, digest) = digests.first_key_value().unwrap();
    let buckets: Vec<&str> =
        digest["logFiles"].as_array().unwrap().iter().map(|file| file["s3Bucket"].as_str().unwrap()).collect();
    assert_eq!(buckets, [BUCKET, BUCKET, "third-logs"]);
}

#[tokio::test]
async fn a_deleted_trail_delivers_what_it_has_and_is_forgotten() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:01")).await;
    ground.stop(at("10:02")).await;
    ground.edit(|trail| trail.deleted = Some(Millis(at("10:02").as_millisecond())));
    settle(&deliveries, at("10:02:10")).await;
    assert_eq!(ground.delivered(BUCKET), records(0..2));
    assert_eq!(ground.digests(BUCKET).len(), 1);
    settle(&deliveries, at("10:02:11")).await;
    assert_eq!(ground.trail(), None);
    let left = |kind: &str| ground.documents.list(kind).unwrap().len();
    assert_eq!([left(TRAIL_DELIVERY), left("digest-chain"), left(TRAIL_STATUS)], [0, 0, 0]);
    ground.assert_proven(BUCKET, at("10:10")).await;

    // Its name is free for another, also at once.
    ground.start(&Trail { created: Millis(1), ..trail() }, at("10:20")).await;
    ground.store(&records(2..4)).await;
    settle(&deliveries, at("10:21")).await;
    let again = Trail { created: Millis(2), ..trail() };
    ground.start(&again, at("10:22")).await;
    ground.store(&records(4..6)).await;
    for moment in ["10:22", "10:23", "10:24", "10:25"] {
        settle(&deliveries, at(moment)).await;
    }
    assert_eq!(ground.delivered(BUCKET), records(0..6));
    settle(&deliveries, at("11:22")).await;
    ground.assert_proven(BUCKET, at("11:23")).await;
}

#[tokio::test]
async fn a_deleted_trail_without_a_bucket_is_given_up_after_a_day() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:01")).await;
    fs::remove_dir(ground.bucket(BUCKET)).unwrap();
    ground.stop(at("10:02")).await;
    ground.edit(|trail| trail.deleted = Some(Millis(at("10:02").as_millisecond())));
    settle(&deliveries, at("10:03")).await;
    assert!(ground.trail().is_some());
    settle(&deliveries, at("10:03") + minutes(24 * 60)).await;
    assert_eq!(ground.trail(), None);
}

#[tokio::test]
async fn stops_that_nobody_saw_end_a_stretch_too() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    settle(&deliveries, at("10:01")).await;
    ground.stop(at("10:02")).await;
    let stopped = ground.trail().unwrap();
    ground.start(&stopped, at("10:02:01")).await;
    ground.store(&records(2..4)).await;
    for moment in ["10:03", "10:03:01", "10:05", "11:02:01"] {
        settle(&deliveries, at(moment)).await;
    }
    assert_eq!(ground.delivered(BUCKET), records(0..4));
    let begin = |digest: &Value| digest["previousDigestSignature"].is_null();
    assert_eq!(ground.digests(BUCKET).values().map(begin).collect::<Vec<_>>(), [true, true]);
    ground.assert_proven(BUCKET, at("11:03")).await;
}

#[tokio::test]
async fn a_stop_is_waited_for_until_it_is_stored() {
    // Whether it is said where the trail ends, and how many events are delivered: the third is that of the stop, the fourth
    // comes later. Where it is not said, everything that is stored a minute later is.
    for (is_said, delivered) in [(true, 3), (false, 4)] {
        let ground = Ground::new();
        ground.start(&trail(), at("10:00")).await;
        let deliveries = ground.deliveries();
        ground.store(&records(0..2)).await;
        settle(&deliveries, at("10:01")).await;
        ground.edit(|trail| {
            trail.logging.is_on = false;
            trail.logging.stopped = Some(Millis(at("10:02").as_millisecond()));
        });
        settle(&deliveries, at("10:02")).await;
        ground.store(&records(2..3)).await;
        let until = ground.last_seq().await;
        ground.store(&records(3..4)).await;
        settle(&deliveries, at("10:02:01")).await;
        if is_said {
            ground.edit(|trail| trail.logging.until_seq = Some(until));
        }
        for moment in ["10:02:02", "10:03", "10:03:01", "11:03"] {
            settle(&deliveries, at(moment)).await;
        }
        assert_eq!(ground.delivered(BUCKET), records(0..delivered), "{is_said}");
        ground.assert_proven(BUCKET, at("11:03")).await;
    }
}

#[tokio::test]
async fn the_program_runs_by_the_clock_until_it_is_stopped() {
    let ground = Ground::new();
    ground.start(&Trail { log_file_validation_enabled: false, ..trail() }, Timestamp::now()).await;
    ground.store(&records(0..5)).await;
    let settings = Settings { delivery_interval: SignedDuration::ZERO, ..ground.settings() };
    let deliveries = Arc::new(Deliveries::new(settings));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn({
        let deliveries = Arc::clone(&deliveries);
        async move { deliveries.run(stopped).await }
    });
    while ground.log_files(BUCKET).is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(ground.delivered(BUCKET), records(0..5));
    let totals = deliveries.totals();
    assert_eq!((totals.log_files, totals.events), (1, 5));
}
