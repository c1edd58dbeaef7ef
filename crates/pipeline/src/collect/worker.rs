//! A worker: opens objects, gathers what is in them, and prepares a batch when there is enough.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use event::open::{Content, ContentKind, Opened, Opener, Summary};
use event::reject::RejectReason;
use lake::{Batch, LedgerObject, Part, Place, Prepared, Writer};
use source::{Body, Chunk, Object, Source};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};

use crate::collect::list::chain;
use crate::collect::{Bounds, Report, Work, is_stopped};
use crate::error::{Error, Result};
use crate::progress::Progress;

/// Events of a batch at most; far below what a sequence number has room for.
const BATCH_EVENTS: usize = 200_000;
/// Objects completed by one batch at most: each is a row in the ledger.
const BATCH_OBJECTS: usize = 5_000;

pub(super) struct Worker {
    opener: Opener,
    gathering: Gathering,
}

/// All of a worker but the opener, which is busy while what it opens is gathered.
struct Gathering {
    writer: Arc<Writer>,
    batch_bytes: u64,
    progress: Arc<Progress>,
    prepared: mpsc::Sender<Prepared>,
    handle: Handle,
    report: Report,
    gathered: Gathered,
}

/// A batch in the making.
#[derive(Default)]
struct Gathered {
    batch: Batch,
    bytes: u64,
    events: usize,
}

/// What one object gave so far.
#[derive(Default)]
struct Found {
    events: u64,
    rejects: u64,
    /// Why the object could not be read to its end.
    broken: Option<String>,
}

impl Worker {
    pub(super) fn new(writer: Arc<Writer>, plan: &Bounds, progress: Arc<Progress>, prepared: mpsc::Sender<Prepared>) -> Worker {
        let opener = Opener::new(writer.fingerprint_key(), plan.limits);
        let gathering = Gathering {
            writer,
            batch_bytes: plan.batch_bytes,
            progress,
            prepared,
            handle: Handle::current(),
            report: Report::default(),
            gathered: Gathered::default(),
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
            let (object, chunk) = match work {
                Work::Fetched(object, chunk) => (object, chunk),
                Work::Local(object) => {
                    let chunk = Source::read_local(&object).ok_or_else(|| Error::ended("reading a local file"))?;
                    (object, chunk)
                }
            };
            match chunk {
                Ok(chunk) => self.open(chunk)?,
                Err(error) => self.gathering.report.fail(object.uri, chain(&error)),
            }
        }
        self.gathering.store()?;
        Ok(self.gathering.report)
    }

    fn open(&mut self, chunk: Chunk) -> Result<()> {
        let Chunk { object, body } = chunk;
        let place = Place { uri: object.uri.clone(), etag: object.etag.clone() };
        let whole;
        let content = match body {
            Body::Whole(bytes) => {
                whole = bytes;
                Content::Bytes(&whole)
            }
            Body::Stream(stream) => Content::Stream(stream),
        };
        let mut found = Found::default();
        let gathering = &mut self.gathering;
        let summary = self.opener.open(content, &mut |opened| gathering.take(&place, opened, &mut found))?;
        gathering.finish(object, &summary, found);
        gathering.store_if_full()
    }
}

impl Gathering {
    fn take(&mut self, place: &Place, mut opened: Opened, found: &mut Found) -> Result<()> {
        // What could not be read is no input; the object stays unread and is named as failed.
        if let Some(at) = opened.rejects.iter().position(|reject| reject.reason == RejectReason::ReadFailed) {
            found.broken = Some(opened.rejects.remove(at).message);
        }
        found.events += opened.events.len() as u64;
        found.rejects += opened.rejects.len() as u64;
        self.progress.events.fetch_add(opened.events.len() as u64, Ordering::Relaxed);
        self.report.sample(&place.uri, &opened.rejects);
        self.gathered.add(place, opened);
        self.store_if_full()
    }

    /// Counts an object that is read to its end, or says why it is not.
    fn finish(&mut self, object: Object, summary: &Summary, found: Found) {
        self.progress.files_done.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes_done.fetch_add(object.bytes, Ordering::Relaxed);
        self.report.bytes += object.bytes;
        self.report.content_bytes += summary.content_bytes;
        self.report.digests += summary.digests;
        if let Some(message) = found.broken {
            self.report.fail(object.uri, message);
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
        self.gathered.batch.completed.push(LedgerObject {
            uri: object.uri,
            identity: object.identity,
            outcome: outcome.to_owned(),
            bytes: object.bytes,
            events: found.events,
            rejects: found.rejects,
        });
    }

    fn store_if_full(&mut self) -> Result<()> {
        let is_full = self.gathered.bytes >= self.batch_bytes
            || self.gathered.events >= BATCH_EVENTS
            || self.gathered.batch.completed.len() >= BATCH_OBJECTS;
        if is_full { self.store() } else { Ok(()) }
    }

    /// Prepares what is gathered and hands it to the committer.
    fn store(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.batch.parts.is_empty() && gathered.batch.completed.is_empty() {
            return Ok(());
        }
        let prepared = self.writer.prepare(gathered.batch)?;
        self.handle.block_on(self.prepared.send(prepared)).map_err(|_| Error::ended("the committer"))
    }
}

impl Gathered {
    fn add(&mut self, place: &Place, opened: Opened) {
        self.bytes += opened.events.record_bytes + opened.rejects.iter().map(|reject| reject.bytes.len() as u64).sum::<u64>();
        self.events += opened.events.len();
        let parts = &mut self.batch.parts;
        if parts.last().is_none_or(|part| part.place != *place) {
            parts.push(Part { place: place.clone(), events: Vec::new(), rejects: Vec::new() });
        }
        if let Some(part) = parts.last_mut() {
            if !opened.events.is_empty() {
                part.events.push(opened.events);
            }
            part.rejects.extend(opened.rejects);
        }
    }
}
