//! A worker: opens objects, gathers what is in them, and prepares a batch when there is enough.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use event::open::{Content, ContentKind, Opened, Opener, Summary};
use lake::{Batch, LedgerObject, Place, Writer};
use source::{Body, Chunk, Object, Source};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::collect::list::chain;
use crate::collect::{Bounds, Report, Waiting, Work, is_stopped};
use crate::error::{Error, Result};
use crate::progress::Progress;

/// Events of a batch at most; far below what a sequence number has room for.
const BATCH_EVENTS: usize = 200_000;
/// Objects completed by one batch at most: each is a row in the ledger.
const BATCH_OBJECTS: usize = 5_000;

/// What a reject costs in memory beside its bytes: its place, reason and message.
const REJECT_BYTES: u64 = 256;

pub(super) struct Worker {
    opener: Opener,
    gathering: Gathering,
}

/// All of a worker but the opener, which is busy while what it opens is gathered.
struct Gathering {
    writer: Arc<Writer>,
    batch_bytes: u64,
    progress: Arc<Progress>,
    prepared: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    handle: Handle,
    report: Report,
    /// The batch in the making, its bytes of records and its events.
    batch: Batch,
    bytes: u64,
    events: usize,
    /// Places of objects whose events the opener may still keep, and the number of the first.
    places: VecDeque<Place>,
    first_place: u64,
}

impl Worker {
    pub(super) fn new(
        writer: Arc<Writer>,
        plan: &Bounds,
        progress: Arc<Progress>,
        (prepared, room): (mpsc::Sender<Waiting>, Arc<Semaphore>),
    ) -> Worker {
        let opener = Opener::new(writer.fingerprint_key(), plan.limits);
        let gathering = Gathering {
            writer,
            batch_bytes: plan.batch_bytes,
            progress,
            prepared,
            room,
            handle: Handle::current(),
            report: Report::default(),
            batch: Batch::default(),
            bytes: 0,
            events: 0,
            places: VecDeque::new(),
            first_place: 0,
        };
        Worker { opener, gathering }
    }

    /// Works until there is nothing left to open. Runs on a thread that may block.
    pub(super) fn run(mut self, to_open: &Mutex<mpsc::Receiver<Work>>) -> Result<Report> {
        let handle = self.gathering.handle.clone();
        while let Some(work) = handle.block_on(async { to_open.lock().await.recv().await }) {
            if is_stopped(&self.gathering.progress) {
                break;
            }
            let mut fetched = None;
            let (object, chunk) = match work {
                Work::Fetched(object, chunk, permit) => {
                    fetched = Some(permit);
                    (object, chunk)
                }
                Work::Local(object) => {
                    let chunk =
                        Source::read_local(&object).ok_or_else(|| Error::ended("reading a local file", None))?;
                    (object, chunk)
                }
            };
            match chunk {
                Ok(chunk) => self.open(chunk)?,
                Err(error) => self.gathering.fail(object, chain(&error)),
            }
            drop(fetched);
        }
        self.store()?;
        Ok(self.gathering.report)
    }

    fn open(&mut self, chunk: Chunk) -> Result<()> {
        let Chunk { object, body } = chunk;
        self.gathering.places.push_back(Place { uri: object.uri.clone(), etag: object.etag.clone() });
        let whole;
        let content = match body {
            Body::Whole(bytes) => {
                whole = bytes;
                Content::Bytes(&whole)
            }
            Body::Stream(stream) => Content::Stream(stream),
        };
        let gathering = &mut self.gathering;
        let summary = self.opener.open_more(content, &mut |opened| gathering.take(opened))?;
        gathering.finish(object, &summary);
        if gathering.is_full() { self.store() } else { Ok(()) }
    }

    /// Stores what is gathered and what the opener still keeps: an object counts as read only with all of its events.
    fn store(&mut self) -> Result<()> {
        let gathering = &mut self.gathering;
        self.opener.flush(&mut |opened| gathering.take(opened))?;
        // All that is kept of earlier objects has been given out.
        while gathering.places.len() > 1 {
            gathering.places.pop_front();
            gathering.first_place += 1;
        }
        gathering.store()
    }
}

