//! Holds: dates that retention must keep, a small JSON document each in the folder of the table of events.
//!
//! They protect what lies in the table, so they lie with it: they outlive the control documents, hold for every data
//! folder that writes to a lake in a bucket, and move with a table that is moved. Format: `docs/format/lake.md`.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::append::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::table::files::{parse_date, print_date};

/// Folder of the documents below the table's root; readers of Delta pass by what begins with `_`.
const FOLDER: &str = "_trailkeep/holds";
/// Version of the document's form.
const VERSION: u32 = 1;
/// Documents that are read at the same time.
const READS_IN_FLIGHT: usize = 16;

/// Dates that must not be deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Name by which the hold is lifted again.
    pub name: String,
    /// First date, in days since 1970-01-01.
    pub first_date: i32,
    /// Last date, itself protected.
    pub last_date: i32,
    /// Why: the case, the order, the person who asked.
    pub reason: String,
}

/// A hold as it is written down; dates as `YYYY-MM-DD`.
#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    name: String,
    first_date: String,
    last_date: String,
    reason: String,
}

impl Writer {
    /// Puts a hold on dates, or replaces the hold of that name. When it returns, the hold is safe beside the table.
    ///
    /// It waits for the store, as [`Writer::lift_hold`] and [`Writer::holds`] do.
    ///
    /// # Errors
    /// Those of the store.
    pub fn put_hold(&self, hold: &Hold) -> Result<()> {
        finish(async {
            self.take_over_old_holds().await?;
            self.write_hold(hold).await
        })
    }

    /// Lifts a hold; returns false if there is none of that name.
    ///
    /// # Errors
    /// Those of the store.
    pub fn lift_hold(&self, name: &str) -> Result<bool> {
        finish(async {
            self.take_over_old_holds().await?;
            let path = Path::from(document_path(name));
            let failed = |error| Error::because(ErrorKind::Store, format!("lift the hold `{name}`"), error);
            // A local store finds nothing wrong with the removal of what is not there.
            match self.events.store().head(&path).await {
                Ok(_) => self.events.store().delete(&path).await.map(|()| true).map_err(failed),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        })
    }

    /// Returns all holds, by name.
    ///
    /// # Errors
    /// Those of the store; [`ErrorKind::Corrupt`] if a document is damaged, [`ErrorKind::Unsupported`] if a newer
    /// version wrote it.
    pub fn holds(&self) -> Result<Vec<Hold>> {
        finish(self.stored_holds())
    }

    pub(super) async fn stored_holds(&self) -> Result<Vec<Hold>> {
        self.take_over_old_holds().await?;
        let store = self.events.store();
        let failed = |error| Error::because(ErrorKind::Store, format!("list the holds in `{FOLDER}`"), error);
        let documents: Vec<_> = store.list(Some(&Path::from(FOLDER))).try_collect().await.map_err(failed)?;
        let reads = documents.into_iter().map(|document| read_hold(store.clone(), document.location));
        let mut holds: Vec<Hold> = futures::stream::iter(reads).buffered(READS_IN_FLIGHT).try_collect().await?;
        holds.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(holds)
    }

    async fn write_hold(&self, hold: &Hold) -> Result<()> {
        let document = Document {
            version: VERSION,
            name: hold.name.clone(),
            first_date: print_date(hold.first_date),
            last_date: print_date(hold.last_date),
            reason: hold.reason.clone(),
        };
        let text = serde_json::to_vec_pretty(&document)
            .map_err(|error| Error::because(ErrorKind::Store, format!("write the hold `{}`", hold.name), error))?;
        let path = document_path(&hold.name);
        self.events.put_file(&path, text.into()).await?;
        // The folder as well: it may be as new as the document.
        self.events.sync_files([path, FOLDER.to_owned()])
    }

    /// Moves holds that an older version kept among the control documents beside the table.
    async fn take_over_old_holds(&self) -> Result<()> {
        let old = self.control.old_holds()?;
        for hold in &old {
            self.write_hold(hold).await?;
        }
        if old.is_empty() { Ok(()) } else { self.control.forget_old_holds() }
    }
}

/// A name may hold anything, so the document is named after its hash.
fn document_path(name: &str) -> String {
    format!("{FOLDER}/{:032x}.json", xxh3_128(name.as_bytes()))
}

async fn read_hold(store: Arc<dyn ObjectStore>, path: Path) -> Result<Hold> {
    let failed = |error| Error::because(ErrorKind::Store, format!("read the hold `{path}`"), error);
    let bytes = store.get(&path).await.map_err(failed)?.bytes().await.map_err(failed)?;
    let damaged = "is damaged: put it anew under its name";
    let document: Document = serde_json::from_slice(&bytes)
        .map_err(|error| Error::because(ErrorKind::Corrupt, format!("the hold `{path}` {damaged}"), error))?;
    if document.version != VERSION {
        let message = format!("the hold `{path}` has version {}: use the trailkeep that wrote it", document.version);
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let date = |text: &str| {
        let odd = || Error::new(ErrorKind::Corrupt, format!("the hold `{path}` {damaged}: `{text}` is no date"));
        parse_date(text).ok_or_else(odd)
    };
    let (first_date, last_date) = (date(&document.first_date)?, date(&document.last_date)?);
    Ok(Hold { name: document.name, first_date, last_date, reason: document.reason })
}

/// Runs work on the store to its end for a caller that does not wait for futures: on a thread and a runtime of its own,
/// since the caller's may be the one that it is called from.
fn finish<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let failed = |error| Error::because(ErrorKind::Store, "start a thread for the holds", error);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            runtime.block_on(work)
        });
        let ended = || Err(Error::new(ErrorKind::Store, "the thread for the holds ended before its time"));
        running.join().unwrap_or_else(|_| ended())
    })
}
