//! A query as it is kept.

use event::arn::{AccountId, Region};
use serde::{Deserialize, Serialize};
use trail::model::Millis;

/// The kind of document that holds a [`Query`]; its id is the query's.
pub(super) const QUERY: &str = "query";

/// A query, from when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Its id, a UUID.
    pub id: String,
    /// The account that asked.
    pub account: AccountId,
    /// The Region that was asked.
    pub region: Region,
    /// ARNs of the event data stores that it reads.
    pub stores: Vec<String>,
    /// Its text.
    pub statement: String,
    /// What it is called as a widget of a dashboard.
    pub alias: Option<String>,
    /// The refresh of a dashboard that it belongs to.
    pub refresh_id: Option<String>,
    /// How far it has come.
    pub status: Status,
    /// When it was asked for.
    pub created: Millis,
    /// When it began to run.
    pub started: Option<Millis>,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Why it failed.
    pub error: Option<String>,
    /// The columns of its rows.
    pub columns: Vec<Column>,
    /// How many rows it has.
    pub rows: u64,
    /// Events that it looked at.
    pub events_scanned: u64,
    /// Events that fit.
    pub events_matched: u64,
    /// Bytes that it read.
    pub bytes_scanned: u64,
    /// Where its rows go as files.
    pub delivery: Option<Delivery>,
}

/// A column of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// Its name; two columns may have the same.
    pub name: String,
    /// Whether its values hold text that somebody else chose.
    pub is_text: bool,
}

/// Files of rows that are put into a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivery {
    /// `s3://bucket/prefix`.
    pub uri: String,
    /// How it stands, as the API spells it.
    pub status: String,
}

/// While files are still to be put.
pub(super) const PENDING: &str = "PENDING";

/// How far a query has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// It waits.
    Queued,
    /// It runs.
    Running,
    /// All rows are there.
    Finished,
    /// It could not be run to its end.
    Failed,
    /// It was ended by its owner.
    Cancelled,
    /// Its time was up; rows that were found by then are there.
    TimedOut,
}

impl Status {
    /// Returns it as the API spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Queued => "QUEUED",
            Status::Running => "RUNNING",
            Status::Finished => "FINISHED",
            Status::Failed => "FAILED",
            Status::Cancelled => "CANCELLED",
            Status::TimedOut => "TIMED_OUT",
        }
    }

    /// Returns whether it stays as it is.
    pub(crate) fn is_final(self) -> bool {
        !matches!(self, Status::Queued | Status::Running)
    }

    /// Returns whether there are rows to be read.
    pub(crate) fn has_rows(self) -> bool {
        matches!(self, Status::Finished | Status::TimedOut)
    }
}

impl Query {
    /// Returns whether files are still to be put.
    pub(super) fn is_delivering(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.status == PENDING)
    }

    /// Says that files which are still to be put never will be.
    pub(super) fn fail_delivery(&mut self) {
        self.end_delivery("FAILED");
    }

    /// Says that files which are still to be put are not wanted any more.
    pub(super) fn cancel_delivery(&mut self) {
        self.end_delivery("CANCELLED");
    }

    fn end_delivery(&mut self, status: &str) {
        if let Some(delivery) = self.delivery.as_mut().filter(|delivery| delivery.status == PENDING) {
            status.clone_into(&mut delivery.status);
        }
    }

    /// Returns how long it ran, in milliseconds.
    pub(crate) fn milliseconds(&self) -> i64 {
        let (Some(started), Some(ended)) = (self.started, self.ended) else { return 0 };
        ended.0.saturating_sub(started.0).max(0)
    }
}