impl Gathering {
    /// Gathers what the opener gives out. All of it is given out, so that the batch may be stored in between.
    fn take(&mut self, opened: Opened) -> Result<()> {
        self.progress.events.fetch_add(opened.events.len() as u64, Ordering::Relaxed);
        // A reject costs more than its bytes, and takes a sequence number as an event does.
        self.bytes += opened.rejects.len() as u64 * REJECT_BYTES;
        self.bytes +=
            opened.events.record_bytes + opened.rejects.iter().map(|reject| reject.bytes.len() as u64).sum::<u64>();
        self.events += opened.events.len() + opened.rejects.len();
        let mut rejects = opened.rejects.into_iter();
        let mut spans = Vec::with_capacity(opened.spans.len());
        for span in opened.spans {
            while self.first_place < span.object {
                self.places.pop_front();
                self.first_place += 1;
            }
            let place = self.places.front().ok_or_else(|| Error::ended("the list of opened objects", None))?;
            if self.batch.places.last() != Some(place) {
                self.batch.places.push(place.clone());
            }
            let index = self.batch.places.len() - 1;
            let rejects: Vec<_> = rejects.by_ref().take(span.rejects).collect();
            self.report.sample(&place.uri, &rejects);
            self.batch.rejects.extend(rejects.into_iter().map(|reject| (index, reject)));
            spans.push((index, span.events));
        }
        if !opened.events.is_empty() {
            self.batch.chunks.push(lake::Chunk { events: opened.events, spans });
        }
        if self.is_full() { self.store() } else { Ok(()) }
    }

    fn fail(&mut self, object: Object, message: String) {
        self.progress.files_done.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes_done.fetch_add(object.bytes, Ordering::Relaxed);
        self.report.fail(object.uri, message);
    }

    /// Counts an object that is read to its end, or says why it is not.
    fn finish(&mut self, object: Object, summary: &Summary) {
        self.progress.files_done.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes_done.fetch_add(object.bytes, Ordering::Relaxed);
        self.report.bytes += object.bytes;
        self.report.content_bytes += summary.content_bytes;
        self.report.digests += summary.digests;
        if let Some(message) = &summary.read_failed {
            self.report.fail(object.uri, message.clone());
            return;
        }
        self.report.files_read += 1;
        let outcome = match summary.kind {
            ContentKind::CloudTrail => "stored",
            ContentKind::Digest => "digest",
            ContentKind::ControlMessage => "control message",
            ContentKind::Empty => "empty",
            ContentKind::NotCloudTrail => "not CloudTrail",
        };
        if matches!(summary.kind, ContentKind::Empty | ContentKind::NotCloudTrail) {
            self.report.skip(object.uri.clone(), outcome.to_owned());
        }
        self.batch.completed.push(LedgerObject {
            uri: object.uri,
            identity: object.identity,
            outcome: outcome.to_owned(),
            bytes: object.bytes,
            events: summary.events,
            rejects: summary.rejects,
        });
    }

    fn is_full(&self) -> bool {
        self.bytes >= self.batch_bytes || self.events >= BATCH_EVENTS || self.batch.completed.len() >= BATCH_OBJECTS
    }

    /// Prepares what is gathered and hands it to the committer.
    fn store(&mut self) -> Result<()> {
        (self.bytes, self.events) = (0, 0);
        let batch = std::mem::take(&mut self.batch);
        if batch.chunks.is_empty() && batch.rejects.is_empty() && batch.completed.is_empty() {
            return Ok(());
        }
        // Before a number is taken: whoever waits for room must not be waited for.
        let room =
            self.handle.block_on(self.room.clone().acquire_owned()).map_err(|_| Error::ended("the committer", None))?;
        let prepared = self.writer.prepare(batch)?;
        self.handle.block_on(self.prepared.send((prepared, room))).map_err(|_| Error::ended("the committer", None))
    }
}
