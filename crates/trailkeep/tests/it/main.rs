//! The built binary from outside: output, exit codes, and what survives when it is killed.

#[path = "../../../sink/tests/loopback/cluster.rs"]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod cluster;
#[path = "../../../sink/tests/loopback/server.rs"]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod server;

mod bad_input;
mod bucket;
mod collect;
mod convert;
mod coverage;
mod demo;
mod detect;
mod disk_full;
mod door;
mod evidence;
mod export;
mod follow;
mod formats;
mod kill;
mod lookup;
mod program;
mod query;
mod serve;
mod simulate;
mod upkeep;
mod validate_logs;
mod verify;
