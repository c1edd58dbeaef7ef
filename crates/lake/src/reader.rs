//! A lake open for reading: beside a writer, or without one.

use std::path::PathBuf;

use datafusion::prelude::SessionContext;

use crate::error::{Error, ErrorKind, Result};
use crate::location::Location;
use crate::schema;
use crate::sql::{self, SessionOptions, Tables};
use crate::table::Table;
use crate::table::files::print_date;

/// A lake open for reading.
pub struct Lake {
    events: Table,
    rejects: Table,
}

/// A live file of the table of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Path or URI under which other programs read it.
    pub uri: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Events in it.
    pub rows: u64,
    /// UTC date of its events, `YYYY-MM-DD`; none for dates out of range.
    pub date: Option<String>,
}

impl Lake {
    /// Opens a lake as it is now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where there is no lake.
    pub async fn open(location: &Location) -> Result<Lake> {
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no lake at `{}`", location.uri()));
        let events = Table::open(location, schema::events()).await?.ok_or_else(missing)?;
        let rejects = Table::open(location, schema::rejects()).await?.ok_or_else(missing)?;
        Ok(Lake { events, rejects })
    }

    /// Learns of what was committed since.
    ///
    /// # Errors
    /// [`ErrorKind::Superseded`] if the lake's tables were altered: open it anew.
    pub async fn refresh(&self) -> Result<()> {
        self.events.refresh().await?;
        self.rejects.refresh().await
    }

    /// Makes a session over the lake as it is now.
    ///
    /// # Errors
    /// Those of [`sql::session`].
    pub fn session(&self, options: &SessionOptions) -> sql::Result<SessionContext> {
        let (events, rejects) = (self.events.provider()?, self.rejects.provider()?);
        let (events, rejects) = (std::sync::Arc::new(events), std::sync::Arc::new(rejects));
        let ctx = sql::session(Tables { events: events.clone(), rejects: rejects.clone() }, options)?;
        events.register(&ctx);
        rejects.register(&ctx);
        Ok(ctx)
    }

    /// Returns the live files of the table of events, oldest date first.
    pub fn live_files(&self) -> Vec<FileFacts> {
        let files = self.events.live_files();
        let facts = files.iter().map(|file| FileFacts {
            uri: self.events.file_uri(&file.path),
            bytes: file.bytes,
            rows: file.rows,
            date: file.date.map(print_date),
        });
        facts.collect()
    }

    /// Returns a sensible set of limits for a session on this machine.
    pub fn session_options(spill_dir: Option<PathBuf>) -> SessionOptions {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        SessionOptions {
            memory_bytes_max: 2 << 30,
            spill_bytes_max: 64 << 30,
            spill_dir,
            metadata_cache_bytes_max: 256 << 20,
            target_partitions: threads,
        }
    }
}
