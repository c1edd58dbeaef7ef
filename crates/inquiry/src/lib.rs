//! The questions people ask of a lake of CloudTrail events, as functions.
//!
//! A question is a plain value; it becomes SQL over the view `events`, so that whoever wants to know more can take the
//! query from there. Nothing here knows of a terminal or of HTTP: the caller shows the answer.

pub mod coverage;
pub mod evidence;
pub mod history;
pub mod lookup;
pub mod simulate;
pub mod time;
pub mod who;

mod error;
mod log_files;

pub use crate::error::{Error, ErrorKind, Result};
