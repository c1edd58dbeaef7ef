//! Delivery: what trails record goes to their buckets as log files, hour by hour proven by digests; topics are told, log
//! groups and a webhook get events as well.
//!
//! Each trail is a consumer of the lake with an offset of its own ([`LogFiles`]). So is each log group and the webhook: one
//! that is slow or fails stops nobody else. [`Deliveries::step`] does one round of all of them at a time that is given;
//! [`Deliveries::run`] does rounds by the clock. What trails there are, and what became of them, stands in the lake's
//! documents, see [`trail::model`] and [`trail::delivery`].
//!
//! The promise: an event is in the log files of a trail once, however often the program is killed. A plan is written down
//! before the first object is put and crossed out after the last; a plan that is found is carried out again, with the same
//! bytes under the same keys. Topics, log groups and webhooks are told at least once.

mod backoff;
mod channel;
mod cloud_watch_logs;
mod destinations;
mod event_bridge;
mod log_files;
mod notices;
mod records;
mod selection;
mod signing;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lake::location::Location;
use lake::{Documents, Kept, Lake};
use sink::WebhookSettings;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use trail::delivery::{CONTENT_BYTES_MAX, State, TRAIL_DELIVERY};
use trail::model::{TRAIL, Trail};

use crate::error::{Error, ErrorKind, Result};
use cloud_watch_logs::CloudWatchLogs;
use event_bridge::EventBridge;
use log_files::LogFiles;
use notices::Notices;

pub use destinations::{Destinations, Places, code};
pub use signing::SigningKeys;
pub use step::{Interrupt, Step};

/// What deliveries need.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The lake.
    pub location: Location,
    /// Its documents: trails, and how far each has come.
    pub documents: Arc<Documents>,
    /// Buckets, topics and log groups.
    pub destinations: Arc<Destinations>,
    /// How long events are gathered for a log file; files are closed at multiples of it. Zero delivers at once.
    pub delivery_interval: SignedDuration,
    /// How long [`Deliveries::run`] waits before it looks again once nothing is left to do.
    pub poll_interval: Duration,
    /// Bytes of records that a trail gathers in memory before it delivers them, whatever the interval.
    pub gathered_bytes_max: usize,
    /// Bytes of the content of one log file.
    pub content_bytes_max: usize,
    /// A webhook that gets each event that some trail records, in the envelope of EventBridge.
    pub event_bridge: Option<WebhookSettings>,
    /// Ends rounds early, for tests.
    pub interrupt: Option<Interrupt>,
}

impl Settings {
    /// Returns settings as CloudTrail has them: files every five minutes.
    pub fn new(location: Location, documents: Arc<Documents>, destinations: Arc<Destinations>) -> Settings {
        Settings {
            location,
            documents,
            destinations,
            delivery_interval: SignedDuration::from_mins(5),
            poll_interval: Duration::from_secs(1),
            gathered_bytes_max: 2 * CONTENT_BYTES_MAX,
            content_bytes_max: CONTENT_BYTES_MAX,
            event_bridge: None,
            interrupt: None,
        }
    }
}

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Log files put.
    pub log_files: u64,
    /// Events in them.
    pub events: u64,
    /// Digests put.
    pub digests: u64,
    /// Notices sent to topics.
    pub notices: u64,
    /// Records sent to log groups.
    pub cloud_watch_logs: u64,
    /// Envelopes sent to the webhook.
    pub event_bridge: u64,
    /// Records that were too large for a log group or the webhook.
    pub oversized: u64,
    /// Whether there is more to do at once.
    pub is_behind: bool,
    /// What failed and will be tried again, each with its causes in one line.
    pub failures: Vec<String>,
}

impl Delivered {
    fn add(&mut self, other: Delivered) {
        self.log_files += other.log_files;
        self.events += other.events;
        self.digests += other.digests;
        self.notices += other.notices;
        self.cloud_watch_logs += other.cloud_watch_logs;
        self.event_bridge += other.event_bridge;
        self.oversized += other.oversized;
        self.is_behind |= other.is_behind;
        self.failures.extend(other.failures);
    }
}

/// What all courses have in common.
struct Shared {
    settings: Settings,
    keys: SigningKeys,
    lake: Mutex<Option<Lake>>,
}

impl Shared {
    /// Returns the number of the last event that is stored; `None` as long as there is no lake.
    async fn last_seq(&self) -> Result<Option<i64>> {
        let unread = |error| Error::because(ErrorKind::Lake, "could not look into the lake for deliveries", error);
        let mut lake = self.lake.lock().await;
        if let Some(open) = &*lake {
            if open.refresh().await.is_ok() {
                return Ok(Some(open.last_seq()));
            }
            *lake = None;
        }
        match Lake::open(&self.settings.location).await {
            Ok(opened) => Ok(Some(lake.insert(opened).last_seq())),
            Err(error) if error.kind() == lake::error::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unread(error)),
        }
    }
}

/// One consumer.
enum Course {
    LogFiles(Box<LogFiles>),
    CloudWatchLogs(Box<CloudWatchLogs>),
    Notices(Notices),
    EventBridge(Box<EventBridge>),
}

impl Course {
    async fn round(&mut self, now: Timestamp) -> (Delivered, Result<()>) {
        match self {
            Course::LogFiles(course) => {
                let ended = course.round(now).await;
                (std::mem::take(&mut course.done), ended)
            }
            Course::CloudWatchLogs(course) => {
                let ended = course.round(now).await;
                (std::mem::take(&mut course.done), ended)
            }
            Course::Notices(course) => {
                let ended = course.round(now).await;
                (std::mem::take(&mut course.done), ended)
            }
            Course::EventBridge(course) => {
                let ended = course.round(now).await;
                (std::mem::take(&mut course.done), ended)
            }
        }
    }
}

