//! The built binary from outside: output, exit codes, and what survives when it is killed.

mod collect;
mod demo;
mod door;
mod formats;
mod kill;
mod lookup;
mod program;
mod query;
mod upkeep;
