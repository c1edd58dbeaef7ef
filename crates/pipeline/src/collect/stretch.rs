//! Objects on their way to the workers, in stretches: each worker opens a stretch of neighbours in the order of the
//! listing, so that the events of a date come together in few batches instead of being dealt out over all of them.

use std::sync::Arc;

use event::key::FileName;
use futures::StreamExt;
use source::{Chunk, Object, Source};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::collect::log_files::UserMetadata;

/// Requests in flight against a bucket.
const READS_IN_FLIGHT: usize = 32;
/// Bytes fetched from a bucket that may wait to be opened.
const FETCHED_BYTES_MAX: u64 = 96 << 20;
/// Bytes of a stretch, as its objects lie in the source. The first stretches are short, so that a small collection is
/// shared by all workers too.
const STRETCH_BYTES: [u64; 3] = [1 << 20, 4 << 20, 16 << 20];
/// Objects of a stretch at most: so many may wait for their worker.
const STRETCH_OBJECTS: usize = 4_096;

/// A stretch of objects, for one worker.
pub(super) type Stretch = mpsc::Receiver<Work>;

/// An object on its way to a worker.
#[expect(clippy::large_enum_variant, reason = "few are held at a time, and each is on its way to be taken apart")]
pub(super) enum Work {
    /// A local file, read by the worker itself.
    Local(Object),
    /// Bytes that were fetched, and for a digest the metadata that they lay with.
    Fetched(Object, Result<(Chunk, UserMetadata), source::Error>, OwnedSemaphorePermit),
}

/// Fetches objects, many at a time for a bucket, and deals them out in the order in which they were listed.
pub(super) async fn read(to_read: mpsc::Receiver<(Source, Object)>, stretches: mpsc::Sender<Stretch>, workers: usize) {
    let room = Arc::new(Semaphore::new((FETCHED_BYTES_MAX >> 10) as usize));
    let objects =
        futures::stream::unfold(to_read, |mut to_read| async { to_read.recv().await.map(|found| (found, to_read)) });
    let mut works = objects
        .map(|(source, object)| {
            let (room, bytes) = (room.clone(), object.bytes);
            async move {
                if object.is_local_file() {
                    return Some((Work::Local(object), bytes));
                }
                // In KiB; what comes as a stream takes up a range or two.
                let weight = (bytes.min(source::WHOLE_BYTES_MAX) >> 10) as u32 + 1;
                // The semaphore is never closed while this task runs.
                let permit = room.acquire_many_owned(weight).await.ok()?;
                let chunk = match is_digest(&object) {
                    // Its signature lies in the object's metadata.
                    true => source.read_described(&object).await,
                    false => source.read(&object).await.map(|chunk| (chunk, UserMetadata::new())),
                };
                Some((Work::Fetched(object, chunk, permit), bytes))
            }
        })
        .buffered(READS_IN_FLIGHT)
        .boxed();
    let mut dealt = Dealt { stretches, workers, begun: 0, open: None };
    while let Some(Some((work, bytes))) = works.next().await {
        if dealt.deal(work, bytes).await.is_none() {
            // The workers have ended, and say why themselves.
            return;
        }
    }
}

fn is_digest(object: &Object) -> bool {
    let name = object.uri.rsplit('/').next().unwrap_or(&object.uri);
    matches!(FileName::parse(name), Some(FileName::DigestFile(_)))
}

/// What has been dealt out.
struct Dealt {
    stretches: mpsc::Sender<Stretch>,
    workers: usize,
    /// Stretches begun.
    begun: usize,
    /// The stretch in the making, and what it may still take: bytes and objects.
    open: Option<(mpsc::Sender<Work>, u64, usize)>,
}

impl Dealt {
    /// Adds an object to the stretch in the making; `None` once nobody takes it.
    async fn deal(&mut self, work: Work, bytes: u64) -> Option<()> {
        if self.open.is_none() {
            self.begin().await?;
        }
        let (stretch, bytes_left, objects_left) = self.open.as_mut()?;
        stretch.send(work).await.ok()?;
        *bytes_left = bytes_left.saturating_sub(bytes);
        *objects_left -= 1;
        if *bytes_left == 0 || *objects_left == 0 {
            self.open = None;
        }
        Some(())
    }

    async fn begin(&mut self) -> Option<()> {
        let size = STRETCH_BYTES.get(self.begun / self.workers).or(STRETCH_BYTES.last())?;
        // What waits in one stretch must not keep the others from being fetched.
        let size = (*size).min(FETCHED_BYTES_MAX / (2 * self.workers as u64));
        let (stretch, of_worker) = mpsc::channel(STRETCH_OBJECTS);
        self.stretches.send(of_worker).await.ok()?;
        self.begun += 1;
        self.open = Some((stretch, size, STRETCH_OBJECTS));
        Some(())
    }
}
