//! What rounds of deliveries came to.

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Log files put.
    pub log_files: u64,
    /// Events in them.
    pub events: u64,
    /// Digests put.
    pub digests: u64,
    /// Notices sent to topics.
    pub notices: u64,
    /// Records sent to log groups.
    pub cloud_watch_logs: u64,
    /// Envelopes sent to the webhook.
    pub event_bridge: u64,
    /// Records that were too large for a log group or the webhook.
    pub oversized: u64,
    /// Whether there is more to do at once.
    pub is_behind: bool,
    /// What failed and will be tried again, each with its causes in one line.
    pub failures: Vec<String>,
}

impl Delivered {
    pub(super) fn add(&mut self, other: Delivered) {
        self.log_files += other.log_files;
        self.events += other.events;
        self.digests += other.digests;
        self.notices += other.notices;
        self.cloud_watch_logs += other.cloud_watch_logs;
        self.event_bridge += other.event_bridge;
        self.oversized += other.oversized;
        self.is_behind |= other.is_behind;
        self.failures.extend(other.failures);
    }
}
