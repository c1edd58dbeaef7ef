//! Verifying whole copies of trails' buckets: everything is listed, read, examined on all cores, and held against each
//! other.
//!
//! Reading and examining run side by side with short queues between them; one task takes up the results. Memory holds
//! the digests and what does not match yet, never the files.

mod keys;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use event::key::Folder;
use futures::StreamExt;
use source::{Body, Chunk, Listed, Object, Selection, Source};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use trail::audit::{Audit, Evidence, Examined, Findings, Found, Scope, examine, examine_stream};
use trail::digest::{Location, Metadata};

pub use keys::{DigestTimes, digest_times};

use crate::collect::{Failed, Skipped};
use crate::error::{Error, Result};
use crate::progress::Progress;

/// Requests in flight against a bucket.
const READS_IN_FLIGHT: usize = 32;
/// Objects listed ahead of reading.
const LISTED_AHEAD: usize = 4_096;
/// Bytes fetched from a bucket that may wait to be examined.
const FETCHED_BYTES_MAX: u64 = 96 << 20;
/// Results that may wait to be taken up.
const EXAMINED_AHEAD: usize = 1_024;
/// Most places named of each kind that were not looked at.
const NAMED_MAX: usize = 1_000;

/// What is to be verified.
pub struct Verification {
    /// Where the copies are.
    pub sources: Vec<Source>,
    /// Which part of them.
    pub selection: Selection,
    /// Which part of what they say, and when.
    pub scope: Scope,
    /// What proofs rest on.
    pub evidence: Evidence,
    /// Threads that examine.
    pub workers: usize,
}

/// What a verification came to.
#[derive(Debug, Default)]
pub struct Verified {
    /// What was found.
    pub findings: Findings,
    /// Files looked at.
    pub files: u64,
    /// Their bytes, as they lie at the source.
    pub bytes: u64,
    /// Places that hold nothing for us.
    pub skipped: Vec<Skipped>,
    /// Places that could not be read; what lies there is not verified.
    pub failed: Vec<Failed>,
    /// How many could not be read.
    pub failed_total: u64,
}

/// An object on its way to be examined.
#[expect(clippy::large_enum_variant, reason = "few are held at a time, and each is on its way to be taken apart")]
enum Work {
    /// A local file, read by the worker itself.
    Local(Object),
    /// Bytes that were fetched, their metadata, and the room that they take up.
    Fetched(Object, Result<(Chunk, Vec<(String, String)>), source::Error>, OwnedSemaphorePermit),
}

/// What became of an object.
enum Outcome {
    Examined(Examined, u64),
    Skipped(Skipped),
    Failed(Failed),
}

/// Verifies everything and says what was found. What cannot be read is reported, and the rest goes on.
///
/// # Errors
/// Only when a part of the program ends that should not have.
pub async fn verify(verification: Verification, progress: Arc<Progress>) -> Result<Verified> {
    let Verification { sources, selection, scope, evidence, workers } = verification;
    let (listed, to_read) = mpsc::channel(LISTED_AHEAD);
    let (fetched, to_examine) = mpsc::channel::<Work>(workers.max(1) * 2);
    let (examined, mut results) = mpsc::channel(EXAMINED_AHEAD);
    let to_examine = Arc::new(Mutex::new(to_examine));
    let shared = Arc::new(evidence.clone());

    let lister = tokio::spawn(list(sources, selection, listed, examined.clone(), progress.clone()));
    let reader = tokio::spawn(read(to_read, fetched));
    let threads: Vec<_> = (0..workers.max(1))
        .map(|_| {
            let (to_examine, examined, evidence) = (to_examine.clone(), examined.clone(), shared.clone());
            let handle = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || work(&handle, &to_examine, &examined, &evidence))
        })
        .collect();
    drop((examined, to_examine));

    let mut audit = Audit::new(scope, evidence);
    let mut verified = Verified::default();
    while let Some(outcome) = results.recv().await {
        match outcome {
            Outcome::Examined(found, bytes) => {
                (verified.files, verified.bytes) = (verified.files + 1, verified.bytes + bytes);
                progress.files_done.fetch_add(1, Ordering::Relaxed);
                progress.bytes_done.fetch_add(bytes, Ordering::Relaxed);
                audit.take(found);
            }
            Outcome::Skipped(skipped) if verified.skipped.len() < NAMED_MAX => verified.skipped.push(skipped),
            Outcome::Skipped(_) => {}
            Outcome::Failed(failed) => {
                verified.failed_total += 1;
                if verified.failed.len() < NAMED_MAX {
                    verified.failed.push(failed);
                }
            }
        }
    }
    for thread in threads {
        thread.await.map_err(|error| Error::ended("the examination of files", Some(error)))?;
    }
    reader.await.map_err(|error| Error::ended("the reader", Some(error)))?;
    lister.await.map_err(|error| Error::ended("the listing", Some(error)))?;
    // The end looks at all that is left over, which may be much.
    let finish = tokio::task::spawn_blocking(move || audit.finish());
    verified.findings = finish.await.map_err(|error| Error::ended("the audit", Some(error)))?;
    Ok(verified)
}

