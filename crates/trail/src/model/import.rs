//! An import: log files of a bucket that are to be collected for an event data store.

use event::arn::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::model::Millis;

/// The kind of document that holds an [`Import`]; its id is the import's.
pub const IMPORT: &str = "import";
/// Most failures of an import that are named; all are counted.
pub const IMPORT_FAILURES_MAX: usize = 1_000;

/// An import as it was asked for, and how far it has come. The API makes it and asks for its end; the job that collects
/// the objects writes the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Its id, a UUID.
    pub id: String,
    /// The account that asked for it.
    pub account: AccountId,
    /// The Region that was asked.
    pub region: Region,
    /// ARN of the event data store that it is for.
    pub destination: String,
    /// Where the objects are.
    pub source: ImportSource,
    /// The earliest time of events that is wanted.
    pub start_event_time: Option<Millis>,
    /// The latest time of events that is wanted.
    pub end_event_time: Option<Millis>,
    /// How far it has come.
    pub status: ImportStatus,
    /// Whether its end was asked for.
    #[serde(default)]
    pub is_stopping: bool,
    /// What it came to so far.
    #[serde(default)]
    pub statistics: ImportStatistics,
    /// What could not be read, the first [`IMPORT_FAILURES_MAX`].
    #[serde(default)]
    pub failures: Vec<ImportFailure>,
    /// When it was asked for.
    pub created: Millis,
    /// When this was last written.
    pub updated: Millis,
}

/// The place of an import's objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportSource {
    /// `s3://bucket/prefix`.
    pub s3_location_uri: String,
    /// The bucket's Region.
    pub s3_bucket_region: String,
    /// The role that AWS would assume; it is kept and shown, imports use credentials of their own.
    pub s3_bucket_access_role_arn: String,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportStatus {
    /// Nobody has begun it.
    Initializing,
    /// It runs.
    InProgress,
    /// It ended, and something could not be read.
    Failed,
    /// It was ended by its owner.
    Stopped,
    /// All was read.
    Completed,
}

impl ImportStatus {
    /// Returns it as the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            ImportStatus::Initializing => "INITIALIZING",
            ImportStatus::InProgress => "IN_PROGRESS",
            ImportStatus::Failed => "FAILED",
            ImportStatus::Stopped => "STOPPED",
            ImportStatus::Completed => "COMPLETED",
        }
    }

    /// Returns whether there is still something to do.
    pub fn is_ongoing(self) -> bool {
        matches!(self, ImportStatus::Initializing | ImportStatus::InProgress)
    }
}

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportStatistics {
    /// Folders found to hold log files.
    pub prefixes_found: u64,
    /// Folders read to their end.
    pub prefixes_completed: u64,
    /// Objects read to their end, those that were stored before included.
    pub files_completed: u64,
    /// Events of those objects.
    pub events_completed: u64,
    /// Objects and records that could not be read.
    pub failed_entries: u64,
}

/// Something that an import could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFailure {
    /// Its URI.
    pub location: String,
    /// The kind of the failure.
    pub error_type: String,
    /// What went wrong.
    pub error_message: String,
    /// How it stands.
    pub status: ImportFailureStatus,
    /// When this was last written.
    pub updated: Millis,
}

/// How something stands that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportFailureStatus {
    /// It could not be read.
    Failed,
    /// It is tried again.
    Retry,
    /// It was read when it was tried again.
    Succeeded,
}

impl ImportFailureStatus {
    /// Returns it as the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            ImportFailureStatus::Failed => "FAILED",
            ImportFailureStatus::Retry => "RETRY",
            ImportFailureStatus::Succeeded => "SUCCEEDED",
        }
    }
}
