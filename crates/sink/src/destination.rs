//! The kinds of destinations: one file each, of one shape.
//!
//! Those that are talked to implement [`Destination`](crate::deliver::Destination) and leave batches, back-off and
//! counting to `deliver`. Those that are written to keep a part open and move the position when it is finished.

pub(crate) mod cloud_watch_logs;
pub(crate) mod elasticsearch;
pub(crate) mod files;
pub(crate) mod objects;
pub(crate) mod sns;
pub(crate) mod webhook;
pub(crate) mod writer;
