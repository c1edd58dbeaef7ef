//! How far a collection has come, to be looked at from outside while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64};

/// Counters that only grow. Reading them costs nothing and stops nobody.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects listed that are still to be read or are read.
    pub files_listed: AtomicU64,
    /// Objects read to their end.
    pub files_done: AtomicU64,
    /// Bytes of the objects listed, as they lie at the source.
    pub bytes_listed: AtomicU64,
    /// Bytes of the objects read.
    pub bytes_done: AtomicU64,
    /// Events found so far, duplicates counted.
    pub events: AtomicU64,
    /// True once everything is listed: from then on the totals are final.
    pub listing_done: AtomicBool,
    /// Set it to have the collection end early: what is read by then is stored.
    pub stop: AtomicBool,
}
