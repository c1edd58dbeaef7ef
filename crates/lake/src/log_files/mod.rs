//! The table of log files: what was collected, what digests promise, and which digests are proven.
//!
//! Rows are committed with the batch that completes the object they were read from, and so are known to be whole. What
//! they say comes late: a digest is delivered an hour after its log files, and its signature may come another hour
//! later. So nothing of it is stored in `events`; a query that asks for it joins it (`sql::late`). What digests and
//! signatures mean is not known here. The columns are described in `docs/format/log-files.md`.

mod proving;
mod rows;

use event::fingerprint::{Fingerprint, FingerprintKey};
use event::time::EventTime;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use proving::{KeysWanted, PublicKey, ToProve};
pub(crate) use rows::{Rows, fingerprints};

/// What a row is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFileKind {
    /// An object that was read to its end.
    #[default]
    Collected,
    /// A digest that was met.
    Digest,
    /// A log file that a digest lists.
    Promised,
    /// What became of a digest's signature.
    Proof,
    /// A public key that signatures are verified by.
    Key,
}

impl LogFileKind {
    /// Returns the kind as the table spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Digest => "digest",
            Self::Promised => "promised",
            Self::Proof => "proof",
            Self::Key => "key",
        }
    }
}

/// A row of the table `log_files`. What a kind does not have is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFile {
    /// What the row is about.
    pub kind: LogFileKind,
    /// URI of the object that says so: the one collected, the digest ...
    pub uri: String,
    /// Bucket in which the file lies, or lay when it was delivered.
    pub bucket: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// Its name, without folders.
    pub file_name: Option<String>,
    /// The account in its name.
    pub account: Option<String>,
    /// The Region in its name.
    pub region: Option<String>,
    /// The time in its name: a log file's delivery, a digest's end.
    pub delivered_at: Option<EventTime>,
    /// ETag, where its store has one.
    pub etag: Option<String>,
    /// Size as it lies at the source.
    pub bytes: Option<u64>,
    /// Events in it, duplicates counted.
    pub events: Option<u64>,
    /// Rejects in it.
    pub rejects: Option<u64>,
    /// SHA-256 of its uncompressed content, as collected or as promised: 64 lower-case hex digits.
    pub sha256: Option<String>,
    /// The digest that is meant or that promises, `s3://bucket/key` as it says of itself.
    pub digest: Option<String>,
    /// SHA-256 of that digest's content: two that claim one place are told apart.
    pub digest_sha256: Option<String>,
    /// Begin of the time that a digest covers.
    pub start_time: Option<EventTime>,
    /// End of it.
    pub end_time: Option<EventTime>,
    /// Time of the oldest event.
    pub oldest_event_time: Option<EventTime>,
    /// Time of the newest event.
    pub newest_event_time: Option<EventTime>,
    /// Name of the public key.
    pub fingerprint: Option<String>,
    /// Signature in hex digits.
    pub signature: Option<String>,
    /// How it is made.
    pub signature_algorithm: Option<String>,
    /// The text that is signed: end, place and hash of a digest and the signature of the one before, a line each.
    pub signed: Option<String>,
    /// The digest before, `s3://bucket/key`.
    pub previous_digest: Option<String>,
    /// What a proof came to: `valid`, or `invalid`.
    pub standing: Option<String>,
    /// Why a digest counts for nothing, or an object is none of CloudTrail's.
    pub reason: Option<String>,
    /// A digest's uncompressed content; a key's DER.
    pub content: Option<Vec<u8>>,
}

impl LogFile {
    /// Returns what the same fact is known by when it is met again: which file, and which content of it.
    pub(crate) fn fingerprint(&self, key: FingerprintKey) -> Fingerprint {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let identity = [
            self.kind.as_str().to_owned(),
            self.uri.clone(),
            text(&self.bucket),
            text(&self.key),
            text(&self.digest_sha256),
        ];
        let content = [
            text(&self.etag),
            text(&self.sha256),
            text(&self.signature),
            text(&self.standing),
            text(&self.fingerprint),
        ];
        // No part holds a line break that another could be mistaken for: URIs, names and hex digits.
        let hash = |parts: &[String]| xxh3_64_with_seed(parts.join("\n").as_bytes(), key.0);
        Fingerprint { identity: hash(&identity), content: hash(&content) }
    }
}
