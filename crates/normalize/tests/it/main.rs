//! What the formats give for whole records: our own cases, those of the acceptance data, and laws over made-up input.
#![expect(clippy::unwrap_used, reason = "tests fail by panic")]

mod acceptance;
mod ecs;
mod geo;
mod rows;
mod snare;
