//! `cargo xtask soak`: the tests that take hours, which are the everyday ones at full length.

use crate::checkout::Checkout;
use crate::command::{self, cargo};
use crate::error::Result;

/// The variable by which the binary's tests know that they may take hours.
const SOAK: &str = "TRAILKEEP_SOAK";

/// Runs the binary's tests on a release build, at full length.
///
/// # Errors
/// When a test fails.
pub fn run(checkout: &Checkout) -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--release", "--package", "trailkeep", "--test", "it", "--", "--nocapture"])
        .env(SOAK, "1")
        .current_dir(checkout.root());
    println!("{SOAK}=1 {}", command::line(&test));
    command::run(&mut test)
}
