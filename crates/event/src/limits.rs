//! The bounds within which input is read. Reaching one is a reject of its own kind, never silence.

/// Bounds on what one object and one record may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of one object, inflated: the rest of a larger one is a reject.
    pub object_bytes_max: u64,
    /// Most bytes of one record: a longer one is a reject.
    pub record_bytes_max: usize,
    /// Most bytes of a reject that are kept.
    pub reject_bytes_max: usize,
    /// Most events in one batch.
    pub batch_events_max: usize,
    /// Most bytes of records in one batch.
    pub batch_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            object_bytes_max: 4 << 30,
            record_bytes_max: 16 << 20,
            reject_bytes_max: 64 << 10,
            batch_events_max: 8_192,
            batch_bytes_max: 8 << 20,
        }
    }
}
