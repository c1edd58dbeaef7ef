//! Imports: log files of buckets that the API was asked to collect for an event data store, one import after the other.
//!
//! An import is a document. The API writes what is asked, this job writes how far it is; each reads what the other wrote, so
//! that an import goes on after a restart, and ends when its owner says so. Objects are collected folder by folder, by the
//! same code as any other collection: what was collected before is known, and is counted.

mod counts;
mod folders;
mod outcome;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lake::error::ErrorKind as LakeErrorKind;
use lake::sql::SessionOptions;
use lake::{Change, Documents, Expect};
use source::{AwsOptions, Selection, Source, Uri};
use tokio::sync::watch;
use trail::model::{EVENT_DATA_STORE, EventDataStore, IMPORT, Import, ImportStatus, Millis};

use crate::collect::{Bounds, Collect, Failed, Progress, Report, collect};
use crate::delivery::Places;
use crate::error::Result;
use crate::imports::folders::{Folder, Found};
use crate::imports::outcome::Outcome;
use crate::keeper::Keeper;

/// How often it is looked for something to do, and whether an import is to end.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Folders of imports that a store remembers; what lies in older ones is shown like anything else.
const REMEMBERED_MAX: usize = 1_000;
/// The folder below the data folder that holds the buckets of a machine without S3.
const BUCKETS: &str = "buckets";

/// Where imports find the buckets that they are asked for.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In S3.
    Aws(AwsOptions),
    /// In folders of this machine, one a bucket.
    Folders(PathBuf),
}

impl Origin {
    /// Returns where the deliveries go: what a trail has delivered can be imported.
    pub fn of(places: &Places, data: &Path) -> Origin {
        match places {
            Places::Aws(aws) => Origin::Aws(aws.clone()),
            Places::Folders(_) => Origin::Folders(data.join(BUCKETS)),
        }
    }

    async fn open(&self, location: &str) -> source::Result<Source> {
        let uri = Uri::parse(location.as_ref())?;
        match (self, uri) {
            (Origin::Folders(root), Uri::S3 { bucket, key }) => {
                Source::open(Uri::Path(root.join(bucket).join(key)), &AwsOptions::default()).await
            }
            (Origin::Aws(aws), uri @ Uri::S3 { .. }) => Source::open(uri, aws).await,
            (_, uri) => Source::open(uri, &AwsOptions::default()).await,
        }
    }
}

/// The job that carries out imports.
pub struct Imports {
    keeper: Arc<Keeper>,
    documents: Arc<Documents>,
    origin: Origin,
    /// Bounds of the questions for what was collected.
    session_options: SessionOptions,
    /// Bounds of a collection, and the threads that open and prepare.
    bounds: (Bounds, usize),
}

impl Imports {
    /// Makes the job; `workers` threads open and prepare.
    pub fn new(
        keeper: Arc<Keeper>,
        documents: Arc<Documents>,
        origin: Origin,
        session_options: SessionOptions,
        (bounds, workers): (Bounds, usize),
    ) -> Imports {
        Imports { keeper, documents, origin, session_options, bounds: (bounds, workers) }
    }

