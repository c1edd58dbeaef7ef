//! Listings and readings through the crate's door, on folders and on a bucket in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod folders;
mod listing;
mod specimen;
