//! The order of stages between sources and the lake: who waits for whom, what is counted, and when a source is told.
//!
//! The way through is [`collect::collect`].

pub mod collect;

pub mod progress;

pub mod error;