    /// Carries out imports as they are asked for, until `stopped` turns true. One that is under way then goes on at the
    /// next start.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut seen = -1;
        loop {
            match self.look(&mut seen, &stopped).await {
                Ok(()) => {}
                Err(error) => tracing::error!(%error, "an import could not be carried out, and is tried again"),
            }
            if tokio::time::timeout(LOOK_EVERY, stopped.wait_for(|stopped| *stopped)).await.is_ok() {
                return;
            }
        }
    }

    /// Carries out all imports that wait, if anything changed since the documents were last looked at.
    async fn look(&self, seen: &mut i64, stopped: &watch::Receiver<bool>) -> Result<()> {
        let changes = self.documents.changes()?;
        if changes == *seen {
            return Ok(());
        }
        self.carry_out_all(stopped).await?;
        *seen = changes;
        Ok(())
    }

    /// Carries out all imports that wait or were left in the middle.
    ///
    /// # Errors
    /// If the lake or the documents cannot be read or written. The import is as far as it was told.
    pub async fn carry_out_all(&self, stopped: &watch::Receiver<bool>) -> Result<()> {
        for kept in self.documents.read_all::<Import>(IMPORT)? {
            if kept.value.status.is_ongoing() && !*stopped.borrow() {
                self.carry_out(kept.value, stopped).await?;
            }
        }
        Ok(())
    }

    async fn carry_out(&self, import: Import, stopped: &watch::Receiver<bool>) -> Result<()> {
        let id = import.id.clone();
        let mut outcome = Outcome::of(&import);
        let selection = selection(&import);
        let found = match self.origin.open(&import.source.s3_location_uri).await {
            Ok(source) => folders::find(&source, key(&import.source.s3_location_uri), &selection).await,
            Err(error) => Found::failed(&import.source.s3_location_uri, &error),
        };
        outcome.failed(found.failed);
        outcome.statistics.prefixes_found = found.folders.len() as u64;
        self.remember(&import.destination, &found.folders)?;
        if self.tell(&id, ImportStatus::InProgress, &outcome)?.is_stopping {
            return self.tell(&id, ImportStatus::Stopped, &outcome).map(drop);
        }
        for folder in &found.folders {
            let (report, is_to_end) = self.collect(&id, folder, &selection, stopped).await?;
            let counts = counts::count(&self.keeper, &self.session_options, folder, &import).await?;
            outcome.add(&counts, &report);
            if *stopped.borrow() {
                return self.tell(&id, ImportStatus::InProgress, &outcome).map(drop);
            }
            if is_to_end {
                return self.tell(&id, ImportStatus::Stopped, &outcome).map(drop);
            }
            outcome.statistics.prefixes_completed += 1;
            self.tell(&id, ImportStatus::InProgress, &outcome)?;
        }
        let status = if outcome.is_whole() { ImportStatus::Completed } else { ImportStatus::Failed };
        outcome.end();
        self.tell(&id, status, &outcome).map(drop)
    }

    /// Collects a folder, and returns what it came to and whether the import is to end.
    async fn collect(
        &self,
        id: &str,
        folder: &Folder,
        selection: &Selection,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(Report, bool)> {
        let source = match self.origin.open(&folder.location).await {
            Ok(source) => source,
            Err(error) => return Ok((failure(&folder.location, &error), false)),
        };
        let plan = Collect {
            sources: vec![source],
            selection: selection.clone(),
            bounds: self.bounds.0,
            workers: self.bounds.1,
        };
        let progress = Arc::new(Progress::default());
        let collecting = collect(self.keeper.writer().await?, plan, Arc::clone(&progress));
        let mut collecting = std::pin::pin!(collecting);
        let mut is_to_end = false;
        loop {
            let waited = tokio::time::timeout(LOOK_EVERY, &mut collecting).await;
            if let Ok(report) = waited {
                return Ok((report?, is_to_end));
            }
            is_to_end |= self.documents.read::<Import>(IMPORT, id)?.is_none_or(|kept| kept.value.is_stopping);
            if is_to_end || *stopped.borrow() {
                progress.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Has the store remember the folders, so that it shows what is imported while it does not ingest.
    fn remember(&self, store: &str, folders: &[Folder]) -> Result<()> {
        self.change::<EventDataStore>(EVENT_DATA_STORE, store, |store| {
            for folder in folders {
                if !store.imported.contains(&folder.uri) {
                    store.imported.push(folder.uri.clone());
                }
            }
            let surplus = store.imported.len().saturating_sub(REMEMBERED_MAX);
            store.imported.drain(..surplus);
        })
        .map(drop)
    }

    /// Writes down how far an import is, and returns its document as it is then.
    fn tell(&self, id: &str, status: ImportStatus, outcome: &Outcome) -> Result<Import> {
        let now = Millis::from(self.keeper.now());
        let told = self.change::<Import>(IMPORT, id, |import| {
            import.status = status;
            import.statistics = outcome.statistics;
            import.failures = outcome.failures(now);
            import.updated = now;
        })?;
        let gone = || crate::error::Error::new(crate::error::ErrorKind::Lake, format!("the import `{id}` is gone"));
        told.ok_or_else(gone)
    }

    /// Changes a document, whatever others have changed in it meanwhile.
    fn change<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        kind: &'static str,
        id: &str,
        change: impl Fn(&mut T),
    ) -> Result<Option<T>> {
        loop {
            let Some(kept) = self.documents.read::<T>(kind, id)? else { return Ok(None) };
            let mut value = kept.value;
            change(&mut value);
            let body = lake::to_body(&value)?;
            match self.documents.apply(&[Change::Put {
                kind,
                id,
                body: &body,
                expect: Expect::Revision(kept.revision),
            }]) {
                Ok(_) => return Ok(Some(value)),
                Err(error) if error.kind() == LakeErrorKind::Changed => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Returns the part of a bucket that a place in it names.
fn key(location: &str) -> &str {
    let rest = location.strip_prefix("s3://").unwrap_or(location);
    rest.split_once('/').map_or("", |(_, key)| key)
}

/// Returns the selection of objects whose names lie within the times of an import. A selection is about events and leaves
/// room around them, which an import does not want: AWS compares its times with names.
fn selection(import: &Import) -> Selection {
    let moment = |time: Millis| jiff::Timestamp::from_millisecond(time.0).ok();
    let since = import.start_event_time.and_then(moment);
    let until = import.end_event_time.and_then(moment);
    let until = until.map(|until| until.saturating_add(jiff::SignedDuration::from_millis(1)).unwrap_or(until));
    Selection {
        since: since.map(|since| since.saturating_add(source::SINCE_SLACK).unwrap_or(since)),
        until: until.map(|until| until.saturating_sub(source::UNTIL_SLACK).unwrap_or(until)),
        ..Selection::default()
    }
}

/// A folder that cannot be opened any more, as a collection tells it.
fn failure(location: &str, error: &source::Error) -> Report {
    let failed = Failed { uri: location.to_owned(), message: error.to_string() };
    Report { failed: vec![failed], failed_total: 1, ..Report::default() }
}
