//! Trails that deliver: a clock moved by hand, buckets that are folders, and whatever may happen in between.

mod chains;
mod crashes;
mod files;
mod lives;
mod outage;
mod side;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use event::key::{FileName, Folder, Key};
use jiff::{SignedDuration, Timestamp};
use lake::location::Location;
use lake::{Change, Documents, Expect, Kept, Lake, to_body};
use pipeline::delivery::{Delivered, Deliveries, Destinations, Interrupt, Places, Settings};
use pipeline::verify::{Verification, Verified, verify};
use serde_json::Value;
use source::{AwsOptions, Selection, Source, Uri};
use trail::audit::{Evidence, Scope};
use trail::digest::{MetadataFile, PublicKeys};
use trail::keys::{RegionKey, SIGNING_KEY};
use trail::model::{DeliveryStatus, Logging, Millis, TRAIL, TRAIL_STATUS, Trail};

pub(crate) const BUCKET: &str = "trail-logs";
pub(crate) const ARN: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit";

/// A data folder with a lake, documents and buckets.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    pub(crate) documents: Arc<Documents>,
    stored: AtomicU64,
}

/// A moment of the first day of March, `HH:MM` or `HH:MM:SS`.
pub(crate) fn at(text: &str) -> Timestamp {
    let seconds = if text.len() == 5 { ":00" } else { "" };
    format!("2026-03-01T{text}{seconds}Z").parse().unwrap()
}

/// A trail of all Regions that has not begun.
pub(crate) fn trail() -> Trail {
    let json = serde_json::json!({
        "arn": ARN, "name": "audit", "account": "111122223333", "home_region": "eu-west-1", "s3_bucket_name": BUCKET,
        "s3_key_prefix": null, "sns_topic_arn": null, "cloud_watch_logs": null, "kms_key_id": null,
        "include_global_service_events": true, "is_multi_region_trail": true, "is_organization_trail": false,
        "organization_id": null, "log_file_validation_enabled": true, "recursive_logging": true, "selectors": null,
        "logging": Logging::default(), "created": 0,
    });
    serde_json::from_value(json).unwrap()
}

/// What a record says beside what all say.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) name: &'a str,
    pub(crate) category: &'a str,
}

pub(crate) const SAID: Said<'static> =
    Said { account: "111122223333", region: "eu-west-1", name: "RunInstances", category: "Management" };

/// A record with an odd form, so that it shows whether its bytes are kept.
pub(crate) fn record(nth: u64, said: Said<'_>) -> String {
    let Said { account, region, name, category } = said;
    let read_only = name.starts_with("Describe");
    format!(
        r#"{{"eventVersion":"1.10", "userIdentity":{{"type":"IAMUser","accountId":"{account}"}},"eventTime":"2026-03-01T09:00:{:02}Z","eventSource":"ec2.amazonaws.com","eventName":"{name}","awsRegion":"{region}","requestParameters":{{"n": {nth}.0}},"readOnly":{read_only},"eventID":"00000000-0000-4000-8000-{nth:012}","eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"{category}","text":"\u00fc"}}"#,
        nth % 60
    )
}

/// Records that say nothing special.
pub(crate) fn records(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|nth| record(nth, SAID)).collect()
}

impl Ground {
    pub(crate) fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data/buckets").join(BUCKET)).unwrap();
        let documents = Arc::new(Documents::open(&folder.path().join("data")).unwrap());
        Ground { folder, documents, stored: AtomicU64::new(0) }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn bucket(&self, name: &str) -> PathBuf {
        self.data().join("buckets").join(name)
    }

    /// Makes keys known that somebody else has made: making one takes longer than all else.
    pub(crate) fn put_keys(&self, keys: &[RegionKey]) {
        for key in keys {
            let (id, body) = (key.id(), to_body(key).unwrap());
            let put = Change::Put { kind: SIGNING_KEY, id: &id, body: &body, expect: Expect::Absent };
            self.documents.apply(&[put]).unwrap();
        }
    }

