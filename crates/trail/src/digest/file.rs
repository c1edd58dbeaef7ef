//! What a digest file says, as a value, and its JSON.

use event::time::EventTime;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::digest::{Fault, Location};

/// How long a time one digest covers.
pub const DIGEST_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// A digest file's content. Times have whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestFile {
    /// The account whose log files are listed.
    pub account_id: String,
    /// When the time covered begins: log files **delivered** from then on are listed.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Where the digest lies.
    pub location: Location,
    /// Which key it is signed by.
    pub fingerprint: String,
    /// The time of the newest event in the listed files, as written.
    pub newest_event_time: Option<String>,
    /// The time of the oldest event in the listed files, as written; it may lie before `start`.
    pub oldest_event_time: Option<String>,
    /// The digest before; `None` in the first one after validation or logging was switched on.
    pub previous: Option<Previous>,
    /// The log files, in the order of the digest.
    pub log_files: Vec<LogFileEntry>,
}

/// What a digest says of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Where it lies.
    pub location: Location,
    /// The hash of its uncompressed content, as written.
    pub hash: Option<String>,
    /// Its signature, as written.
    pub signature: Option<String>,
}

/// A log file that a digest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFileEntry {
    /// Where it lies.
    pub location: Location,
    /// The hash of its uncompressed content, as written: 64 lower-case hex digits.
    pub hash: String,
    /// The time of its newest event, as written.
    pub newest_event_time: Option<String>,
    /// The time of its oldest event, as written.
    pub oldest_event_time: Option<String>,
}

impl DigestFile {
    /// Reads the members of a digest's object.
    ///
    /// Checked are names, types and times; what the digest claims is for a signature to prove.
    ///
    /// # Errors
    /// A [`Fault`] that names the member.
    pub fn from_members(members: &Map<String, Value>) -> Result<DigestFile, Fault> {
        let location = Location::new(text(members, "digestS3Bucket")?, text(members, "digestS3Object")?);
        let end = time(members, "digestEndTime")?;
        let start = time(members, "digestStartTime")?;
        Ok(DigestFile {
            account_id: optional(members, "awsAccountId")?.unwrap_or_default(),
            start,
            end,
            fingerprint: text(members, "digestPublicKeyFingerprint")?,
            newest_event_time: optional(members, "newestEventTime")?,
            oldest_event_time: optional(members, "oldestEventTime")?,
            previous: previous(members)?,
            log_files: log_files(members)?,
            location,
        })
    }

    /// Reads the members as AWS's validator does, which looks at few of them: what it does not look at may be anything.
    ///
    /// # Errors
    /// A [`Fault`] that names the member.
    pub(crate) fn from_members_as_aws(members: &Map<String, Value>) -> Result<DigestFile, Fault> {
        let mut members = members.clone();
        for member in ["awsAccountId", "newestEventTime", "oldestEventTime", "previousDigestHashValue"] {
            drop_unless_text(&mut members, member);
        }
        if members.get("logFiles").is_some_and(Value::is_null) {
            members.insert("logFiles".to_owned(), Value::Array(Vec::new()));
        }
        let entries = members.get_mut("logFiles").and_then(Value::as_array_mut).into_iter().flatten();
        for entry in entries.filter_map(Value::as_object_mut) {
            drop_unless_text(entry, "newestEventTime");
            drop_unless_text(entry, "oldestEventTime");
            match entry.get("hashValue") {
                Some(Value::String(_)) => {}
                None => drop(entry.insert("hashValue".to_owned(), Value::String(NO_HASH.to_owned()))),
                // No content has a hash that is spelled like this.
                Some(other) => drop(entry.insert("hashValue".to_owned(), Value::String(other.to_string()))),
            }
        }
        DigestFile::from_members(&members)
    }

    /// Returns the first place that it names and that nobody may follow: see [`Location::is_suspect`].
    pub fn suspect_path(&self) -> Option<&Location> {
        let previous = self.previous.iter().map(|previous| &previous.location);
        let log_files = self.log_files.iter().map(|entry| &entry.location);
        [&self.location].into_iter().chain(previous).chain(log_files).find(|location| location.is_suspect())
    }

