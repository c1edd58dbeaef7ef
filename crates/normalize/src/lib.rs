//! The event in other people's words: ECS, Snare, CSV.
//!
//! Pure: databases of addresses come in as a trait, the time of reading as an argument.

mod java;
mod json;
mod text_set;
mod tree;

pub mod message;

pub mod csv;
pub mod ecs;
pub mod rows;
pub mod snare;

pub mod error;