/// Which consumer: of the kinds that each trail has, its ARN tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    LogFiles(String),
    CloudWatchLogs(String),
    Notices,
    EventBridge,
}

/// The deliveries of all trails.
pub struct Deliveries {
    shared: Arc<Shared>,
    courses: Mutex<BTreeMap<Name, Arc<Mutex<Course>>>>,
}

impl Deliveries {
    /// Takes the settings. Nothing is read before the first round.
    pub fn new(settings: Settings) -> Deliveries {
        let keys = SigningKeys::new(Arc::clone(&settings.documents));
        let shared = Shared { settings, keys, lake: Mutex::default() };
        Deliveries { shared: Arc::new(shared), courses: Mutex::default() }
    }

    /// Returns the keys that digests are signed by.
    pub fn keys(&self) -> &SigningKeys {
        &self.shared.keys
    }

    /// Does one round of everything, side by side, as if it were `now`, and returns once all of it is done.
    ///
    /// What a destination does not take is told in [`Delivered::failures`] and in the status of its trail; it is tried
    /// again in later rounds, after pauses that grow.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] if the documents cannot be read; [`ErrorKind::Ended`] if an [`Interrupt`] ended a course.
    pub async fn step(&self, now: Timestamp) -> Result<Delivered> {
        let rounds = self.courses().await?.into_values().map(|course| async move {
            let mut course = course.lock().await;
            course.round(now).await
        });
        let mut delivered = Delivered::default();
        for (done, ended) in futures::future::join_all(rounds).await {
            delivered.add(done);
            match ended {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Ended => return Err(error),
                Err(error) => delivered.failures.push(chain(&error)),
            }
        }
        Ok(delivered)
    }

    /// Does rounds by the clock until it is told to stop: each consumer at its own pace. What is under way then is
    /// finished; whatever is gathered is read again by the next run.
    ///
    /// # Errors
    /// [`ErrorKind::Ended`] if a part of the program ends that should not have. All else is logged and tried again.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> Result<()> {
        let mut rounds = JoinSet::new();
        while !*stop.borrow() {
            match self.courses().await {
                Ok(courses) => {
                    for course in courses.into_values() {
                        // One that is still at it goes on.
                        if let Ok(mut course) = course.try_lock_owned() {
                            let stop = stop.clone();
                            rounds.spawn(async move { work(&mut course, &stop).await });
                        }
                    }
                }
                Err(error) => tracing::warn!(error = chain(&error), "trails cannot be read; trying again"),
            }
            while let Some(ended) = rounds.try_join_next() {
                ended.map_err(|error| Error::ended("a delivery", Some(error)))??;
            }
            tokio::select! {
                () = tokio::time::sleep(self.shared.settings.poll_interval) => {}
                // Whoever could ask for a stop may be gone; then nobody will.
                Ok(_) = stop.wait_for(|is_asked| *is_asked) => {}
            }
        }
        while let Some(ended) = rounds.join_next().await {
            ended.map_err(|error| Error::ended("a delivery", Some(error)))??;
        }
        Ok(())
    }

    /// Returns the courses of the trails that there are by now, and of those that are gone but not forgotten.
    async fn courses(&self) -> Result<BTreeMap<Name, Arc<Mutex<Course>>>> {
        let documents = &self.shared.settings.documents;
        let trails: Vec<Kept<Trail>> = documents.read_all(TRAIL).map_err(records::unkept)?;
        let states: Vec<Kept<State>> = documents.read_all(TRAIL_DELIVERY).map_err(records::unkept)?;
        let arns = trails.into_iter().map(|kept| kept.value.arn);
        let arns: BTreeSet<String> = arns.chain(states.into_iter().map(|kept| kept.value.trail.arn)).collect();
        let of_trail = |arn: String| [Name::LogFiles(arn.clone()), Name::CloudWatchLogs(arn)];
        let bridge = self.shared.settings.event_bridge.as_ref().map(|_| Name::EventBridge);
        let names: BTreeSet<Name> = arns.into_iter().flat_map(of_trail).chain([Name::Notices]).chain(bridge).collect();
        let mut courses = self.courses.lock().await;
        courses.retain(|name, _| names.contains(name));
        for name in names {
            courses.entry(name.clone()).or_insert_with(|| Arc::new(Mutex::new(self.course(&name))));
        }
        Ok(courses.clone())
    }

    fn course(&self, name: &Name) -> Course {
        let shared = Arc::clone(&self.shared);
        match name {
            Name::LogFiles(arn) => Course::LogFiles(Box::new(LogFiles::new(shared, arn))),
            Name::CloudWatchLogs(arn) => Course::CloudWatchLogs(Box::new(CloudWatchLogs::new(shared, arn))),
            Name::Notices => Course::Notices(Notices::new(shared)),
            Name::EventBridge => Course::EventBridge(Box::new(EventBridge::new(shared))),
        }
    }
}

impl std::fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// Does rounds of one course as long as there is more to do at once.
async fn work(course: &mut Course, stop: &watch::Receiver<bool>) -> Result<()> {
    loop {
        let (done, ended) = course.round(Timestamp::now()).await;
        for failure in &done.failures {
            tracing::warn!(error = failure, "a delivery failed and will be tried again");
        }
        match ended {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Ended => return Err(error),
            Err(error) => tracing::warn!(error = chain(&error), "a delivery failed and will be tried again"),
        }
        if !done.is_behind || *stop.borrow() {
            return Ok(());
        }
    }
}

/// Returns an error with its causes in one line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