    /// Keeps a copy of the lake's tables.
    pub(crate) fn save_tables(&self, to: &Path) {
        copy(&self.data(), to, &|name| !name.starts_with("control.db") && name != "buckets");
    }

    /// Takes tables that were kept, as if what is in them had just been stored.
    pub(crate) fn take_tables(&self, from: &Path) {
        copy(from, &self.data(), &|_| true);
    }

    /// Stores records: one commit.
    pub(crate) async fn store(&self, records: &[String]) {
        let nth = self.stored.fetch_add(1, Ordering::Relaxed);
        let logs = self.folder.path().join("logs");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join(format!("{nth:04}.json")), format!("{{\"Records\":[{}]}}", records.join(","))).unwrap();
        let report = crate::run(&self.data(), &logs, 1 << 20).await;
        assert_eq!(report.rejects, 0);
    }

    pub(crate) async fn last_seq(&self) -> i64 {
        match Lake::open(&Location::local(self.data())).await {
            Ok(lake) => lake.last_seq(),
            Err(_) => -1,
        }
    }

    pub(crate) fn put(&self, trail: &Trail) {
        let body = to_body(trail).unwrap();
        self.documents.apply(&[Change::Put { kind: TRAIL, id: &trail.arn, body: &body, expect: Expect::Any }]).unwrap();
    }

    pub(crate) fn trail(&self) -> Option<Trail> {
        self.documents.read(TRAIL, ARN).unwrap().map(|kept: Kept<Trail>| kept.value)
    }

    /// Changes the trail as its owner would.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Trail)) {
        let mut trail = self.trail().unwrap();
        change(&mut trail);
        self.put(&trail);
    }

    /// Has the trail record from now on.
    pub(crate) async fn start(&self, trail: &Trail, now: Timestamp) {
        let mut trail = trail.clone();
        let after_seq = self.last_seq().await;
        trail.logging = Logging {
            is_on: true,
            stretch: trail.logging.stretch + 1,
            after_seq,
            until_seq: None,
            started: Some(Millis(now.as_millisecond())),
            stopped: trail.logging.stopped,
        };
        self.put(&trail);
    }

    /// Has the trail record no more.
    pub(crate) async fn stop(&self, now: Timestamp) {
        let until = self.last_seq().await;
        self.edit(|trail| {
            trail.logging.is_on = false;
            trail.logging.until_seq = Some(until);
            trail.logging.stopped = Some(Millis(now.as_millisecond()));
        });
    }

    pub(crate) fn settings(&self) -> Settings {
        let destinations = Destinations::new(Places::folders(&self.data()));
        Settings::new(Location::local(self.data()), Arc::clone(&self.documents), Arc::new(destinations))
    }

    pub(crate) fn deliveries(&self) -> Deliveries {
        Deliveries::new(self.settings())
    }

    pub(crate) fn interrupted(&self, interrupt: Interrupt) -> Deliveries {
        Deliveries::new(Settings { interrupt: Some(interrupt), ..self.settings() })
    }

    pub(crate) fn status(&self) -> DeliveryStatus {
        let kept: Option<Kept<DeliveryStatus>> = self.documents.read(TRAIL_STATUS, ARN).unwrap();
        kept.map(|kept| kept.value).unwrap_or_default()
    }

    /// Returns the keys of a bucket, in order.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let root = self.bucket(bucket);
        let mut keys: Vec<String> = walk(&root)
            .into_iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    }

    /// Returns the records of each log file of a bucket, as they stand in it.
    pub(crate) fn log_files(&self, bucket: &str) -> BTreeMap<String, Vec<String>> {
        let keys = self.keys(bucket).into_iter();
        let is_log_file = |key: &String| Key::parse(key).unwrap().file.folder() != Folder::Digest;
        keys.filter(is_log_file).map(|key| (key.clone(), file_records(&self.bucket(bucket).join(key)))).collect()
    }

    /// Returns all records that were delivered, in the order of their text.
    pub(crate) fn delivered(&self, bucket: &str) -> Vec<String> {
        let mut records: Vec<String> = self.log_files(bucket).into_values().flatten().collect();
        records.sort();
        records
    }

    /// Returns the digests of a bucket by the end of their hour and their Region, with the account where it is not ours.
    pub(crate) fn digests(&self, bucket: &str) -> BTreeMap<(String, String), Value> {
        let mut digests = BTreeMap::new();
        for key in self.keys(bucket) {
            let FileName::DigestFile(name) = Key::parse(&key).unwrap().file else { continue };
            let content = inflate(&self.bucket(bucket).join(&key));
            let region = match name.account.as_str() {
                "111122223333" => name.region.to_string(),
                other => format!("{other}/{}", name.region),
            };
            let place = (name.end.strftime("%H:%M:%S").to_string(), region);
            assert!(digests.insert(place, serde_json::from_slice(&content).unwrap()).is_none(), "{key}");
        }
        digests
    }

    pub(crate) fn public_keys(&self) -> PublicKeys {
        let mut keys = PublicKeys::default();
        for Kept { value, .. } in self.documents.read_all::<RegionKey>(SIGNING_KEY).unwrap() {
            keys.add(&value.fingerprint, &value.public_key().unwrap());
        }
        keys
    }

    /// Holds digests and log files of a bucket against each other.
    pub(crate) async fn verify(&self, bucket: &str, now: Timestamp) -> Verified {
        let uri = Uri::parse(self.bucket(bucket).as_os_str()).unwrap();
        let verification = Verification {
            sources: vec![Source::open(uri, &AwsOptions::default()).await.unwrap()],
            selection: Selection::default(),
            scope: Scope { since: None, until: None, now },
            evidence: Evidence { keys: self.public_keys(), metadata: MetadataFile::default() },
            workers: 1,
        };
        verify(verification, Arc::default()).await.unwrap()
    }

    /// Every digest and log file of the bucket is proven, and none is missing.
    pub(crate) async fn assert_proven(&self, bucket: &str, now: Timestamp) {
        let verified = self.verify(bucket, now).await;
        assert!(verified.findings.is_clean(), "{:#?}", verified.findings.problems);
        let total = verified.findings.total();
        assert_eq!(total.digests_valid as usize, self.digests(bucket).len());
        assert_eq!((total.digests_unsigned, total.log_files_uncovered), (0, 0));
        assert_eq!(total.log_files_valid as usize, self.log_files(bucket).len());
    }
}

