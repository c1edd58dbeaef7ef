//! Validating a trail's digests and log files in their buckets, in the order and with the answers of
//! `aws cloudtrail validate-logs`.
//!
//! The chain is walked one digest after the other, as its links lead; the digests that are likely to come next and the
//! log files of those that are proven are read meanwhile, up to [`READS_IN_FLIGHT`] at once. What is said is said in order.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use source::{Buckets, CloudTrail};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use trail::digest::{
    Chain, Fault, KEYS_AROUND_BACKFILL, Location, LogFileEntry, LogFileStatus, Metadata, PublicKeys, Step, Unproven,
    Walk, check_log_file, parse_time,
};

use crate::error::{Error, Result};

/// Requests in flight.
const READS_IN_FLIGHT: usize = 32;
/// Digests read before they are asked for.
const DIGESTS_AHEAD: usize = 12;
/// Results that may wait to be said.
const SAID_AHEAD: usize = 512;
/// Larger files are unpacked on a thread that may be kept busy.
const INLINE_BYTES_MAX: usize = 256 << 10;
/// How much later than the last digest its key may have come into use.
const KEYS_AFTER_END: jiff::SignedDuration = jiff::SignedDuration::from_hours(2);

/// What to validate.
#[derive(Debug, Clone)]
pub struct Validation {
    /// Which chain.
    pub chain: Chain,
    /// The bucket in which it ends.
    pub bucket: String,
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

/// Where public keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// CloudTrail, asked for the times that are validated.
    CloudTrail(CloudTrail),
    /// These and no others.
    Given(PublicKeys),
}

/// One result, in the order of the walk.
#[derive(Debug)]
pub enum Said {
    /// What became of a digest.
    Digest {
        /// Where it lies.
        at: Location,
        /// Whether it is a backfill digest.
        is_backfill: bool,
        /// What became of it.
        outcome: DigestOutcome,
    },
    /// What became of a log file of the digest before.
    LogFile {
        /// Where it lies.
        at: Location,
        /// What became of it.
        status: LogFileStatus,
    },
    /// Nothing was digested between the two times.
    Gap {
        /// The end of the older digest.
        from: Timestamp,
        /// The start of the newer one.
        until: Timestamp,
        /// Whether it lies between backfill digests.
        is_backfill: bool,
    },
}

/// What became of a digest.
#[derive(Debug)]
pub enum DigestOutcome {
    /// It is proven, and covers the time between these two.
    Valid(Timestamp, Timestamp),
    /// It is not there.
    Missing,
    /// It counts for nothing.
    Invalid(Fault),
    /// A backfill digest says by this text when it was made, and the text is no time.
    NoBackfillTime(String),
    /// There is no key of the time when a backfill digest was made.
    NoPublicKeys(Timestamp, Timestamp),
}

/// Validates, and tells each result to `say` in order.
///
/// # Errors
/// What `say` returns; and, as an [`Error`] turned into the same type, whatever ends the validation: buckets or CloudTrail
/// that cannot be asked, and a time without any public key. Results said before stay true.
pub async fn validate_logs<E: From<Error>>(
    validation: Validation,
    buckets: Buckets,
    keys: KeySource,
    say: &mut (dyn FnMut(Said) -> Result<(), E> + Send),
) -> Result<(), E> {
    let (results, mut to_say) = mpsc::channel(SAID_AHEAD);
    let reader = Reader { buckets, in_flight: Arc::new(Semaphore::new(READS_IN_FLIGHT)) };
    let walking = Task(tokio::spawn(walk_all(validation, reader, keys, results)));
    while let Some(result) = to_say.recv().await {
        let said = match result {
            Waiting::Said(said) => said,
            Waiting::LogFile(at, task) => Said::LogFile { at, status: task.join().await?? },
        };
        say(said)?;
    }
    Ok(walking.join().await??)
}

/// A result, or the work that leads to it.
enum Waiting {
    Said(Said),
    LogFile(Location, Task<Result<LogFileStatus>>),
}

/// A task that ends with its owner.
struct Task<T>(JoinHandle<T>);

impl<T> Task<T> {
    async fn join(mut self) -> Result<T> {
        (&mut self.0).await.map_err(|error| Error::ended("a validation", Some(error)))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Clone)]
