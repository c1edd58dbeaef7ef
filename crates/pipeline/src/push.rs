//! The push door: what many hand over at once is committed together, and each is answered when its part is stored.
//!
//! The first push after a quiet time is committed at once; those that come while a commit is under way, or within
//! `commit_interval` of the one before, go into the next. So a lone call waits for one commit, and thousands a second make few.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use event::limits::Limits;
use event::open::{Content, ContentKind, Opened, Opener, Summary};
use lake::{Batch, Chunk, Place, Prepared, Writer};
use source::push::{Push, PushReject, Pushed};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::keeper::Keeper;

/// Pushes that wait for a commit at most; more wait at the door.
const WAITING_MAX: usize = 8_192;
/// Rejects of one push that its caller is told of; all are stored.
const REJECTS_TOLD_MAX: usize = 100;

/// Bounds on commits of what is pushed.
#[derive(Debug, Clone, Copy)]
pub struct PushBounds {
    /// Time between two commits at least.
    pub commit_interval: Duration,
    /// Bytes that are committed together, about.
    pub batch_bytes: usize,
    /// Bounds on objects and records.
    pub limits: Limits,
}

impl Default for PushBounds {
    fn default() -> PushBounds {
        PushBounds { commit_interval: Duration::from_millis(500), batch_bytes: 16 << 20, limits: Limits::default() }
    }
}

/// The door. It is open as long as the task that commits runs.
#[derive(Clone)]
pub struct Pusher(mpsc::Sender<Handed>);

/// What was handed over, and who waits for it.
struct Handed {
    place: String,
    body: Bytes,
    told: oneshot::Sender<Result<Pushed, Arc<Error>>>,
}

impl Pusher {
    /// Opens the door. The task ends, with everything committed, once the door and its clones are dropped.
    pub fn open(keeper: Arc<Keeper>, bounds: PushBounds) -> (Pusher, tokio::task::JoinHandle<()>) {
        let (door, handed) = mpsc::channel(WAITING_MAX);
        (Pusher(door), tokio::spawn(run(keeper, bounds, handed)))
    }
}

#[async_trait]
impl Push for Pusher {
    async fn push(&self, place: &str, body: Bytes) -> source::Result<Pushed> {
        let failed = |error: &dyn std::fmt::Display| source::Error::unstored(place, error.to_string());
        let (told, answer) = oneshot::channel();
        let handed = Handed { place: place.to_owned(), body, told };
        self.0.send(handed).await.map_err(|_| failed(&"the program is ending"))?;
        match answer.await {
            Ok(Ok(pushed)) => Ok(pushed),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(failed(&"the program is ending")),
        }
    }
}

/// Commits what comes until nobody can hand over anything more.
async fn run(keeper: Arc<Keeper>, bounds: PushBounds, mut handed: mpsc::Receiver<Handed>) {
    let mut next_commit = Instant::now();
    while let Some(first) = handed.recv().await {
        let mut bytes = first.body.len();
        let mut batch = vec![first];
        while bytes < bounds.batch_bytes && batch.len() < WAITING_MAX {
            let more = match handed.try_recv() {
                Ok(more) => Some(more),
                Err(_) => tokio::time::timeout_at(next_commit, handed.recv()).await.ok().flatten(),
            };
            let Some(more) = more else { break };
            bytes += more.body.len();
            batch.push(more);
        }
        next_commit = Instant::now() + bounds.commit_interval;
        commit(&keeper, bounds.limits, batch).await;
    }
}

