//! CloudTrail's own API on an endpoint of one's own, and the ways to push events in.
//!
//! A request passes through [`http`](mod@http), which verifies who sent it (`sigv4`), finds its operation (`operation`) and runs
//! the action, one file each in `actions`. Actions read and write documents and ask the lake; what lies outside,
//! buckets, topics and the writer of the lake, is behind [`World`] and [`source::push::Push`], which the program puts in.
//! Delivery, imports and the writer itself are not known here: they meet this crate in the lake's documents.

mod call;
mod clock;
mod fault;
mod world;

mod keys;
mod sigv4;

mod limits;
mod operation;
mod throttle;
mod token;
mod validate;
mod wire;

mod actions;
mod audit;
mod channels;
mod dashboards;
mod imports;
mod kept;
mod kms;
mod named;
mod page;
mod policy;
mod queries;
mod recorded;
mod resource;
mod samples;
mod signing;
mod stores;
mod tagged;
mod tags;
mod trails;

pub mod http;
mod metrics;
mod service;

#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod testing;

pub use call::Role;
pub use clock::{Clock, SystemClock};
pub use keys::{ACCESS_KEY, AccessKey, Keys, Scope};
pub use service::{Limits, Parts, Service};
pub use world::{Found, World, WorldError};
