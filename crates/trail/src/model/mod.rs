//! What people set up: trails, event data stores, channels. The API writes these documents, delivery and imports read them.
//!
//! They are kept as JSON under their kind and id. Members that this version does not know are refused, not lost.

mod millis;
mod tag;
mod trail;

pub use millis::Millis;
pub use tag::{TAGS_MAX, Tag};
pub use trail::{CloudWatchLogs, DeliveryStatus, Logging, Outcome, TRAIL, TRAIL_STATUS, Trail};
