//! A worker: opens objects, gathers what is in them, and prepares a batch when there is enough.

use std::sync::Arc;

use event::open::{Content, Opener};
use lake::Writer;
use source::{Body, Chunk, Source};
use tokio::sync::{Mutex, mpsc};

use crate::collect::gathering::{Gathering, WayOut};
use crate::collect::log_files::UserMetadata;
use crate::collect::{Bounds, Report, Stretch, Work, is_stopped};
use crate::error::{Error, Result, chain};
use crate::progress::Progress;

pub(super) struct Worker {
    opener: Opener,
    gathering: Gathering,
}

impl Worker {
    pub(super) fn new(writer: Arc<Writer>, plan: &Bounds, progress: Arc<Progress>, way_out: WayOut) -> Worker {
        let opener = Opener::new(writer.fingerprint_key(), plan.limits);
        Worker { opener, gathering: Gathering::new(writer, plan.batch_bytes, progress, way_out) }
    }

    /// Works until there is nothing left to open. Runs on a thread that may block.
    pub(super) fn run(mut self, stretches: &Mutex<mpsc::Receiver<Stretch>>) -> Result<Report> {
        let handle = self.gathering.handle.clone();
        'stretches: while let Some(mut stretch) = handle.block_on(async { stretches.lock().await.recv().await }) {
            while let Some(work) = handle.block_on(stretch.recv()) {
                if is_stopped(&self.gathering.progress) {
                    break 'stretches;
                }
                self.take_up(work)?;
            }
        }
        self.flush()?;
        self.gathering.store()?;
        Ok(self.gathering.report)
    }

    fn take_up(&mut self, work: Work) -> Result<()> {
        let (object, chunk, fetched) = match work {
            Work::Fetched(object, chunk, permit) => (object, chunk, Some(permit)),
            Work::Local(object) => {
                let chunk = Source::read_local(&object).ok_or_else(|| Error::ended("reading a local file", None))?;
                (object, chunk.map(|chunk| (chunk, UserMetadata::new())), None)
            }
        };
        match chunk {
            Ok((chunk, metadata)) => self.open(chunk, &metadata)?,
            Err(error) => self.gathering.fail(object, chain(&error)),
        }
        drop(fetched);
        Ok(())
    }

    fn open(&mut self, chunk: Chunk, metadata: &UserMetadata) -> Result<()> {
        let Chunk { object, body } = chunk;
        self.gathering.begin(&object);
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
        gathering.finish(object, &summary, metadata);
        if gathering.is_full() {
            self.flush()?;
            self.gathering.make_room()?;
        }
        Ok(())
    }

    /// Has the opener give out what it still keeps: an object counts as read only with all of its events.
    fn flush(&mut self) -> Result<()> {
        let gathering = &mut self.gathering;
        self.opener.flush(&mut |opened| gathering.take(opened))?;
        gathering.forget_earlier_places();
        Ok(())
    }
}
