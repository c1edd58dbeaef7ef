//! Every chore of the project behind one command, `cargo xtask`: what a change must pass, the outside tools for it, the
//! benchmarks and the acceptance run. It stands beside the house: it runs the binary and never links to a room.
#![expect(clippy::print_stdout, reason = "a chore talks to the person who started it; there is no other output")]

pub mod acceptance;
pub mod bench;
pub mod checkout;
pub mod command;
pub mod error;
pub mod inflate;
pub mod peers;
pub mod setup;
pub mod soak;
pub mod steps;
pub mod suite;
pub mod tidy;