    /// Returns the digest as JSON, members in the order of AWS's own.
    pub fn to_json(&self) -> String {
        let previous = self.previous.as_ref();
        let wire = Wire {
            aws_account_id: &self.account_id,
            digest_start_time: print_time(self.start),
            digest_end_time: print_time(self.end),
            digest_s3_bucket: &self.location.bucket,
            digest_s3_object: &self.location.key,
            digest_public_key_fingerprint: &self.fingerprint,
            digest_signature_algorithm: SIGNATURE_ALGORITHM,
            newest_event_time: self.newest_event_time.as_deref(),
            oldest_event_time: self.oldest_event_time.as_deref(),
            previous_digest_s3_bucket: previous.map(|previous| previous.location.bucket.as_str()),
            previous_digest_s3_object: previous.map(|previous| previous.location.key.as_str()),
            previous_digest_hash_value: previous.and_then(|previous| previous.hash.as_deref()),
            previous_digest_hash_algorithm: previous
                .and_then(|previous| previous.hash.as_ref())
                .map(|_| HASH_ALGORITHM),
            previous_digest_signature: previous.and_then(|previous| previous.signature.as_deref()),
            log_files: self.log_files.iter().map(WireLogFile::of).collect(),
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

/// Stands for the hash of a log file that a digest lists without one: then nothing can be said of the file.
pub(crate) const NO_HASH: &str = "";

fn drop_unless_text(members: &mut Map<String, Value>, member: &str) {
    if members.get(member).is_some_and(|value| !value.is_string()) {
        members.insert(member.to_owned(), Value::Null);
    }
}

/// What AWS calls the way in which digests are signed.
pub(crate) const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";
const HASH_ALGORITHM: &str = "SHA-256";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    aws_account_id: &'a str,
    digest_start_time: String,
    digest_end_time: String,
    digest_s3_bucket: &'a str,
    digest_s3_object: &'a str,
    digest_public_key_fingerprint: &'a str,
    digest_signature_algorithm: &'a str,
    newest_event_time: Option<&'a str>,
    oldest_event_time: Option<&'a str>,
    previous_digest_s3_bucket: Option<&'a str>,
    previous_digest_s3_object: Option<&'a str>,
    previous_digest_hash_value: Option<&'a str>,
    previous_digest_hash_algorithm: Option<&'a str>,
    previous_digest_signature: Option<&'a str>,
    log_files: Vec<WireLogFile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLogFile<'a> {
    s3_bucket: &'a str,
    s3_object: &'a str,
    hash_value: &'a str,
    hash_algorithm: &'a str,
    newest_event_time: Option<&'a str>,
    oldest_event_time: Option<&'a str>,
}

impl<'a> WireLogFile<'a> {
    fn of(entry: &'a LogFileEntry) -> WireLogFile<'a> {
        WireLogFile {
            s3_bucket: &entry.location.bucket,
            s3_object: &entry.location.key,
            hash_value: &entry.hash,
            hash_algorithm: HASH_ALGORITHM,
            newest_event_time: entry.newest_event_time.as_deref(),
            oldest_event_time: entry.oldest_event_time.as_deref(),
        }
    }
}

/// Prints a time as digests do.
pub(crate) fn print_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns what JSON calls a value's type, with an article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn text(members: &Map<String, Value>, member: &'static str) -> Result<String, Fault> {
    match members.get(member) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(Fault::WrongType { member, found: type_of(other) }),
        None => Err(Fault::MissingMember(member)),
    }
}

fn optional(members: &Map<String, Value>, member: &'static str) -> Result<Option<String>, Fault> {
    match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(members, member).map(Some),
    }
}

fn time(members: &Map<String, Value>, member: &'static str) -> Result<Timestamp, Fault> {
    let text = text(members, member)?;
    let parsed = EventTime::parse(&text).and_then(|time| Timestamp::from_microsecond(time.as_micros()).ok());
    parsed.ok_or(Fault::BadTime { member, text })
}

fn previous(members: &Map<String, Value>) -> Result<Option<Previous>, Fault> {
    let bucket = optional(members, "previousDigestS3Bucket")?;
    let key = optional(members, "previousDigestS3Object")?;
    let hash = optional(members, "previousDigestHashValue")?;
    let signature = optional(members, "previousDigestSignature")?;
    let (Some(bucket), Some(key)) = (bucket, key) else { return Ok(None) };
    Ok(Some(Previous { location: Location { bucket, key }, hash, signature }))
}

fn log_files(members: &Map<String, Value>) -> Result<Vec<LogFileEntry>, Fault> {
    let entries = match members.get("logFiles") {
        Some(Value::Array(entries)) => entries,
        None => return Err(Fault::MissingMember("logFiles")),
        Some(other) => return Err(Fault::WrongType { member: "logFiles", found: type_of(other) }),
    };
    entries.iter().map(log_file).collect()
}

fn log_file(entry: &Value) -> Result<LogFileEntry, Fault> {
    let Value::Object(members) = entry else {
        return Err(Fault::WrongType { member: "logFiles", found: type_of(entry) });
    };
    Ok(LogFileEntry {
        location: Location::new(text(members, "s3Bucket")?, text(members, "s3Object")?),
        hash: text(members, "hashValue")?,
        newest_event_time: optional(members, "newestEventTime")?,
        oldest_event_time: optional(members, "oldestEventTime")?,
    })
}