struct Reader {
    buckets: Buckets,
    in_flight: Arc<Semaphore>,
}

/// A digest's bytes and what lies beside them.
type Stored = (bytes::Bytes, Metadata);

impl Reader {
    async fn digest(self, at: Location) -> Result<Option<Stored>> {
        let _turn = self.in_flight.acquire().await;
        let Some(stored) = self.buckets.read(&at.bucket, &at.key).await? else { return Ok(None) };
        let pairs = stored.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let metadata = Metadata::from_pairs(pairs);
        Ok(Some((stored.bytes, metadata)))
    }

    async fn log_file(self, entry: LogFileEntry) -> Result<LogFileStatus> {
        let _turn = self.in_flight.acquire().await;
        let at = &entry.location;
        let Some(stored) = self.buckets.read(&at.bucket, &at.key).await? else { return Ok(LogFileStatus::Missing) };
        if stored.bytes.len() <= INLINE_BYTES_MAX {
            return Ok(check_log_file(&stored.bytes, &entry, &mut Vec::new()));
        }
        let check = tokio::task::spawn_blocking(move || check_log_file(&stored.bytes, &entry, &mut Vec::new()));
        check.await.map_err(|error| Error::ended("the check of a log file", Some(error)))
    }
}

async fn walk_all(
    validation: Validation,
    reader: Reader,
    keys: KeySource,
    results: mpsc::Sender<Waiting>,
) -> Result<()> {
    let listed = list(&validation, &reader, &validation.bucket, validation.end).await?;
    let mut public_keys = keys.between(validation.start, validation.end, KEYS_AFTER_END).await?;
    if public_keys.is_empty() {
        let end = validation.end.saturating_add(KEYS_AFTER_END).unwrap_or(Timestamp::MAX);
        return Err(Error::no_public_keys(validation.start, end));
    }
    for is_backfill in [false, true] {
        let known = if is_backfill { PublicKeys::default() } else { std::mem::take(&mut public_keys) };
        let mut chain =
            ChainWalk { validation: &validation, reader: &reader, source: &keys, keys: known, results: &results };
        chain.walk(&listed, is_backfill).await?;
    }
    Ok(())
}

async fn list(validation: &Validation, reader: &Reader, bucket: &str, end: Timestamp) -> Result<Vec<String>> {
    let chain = &validation.chain;
    let (after, until) = (chain.marker(validation.start), chain.listing_end(end));
    Ok(reader.buckets.keys(bucket, &chain.folder(), &after, &until).await?)
}

impl KeySource {
    async fn between(&self, from: Timestamp, until: Timestamp, after: jiff::SignedDuration) -> Result<PublicKeys> {
        let cloudtrail = match self {
            KeySource::Given(keys) => return Ok(keys.clone()),
            KeySource::CloudTrail(cloudtrail) => cloudtrail,
        };
        let mut keys = PublicKeys::default();
        for key in cloudtrail.public_keys(from, until.saturating_add(after).unwrap_or(Timestamp::MAX)).await? {
            keys.add(key.fingerprint, &key.der);
        }
        Ok(keys)
    }
}

/// The walk along the standard digests, or along the backfill digests.
struct ChainWalk<'a> {
    validation: &'a Validation,
    reader: &'a Reader,
    source: &'a KeySource,
    keys: PublicKeys,
    results: &'a mpsc::Sender<Waiting>,
}

