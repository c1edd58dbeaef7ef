//! A made-up bucket: a chain of digests in memory, with its log files, keys and signatures, to be broken in one place.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use trail::audit::{Audit, Evidence, Findings, Found, Scope, examine};
use trail::digest::{
    ContentHash, DigestFile, Location, LogFileEntry, Metadata, MetadataFile, PublicKeys, Sealed, SigningKey,
};

pub(crate) const BUCKET: &str = "trail-logs";
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";

pub(crate) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pkcs8(include_bytes!("../../testdata/private.pk8"), FINGERPRINT).unwrap());

/// The public part, as ListPublicKeys would give it.
pub(crate) fn keys() -> PublicKeys {
    let mut keys = PublicKeys::default();
    keys.add(FINGERPRINT, KEY.public_key());
    keys
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// An object with its user metadata.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) metadata: Metadata,
}

/// Objects by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket(pub(crate) BTreeMap<String, Object>);

/// Returns the key of the digest of an hour.
pub(crate) fn digest_key(region: &str, end: Timestamp) -> String {
    let (day, stamp) = (end.strftime("%Y/%m/%d"), end.strftime("%Y%m%dT%H%M%SZ"));
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/{day}/\
         {ACCOUNT}_CloudTrail-Digest_{region}_audit_{REGION}_{stamp}.json.gz"
    )
}

/// Returns the key of a log file.
pub(crate) fn log_key(region: &str, delivered: Timestamp, unique: &str) -> String {
    let (day, stamp) = (delivered.strftime("%Y/%m/%d"), delivered.strftime("%Y%m%dT%H%MZ"));
    format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{ACCOUNT}_CloudTrail_{region}_{stamp}_{unique}.json.gz")
}

pub(crate) fn log_content(unique: &str) -> Vec<u8> {
    format!(r#"{{"Records":[{{"eventName":"DescribeInstances","eventID":"{unique}"}}]}}"#).into_bytes()
}

/// Returns a digest of one hour that lists files under the given keys.
pub(crate) fn digest(region: &str, end: Timestamp, listed: &[(String, Vec<u8>)]) -> DigestFile {
    let entry = |(key, content): &(String, Vec<u8>)| LogFileEntry {
        location: Location::new(BUCKET, key.clone()),
        hash: ContentHash::of(content).to_string(),
        newest_event_time: Some("2024-05-01T10:00:00Z".to_owned()),
        oldest_event_time: None,
    };
    DigestFile {
        account_id: ACCOUNT.to_owned(),
        start: end - SignedDuration::from_hours(1),
        end,
        location: Location::new(BUCKET, digest_key(region, end)),
        fingerprint: String::new(),
        newest_event_time: None,
        oldest_event_time: None,
        previous: None,
        log_files: listed.iter().map(entry).collect(),
    }
}

impl Bucket {
    /// Makes a chain of some hours from 10:00 on, two log files an hour: at five past and at half past.
    pub(crate) fn chain(region: &str, hours: usize) -> Bucket {
        let mut bucket = Bucket::default();
        bucket.add_chain(region, time("2024-05-01T11:00:00Z"), hours);
        bucket
    }

    /// Adds a chain that begins with a starting digest.
    pub(crate) fn add_chain(&mut self, region: &str, first_end: Timestamp, hours: usize) {
        let mut previous: Option<Sealed> = None;
        for hour in 0..hours {
            let end = first_end + SignedDuration::from_hours(hour as i64);
            let listed: Vec<_> = [5, 30]
                .map(|minute| {
                    let delivered = end - SignedDuration::from_mins(60 - minute);
                    let unique = format!("{}{minute}x{}", region.replace('-', ""), delivered.as_second());
                    (log_key(region, delivered, &unique), log_content(&unique))
                })
                .to_vec();
            let mut file = digest(region, end, &listed);
            file.previous = previous.as_ref().map(Sealed::as_previous);
            let sealed = KEY.seal(file).unwrap();
            for (key, content) in listed {
                self.0.insert(key, Object { bytes: gzip(&content, 6), metadata: Metadata::default() });
            }
            self.put(&sealed);
            previous = Some(sealed);
        }
    }

    pub(crate) fn put(&mut self, sealed: &Sealed) {
        let object = Object { bytes: sealed.bytes.clone(), metadata: sealed.metadata.clone() };
        self.0.insert(sealed.file.location.key.clone(), object);
    }

    /// Returns the keys of digests, or of log files, in order.
    pub(crate) fn keys(&self, is_digest: bool) -> Vec<String> {
        self.0.keys().filter(|key| key.contains("CloudTrail-Digest") == is_digest).cloned().collect()
    }

    pub(crate) fn nth(&mut self, is_digest: bool, nth: usize) -> &mut Object {
        let key = self.keys(is_digest)[nth].clone();
        self.0.get_mut(&key).unwrap()
    }

    pub(crate) fn remove(&mut self, is_digest: bool, nth: usize) -> String {
        let key = self.keys(is_digest)[nth].clone();
        self.0.remove(&key).unwrap();
        key
    }

    /// Audits the objects as a bucket, as a folder with saved metadata, or as a bare folder.
    pub(crate) fn audit(&self, how: How) -> Findings {
        let saved: BTreeMap<String, BTreeMap<&str, String>> = self
            .0
            .iter()
            .filter_map(|(key, object)| {
                let signature = object.metadata.signature.clone()?;
                let members = [("signature", signature), ("signature-algorithm", "SHA256withRSA".to_owned())];
                Some((format!("{BUCKET}/{key}"), members.into()))
            })
            .collect();
        let metadata = match how {
            How::Saved => MetadataFile::parse_json(&serde_json::to_string(&saved).unwrap()).unwrap(),
            How::Bucket | How::Bare => MetadataFile::default(),
        };
        let evidence = Evidence { keys: keys(), metadata };
        let scope = Scope { since: None, until: None, now: time("2024-06-01T00:00:00Z") };
        let mut audit = Audit::new(scope, evidence.clone());
        for (key, object) in &self.0 {
            let is_bucket = how == How::Bucket;
            let found = Found {
                uri: if is_bucket { format!("s3://{BUCKET}/{key}") } else { format!("file:///copy/{key}") },
                location: is_bucket.then(|| Location::new(BUCKET, key.clone())),
                metadata: is_bucket.then(|| object.metadata.clone()),
            };
            audit.take(examine(found, &object.bytes, &evidence, &mut Vec::new()));
        }
        audit.finish()
    }
}

/// Where the signatures of digests are to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// With each object.
    Bucket,
    /// In a file.
    Saved,
    /// In the next digest.
    Bare,
}
