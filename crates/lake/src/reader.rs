//! A lake open for reading: beside a writer, or without one.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;
use event::time::EventTime;

use crate::error::{Error, ErrorKind, Result};
use crate::location::Location;
use crate::schema;
use crate::sql::{self, SessionOptions, Tables};
use crate::table::files::{Bound, print_date};
use crate::table::{Definition, Table};
use crate::{findings, sessions};

/// A lake open for reading.
pub struct Lake {
    events: Table,
    rejects: Table,
    /// A lake of an older version has none.
    log_files: Option<Table>,
    /// What consumers made of the events; a lake whose events nobody consumed has none.
    sessions: Option<Table>,
    findings: Option<Table>,
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
    /// Time of its oldest and of its newest event, as far as the log tells.
    pub times: Option<(EventTime, EventTime)>,
    /// Least and greatest sequence number of its events, as far as the log tells.
    pub seqs: Option<(i64, i64)>,
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
        let log_files = Table::open(location, schema::log_files()).await?;
        let sessions = Table::open(location, sessions::definition()).await?;
        let findings = Table::open(location, findings::definition()).await?;
        Ok(Lake { events, rejects, log_files, sessions, findings })
    }

    /// Learns of what was committed since.
    ///
    /// # Errors
    /// [`ErrorKind::Superseded`] if the lake's tables were altered: open it anew.
    pub async fn refresh(&self) -> Result<()> {
        self.events.refresh().await?;
        self.rejects.refresh().await?;
        for table in [&self.log_files, &self.sessions, &self.findings].into_iter().flatten() {
            table.refresh().await?;
        }
        Ok(())
    }

    /// Makes a session over the lake as it is now.
    ///
    /// # Errors
    /// Those of [`sql::session`].
    pub fn session(&self, options: &SessionOptions) -> sql::Result<SessionContext> {
        let ctx = session((&self.events, &self.rejects, self.log_files.as_ref()), options)?;
        let made = [(sessions::definition(), &self.sessions), (findings::definition(), &self.findings)];
        for (definition, table) in made {
            match table {
                Some(table) => {
                    let provider = table.provider()?;
                    provider.register(&ctx);
                    ctx.register_table(definition.name, Arc::new(provider))?;
                }
                None => drop(ctx.register_table(definition.name, Arc::new(EmptyTable::new(definition.schema)))?),
            }
        }
        Ok(ctx)
    }

    /// Makes a session with the means of another one, its caches included, over the lake as it is now. It is made quickly and
    /// knows one table, `events_flat`.
    ///
    /// # Errors
    /// Those of [`sql::session`].
    pub fn flat_session(&self, like: &SessionContext) -> sql::Result<SessionContext> {
        let events = self.events.provider()?;
        let ctx = sql::session_like(like);
        events.register(&ctx);
        sql::register_flat(&ctx, Arc::new(events))?;
        Ok(ctx)
    }

    /// Makes a session over a lake in which nothing was stored yet.
    ///
    /// # Errors
    /// Those of [`sql::session`].
    pub fn empty_session(options: &SessionOptions) -> sql::Result<SessionContext> {
        let nothing = |definition: Definition| Arc::new(EmptyTable::new(definition.columns()));
        let tables = Tables {
            events: nothing(schema::events()),
            rejects: nothing(schema::rejects()),
            log_files: nothing(schema::log_files()),
        };
        let ctx = sql::session(tables, options)?;
        for definition in [sessions::definition(), findings::definition()] {
            ctx.register_table(definition.name, nothing(definition))?;
        }
        Ok(ctx)
    }

    /// Returns the version of the table of events as the lake was last read: as long as it stays, so do the answers about
    /// events.
    pub fn version(&self) -> u64 {
        self.events.version()
    }

    /// Returns how many files of the table of events were deleted with their events since the lake was opened: as long as it stays,
    /// every event that was there is still there.
    pub fn deleted_files(&self) -> u64 {
        self.events.deleted_files()
    }

    /// Returns the table of sessions, if there is one.
    pub(crate) fn sessions_table(&self) -> Option<&Table> {
        self.sessions.as_ref()
    }

    /// Returns the greatest value that the files of events tell of a column of numbers.
    pub(crate) fn greatest(&self, column: &str) -> Option<i64> {
        let files = self.events.live_files();
        let greatest = files.iter().filter_map(|file| match file.bounds.get(column) {
            Some((_, Bound::Integer(greatest))) => Some(*greatest),
            _ => None,
        });
        greatest.max()
    }

    /// Returns the live files of the table of events, oldest date first.
    pub fn live_files(&self) -> Vec<FileFacts> {
        let files = self.events.live_files();
        let facts = files.iter().map(|file| FileFacts {
            uri: self.events.file_uri(&file.path),
            bytes: file.bytes,
            rows: file.rows,
            date: file.date.map(print_date),
            times: file
                .times()
                .map(|(oldest, newest)| (EventTime::from_micros(oldest), EventTime::from_micros(newest))),
            seqs: file.seqs(),
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
            addresses: None,
        }
    }
}

/// Makes a session over tables as they are now. Without a table of log files it is empty.
pub(crate) fn session(
    (events, rejects, log_files): (&Table, &Table, Option<&Table>),
    options: &SessionOptions,
) -> sql::Result<SessionContext> {
    let (events, rejects) = (Arc::new(events.provider()?), Arc::new(rejects.provider()?));
    let log_files = log_files.map(|table| table.provider().map(Arc::new)).transpose()?;
    let tables = Tables {
        events: events.clone(),
        rejects: rejects.clone(),
        log_files: match &log_files {
            Some(table) => table.clone(),
            None => Arc::new(EmptyTable::new(schema::log_files_schema())),
        },
    };
    let ctx = sql::session(tables, options)?;
    events.register(&ctx);
    rejects.register(&ctx);
    if let Some(log_files) = log_files {
        log_files.register(&ctx);
    }
    Ok(ctx)
}
