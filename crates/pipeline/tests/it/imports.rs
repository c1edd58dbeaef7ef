//! Imports: what was asked for is collected, counted, stopped, retried, and goes on after an end in the middle.

use std::path::Path;
use std::sync::Arc;

use event::arn::{AccountId, Region};
use event::time::EventTime;
use lake::location::Location;
use lake::{Change, Documents, Expect, Lake};
use pipeline::collect::Bounds;
use pipeline::imports::{Imports, Origin};
use pipeline::keeper::Keeper;
use tokio::sync::watch;
use trail::model::{
    EVENT_DATA_STORE, EventDataStore, IMPORT, Import, ImportFailureStatus, ImportSource, ImportStatistics,
    ImportStatus, Millis,
};
use trail::selectors::Selectors;

use crate::{NOW, count};

const STORE: &str = "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/00000000-0000-4000-8000-000000000000";
const ID: &str = "11111111-2222-4333-8444-555555555555";

fn write(bucket: &Path, key: &str, events: &[&str]) {
    let event = |id: &&str| {
        format!(r#"{{"eventVersion":"1.11","eventTime":"2026-05-01T10:00:00Z","eventID":"{id}","eventName":"X"}}"#)
    };
    let records: Vec<String> = events.iter().map(event).collect();
    let path = bucket.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!(r#"{{"Records":[{}]}}"#, records.join(","))).unwrap();
}

/// A bucket with log files of two Regions and things beside them.
fn fill(bucket: &Path) {
    let logs = "AWSLogs/111122223333/CloudTrail";
    let name = |region: &str, time: &str| format!("111122223333_CloudTrail_{region}_{time}_AbCdEfGhIjKlMnOp.json");
    let east = |time: &str, day: &str| format!("{logs}/us-east-1/{day}/{}", name("us-east-1", time));
    write(bucket, &east("20260501T1005Z", "2026/05/01"), &["1", "2"]);
    write(bucket, &east("20260502T1005Z", "2026/05/02"), &["3", "1"]);
    write(bucket, &format!("{logs}/eu-west-1/2026/05/01/{}", name("eu-west-1", "20260501T1010Z")), &["4"]);
    write(bucket, "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/05/01/x.json", &["5"]);
    write(bucket, "own/deep/y.json", &["6"]);
}

struct Ground {
    folder: tempfile::TempDir,
    keeper: Arc<Keeper>,
    documents: Arc<Documents>,
    stop: watch::Sender<bool>,
}

impl Ground {
    async fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        fill(&folder.path().join("buckets/logs"));
        let now = Arc::new(|| EventTime::parse(NOW).unwrap());
        let keeper = Arc::new(Keeper::open(Location::local(folder.path()), now).await.unwrap());
        let documents = Arc::new(Documents::open(folder.path()).unwrap());
        let Selectors::Advanced(selectors) = Selectors::of_new_store() else {
            panic!("a store has advanced selectors")
        };
        let store = serde_json::json!({
            "arn": STORE, "id": "00000000-0000-4000-8000-000000000000", "name": "store", "account": "111122223333",
            "region": "us-east-1", "advanced_event_selectors": selectors, "multi_region_enabled": true,
            "organization_enabled": false, "retention_days": 366, "termination_protection_enabled": true,
            "billing_mode": "EXTENDABLE_RETENTION_PRICING", "kms_key_id": null, "created": 0, "updated": 0,
        });
        put(&documents, (EVENT_DATA_STORE, STORE), &store.to_string());
        Ground { folder, keeper, documents, stop: watch::channel(false).0 }
    }

    fn ask(&self, uri: &str, times: (Option<&str>, Option<&str>)) {
        let moment = |text: &str| Millis::from(EventTime::parse(text).unwrap());
        let import = Import {
            id: ID.to_owned(),
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            destination: STORE.to_owned(),
            source: ImportSource {
                s3_location_uri: uri.to_owned(),
                s3_bucket_region: "us-east-1".to_owned(),
                s3_bucket_access_role_arn: "arn:aws:iam::111122223333:role/import".to_owned(),
            },
            start_event_time: times.0.map(moment),
            end_event_time: times.1.map(moment),
            status: ImportStatus::Initializing,
            is_stopping: false,
            statistics: ImportStatistics::default(),
            failures: Vec::new(),
            created: Millis(0),
            updated: Millis(0),
        };
        put(&self.documents, (IMPORT, ID), &lake::to_body(&import).unwrap());
    }

    fn change(&self, change: impl FnOnce(&mut Import)) {
        let mut import = self.import();
        change(&mut import);
        put(&self.documents, (IMPORT, ID), &lake::to_body(&import).unwrap());
    }

    fn import(&self) -> Import {
        self.documents.read(IMPORT, ID).unwrap().unwrap().value
    }

    fn store(&self) -> EventDataStore {
        self.documents.read(EVENT_DATA_STORE, STORE).unwrap().unwrap().value
    }

    async fn carry_out(&self) -> Import {
        let imports = Imports::new(
            Arc::clone(&self.keeper),
            Arc::clone(&self.documents),
            Origin::Folders(self.folder.path().join("buckets")),
            Lake::session_options(None),
            (Bounds::default(), 2),
        );
        imports.carry_out_all(&self.stop.subscribe()).await.unwrap();
        self.import()
    }
}

fn put(documents: &Documents, (kind, id): (&str, &str), body: &str) {
    documents.apply(&[Change::Put { kind, id, body, expect: Expect::Any }]).unwrap();
}

fn counts(statistics: ImportStatistics) -> [u64; 5] {
    let ImportStatistics { prefixes_found, prefixes_completed, files_completed, events_completed, failed_entries } =
        statistics;
    [prefixes_found, prefixes_completed, files_completed, events_completed, failed_entries]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_is_collected_and_counted() {
    let whole = (None, None);
    let cases = [
        ("s3://logs", whole, ImportStatus::Completed, [2, 2, 3, 5, 0], 4),
        ("s3://logs/AWSLogs/", whole, ImportStatus::Completed, [2, 2, 3, 5, 0], 4),
        ("s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1", whole, ImportStatus::Completed, [1, 1, 2, 4, 0], 3),
        ("s3://logs/AWSLogs/111122223333/CloudTrail-Insight", whole, ImportStatus::Completed, [1, 1, 1, 1, 0], 1),
        ("s3://logs/own", whole, ImportStatus::Completed, [1, 1, 1, 1, 0], 1),
        ("s3://logs", (Some("2026-05-02T00:00:00Z"), None), ImportStatus::Completed, [1, 1, 1, 2, 0], 2),
        ("s3://logs", (None, Some("2026-05-01T10:05:00Z")), ImportStatus::Completed, [1, 1, 1, 2, 0], 2),
        ("s3://nosuchbucket", whole, ImportStatus::Failed, [0, 0, 0, 0, 1], 0),
    ];
    for (uri, times, status, expected, events) in cases {
        let ground = Ground::new().await;
        ground.ask(uri, times);
        let import = ground.carry_out().await;
        assert_eq!((import.status, counts(import.statistics)), (status, expected), "{uri} {times:?} {import:?}");
        let stored = count(ground.folder.path(), "SELECT count(*) FROM events").await;
        assert_eq!(stored, events, "{uri} {times:?}");
        assert_eq!(ground.store().imported.len() as u64, expected[0], "{uri}");
        ground.keeper.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_was_left_and_counts_the_same() {
    let ground = Ground::new().await;
    ground.ask("s3://logs", (None, None));
    let first = ground.carry_out().await;
    // As if the program had ended in the middle.
    ground.change(|import| import.status = ImportStatus::InProgress);
    let again = ground.carry_out().await;
    assert_eq!((again.status, again.statistics), (ImportStatus::Completed, first.statistics));
    // The owner said so before it began.
    ground.change(|import| (import.status, import.is_stopping) = (ImportStatus::InProgress, true));
    assert_eq!(ground.carry_out().await.status, ImportStatus::Stopped);
    // The program ends.
    ground.change(|import| (import.status, import.is_stopping) = (ImportStatus::InProgress, false));
    ground.stop.send_replace(true);
    assert_eq!(ground.carry_out().await.status, ImportStatus::InProgress);
    ground.keeper.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_named_and_succeeds_when_it_is_retried() {
    let ground = Ground::new().await;
    let bucket = ground.folder.path().join("buckets/late");
    ground.ask("s3://late", (None, None));
    let failed = ground.carry_out().await;
    assert_eq!((failed.status, failed.failures.len()), (ImportStatus::Failed, 1));
    assert_eq!(failed.failures.first().unwrap().status, ImportFailureStatus::Failed);
    fill(&bucket);
    let broken = bucket.join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/05/01/broken.json");
    std::fs::write(broken, r#"{"Records":[{"eventTime":"soon"},{"eventVersion":"1.11","eventTime":"2026-05-01T10:00:00Z","eventID":"9"}]}"#).unwrap();
    ground.change(|import| import.status = ImportStatus::Initializing);
    let retried = ground.carry_out().await;
    assert_eq!((retried.status, counts(retried.statistics)), (ImportStatus::Completed, [2, 2, 4, 6, 1]));
    let told: Vec<_> = retried.failures.iter().map(|failure| (failure.error_type.as_str(), failure.status)).collect();
    let expected = [("RejectedRecords", ImportFailureStatus::Failed), ("Unreadable", ImportFailureStatus::Succeeded)];
    assert_eq!(told, expected);
    ground.keeper.close().await;
}
