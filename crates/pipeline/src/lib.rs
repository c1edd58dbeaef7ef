//! The order of stages between sources and the lake: who waits for whom, what is counted, and when a source is told.
//!
//! The way through is [`collect::collect`]; [`prove::prove`] then proves the digests that it met. Beside it, nothing is stored: [`verify::verify`] holds digests and log files of any
//! source against each other, and [`validate_logs::validate_logs`] does it as AWS's own tool would.
//!
//! What is made of stored events is made by consumers, after the commit: [`sessions`] keeps who issued credentials to
//! whom, [`hunt`] holds rules against events, those stored or those of files, [`export`] sends them elsewhere, and
//! [`delivery`] does so for trails, as CloudTrail would.

pub mod collect;
pub mod keeper;
pub mod prove;
pub mod push;

pub mod validate_logs;
pub mod verify;

pub mod delivery;
pub mod export;
pub mod hunt;
pub mod imports;
pub mod sessions;

pub mod progress;

pub mod error;
