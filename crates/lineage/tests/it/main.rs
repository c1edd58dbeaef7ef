//! Tests over whole chains: cases as data, laws, and the agreement with a table of truth.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "a test that is not run says so")]

mod acceptance;
mod chains;
mod laws;
mod opened;
