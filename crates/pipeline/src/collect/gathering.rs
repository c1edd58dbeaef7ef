//! What a worker gathers between two batches, and where it cuts: a date's events go into as few files as its bytes ask
//! for.
//!
//! Objects come in the order of their days, so the newest date of a full batch is mostly unfinished. It is left for
//! the next batch; with it wait the objects that have events of that date, for an object counts as read only with all
//! of its events.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use event::open::{ContentKind, Opened, Summary};
use event::time::EventTime;
use lake::{Batch, Chunk, Dates, LedgerObject, LogFileKind, Place, Writer};
use source::Object;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use crate::collect::log_files::{self, UserMetadata};
use crate::collect::{Report, Waiting};
use crate::error::{Error, Result};
use crate::progress::Progress;

/// Events of a batch at most; far below what a sequence number has room for.
const BATCH_EVENTS: usize = 200_000;
/// Objects completed by one batch at most: each is a row in the ledger.
const BATCH_OBJECTS: usize = 5_000;
/// Rows about log files of a batch from which on it is stored: a digest may list many.
const BATCH_LOG_FILES: usize = 200_000;
/// What a row about a log file costs in memory beside its content.
const LOG_FILE_BYTES: u64 = 512;
/// What a reject costs in memory beside its bytes: its place, reason and message.
const REJECT_BYTES: u64 = 256;

/// Where prepared batches go, and the room for them there.
pub(super) type WayOut = (mpsc::Sender<Waiting>, Arc<Semaphore>);

/// All of a worker but the opener, which is busy while what it opens is gathered.
pub(super) struct Gathering {
    writer: Arc<Writer>,
    batch_bytes: u64,
    pub(super) progress: Arc<Progress>,
    way_out: WayOut,
    pub(super) handle: Handle,
    pub(super) report: Report,
    /// The batch in the making, its bytes of records and its events.
    batch: Batch,
    bytes: u64,
    events: usize,
    /// Places of objects whose events the opener may still keep, and the number of the first.
    places: VecDeque<Place>,
    first_place: u64,
    /// Times of the oldest and the newest event of each object whose row waits to be stored, by its URI.
    extents: HashMap<String, (i64, i64)>,
}

impl Gathering {
    pub(super) fn new(writer: Arc<Writer>, batch_bytes: u64, progress: Arc<Progress>, way_out: WayOut) -> Gathering {
        Gathering {
            writer,
            batch_bytes,
            progress,
            way_out,
            handle: Handle::current(),
            report: Report::default(),
            batch: Batch::default(),
            bytes: 0,
            events: 0,
            places: VecDeque::new(),
            first_place: 0,
            extents: HashMap::new(),
        }
    }

    /// Takes note of an object that is about to be opened.
    pub(super) fn begin(&mut self, object: &Object) {
        self.places.push_back(Place { uri: object.uri.clone(), etag: object.etag.clone() });
    }