impl ChainWalk<'_> {
    async fn walk(&mut self, listed: &[String], is_backfill: bool) -> Result<()> {
        let Validation { chain, bucket, start, end } = self.validation;
        let mut walk = Walk::new(chain.clone(), bucket.clone(), (*start, *end), listed, is_backfill);
        let mut ahead = Ahead { reader: self.reader.clone(), reading: VecDeque::new() };
        loop {
            let is_heard = match walk.step() {
                Step::Read(at) => {
                    ahead.fill(&walk, &at);
                    let outcome = if walk.is_seen(&at) {
                        Err(DigestOutcome::Invalid(Fault::Cycle))
                    } else {
                        self.prove(&at, ahead.take(&at).await?, is_backfill).await?
                    };
                    self.tell(&mut walk, at, outcome, is_backfill).await
                }
                Step::List { bucket, end } => {
                    walk.listed(&list(self.validation, self.reader, &bucket, end).await?);
                    true
                }
                Step::Gap { from, until } => self.say(Said::Gap { from, until, is_backfill }).await,
                Step::Lost { text } => return Err(Error::lost(&text)),
                Step::End => return Ok(()),
            };
            if !is_heard {
                // Nobody listens any more, and who stopped says why.
                return Ok(());
            }
        }
    }

    async fn say(&self, said: Said) -> bool {
        self.results.send(Waiting::Said(said)).await.is_ok()
    }

    /// Tells what became of a digest, and has its log files checked.
    async fn tell(
        &self,
        walk: &mut Walk,
        at: Location,
        outcome: Result<trail::digest::DigestFile, DigestOutcome>,
        is_backfill: bool,
    ) -> bool {
        let file = match outcome {
            Ok(file) => file,
            Err(outcome) => {
                walk.broken();
                if walk.is_lost() {
                    // The AWS CLI ends before it says what became of this one.
                    return true;
                }
                return self.say(Said::Digest { at, is_backfill, outcome }).await;
            }
        };
        walk.valid(&file);
        let outcome = DigestOutcome::Valid(file.start, file.end);
        if !self.say(Said::Digest { at, is_backfill, outcome }).await {
            return false;
        }
        for entry in file.log_files {
            let at = entry.location.clone();
            let check = Task(tokio::spawn(self.reader.clone().log_file(entry)));
            if self.results.send(Waiting::LogFile(at, check)).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn prove(
        &mut self,
        at: &Location,
        stored: Option<Stored>,
        is_backfill: bool,
    ) -> Result<Result<trail::digest::DigestFile, DigestOutcome>> {
        let Some((bytes, metadata)) = stored else { return Ok(Err(DigestOutcome::Missing)) };
        let checked = Unproven::open(&bytes).and_then(|opened| opened.check(Some(at), &metadata).map(|()| opened));
        let opened = match checked {
            Ok(opened) => opened,
            Err(fault) => return Ok(Err(DigestOutcome::Invalid(fault))),
        };
        let is_known = opened.fingerprint().is_some_and(|fingerprint| self.keys.contains(fingerprint));
        if is_backfill && !is_known {
            let made = metadata.backfill_generation_timestamp.clone().unwrap_or_default();
            let Some(time) = parse_time(&made, self.validation.end) else {
                return Ok(Err(DigestOutcome::NoBackfillTime(made)));
            };
            let from = time.saturating_sub(KEYS_AROUND_BACKFILL).unwrap_or(Timestamp::MIN);
            let found = self.source.between(from, time, KEYS_AROUND_BACKFILL).await?;
            if found.is_empty() {
                let until = time.saturating_add(KEYS_AROUND_BACKFILL).unwrap_or(Timestamp::MAX);
                return Ok(Err(DigestOutcome::NoPublicKeys(from, until)));
            }
            self.keys.merge(found);
        }
        Ok(opened.verify_as_aws(Some(at), &metadata, &self.keys).map_err(DigestOutcome::Invalid))
    }
}

/// Digests that are read before the walk asks for them, newest first.
struct Ahead {
    reader: Reader,
    reading: VecDeque<(Location, Task<Result<Option<Stored>>>)>,
}

impl Ahead {
    /// Begins to read the digests that are likely to come after `at`, and forgets those that the walk has passed.
    fn fill(&mut self, walk: &Walk, at: &Location) {
        while self.reading.front().is_some_and(|(next, _)| next.bucket != at.bucket || next.key > at.key) {
            self.reading.pop_front();
        }
        if self.reading.len() > DIGESTS_AHEAD / 2 {
            return;
        }
        let last = self.reading.back().map_or(at, |(last, _)| last).key.clone();
        let more = DIGESTS_AHEAD - self.reading.len();
        for next in walk.ahead(&last).take(more) {
            let task = Task(tokio::spawn(self.reader.clone().digest(next.clone())));
            self.reading.push_back((next, task));
        }
    }

    async fn take(&mut self, at: &Location) -> Result<Option<Stored>> {
        if self.reading.front().is_some_and(|(next, _)| next == at)
            && let Some((_, task)) = self.reading.pop_front()
        {
            return task.join().await?;
        }
        self.reader.clone().digest(at.clone()).await
    }
}
