//! The consumers side by side: log files and the log group of each trail, notices and the webhook of all.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use lake::Lake;
use tokio::sync::{Mutex, watch};

use super::cloud_watch_logs::CloudWatchLogs;
use super::event_bridge::EventBridge;
use super::log_files::LogFiles;
use super::notices::Notices;
use super::report::Delivered;
use super::settings::Settings;
use super::signing::SigningKeys;
use crate::error::{Error, ErrorKind, Result};

/// What all courses have in common.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) keys: SigningKeys,
    lake: Mutex<Option<Lake>>,
    pub(super) totals: std::sync::Mutex<Delivered>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Shared {
        let keys = SigningKeys::new(Arc::clone(&settings.documents));
        Shared { settings, keys, lake: Mutex::default(), totals: Default::default() }
    }

    /// Returns the number of the last event that is stored; `None` as long as there is no lake.
    pub(super) async fn last_seq(&self) -> Result<Option<i64>> {
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
pub(super) enum Course {
    LogFiles(Box<LogFiles>),
    CloudWatchLogs(Box<CloudWatchLogs>),
    Notices(Box<Notices>),
    EventBridge(Box<EventBridge>),
}

impl Course {
    pub(super) fn new(shared: &Arc<Shared>, name: &Name) -> Course {
        let shared = Arc::clone(shared);
        match name {
            Name::LogFiles(arn) => Course::LogFiles(Box::new(LogFiles::new(shared, arn))),
            Name::CloudWatchLogs(arn) => Course::CloudWatchLogs(Box::new(CloudWatchLogs::new(shared, arn))),
            Name::Notices => Course::Notices(Box::new(Notices::new(shared))),
            Name::EventBridge => Course::EventBridge(Box::new(EventBridge::new(shared))),
        }
    }

    /// Does a round and adds what it came to.
    pub(super) async fn round(&mut self, shared: &Shared, now: Timestamp) -> (Delivered, Result<()>) {
        let (done, ended) = self.round_of_kind(now).await;
        let counts = Delivered { failures: Vec::new(), is_behind: false, ..done.clone() };
        shared.totals.lock().unwrap_or_else(PoisonError::into_inner).add(counts);
        (done, ended)
    }

    async fn round_of_kind(&mut self, now: Timestamp) -> (Delivered, Result<()>) {
        let (ended, done) = match self {
            Course::LogFiles(course) => (course.round(now).await, &mut course.done),
            Course::CloudWatchLogs(course) => (course.round(now).await, &mut course.done),
            Course::Notices(course) => (course.round(now).await, &mut course.done),
            Course::EventBridge(course) => (course.round(now).await, &mut course.done),
        };
        (std::mem::take(done), ended)
    }
}

/// Which consumer: of the kinds that each trail has, its ARN tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    LogFiles(String),
    CloudWatchLogs(String),
    Notices,
    EventBridge,
}

/// Does rounds of one course as long as there is more to do at once.
pub(super) async fn work(course: &mut Course, shared: &Shared, stop: &watch::Receiver<bool>) -> Result<()> {
    loop {
        let (done, ended) = course.round(shared, Timestamp::now()).await;
        // What failed has told so itself, see `Backoff`.
        if let Err(error) = ended
            && error.kind() == ErrorKind::Ended
        {
            return Err(error);
        }
        if !done.is_behind || *stop.borrow() {
            return Ok(());
        }
    }
}
