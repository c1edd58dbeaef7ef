//! What people set up: trails, event data stores, channels, imports. The API writes these documents, delivery and imports
//! read them.
//!
//! They are kept as JSON under their kind and id. Members that this version does not know are refused, not lost.

mod channel;
mod event_data_store;
mod import;
mod millis;
mod tag;
mod trail;

pub use channel::{CHANNEL, CHANNEL_STATUS, Channel, Ingestion};
pub use event_data_store::{EVENT_DATA_STORE, EventDataStore, Feed, Stretch};
pub use import::{
    IMPORT, IMPORT_FAILURES_MAX, Import, ImportFailure, ImportFailureStatus, ImportSource, ImportStatistics,
    ImportStatus,
};
pub use millis::Millis;
pub use tag::{TAGS_MAX, Tag};
pub use trail::{CloudWatchLogs, DeliveryStatus, Logging, Outcome, TRAIL, TRAIL_STATUS, Trail};
