//! Evidence: one event with all that proves it, in one file that needs nothing else.
//!
//! The chain of proof runs from a public key of AWS over the signature of a digest to the hash of a log file, and from
//! there to the record in it. [`find`] brings the links together, [`Case::bundle`] checks and packs them, and [`check`] does
//! the same with a bundle that somebody hands in. The format: `docs/format/evidence.md`.

mod archive;
mod find;
mod manifest;
mod parts;
mod pem;
mod readme;

#[cfg(test)]
mod tests;

pub use find::{Case, find};
pub use parts::Proven;

use crate::error::Result;
use crate::evidence::parts::Parts;

/// Proves a bundle by itself, to the last byte.
///
/// # Errors
/// [`ErrorKind::NotProven`](crate::ErrorKind::NotProven) says what does not hold.
pub fn check(bundle: &[u8]) -> Result<Proven> {
    let parts = Parts::from_files(archive::read(bundle)?)?;
    let proven = parts.prove()?;
    // What is written around the proof follows from it: nothing may be added or changed, padding included.
    if parts.pack(&proven)? != bundle {
        return Err(parts.difference(&proven, bundle));
    }
    Ok(proven)
}
