//! The lake: events stored once, losslessly and in the open, and found again with SQL.
//!
//! The way in: [`Writer`] prepares and commits a [`Batch`]. The way out: [`Lake`] opens a session of SQL. Tables are
//! Delta tables of Parquet files, on a local folder or in a bucket; what they mean to selectors and rules is not known
//! here.

mod schema;

mod append;
mod control;
mod documents;
mod fingerprints;
mod lock;

mod log_files;

mod findings;
mod sessions;

mod compact;
mod retention;

mod reader;
pub mod sql;
mod tail;

mod table;

pub mod failpoint;
pub mod location;

pub mod error;

pub use append::{BATCH_EVENTS_MAX, Batch, Chunk, Counts, Dates, Place, Prepared, Writer};
pub use compact::{CompactReport, Compaction, Merged};
pub use control::LedgerObject;
pub use documents::{Change, Document, Documents, Expect, Kept, to_body};
pub use findings::{
    FINDINGS, FINDINGS_MAX, Finding, FindingsTable, Stored, batch as findings_batch, schema as findings_schema,
};
pub use log_files::{KeysWanted, LogFile, LogFileKind, PublicKey, ToProve};
pub use reader::{FileFacts, Lake};
pub use retention::{Hold, RetentionReport};
pub use schema::{EVENTS, LOG_FILES, REJECTS, log_files_schema, rejects_schema};
pub use sessions::{Appending, SESSIONS, SessionsTable};
pub use tail::{Tailed, Tailing, tail};
