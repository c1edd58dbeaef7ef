//! The steps of the commit protocol by name, so that a test can kill the program at each.
//!
//! `TRAILKEEP_FAILPOINT=NAME` or `NAME:N` aborts the process when the step NAME is reached for the Nth time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The steps, in the order of the protocol.
pub const FAILPOINTS: &[&str] = &[
    "intent-written",
    "rejects-committed",
    "log-files-committed",
    "file-written",
    "files-synced",
    "events-committed",
    "commit-synced",
    "intent-done",
    "sessions-written",
    "sessions-committed",
];

struct Armed {
    name: String,
    nth: u64,
    hits: AtomicU64,
}

/// Aborts the process if this step is armed: as abrupt as kill -9, nothing is flushed or cleaned up.
pub fn hit(name: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| {
        let setting = std::env::var("TRAILKEEP_FAILPOINT").ok()?;
        let (name, nth) = setting.split_once(':').unwrap_or((&setting, "1"));
        Some(Armed { name: name.to_owned(), nth: nth.parse().ok()?, hits: AtomicU64::new(0) })
    });
    if let Some(armed) = armed
        && armed.name == name
        && armed.hits.fetch_add(1, Ordering::SeqCst) + 1 == armed.nth
    {
        std::process::abort();
    }
}
