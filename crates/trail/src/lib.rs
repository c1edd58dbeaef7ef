//! What a trail promises about its log files, and whether the promise holds.
//!
//! [`digest`] reads, proves, builds and signs digest files and walks their chain. [`audit`] holds all digests and log
//! files of any number of accounts, Regions and trails against each other. [`delivery`] is the other side: what a trail writes,
//! signed by [`keys`]. [`selectors`] say which events a trail of the [`model`] records. Pure: bytes, keys and times are
//! arguments.

pub mod audit;
pub mod digest;

pub mod delivery;
pub mod keys;

pub mod model;
pub mod selectors;
