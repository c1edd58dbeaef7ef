//! Collecting: objects listed, read, opened, and stored in batches, each batch committed before its objects count as
//! read.
//!
//! Listing and reading are asynchronous; opening and preparing run on threads of their own, as many as there are cores;
//! one task commits. Every queue between them is short, so that memory is bounded by the batches in the making.

mod follow;
mod gathering;
mod list;
mod log_files;
mod report;
mod stretch;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use event::limits::Limits;
use futures::StreamExt;
use lake::{Counts, Prepared, Writer};
use source::{Selection, Source};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

pub use follow::follow;
pub use report::{Failed, Report, Skipped};

use crate::collect::stretch::{Stretch, Work};
use crate::error::{Error, Result};
pub use crate::progress::Progress;

/// Objects listed ahead of reading.
const LISTED_AHEAD: usize = 4_096;
/// Batches that may be ready and wait for the lake, beside one a worker.
const BATCHES_WAITING: usize = 1;

/// What is to be collected, and within which bounds.
#[derive(Clone)]
pub struct Collect {
    /// Where from.
    pub sources: Vec<Source>,
    /// Which part of it.
    pub selection: Selection,
    /// Within which bounds.
    pub bounds: Bounds,
    /// Threads that open and prepare.
    pub workers: usize,
}

/// Bounds on what is read and held.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bounds on objects and records.
    pub limits: Limits,
    /// Bytes of records that a thread gathers before they are stored together.
    pub batch_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { limits: Limits::default(), batch_bytes: 48 << 20 }
    }
}

/// A batch that waits to be committed, with the room that it takes up.
type Waiting = (Prepared, OwnedSemaphorePermit);

/// Collects everything and says what became of it.
///
/// An object that cannot be read is reported and the rest goes on.
///
/// # Errors
/// Only when the lake fails. What was committed stays; the same call goes on from there.
pub async fn collect(writer: Arc<Writer>, plan: Collect, progress: Arc<Progress>) -> Result<Report> {
    let started = Instant::now();
    let (listed, to_read) = mpsc::channel(LISTED_AHEAD);
    let (stretches, to_open) = mpsc::channel::<Stretch>(1);
    let (prepared, to_commit) = mpsc::channel::<Waiting>(1);
    let workers_total = plan.workers.max(1);
    let room = Arc::new(Semaphore::new(workers_total + BATCHES_WAITING));
    let to_open = Arc::new(Mutex::new(to_open));

    let lister = tokio::spawn(list::list(writer.clone(), plan.sources, plan.selection, listed, progress.clone()));
    let reader = tokio::spawn(stretch::read(to_read, stretches, workers_total));
    let committer = tokio::spawn(commit(writer.clone(), to_commit));
    let workers: Vec<_> = (0..workers_total)
        .map(|_| {
            let worker =
                worker::Worker::new(writer.clone(), &plan.bounds, progress.clone(), (prepared.clone(), room.clone()));
            let to_open = to_open.clone();
            tokio::task::spawn_blocking(move || worker.run(&to_open))
        })
        .collect();
    drop((prepared, to_open));

    let mut report = Report::default();
    let mut first_error = None;
    for worker in workers {
        match worker.await {
            Ok(Ok(part)) => report.add(part),
            Ok(Err(error)) => first_error = first_error.or(Some(error)),
            Err(error) => {
                // Its number is taken and never comes: nobody may wait for it.
                writer.give_up();
                first_error = first_error.or(Some(Error::ended("a worker", Some(error))));
            }
        }
    }
    // All tasks are awaited before anything is said. A failed commit is the cause; that workers could not go on is only
    // what follows from it.
    let counts = committer.await.map_err(|error| Error::ended("the committer", Some(error))).flatten();
    let read = reader.await.map_err(|error| Error::ended("the reader", Some(error)));
    let listed = lister.await.map_err(|error| Error::ended("the listing", Some(error))).flatten();
    let counts = counts?;
    if let Some(error) = first_error {
        return Err(error);
    }
    read?;
    report.add(listed?);
    report.count(counts);
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Commits batches as they come; the lake keeps the order of their numbers.
async fn commit(writer: Arc<Writer>, mut to_commit: mpsc::Receiver<Waiting>) -> Result<Counts> {
    let mut total = Counts::default();
    let mut waiting = futures::stream::FuturesUnordered::new();
    loop {
        tokio::select! {
            next = to_commit.recv() => match next {
                Some((prepared, room)) => waiting.push(async {
                    let counts = writer.commit(prepared).await;
                    drop(room);
                    counts
                }),
                None => break,
            },
            Some(done) = waiting.next(), if !waiting.is_empty() => total = sum(total, done?),
        }
    }
    while let Some(done) = waiting.next().await {
        total = sum(total, done?);
    }
    Ok(total)
}

fn sum(a: Counts, b: Counts) -> Counts {
    Counts {
        stored: a.stored + b.stored,
        duplicates: a.duplicates + b.duplicates,
        conflicts: a.conflicts + b.conflicts,
        rejects: a.rejects + b.rejects,
    }
}

/// True if the collection is to end early.
fn is_stopped(progress: &Progress) -> bool {
    progress.stop.load(Ordering::Relaxed)
}