/// Stores what was handed over, and tells everybody.
async fn commit(keeper: &Keeper, limits: Limits, batch: Vec<Handed>) {
    let (bodies, told): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|handed| ((handed.place, handed.body), handed.told)).unzip();
    let stored = store(keeper, limits, bodies).await.map_err(Arc::new);
    if let Err(error) = &stored {
        tracing::error!(%error, "what was pushed could not be stored");
    }
    let mut pushed = stored.as_ref().map_or_else(|_| Vec::new(), Clone::clone).into_iter();
    for told in told {
        let answer = match (&stored, pushed.next()) {
            (Err(error), _) => Err(Arc::clone(error)),
            (Ok(_), Some(pushed)) => Ok(pushed),
            (Ok(_), None) => Err(Arc::new(Error::ended("the way of what was pushed", None))),
        };
        // Who does not wait any more will push again; de-duplication absorbs it.
        drop(told.send(answer));
    }
}

async fn store(keeper: &Keeper, limits: Limits, bodies: Vec<(String, Bytes)>) -> Result<Vec<Pushed>> {
    let writer = keeper.writer().await?;
    let preparing = {
        let writer = Arc::clone(&writer);
        tokio::task::spawn_blocking(move || prepare(&writer, limits, &bodies))
    };
    let prepared = preparing.await.map_err(|error| {
        // Its number may be taken and never come: nobody may wait for it.
        writer.give_up();
        Error::ended("opening what was pushed", Some(error))
    })?;
    let (prepared, mut pushed) = prepared?;
    let last_seq = prepared.last_seq();
    writer.commit(prepared).await?;
    pushed.iter_mut().for_each(|pushed| pushed.last_seq = last_seq);
    Ok(pushed)
}

/// Opens bodies and puts them into one batch.
fn prepare(writer: &Writer, limits: Limits, bodies: &[(String, Bytes)]) -> Result<(Prepared, Vec<Pushed>)> {
    let mut opener = Opener::new(writer.fingerprint_key(), limits);
    let mut gathered = Gathered { pushed: vec![Pushed::default(); bodies.len()], batch: Batch::default() };
    gathered.batch.places = bodies.iter().map(|(place, _)| Place { uri: place.clone(), etag: None }).collect();
    for (number, (_, body)) in bodies.iter().enumerate() {
        let summary = opener.open_more(Content::Bytes(body), &mut |opened| gathered.take(opened))?;
        gathered.finish(number, &summary);
    }
    opener.flush(&mut |opened| gathered.take(opened))?;
    Ok((writer.prepare(gathered.batch)?, gathered.pushed))
}

struct Gathered {
    batch: Batch,
    pushed: Vec<Pushed>,
}

impl Gathered {
    /// Takes what the opener gives out; its objects are the places, in order.
    fn take(&mut self, opened: Opened) -> Result<()> {
        let mut rejects = opened.rejects.into_iter();
        let mut spans = Vec::with_capacity(opened.spans.len());
        for span in opened.spans {
            let number = usize::try_from(span.object).unwrap_or(usize::MAX);
            for reject in rejects.by_ref().take(span.rejects) {
                if let Some(pushed) = self.pushed.get_mut(number).filter(|told| told.rejects.len() < REJECTS_TOLD_MAX) {
                    let reason = format!("{}: {}", reject.reason.as_str(), reject.message);
                    pushed.rejects.push(PushReject { offset: reject.range.start, reason });
                }
                self.batch.rejects.push((number, reject));
            }
            spans.push((number, span.events));
        }
        if !opened.events.is_empty() {
            self.batch.chunks.push(Chunk::whole(opened.events, spans));
        }
        Ok(())
    }

    fn finish(&mut self, number: usize, summary: &Summary) {
        let Some(pushed) = self.pushed.get_mut(number) else { return };
        pushed.events = summary.events;
        let is_nothing = matches!(summary.kind, ContentKind::NotCloudTrail | ContentKind::Digest);
        if is_nothing && pushed.rejects.is_empty() {
            let reason = match summary.kind {
                ContentKind::Digest => "a digest file is no event: collect it from its bucket or folder",
                _ => "nothing in it is an event of CloudTrail",
            };
            pushed.rejects.push(PushReject { offset: 0, reason: reason.to_owned() });
        }
    }
}
