//! What a trail delivers: log files, digests, notices and envelopes, and what is written down before and after.
//!
//! The way through: [`Group`]s tell which file an event goes into, a [`Packer`] gathers records, [`pack`] makes files of
//! them, a [`Plan`] says where they go. A [`Chain`] lists what was delivered, hour by hour. All of it follows from the
//! events, the trail and a time, so that a plan that is carried out again after a crash makes the same bytes.

mod chain;
mod envelope;
mod group;
mod notice;
mod pack;
mod plan;
mod state;

pub use chain::{Chain, DIGEST_CHAIN, Listed};
pub use envelope::{EVENT_BYTES_MAX, EventFields, event_bridge, log_stream};
pub use group::{Group, groups};
pub use notice::{Notice, TRAIL_NOTICE, message};
pub use pack::{CONTENT_BYTES_MAX, Content, PackedFile, Packer, pack};
pub use plan::{Plan, PlannedFile, is_same_place};
pub use state::{ChannelState, EVENT_BRIDGE, State, TRAIL_CLOUD_WATCH_LOGS, TRAIL_DELIVERY};
