//! Storing batches: the commit protocol.
//!
//! SQLite holds what was meant, Delta holds the truth. A batch is *prepared* on any thread (duplicates dropped, sorted,
//! encoded) and *committed* in the order of its number: intent, rejects, log files, events, sync, done. A crash at
//! any step leaves either the whole batch or nothing of it, once the next writer has looked (`recover`).

mod prepare;
mod recover;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use event::batch::EventBatch;
use event::fingerprint::FingerprintKey;
use event::reject::Reject;
use event::time::EventTime;

use crate::control::{Control, Intent, LedgerObject};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::fingerprints::{Fingerprints, LISTED, REJECTED};
use crate::location::Location;
use crate::lock::{Lease, Lock, RENEW_MS};
use crate::log_files::LogFile;
use crate::schema;
use crate::sessions::CONSUME_SESSIONS;
use crate::table::write::DataFile;
use crate::table::{Change, Table, append_operation};

/// Under which name events are committed: the batch number is its version.
pub(crate) const INGEST: &str = "trailkeep/ingest";
/// Under which name rejects are committed.
pub(crate) const INGEST_REJECTS: &str = "trailkeep/rejects";
/// Under which name log files are committed.
pub(crate) const INGEST_LOG_FILES: &str = "trailkeep/log-files";
/// Under which name merged files are committed, so that a number that one of them bears is never given out again.
pub(crate) const COMPACT: &str = "trailkeep/compact";
/// All names that this program commits under.
pub(crate) const APPLICATIONS: &[&str] = &[INGEST, INGEST_REJECTS, INGEST_LOG_FILES, COMPACT, CONSUME_SESSIONS];

/// Most events of a batch: a sequence number is `batch << 20 | row`.
pub const BATCH_EVENTS_MAX: usize = 1 << 20;

/// The one writer of a lake.
pub struct Writer {
    pub(crate) events: Table,
    pub(crate) rejects: Table,
    pub(crate) log_files: Table,
    pub(crate) control: Control,
    pub(crate) fingerprints: Mutex<Fingerprints>,
    key: FingerprintKey,
    next_batch: AtomicI64,
    /// Whose turn it is to commit; batches wait here for theirs.
    turn: Arc<tokio::sync::watch::Sender<Turn>>,
    lock: Lock,
    /// Holds the lease on a lake in a bucket for as long as the writer lives.
    renewing: Option<tokio::task::JoinHandle<()>>,
    /// Clock of this run: its start, and the moment it was told.
    started: (EventTime, std::time::Instant),
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// The next batch to be committed.
    next: i64,
    /// True once a batch has failed: behind it nothing is committed.
    broken: bool,
}

/// Where a part of a batch came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// URI of the object.
    pub uri: String,
    /// ETag, where its store has one.
    pub etag: Option<String>,
}

/// What is stored together: all of it or nothing.
#[derive(Debug, Default)]
pub struct Batch {
    /// Where the events and rejects came from; the spans point here.
    pub places: Vec<Place>,
    /// Events, in order.
    pub chunks: Vec<Chunk>,
    /// What was no event, each with the index of its place.
    pub rejects: Vec<(usize, Reject)>,
    /// Objects that are read to their end once this batch is stored.
    pub completed: Vec<LedgerObject>,
    /// What is learned of log files: of those completed, and by digests of others.
    pub log_files: Vec<LogFile>,
}

/// Events of one or more places.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The events.
    pub events: Arc<EventBatch>,
    /// Index of a place and the number of its events, in order; together they cover all events.
    pub spans: Vec<(usize, usize)>,
    /// Which of the events are stored with this batch; the others are with another.
    pub dates: Dates,
}

/// A choice among the events of a chunk, by the UTC date of their time in days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// All events.
    All,
    /// Those of one date.
    Only(i32),
    /// Those of all dates but one.
    Except(i32),
}

impl Dates {
    /// Returns true if events of the date are chosen.
    pub fn contain(self, date: i32) -> bool {
        match self {
            Dates::All => true,
            Dates::Only(only) => date == only,
            Dates::Except(except) => date != except,
        }
    }
}

impl Chunk {
    /// Makes a chunk whose events are all stored together.
    pub fn whole(events: EventBatch, spans: Vec<(usize, usize)>) -> Chunk {
        Chunk { events: Arc::new(events), spans, dates: Dates::All }
    }

    /// Returns the date of each event that is chosen, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`] if the events do not begin with their times.
    pub fn event_dates(&self) -> Result<impl Iterator<Item = i32>> {
        Ok(self
            .times()?
            .iter()
            .map(|time| EventTime::from_micros(*time).date())
            .filter(|date| self.dates.contain(*date)))
    }

    /// Returns the time of each event, in microseconds since 1970.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`] if the events do not begin with their times.
    pub fn times(&self) -> Result<&[i64]> {
        let times = self.events.columns.columns().first();
        let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
        let times =
            times.ok_or_else(|| Error::new(ErrorKind::Schema, "a batch of events does not begin with their times"))?;
        Ok(times.values())
    }
}

