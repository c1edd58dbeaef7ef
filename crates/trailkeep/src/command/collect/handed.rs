//! A collection while `serve` runs: the server holds the lake's one writer, so it collects, and this process shows how far
//! it is and what came of it.
//!
//! What is asked is a document beside the lake. A server that is gone is noticed by the writer that it no longer holds.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use event::arn::Arn;
use event::time::EventTime;
use jiff::Timestamp;
use lake::error::ErrorKind;
use lake::location::Location;
use lake::{Change, Documents, Expect, Kept, Writer, to_body};
use pipeline::collect::{Progress, Report};
use pipeline::prove::Proofs;
use serde::{Deserialize, Serialize};
use source::{AwsOptions, Uri};

use crate::command::collect::{CollectArgs, stop_on_interrupt, stopped};
use crate::fault::{Fault, Result};
use crate::interrupt::Interrupts;
use crate::progress::{Bar, Pace};
use crate::settings::Settings;

/// The kind of document that says that a server runs; there is one, with the id [`SERVER_ID`].
pub(crate) const SERVER: &str = "server";
/// Its id.
pub(crate) const SERVER_ID: &str = "here";
/// The kind of document that holds a [`Collection`].
pub(crate) const COLLECTION: &str = "collection";

/// How often it is looked how far the server is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After so long without news it is looked whether the server still lives.
const QUIET_MAX: Duration = Duration::from_secs(3);

/// A collection that a server is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Collection {
    /// What is asked.
    pub(crate) asked: Asked,
    /// How far it is.
    pub(crate) state: State,
    /// How far in numbers.
    pub(crate) reached: Reached,
    /// Set by who asked: what is read by now is to be stored, and no more.
    pub(crate) stop: bool,
}

/// What is asked: the command with absolute paths, and how AWS is reached. Credentials are the server's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) command: CollectArgs,
    pub(crate) keys: Vec<PathBuf>,
    profile: Option<String>,
    role_arn: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    request_timeout: Option<Duration>,
    retry_timeout: Option<Duration>,
}

/// How far a collection is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum State {
    /// Nobody has taken it up.
    Waiting,
    /// It is under way.
    Running,
    /// It has come to its end.
    Done(Box<Report>, Proofs),
    /// It could not be finished, with the reason in one line.
    Failed(String),
}

/// The counters of a collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    files_listed: u64,
    files_done: u64,
    bytes_listed: u64,
    bytes_done: u64,
    events: u64,
    listing_done: bool,
}

impl Reached {
    /// Reads the counters.
    pub(crate) fn of(progress: &Progress) -> Reached {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reached {
            files_listed: read(&progress.files_listed),
            files_done: read(&progress.files_done),
            bytes_listed: read(&progress.bytes_listed),
            bytes_done: read(&progress.bytes_done),
            events: read(&progress.events),
            listing_done: progress.listing_done.load(Ordering::Relaxed),
        }
    }

    fn show(self, progress: &Progress) {
        progress.files_listed.store(self.files_listed, Ordering::Relaxed);
        progress.files_done.store(self.files_done, Ordering::Relaxed);
        progress.bytes_listed.store(self.bytes_listed, Ordering::Relaxed);
        progress.bytes_done.store(self.bytes_done, Ordering::Relaxed);
        progress.events.store(self.events, Ordering::Relaxed);
        progress.listing_done.store(self.listing_done, Ordering::Relaxed);
    }
}

impl Asked {
    fn new(command: &CollectArgs, settings: &Settings) -> Result<Asked> {
        let mut command = command.clone();
        for uri in &mut command.uris {
            if let Uri::Path(path) = Uri::parse(uri)? {
                *uri = absolute(path)?.into_os_string();
            }
        }
        let all_absolute = |paths: &[PathBuf]| paths.iter().cloned().map(absolute).collect::<Result<Vec<_>>>();
        command.keys = all_absolute(&command.keys)?;
        command.metadata = all_absolute(&command.metadata)?;
        let aws = settings.aws.clone();
        Ok(Asked {
            command,
            keys: all_absolute(&settings.keys)?,
            profile: aws.profile,
            role_arn: aws.role_arn.map(|arn| arn.as_str().to_owned()),
            region: aws.region,
            endpoint_url: aws.endpoint_url,
            request_timeout: aws.request_timeout,
            retry_timeout: aws.retry_timeout,
        })
    }