    /// Gathers what the opener gives out. All of it is given out, so that the batch may be stored in between.
    pub(super) fn take(&mut self, opened: Opened) -> Result<()> {
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
            let chunk = Chunk::whole(opened.events, spans);
            self.measure(&chunk)?;
            self.batch.chunks.push(chunk);
        }
        if self.is_full() { self.make_room() } else { Ok(()) }
    }

    /// Takes note of the times of each object's events.
    fn measure(&mut self, chunk: &Chunk) -> Result<()> {
        let mut times = chunk.times()?.iter();
        for (place, events) in &chunk.spans {
            let (Some(place), Some((oldest, newest))) =
                (self.batch.places.get(*place), extent(times.by_ref().take(*events)))
            else {
                continue;
            };
            let known = match self.extents.get_mut(&place.uri) {
                Some(known) => known,
                None => self.extents.entry(place.uri.clone()).or_insert((oldest, newest)),
            };
            *known = (known.0.min(oldest), known.1.max(newest));
        }
        Ok(())
    }

    /// Counts an object that could not be read.
    pub(super) fn fail(&mut self, object: Object, message: String) {
        self.progress.files_done.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes_done.fetch_add(object.bytes, Ordering::Relaxed);
        self.report.fail(object.uri, message);
    }

    /// Counts an object that is read to its end, or says why it is not.
    pub(super) fn finish(&mut self, object: Object, summary: &Summary, metadata: &UserMetadata) {
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
        let learned = log_files::learned(&object, summary, metadata);
        let contents = learned.iter().filter_map(|row| row.content.as_ref()).map(|content| content.len() as u64);
        self.bytes += contents.sum::<u64>() + learned.len() as u64 * LOG_FILE_BYTES;
        self.batch.log_files.extend(learned);
        self.batch.completed.push(LedgerObject {
            uri: object.uri,
            identity: object.identity,
            outcome: outcome.to_owned(),
            bytes: object.bytes,
            events: summary.events,
            rejects: summary.rejects,
        });
    }

    /// Forgets the places of all objects but the last: the opener keeps nothing of them any more.
    pub(super) fn forget_earlier_places(&mut self) {
        while self.places.len() > 1 {
            self.places.pop_front();
            self.first_place += 1;
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.batch_bytes
            || self.events >= BATCH_EVENTS
            || self.batch.completed.len() >= BATCH_OBJECTS
            || self.batch.log_files.len() >= BATCH_LOG_FILES
    }

    /// Stores a full batch but for its newest date, unless that is most of it.
    pub(super) fn make_room(&mut self) -> Result<()> {
        let Some(kept) = self.keep_newest_date()? else { return self.store() };
        let full = std::mem::replace(&mut self.batch, kept.batch);
        let result = self.hand_over(full);
        (self.bytes, self.events) = (self.bytes * kept.events as u64 / self.events.max(1) as u64, kept.events);
        result
    }

    /// Stores all that is gathered.
    pub(super) fn store(&mut self) -> Result<()> {
        (self.bytes, self.events) = (0, 0);
        let batch = std::mem::take(&mut self.batch);
        self.hand_over(batch)
    }

    /// Takes the newest date's events out of the batch; `None` if the batch had better be stored whole.
    fn keep_newest_date(&mut self) -> Result<Option<Kept>> {
        let newest = match self.batch.chunks.last() {
            Some(last)
                if self.batch.completed.len() < BATCH_OBJECTS && self.batch.log_files.len() < BATCH_LOG_FILES =>
            {
                last.event_dates()?.last()
            }
            _ => None,
        };
        let Some(newest) = newest else { return Ok(None) };
        let mut shares = Vec::with_capacity(self.batch.chunks.len());
        for chunk in &self.batch.chunks {
            let (mut kept, mut total) = (0, 0);
            chunk.event_dates()?.for_each(|date| {
                kept += usize::from(date == newest);
                total += 1;
            });
            shares.push((kept, total));
        }
        let events: usize = shares.iter().map(|(kept, _)| kept).sum();
        let total: usize = shares.iter().map(|(_, total)| total).sum();
        // Too little would be gained, and the next batch would be full at once.
        if events > total / 4 * 3 || events == 0 {
            return Ok(None);
        }
        let mut kept = Kept { events, batch: Batch::default() };
        let mut places = HashMap::new();
        for (mut chunk, (of_newest, total)) in std::mem::take(&mut self.batch.chunks).into_iter().zip(shares) {
            if of_newest > 0 {
                let mut chunk = chunk.clone();
                if of_newest < total {
                    chunk.dates = Dates::Only(newest);
                }
                for (place, _) in &mut chunk.spans {
                    *place = kept.place(*place, &self.batch.places, &mut places);
                }
                kept.batch.chunks.push(chunk);
            }
            if of_newest < total {
                if of_newest > 0 {
                    chunk.dates = Dates::Except(newest);
                }
                self.batch.chunks.push(chunk);
            }
        }
        let waiting: HashSet<&str> = kept.batch.places.iter().map(|place| place.uri.as_str()).collect();
        let (wait, read) = std::mem::take(&mut self.batch.completed)
            .into_iter()
            .partition(|object| waiting.contains(object.uri.as_str()));
        (kept.batch.completed, self.batch.completed) = (wait, read);
        let learned = std::mem::take(&mut self.batch.log_files).into_iter();
        (kept.batch.log_files, self.batch.log_files) = learned.partition(|row| waiting.contains(row.uri.as_str()));
        Ok(Some(kept))
    }

    /// Prepares a batch and hands it to the committer.
    fn hand_over(&mut self, mut batch: Batch) -> Result<()> {
        if batch.chunks.is_empty() && batch.rejects.is_empty() && batch.completed.is_empty() {
            return Ok(());
        }
        for row in batch.log_files.iter_mut().filter(|row| row.kind == LogFileKind::Collected) {
            if let Some((oldest, newest)) = self.extents.remove(&row.uri) {
                let times = (EventTime::from_micros(oldest), EventTime::from_micros(newest));
                (row.oldest_event_time, row.newest_event_time) = (Some(times.0), Some(times.1));
            }
        }
        let (prepared, room) = &self.way_out;
        // Before a number is taken: whoever waits for room must not be waited for.
        let room =
            self.handle.block_on(room.clone().acquire_owned()).map_err(|_| Error::ended("the committer", None))?;
        let batch = self.writer.prepare(batch)?;
        self.handle.block_on(prepared.send((batch, room))).map_err(|_| Error::ended("the committer", None))
    }
}

/// Returns the least and the greatest of some times.
fn extent<'t>(times: impl Iterator<Item = &'t i64>) -> Option<(i64, i64)> {
    times.fold(None, |extent, time| {
        let (oldest, newest) = extent.unwrap_or((*time, *time));
        Some((oldest.min(*time), newest.max(*time)))
    })
}

/// What is left for the next batch.
struct Kept {
    events: usize,
    batch: Batch,
}

impl Kept {
    /// Returns the place's index in the next batch.
    fn place(&mut self, index: usize, places: &[Place], known: &mut HashMap<usize, usize>) -> usize {
        *known.entry(index).or_insert_with(|| {
            self.batch.places.extend(places.get(index).cloned());
            self.batch.places.len() - 1
        })
    }
}