/// A batch that is ready to be committed.
pub struct Prepared {
    number: i64,
    event_files: Vec<DataFile>,
    reject_files: Vec<DataFile>,
    listed_files: Vec<DataFile>,
    completed: Vec<LedgerObject>,
    counts: Counts,
}

impl Prepared {
    /// Returns the number that the sequence numbers of the batch are not above, and those of later batches are.
    pub fn last_seq(&self) -> i64 {
        (self.number + 1) * BATCH_EVENTS_MAX as i64 - 1
    }
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events stored.
    pub stored: u64,
    /// Events that were stored already, with the same content.
    pub duplicates: u64,
    /// Events stored whose eventID and account were stored already with other content.
    pub conflicts: u64,
    /// Rejects met; those of a place that is known already are stored once.
    pub rejects: u64,
}

impl Writer {
    /// Opens a lake for writing, making it if there is none, and puts right what a crash may have left.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] while another process writes to it.
    pub async fn open(location: &Location, now: EventTime) -> Result<Writer> {
        let lock = Lock::take(location, now.as_micros() / 1_000).await?;
        let control = Control::open(location.data())?;
        let events = Table::open_or_create(location, schema::events()).await?;
        let rejects = Table::open_or_create(location, schema::rejects()).await?;
        let log_files = Table::open_or_create(location, schema::log_files()).await?;
        let undone = recover::settle(&control, &[&events, &log_files, &rejects]).await?;
        let committed = |shelf: &str, batch: i64| {
            let (table, application) = match shelf {
                REJECTED => (&rejects, INGEST_REJECTS),
                LISTED => (&log_files, INGEST_LOG_FILES),
                _ => (&events, INGEST),
            };
            !undone.contains(&batch) && table.transaction(application).is_some_and(|last| batch <= last)
        };
        let stored = events.transaction(INGEST).unwrap_or(0);
        let (mut fingerprints, fresh) = Fingerprints::open(location.data(), stored, committed)?;
        undone.iter().try_for_each(|batch| control.undo(*batch))?;
        if fresh {
            recover::rebuild_fingerprints(&events, stored, &mut fingerprints).await?;
            recover::rebuild_listed(&log_files, &mut fingerprints).await?;
            fingerprints.seal()?;
        }
        let in_tables = [
            events.transaction(INGEST),
            events.transaction(COMPACT),
            rejects.transaction(INGEST_REJECTS),
            rejects.transaction(COMPACT),
            log_files.transaction(INGEST_LOG_FILES),
            log_files.transaction(COMPACT),
        ];
        let in_tables = in_tables.into_iter().flatten().max().unwrap_or(0);
        let next = control.last_batch()?.max(in_tables) + 1;
        let turn = Arc::new(tokio::sync::watch::Sender::new(Turn { next, broken: false }));
        let started = (now, std::time::Instant::now());
        let renewing = lock.lease.clone().map(|lease| tokio::spawn(renew(lease, turn.clone(), started)));
        Ok(Writer {
            events,
            rejects,
            log_files,
            control,
            key: fingerprints.key(),
            fingerprints: Mutex::new(fingerprints),
            next_batch: AtomicI64::new(next),
            turn,
            lock,
            renewing,
            started,
        })
    }

    /// Returns the key for the fingerprints of this lake's events.
    pub fn fingerprint_key(&self) -> FingerprintKey {
        self.key
    }

