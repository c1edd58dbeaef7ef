//! The one writer of a lake, shared by all who store something while the program serves, and opened anew after a failure.

use std::sync::Arc;

use event::time::EventTime;
use lake::Writer;
use lake::location::Location;
use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// Tells the time.
pub type Now = Arc<dyn Fn() -> EventTime + Send + Sync>;

/// Keeps the writer of a lake.
pub struct Keeper {
    location: Location,
    now: Now,
    writer: Mutex<Option<Arc<Writer>>>,
}

impl Keeper {
    /// Opens the lake for writing; it is made if there is none.
    ///
    /// # Errors
    /// Those of [`Writer::open`]: another process may hold it.
    pub async fn open(location: Location, now: Now) -> Result<Keeper> {
        let writer = Writer::open(&location, now()).await.map_err(unopened)?;
        Ok(Keeper { location, now, writer: Mutex::new(Some(Arc::new(writer))) })
    }

    /// Returns where the lake is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the time.
    pub fn now(&self) -> EventTime {
        (self.now)()
    }

    /// Returns the writer: the one at hand, or a new one if that has failed.
    ///
    /// # Errors
    /// If a new one cannot be opened: somebody may still hold the one that failed. A later call tries again.
    pub async fn writer(&self) -> Result<Arc<Writer>> {
        let mut held = self.writer.lock().await;
        if let Some(writer) = held.as_ref().filter(|writer| !writer.is_broken()) {
            return Ok(Arc::clone(writer));
        }
        if held.take().is_some() {
            tracing::warn!("the lake is opened anew after a failure");
        }
        let writer = Arc::new(Writer::open(&self.location, (self.now)()).await.map_err(unopened)?);
        Ok(Arc::clone(held.insert(writer)))
    }

    /// Ends the writer in good order.
    pub async fn close(&self) {
        if let Some(writer) = self.writer.lock().await.take() {
            writer.close().await;
        }
    }
}

fn unopened(error: lake::error::Error) -> Error {
    Error::because(ErrorKind::Lake, "the lake could not be opened for writing", error)
}
