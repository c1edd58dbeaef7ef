//! Hunting through files, without a lake: each file by itself, but for who stands behind a credential, which any of the
//! files may tell.
//!
//! Files are read twice: first for the calls that issue credentials, then for what rules describe. What can be read once
//! only, such as standard input, is held in memory.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use detect::detector::Events;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, Opened, Opener};
use futures::{StreamExt, TryStreamExt, stream};
use lineage::edge::{self, Edge};
use lineage::sessions::{EDGES_MAX, Sessions};
use source::{Body, Chunk, Listed, Object, Selection, Source};
use tokio::sync::mpsc;

use crate::error::{Error, Result, chain};
use crate::hunt::hunter::Hunter;
use crate::hunt::{Found, Hunt, Tally};

/// Most bytes of a stream, such as standard input, as they come: it is held, for it is read twice.
pub const STREAM_BYTES_MAX: u64 = 1 << 30;
/// Parts of findings of one file that wait to be taken.
const PARTS_WAITING: usize = 16;
/// Edges of one file that wait to be taken.
const EDGES_WAITING: usize = 64;

/// The files of a hunt.
pub struct FileHunt {
    /// Where they lie.
    pub sources: Vec<Source>,
    /// Which of them.
    pub selection: Selection,
    /// Bounds on what is in them.
    pub limits: Limits,
    /// How many are looked at side by side.
    pub workers: usize,
}

/// Looks at all events of files, and gives out what is found: file by file, in the order of the listing.
///
/// Duplicates are looked at, suppressions are not heeded, and what is no event still meets rules about single events.
/// A file that cannot be read is counted, and the others are looked at. Nobody taking the findings any more ends it.
///
/// # Errors
/// If a part of the program ends before its time; never for what is in a file.
pub async fn in_files(hunt: Hunt, files: FileHunt, found: mpsc::Sender<Vec<Found>>) -> Result<Tally> {
    let mut tally = Tally::default();
    let files = Arc::new(files);
    let objects = list(&files, &mut tally).await;
    let held = Arc::new(hold(&objects, &mut tally).await);
    let sessions = learn(&files, &objects, &held).await?;
    tally.edges = sessions.len() as u64;
    tally.bounded.edges = sessions.refused();
    let (sessions, hunters) = (Arc::new(sessions), Arc::new(Mutex::new(Vec::new())));
    let mut looked = stream::iter(objects)
        .map(|(source, object)| {
            let work =
                Work { hunt: hunt.clone(), limits: files.limits, sessions: sessions.clone(), hunters: hunters.clone() };
            let held = held.clone();
            async move {
                let (parts, taken) = mpsc::channel(PARTS_WAITING);
                let content = read(&source, &object, &held).await;
                (taken, tokio::task::spawn_blocking(move || work.look(object, content, parts)))
            }
        })
        .buffered(files.workers.max(1));
    while let Some((mut parts, job)) = looked.next().await {
        while let Some(part) = parts.recv().await {
            if found.send(part).await.is_err() {
                return Ok(tally);
            }
        }
        let looked = job.await.map_err(|error| Error::ended("a look at a file", Some(error)))??;
        tally.files += 1;
        tally.events += looked.events;
        tally.rejects += looked.rejects;
        tally.failed.extend(looked.failed);
    }
    let mut hunters = hunters.lock().unwrap_or_else(PoisonError::into_inner);
    for hunter in hunters.iter_mut() {
        let bounded = hunter.bounded();
        tally.bounded.groups += bounded.groups;
        tally.bounded.window_events += bounded.window_events;
        tally.bounded.terms += bounded.terms;
        tally.bounded.decided_early += bounded.decided_early;
        tally.bounded.sights += bounded.sights;
    }
    Ok(tally)
}

async fn list(files: &FileHunt, tally: &mut Tally) -> Vec<(Source, Object)> {
    let mut objects = Vec::new();
    for source in &files.sources {
        let mut listing = source.list(&files.selection);
        while let Some(listed) = listing.next().await {
            match listed {
                Listed::Object(object) => objects.push((source.clone(), object)),
                Listed::Skipped { uri, why } => tracing::debug!(uri, why, "left out of the hunt"),
                Listed::Failed { uri, error } => tally.failed.push((uri, chain(&error))),
            }
        }
    }
    objects
}

/// What can be read once only, by its URI.
type Held = HashMap<String, Bytes>;

/// Reads what can be read once only.
async fn hold(objects: &[(Source, Object)], tally: &mut Tally) -> Held {
    let mut held = Held::new();
    for (source, object) in objects.iter().filter(|(_, object)| is_stream(object)) {
        let read = async {
            let chunk = source.read(object).await.map_err(|error| chain(&error))?;
            match chunk.body {
                Body::Whole(bytes) => Ok(bytes),
                Body::Stream(stream) => tokio::task::spawn_blocking(move || read_all(stream))
                    .await
                    .map_err(|error| error.to_string())
                    .flatten(),
            }
        };
        match read.await {
            Ok(bytes) => drop(held.insert(object.uri.clone(), bytes)),
            Err(why) => {
                tally.failed.push((object.uri.clone(), why));
                held.insert(object.uri.clone(), Bytes::new());
            }
        }
    }
    held
}

