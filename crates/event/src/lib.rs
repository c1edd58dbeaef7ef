//! AWS CloudTrail events: bytes in, columns out, and the same bytes back.
//!
//! The way through: [`open::Opener`] takes the bytes of an object, tells by their content what they are, walks each
//! record once and gives out [`batch::EventBatch`]es and [`reject::Reject`]s. [`shape::rebuild`] gives a record back.
//! Pure: no files, no sockets, no clock, no async.

pub mod schema;

pub mod open;

mod inflate;
pub mod limits;
mod window;

mod members;
pub mod scan;
mod walk;

pub mod batch;
pub mod category;
pub mod fingerprint;
pub mod reject;
pub mod shape;

pub mod arn;
pub mod key;
pub mod time;

pub mod error;
