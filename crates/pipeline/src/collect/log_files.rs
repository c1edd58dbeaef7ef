//! What an object says of log files: that it was collected, and what the digests in it promise.

use event::key::{FileName, Key};
use event::open::Summary;
use event::time::EventTime;
use jiff::Timestamp;
use lake::{LogFile, LogFileKind};
use source::Object;
use trail::digest::{DigestFile, Fault, Location, LogFileEntry, Metadata, Unproven};

/// User metadata of an object in a bucket: names in lower case, without `x-amz-meta-`.
pub(super) type UserMetadata = Vec<(String, String)>;

/// Returns what is learned from an object that was read to its end.
pub(super) fn learned(object: &Object, summary: &Summary, metadata: &UserMetadata) -> Vec<LogFile> {
    let mut rows = vec![collected(object, summary)];
    for content in &summary.digest_contents {
        match opened(content) {
            Ok((unproven, file)) => {
                let row = digest(object, (&unproven, &file), metadata, content);
                rows.extend(file.log_files.iter().map(|entry| promised(&row, entry)));
                rows.push(row);
            }
            Err(fault) => rows.push(LogFile {
                kind: LogFileKind::Digest,
                reason: Some(format!("{}: {fault}", fault.code())),
                content: Some(content.clone()),
                ..collected(object, summary)
            }),
        }
    }
    rows
}

fn collected(object: &Object, summary: &Summary) -> LogFile {
    let location = object.uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    // A copy in a folder keeps the key as long as it keeps the folders.
    let key = location.map(|(_, key)| key.to_owned()).or_else(|| object.key.as_ref().map(Key::to_string));
    let name = object.uri.rsplit('/').next().unwrap_or(&object.uri);
    LogFile {
        kind: LogFileKind::Collected,
        bucket: location.map(|(bucket, _)| bucket.to_owned()),
        key,
        etag: object.etag.clone(),
        bytes: Some(object.bytes),
        events: Some(summary.events),
        rejects: Some(summary.rejects),
        sha256: summary.sha256.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()),
        ..named(&object.uri, name)
    }
}

/// A row with what a file's name says.
fn named(uri: &str, name: &str) -> LogFile {
    let parsed = FileName::parse(name);
    let parsed = parsed.as_ref();
    LogFile {
        uri: uri.to_owned(),
        file_name: Some(name.to_owned()),
        account: parsed.map(|name| name.account().to_string()),
        region: parsed.map(|name| name.region().to_string()),
        delivered_at: parsed.map(|name| moment(name.time())),
        ..LogFile::default()
    }
}

/// Opens a digest's content, which is believed no further than its signature is proven.
fn opened(content: &[u8]) -> Result<(Unproven, DigestFile), Fault> {
    let unproven = Unproven::read(content)?;
    let file = unproven.file()?;
    let is_digest = matches!(FileName::parse(file.location.file_name()), Some(FileName::DigestFile(_)));
    match file.suspect_path() {
        Some(suspect) => Err(Fault::SuspectPath(suspect.key.clone())),
        None if !is_digest => Err(Fault::SuspectPath(file.location.key.clone())),
        None => Ok((unproven, file)),
    }
}

fn digest(
    object: &Object,
    (unproven, file): (&Unproven, &DigestFile),
    metadata: &UserMetadata,
    content: &[u8],
) -> LogFile {
    let pairs = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let metadata = Metadata::from_pairs(pairs);
    let pending = unproven.pending();
    LogFile {
        kind: LogFileKind::Digest,
        etag: object.etag.clone(),
        bytes: Some(object.bytes),
        sha256: Some(unproven.hash.to_string()),
        digest: Some(file.location.to_string()),
        digest_sha256: Some(unproven.hash.to_string()),
        start_time: Some(moment(file.start)),
        end_time: Some(moment(file.end)),
        oldest_event_time: time(file.oldest_event_time.as_deref()),
        newest_event_time: time(file.newest_event_time.as_deref()),
        fingerprint: Some(pending.fingerprint),
        signature: metadata.signature,
        signature_algorithm: metadata.signature_algorithm,
        signed: Some(pending.signed),
        previous_digest: file.previous.as_ref().map(|previous| previous.location.to_string()),
        content: Some(content.to_vec()),
        ..lying(object, &file.location)
    }
}

fn promised(digest: &LogFile, entry: &LogFileEntry) -> LogFile {
    LogFile {
        kind: LogFileKind::Promised,
        bucket: Some(entry.location.bucket.clone()),
        key: Some(entry.location.key.clone()),
        sha256: Some(entry.hash.to_ascii_lowercase()),
        digest: digest.digest.clone(),
        digest_sha256: digest.digest_sha256.clone(),
        oldest_event_time: time(entry.oldest_event_time.as_deref()),
        newest_event_time: time(entry.newest_event_time.as_deref()),
        ..named(&digest.uri, entry.location.file_name())
    }
}

fn lying(object: &Object, location: &Location) -> LogFile {
    LogFile {
        bucket: Some(location.bucket.clone()),
        key: Some(location.key.clone()),
        ..named(&object.uri, location.file_name())
    }
}

fn moment(time: Timestamp) -> EventTime {
    EventTime::from_micros(time.as_microsecond())
}

fn time(text: Option<&str>) -> Option<EventTime> {
    EventTime::parse(text?)
}