    /// Returns which of these objects, by URI and identity, were read to their end before.
    ///
    /// # Errors
    /// Those of the control documents.
    pub fn known<'o>(&self, objects: impl Iterator<Item = (&'o str, &'o str)>) -> Result<Vec<bool>> {
        self.control.known(objects)
    }

    /// Returns the current time, counted on from the one the writer was opened at.
    pub(crate) fn now(&self) -> EventTime {
        now(self.started)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now().as_micros() / 1_000
    }

    pub(crate) fn fingerprints(&self) -> MutexGuard<'_, Fingerprints> {
        self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_number(&self) -> i64 {
        self.next_batch.fetch_add(1, Ordering::SeqCst)
    }

    /// Drops duplicates, sorts and encodes a batch. Costs CPU time only and may run on several threads; every
    /// prepared batch must be given to [`Writer::commit`], or those behind it wait for ever.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`] where columns do not fit or the batch has more than [`BATCH_EVENTS_MAX`] events. The writer
    /// commits nothing more then.
    pub fn prepare(&self, batch: Batch) -> Result<Prepared> {
        prepare::prepare(self, batch).inspect_err(|_| self.turn.send_modify(|turn| turn.broken = true))
    }

    /// Stores a prepared batch, once all batches with smaller numbers are stored. When it returns, the events are
    /// safe on disk and the source may be told so.
    ///
    /// # Errors
    /// Those of the store. The outcome is then unknown and the writer commits nothing more: open the lake anew.
    pub async fn commit(&self, prepared: Prepared) -> Result<Counts> {
        let (number, counts) = (prepared.number, prepared.counts);
        self.wait_for_turn(number).await?;
        let result = self.commit_now(prepared).await;
        self.end_turn(number, result.is_ok());
        result.map(|()| counts)
    }

    /// Returns true once the writer commits nothing more: the lake is to be opened anew.
    pub fn is_broken(&self) -> bool {
        self.turn.borrow().broken
    }

    /// Commits nothing more: a batch was taken up and will never come.
    pub fn give_up(&self) {
        self.turn.send_modify(|turn| turn.broken = true);
    }

    pub(crate) async fn wait_for_turn(&self, number: i64) -> Result<()> {
        let mut turns = self.turn.subscribe();
        let broken = turns.wait_for(|turn| turn.broken || turn.next >= number).await.map_or(true, |turn| turn.broken);
        match broken {
            true => Err(Error::new(ErrorKind::Store, format!("batch {number} was not stored: one before it failed"))),
            false => Ok(()),
        }
    }

    pub(crate) fn end_turn(&self, number: i64, stored: bool) {
        self.turn.send_modify(|turn| match stored {
            true => turn.next = number + 1,
            false => turn.broken = true,
        });
    }

    async fn commit_now(&self, prepared: Prepared) -> Result<()> {
        let Prepared { number, event_files, reject_files, listed_files, completed, .. } = prepared;
        let has_files = [&event_files, &reject_files, &listed_files].iter().any(|files| !files.is_empty());
        if !has_files && completed.is_empty() {
            return Ok(());
        }
        let named = |table: &Table, files: &[DataFile]| {
            files.iter().map(|file| format!("{}/{}", table.name, file.path)).collect::<Vec<_>>()
        };
        let files = [
            named(&self.rejects, &reject_files),
            named(&self.log_files, &listed_files),
            named(&self.events, &event_files),
        ]
        .concat();
        self.control.begin(&Intent { batch: number, files }, &completed)?;
        failpoint::hit("intent-written");
        self.fingerprints().write_runs(number)?;
        if !reject_files.is_empty() {
            self.put(&self.rejects, &reject_files).await?;
            self.commit_files(&self.rejects, INGEST_REJECTS, number, &reject_files).await?;
        }
        failpoint::hit("rejects-committed");
        if !listed_files.is_empty() {
            self.put(&self.log_files, &listed_files).await?;
            self.commit_files(&self.log_files, INGEST_LOG_FILES, number, &listed_files).await?;
        }
        failpoint::hit("log-files-committed");
        if !event_files.is_empty() {
            self.put(&self.events, &event_files).await?;
            failpoint::hit("files-synced");
            self.commit_files(&self.events, INGEST, number, &event_files).await?;
            failpoint::hit("commit-synced");
        }
        self.control.done(number)?;
        failpoint::hit("intent-done");
        self.fingerprints().commit(number)
    }

    async fn put(&self, table: &Table, files: &[DataFile]) -> Result<()> {
        for file in files {
            table.put_file(&file.path, file.bytes.clone()).await?;
            failpoint::hit("file-written");
        }
        table.sync_files(files.iter().map(|file| file.path.clone()))
    }

    async fn commit_files(&self, table: &Table, application: &str, number: i64, files: &[DataFile]) -> Result<()> {
        let now_ms = self.now_ms();
        let change = Change {
            actions: files.iter().map(|file| file.add(now_ms, true)).collect(),
            operation: append_operation(),
            transaction: Some((application.to_owned(), number)),
            must_be_live: Vec::new(),
        };
        let version = table.commit(change).await?;
        if application == INGEST {
            failpoint::hit("events-committed");
        }
        table.sync_log(version)
    }

    /// Ends the writer: waits for what runs in the background and lets the next writer in.
    pub async fn close(self: Arc<Self>) {
        self.events.finish().await;
        self.rejects.finish().await;
        self.log_files.finish().await;
        if let Some(renewing) = &self.renewing {
            renewing.abort();
        }
        if let Some(lease) = &self.lock.lease {
            lease.release().await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(renewing) = &self.renewing {
            renewing.abort();
        }
    }
}

/// The current time, counted on from a start.
fn now((start, at): (EventTime, std::time::Instant)) -> EventTime {
    EventTime::from_micros(start.as_micros() + at.elapsed().as_micros() as i64)
}

/// Renews a lease until the writer ends. Once it is lost nothing is committed any more.
async fn renew(
    lease: Arc<Lease>,
    turn: Arc<tokio::sync::watch::Sender<Turn>>,
    started: (EventTime, std::time::Instant),
) {
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(RENEW_MS)).await;
        match lease.renew(now(started).as_micros() / 1_000).await {
            Ok(()) => {}
            // Two more attempts fit in before the lease ends.
            Err(error) if error.is_retryable() => tracing::warn!(%error, "the writer's lease was not renewed"),
            Err(error) => {
                tracing::error!(%error, "the writer's lease is lost: nothing more is stored");
                turn.send_modify(|turn| turn.broken = true);
                return;
            }
        }
    }
}
