//! The push door: bytes that somebody hands over, and that are in the lake when the call returns.

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Result;

/// Takes what is pushed. Whoever holds the one writer of the lake implements it; the API calls it.
#[async_trait]
pub trait Push: Send + Sync {
    /// Stores the records in `body`, in any form that a collection reads: a log file, lines of records, one record.
    /// `place` is the URI that the rows tell as their log file. Returns once they are committed.
    ///
    /// # Errors
    /// If nothing of it is known to be stored; pushing it again is harmless.
    async fn push(&self, place: &str, body: Bytes) -> Result<Pushed>;
}

/// What became of a body that was pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Events that are in the lake now, those that were there before included.
    pub events: u64,
    /// What was no event: stored as rejects.
    pub rejects: Vec<PushReject>,
    /// A sequence number that none of the events is above, and that every later commit is above.
    pub last_seq: i64,
}

/// A part of a body that was no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushReject {
    /// The first byte of it in the body.
    pub offset: u64,
    /// Why it is none.
    pub reason: String,
}
