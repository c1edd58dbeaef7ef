//! Delivery: what trails record goes to their buckets as log files, hour by hour proven by digests; topics are told, log
//! groups and a webhook get events as well.
//!
//! Each trail is a consumer of the lake with an offset of its own (`LogFiles`). So is each log group and the webhook: one
//! that is slow or fails stops nobody else. [`Deliveries::step`] does one round of all of them at a time that is given;
//! [`Deliveries::run`] does rounds by the clock. What trails there are, and what became of them, stands in the lake's
//! documents, see [`trail::model`] and [`trail::delivery`].
//!
//! The promise: an event is in the log files of a trail once, however often the program is killed. A plan is written down
//! before the first object is put and crossed out after the last; a plan that is found is carried out again, with the same
//! bytes under the same keys. Topics, log groups and webhooks are told at least once.

mod report;
mod settings;

mod course;
mod log_files;

mod channel;
mod cloud_watch_logs;
mod event_bridge;
mod notices;

mod backoff;
mod destinations;
mod outage;
mod records;
mod selection;
mod signing;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use lake::Kept;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use trail::delivery::{State, TRAIL_DELIVERY};
use trail::model::{TRAIL, Trail};

use crate::error::{Error, ErrorKind, Result, chain};
use course::{Course, Name, Shared, work};

pub use destinations::{Destinations, Places, code};
pub use report::Delivered;
pub use settings::Settings;
pub use signing::SigningKeys;
pub use step::{Interrupt, Step};

/// The deliveries of all trails.
pub struct Deliveries {
    shared: Arc<Shared>,
    courses: Mutex<Courses>,
}

/// The courses there are, and how often documents had changed when that was looked at.
#[derive(Default)]
struct Courses {
    changes: Option<i64>,
    by_name: BTreeMap<Name, Arc<Mutex<Course>>>,
}

impl Deliveries {
    /// Takes the settings. Nothing is read before the first round.
    pub fn new(settings: Settings) -> Deliveries {
        Deliveries { shared: Arc::new(Shared::new(settings)), courses: Mutex::default() }
    }

    /// Returns the keys that digests are signed by.
    pub fn keys(&self) -> &SigningKeys {
        &self.shared.keys
    }

    /// Returns what all rounds so far came to. Failures are counted in the statuses of trails, not here.
    pub fn totals(&self) -> Delivered {
        self.shared.totals.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            course.round(&self.shared, now).await
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
                            let (shared, stop) = (Arc::clone(&self.shared), stop.clone());
                            rounds.spawn(async move { work(&mut course, &shared, &stop).await });
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
        let mut courses = self.courses.lock().await;
        let changes = documents.changes().map_err(records::unkept)?;
        if courses.changes == Some(changes) {
            return Ok(courses.by_name.clone());
        }
        let trails: Vec<Kept<Trail>> = documents.read_all(TRAIL).map_err(records::unkept)?;
        let states: Vec<Kept<State>> = documents.read_all(TRAIL_DELIVERY).map_err(records::unkept)?;
        let arns = trails.into_iter().map(|kept| kept.value.arn);
        let arns: BTreeSet<String> = arns.chain(states.into_iter().map(|kept| kept.value.trail.arn)).collect();
        let of_trail = |arn: String| [Name::LogFiles(arn.clone()), Name::CloudWatchLogs(arn)];
        let bridge = self.shared.settings.event_bridge.as_ref().map(|_| Name::EventBridge);
        let names: BTreeSet<Name> = arns.into_iter().flat_map(of_trail).chain([Name::Notices]).chain(bridge).collect();
        courses.by_name.retain(|name, _| names.contains(name));
        for name in names {
            courses
                .by_name
                .entry(name.clone())
                .or_insert_with(|| Arc::new(Mutex::new(Course::new(&self.shared, &name))));
        }
        courses.changes = Some(changes);
        Ok(courses.by_name.clone())
    }
}

impl std::fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
