//! A lake from outside: written, read in order, held, and opened as an older version left it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;
mod holds;
mod log_files;
mod older;
mod tail;
