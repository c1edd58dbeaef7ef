//! Digests built, signed, proven and broken; chains walked; whole buckets audited.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod bucket;
mod delivery;
mod laws;
mod selectors;
mod statuses;
mod walks;