    /// Returns the settings of a server with what was asked in their place.
    pub(crate) fn settings(&self, of_server: &Settings) -> Settings {
        let aws = AwsOptions {
            profile: self.profile.clone(),
            role_arn: self.role_arn.as_deref().and_then(Arn::parse),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            request_timeout: self.request_timeout,
            retry_timeout: self.retry_timeout,
            sse_kms_key_id: of_server.aws.sse_kms_key_id.clone(),
        };
        Settings { aws, keys: self.keys.clone(), ..of_server.clone() }
    }
}

fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path)
        .map_err(|error| Fault::new(format!("could not find `{}`", path.display())).because(error))
}

/// Hands a collection to the server of this lake, if one runs, and waits for its end. `None` if there is none: then this
/// process collects.
///
/// # Errors
/// If the server could not finish, or went away in the middle.
pub(super) async fn over(
    command: &CollectArgs,
    settings: &Settings,
    location: &Location,
    shown: Arc<Progress>,
) -> Result<Option<(Report, Proofs)>> {
    // Standard input is this process's own.
    let can_be_handed = !command.uris.iter().any(|uri| uri == &OsString::from("-"));
    let documents = Documents::open(&settings.data).map_err(|error| stopped(error, location))?;
    if !can_be_handed || documents.get(SERVER, SERVER_ID)?.is_none() || is_writable(location, &documents).await? {
        return Ok(None);
    }
    let asked = Asked::new(command, settings)?;
    let collection = Collection { asked, state: State::Waiting, reached: Reached::default(), stop: false };
    let id = format!("{}-{}", Timestamp::now().as_nanosecond(), std::process::id());
    let body = to_body(&collection)?;
    documents.apply(&[Change::Put { kind: COLLECTION, id: &id, body: &body, expect: Expect::Absent }])?;
    let bar = Bar::start(shown.clone(), Pace::Events);
    let stopper = tokio::spawn(stop_on_interrupt(Interrupts::listen()?, shown.clone()));
    let done = wait(&documents, &id, location, &shown).await;
    stopper.abort();
    bar.finish().await;
    documents.apply(&[Change::Delete { kind: COLLECTION, id: &id, expect: Expect::Any }])?;
    done
}

/// Waits for the end of a collection that was handed over.
async fn wait(
    documents: &Documents,
    id: &str,
    location: &Location,
    shown: &Progress,
) -> Result<Option<(Report, Proofs)>> {
    let mut last_news = (Instant::now(), -1);
    loop {
        let Some(Kept { revision, value }) = documents.read::<Collection>(COLLECTION, id)? else {
            return Err(Fault::new("the collection that was handed to the server was taken away"));
        };
        match value.state {
            State::Done(report, proofs) => return Ok(Some((*report, proofs))),
            State::Failed(why) => return Err(Fault::new(format!("the server could not collect: {why}"))),
            State::Waiting | State::Running => value.reached.show(shown),
        }
        if shown.stop.load(Ordering::Relaxed) && !value.stop {
            let body = to_body(&Collection { stop: true, ..value })?;
            let put = Change::Put { kind: COLLECTION, id, body: &body, expect: Expect::Revision(revision) };
            // The server has changed it meanwhile: the next round tries again.
            documents
                .apply(&[put])
                .or_else(|error| if error.kind() == ErrorKind::Changed { Ok(0) } else { Err(error) })?;
        }
        if last_news.1 != revision {
            last_news = (Instant::now(), revision);
        } else if last_news.0.elapsed() > QUIET_MAX {
            if is_writable(location, documents).await? {
                return Ok(None);
            }
            last_news.0 = Instant::now();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Looks whether nobody writes to the lake: then the server is gone, however it ended.
async fn is_writable(location: &Location, documents: &Documents) -> Result<bool> {
    match Writer::open(location, EventTime::from_micros(Timestamp::now().as_microsecond())).await {
        Ok(writer) => {
            Arc::new(writer).close().await;
            documents.apply(&[Change::Delete { kind: SERVER, id: SERVER_ID, expect: Expect::Any }])?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::Locked => Ok(false),
        Err(error) => Err(error.into()),
    }
}