fn is_stream(object: &Object) -> bool {
    !object.is_local_file() && !object.uri.starts_with("s3://")
}

fn read_all(stream: Box<dyn Read + Send>) -> std::result::Result<Bytes, String> {
    let mut bytes = Vec::new();
    stream.take(STREAM_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > STREAM_BYTES_MAX {
        return Err(format!("it is longer than {STREAM_BYTES_MAX} bytes: write it to a file and name that"));
    }
    Ok(bytes.into())
}

/// The bytes of an object, or why there are none.
type Fetched = std::result::Result<Chunk, String>;

async fn read(source: &Source, object: &Object, held: &Held) -> Option<Fetched> {
    if let Some(bytes) = held.get(&object.uri) {
        return Some(Ok(Chunk { object: object.clone(), body: Body::Whole(bytes.clone()) }));
    }
    if object.is_local_file() {
        // Read by the one who opens it.
        return None;
    }
    Some(source.read(object).await.map_err(|error| chain(&error)))
}

fn chunk(object: &Object, content: Option<Fetched>) -> Fetched {
    let missing = || "it cannot be read a second time".to_owned();
    content.unwrap_or_else(|| {
        let read = Source::read_local(object).ok_or_else(missing)?;
        read.map_err(|error| chain(&error))
    })
}

/// Opens an object and calls `take` with each part of it. Returns why it could not be read to its end, if so.
fn open(chunk: Chunk, limits: Limits, take: &mut dyn FnMut(Opened) -> Result<()>) -> Result<Option<String>> {
    // Fingerprints are not used here.
    let mut opener = Opener::new(FingerprintKey(0), limits);
    let whole;
    let content = match chunk.body {
        Body::Whole(bytes) => {
            whole = bytes;
            Content::Bytes(&whole)
        }
        Body::Stream(stream) => Content::Stream(stream),
    };
    let summary = opener.open::<Error>(content, &mut |opened| take(opened))?;
    Ok(summary.read_failed)
}

/// Goes through all files for the calls that issue credentials. What cannot be read is told of by the second look.
async fn learn(files: &FileHunt, objects: &[(Source, Object)], held: &Arc<Held>) -> Result<Sessions> {
    let mut sessions = Sessions::new(EDGES_MAX);
    let limits = files.limits;
    let mut learnt = stream::iter(objects.to_vec())
        .map(|(source, object)| {
            let held = held.clone();
            async move {
                let content = read(&source, &object, &held).await;
                let job = tokio::task::spawn_blocking(move || {
                    let Ok(chunk) = chunk(&object, content) else { return Ok(Vec::new()) };
                    let mut edges: Vec<Edge> = Vec::with_capacity(EDGES_WAITING);
                    open(chunk, limits, &mut |opened| {
                        edges.extend(edge::edges(&opened.events)?);
                        Ok(())
                    })?;
                    Ok::<_, Error>(edges)
                });
                job.await.map_err(|error| Error::ended("a look at a file", Some(error)))?
            }
        })
        .buffer_unordered(files.workers.max(1));
    while let Some(edges) = learnt.try_next().await? {
        for edge in edges {
            // A full store counts what it refuses, and copies of a file repeat its edges.
            sessions.insert(edge).is_new();
        }
    }
    Ok(sessions)
}

/// A look at one file.
struct Work {
    hunt: Hunt,
    limits: Limits,
    sessions: Arc<Sessions>,
    hunters: Arc<Mutex<Vec<Hunter>>>,
}

#[derive(Default)]
struct Looked {
    events: u64,
    rejects: u64,
    failed: Option<(String, String)>,
}

impl Work {
    fn look(self, object: Object, content: Option<Fetched>, found: mpsc::Sender<Vec<Found>>) -> Result<Looked> {
        let mut looked = Looked::default();
        let chunk = match chunk(&object, content) {
            Ok(chunk) => chunk,
            Err(why) => {
                looked.failed = Some((object.uri, why));
                return Ok(looked);
            }
        };
        let waiting = self.hunters.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut hunter = waiting.unwrap_or_else(|| Hunter::new(self.hunt.clone(), self.sessions.clone(), false));
        let file: Arc<str> = object.uri.as_str().into();
        let give = |found: &mpsc::Sender<Vec<Found>>, mut part: Vec<Found>| {
            part.sort_by_key(|found| found.finding.events.last().map(|event| event.number));
            // Nobody may take findings any more: the one who took them says why.
            part.is_empty() || found.blocking_send(part).is_ok()
        };
        let failed = open(chunk, self.limits, &mut |opened| {
            let mut part = hunter.look(Events::Opened(&opened.events), Some(file.clone()))?;
            looked.events += opened.events.len() as u64;
            for reject in &opened.rejects {
                looked.rejects += 1;
                part.extend(hunter.look_at_reject(reject, file.clone()));
            }
            if give(&found, part) { Ok(()) } else { Err(Error::ended("the taking of findings", None)) }
        })?;
        looked.failed = failed.map(|why| (object.uri.clone(), why));
        give(&found, hunter.end_stretch());
        hunter.reset();
        self.hunters.lock().unwrap_or_else(PoisonError::into_inner).push(hunter);
        Ok(looked)
    }
}