/// Does rounds until nothing is left to do at once.
pub(crate) async fn settle(deliveries: &Deliveries, now: Timestamp) -> Delivered {
    let mut all = deliveries.step(now).await.unwrap();
    while all.is_behind {
        let more = deliveries.step(now).await.unwrap();
        all.log_files += more.log_files;
        all.events += more.events;
        all.digests += more.digests;
        all.failures.extend(more.failures);
        all.is_behind = more.is_behind;
    }
    all
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Returns the records of a log file, as they stand in it.
fn file_records(path: &Path) -> Vec<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct File<'f> {
        #[serde(borrow)]
        records: Vec<&'f serde_json::value::RawValue>,
    }
    let content = inflate(path);
    let file: File<'_> = serde_json::from_slice(&content).unwrap();
    file.records.iter().map(|record| record.get().to_owned()).collect()
}

fn inflate(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    let bytes = fs::read(path).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut content).unwrap();
    content
}

fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for child in fs::read_dir(from).unwrap() {
        let path = child.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !is_wanted(name) {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &to.join(name), &|_| true),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

fn walk(root: &Path) -> Vec<PathBuf> {
    let Ok(children) = fs::read_dir(root) else { return Vec::new() };
    let children = children.map(|child| child.unwrap().path());
    children.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