async fn list(
    sources: Vec<Source>,
    selection: Selection,
    listed: mpsc::Sender<(Source, Object)>,
    examined: mpsc::Sender<Outcome>,
    progress: Arc<Progress>,
) {
    for source in sources {
        let mut listing = source.list(&selection);
        while let Some(found) = listing.next().await {
            if progress.stop.load(Ordering::Relaxed) {
                return;
            }
            let is_heard = match found {
                Listed::Object(object) => {
                    progress.files_listed.fetch_add(1, Ordering::Relaxed);
                    progress.bytes_listed.fetch_add(object.bytes, Ordering::Relaxed);
                    listed.send((source.clone(), object)).await.is_ok()
                }
                Listed::Skipped { uri, why } => examined.send(Outcome::Skipped(Skipped { uri, why })).await.is_ok(),
                Listed::Failed { uri, error } => examined.send(failed(uri, &error)).await.is_ok(),
            };
            if !is_heard {
                return;
            }
        }
    }
    progress.listing_done.store(true, Ordering::Relaxed);
}

fn failed(uri: String, error: &source::Error) -> Outcome {
    Outcome::Failed(Failed { uri, message: error.to_string() })
}

/// Fetches objects, many at a time for a bucket; local files are left to the workers.
async fn read(to_read: mpsc::Receiver<(Source, Object)>, fetched: mpsc::Sender<Work>) {
    let room = Arc::new(Semaphore::new((FETCHED_BYTES_MAX >> 10) as usize));
    let objects =
        futures::stream::unfold(to_read, |mut to_read| async { to_read.recv().await.map(|found| (found, to_read)) });
    let mut works = objects
        .map(|(source, object)| {
            let room = room.clone();
            async move {
                if object.is_local_file() {
                    return Some(Work::Local(object));
                }
                let weight = (object.bytes.min(source::WHOLE_BYTES_MAX) >> 10) as u32 + 1;
                // The semaphore is never closed while this task runs.
                let permit = room.acquire_many_owned(weight).await.ok()?;
                let chunk = source.read_described(&object).await;
                Some(Work::Fetched(object, chunk, permit))
            }
        })
        .buffer_unordered(READS_IN_FLIGHT)
        .boxed();
    while let Some(Some(work)) = works.next().await {
        if fetched.send(work).await.is_err() {
            return;
        }
    }
}

/// Examines until there is nothing left. Runs on a thread that may block.
fn work(
    handle: &tokio::runtime::Handle,
    to_examine: &Mutex<mpsc::Receiver<Work>>,
    examined: &mpsc::Sender<Outcome>,
    evidence: &Evidence,
) {
    let mut scratch = Vec::new();
    while let Some(work) = handle.block_on(async { to_examine.lock().await.recv().await }) {
        let (object, read, _room) = match work {
            Work::Local(object) => match Source::read_local(&object) {
                Some(read) => {
                    let metadata = metadata_beside(&object);
                    (object, read.map(|chunk| (chunk, metadata)), None)
                }
                None => continue,
            },
            Work::Fetched(object, read, room) => (object, read, Some(room)),
        };
        let bytes = object.bytes;
        let outcome = match read {
            Ok((chunk, metadata)) => Outcome::Examined(look(object, chunk, &metadata, evidence, &mut scratch), bytes),
            Err(error) => failed(object.uri, &error),
        };
        if examined.blocking_send(outcome).is_err() {
            return;
        }
    }
}

/// Returns the metadata of a digest in a bucket that is a folder of ours: they lie beside it.
fn metadata_beside(object: &Object) -> Vec<(String, String)> {
    let is_digest = object.key.as_ref().is_some_and(|key| key.file.folder() == Folder::Digest);
    let path = object.local_path().filter(|_| is_digest);
    path.map(sink::metadata_beside).unwrap_or_default()
}

fn look(
    object: Object,
    chunk: Chunk,
    metadata: &[(String, String)],
    evidence: &Evidence,
    scratch: &mut Vec<u8>,
) -> Examined {
    let location = object.uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let location = location.map(|(bucket, key)| Location::new(bucket, key));
    let pairs = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let metadata = (location.is_some() || !metadata.is_empty()).then(|| Metadata::from_pairs(pairs));
    let found = Found { uri: object.uri, location, metadata };
    match chunk.body {
        Body::Whole(bytes) => examine(found, &bytes, evidence, scratch),
        Body::Stream(stream) => examine_stream(found, stream),
    }
}
