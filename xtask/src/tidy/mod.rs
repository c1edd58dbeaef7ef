//! What neither the compiler nor clippy checks: who may depend on whom, how long a file may be, which words stay out.
//!
//! Each rule is a function from what was read to a list of problems, one line each; `tests/it` runs the same rules.

pub mod house;
pub mod lock;
pub mod search_terms;
pub mod sources;

use std::fs;

use crate::checkout::Checkout;
use crate::error::{Error, Result};
use house::{House, Packages};
use sources::Sources;

/// Runs every rule on the checkout and returns what they found.
///
/// # Errors
/// When a file cannot be read, or `ARCHITECTURE.md` has no table of rooms.
pub fn check(checkout: &Checkout) -> Result<Vec<String>> {
    let map = checkout.root().join("ARCHITECTURE.md");
    let architecture = fs::read_to_string(&map).map_err(|source| Error::file("read", &map, source))?;
    let sources = Sources::read(checkout.root())?;
    let house = House::parse(&architecture)?;

    let mut problems = house.check(&Packages::of(checkout.metadata()));
    problems.extend(lock::check(checkout.metadata()));
    problems.extend(search_terms::check(&architecture, &sources));
    problems.extend(sources::check(&sources));
    Ok(problems)
}
