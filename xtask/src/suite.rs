//! `cargo xtask test`: all that a change must pass, in order.

use std::path::Path;

use crate::acceptance;
use crate::checkout::{Checkout, Profile};
use crate::command::{self, cargo};
use crate::error::{Error, Kind, Result};
use crate::peers;
use crate::setup::{self, Tools};
use crate::steps::{Outcome, Steps};
use crate::tidy;

/// Runs every step, prints the summary and returns whether all have passed.
///
/// The debug build is made once: each cargo call asks for the same packages and features. `acceptance` is the folder
/// of the acceptance data, where there is one.
pub fn run(checkout: &Checkout, acceptance: Option<&Path>) -> bool {
    let mut steps = Steps::default();
    // First, so that a machine without network is told before the long steps, not after.
    let mut tools = None;
    steps.run("setup", || {
        tools = Some(setup::setup(checkout, Tools::Peers));
        match &tools {
            Some(Err(error)) => unavailable("setup", error),
            _ => Ok(Outcome::Passed),
        }
    });
    steps.run("fmt", || in_root(checkout, &["fmt", "--all", "--check"]));
    steps.run("tidy", || tidy_step(checkout));
    steps.run("clippy", || {
        in_root(checkout, &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
    });
    // `--tests` switches on the features of test dependencies, so that the binaries built here are those of `cargo test`.
    steps.run("build", || in_root(checkout, &["build", "--workspace", "--lib", "--bins", "--tests"]));
    steps.run("cargo test", || in_root(checkout, &["test", "--quiet", "--workspace"]));
    steps.run("peers", || match &tools {
        Some(Ok(tools)) => peers::run(checkout, tools, Profile::Debug).map(|()| Outcome::Passed),
        Some(Err(error)) => unavailable("peers", error),
        None => Err(Error::new(Kind::NotAvailable, "the outside tools were not set up")),
    });
    steps.run("acceptance", || match acceptance {
        Some(folder) => acceptance::run(checkout, folder, Profile::Debug).map(|()| Outcome::Passed),
        None => Ok(Outcome::NotRun("acceptance: not run, 0 cases".to_owned())),
    });
    println!("{}", steps.summary());
    steps.all_passed()
}

/// Runs what `cargo xtask acceptance` runs, on a release build: the cases over the data in `folder`, and the API's lists at
/// full length.
///
/// # Errors
/// When a case fails, or what it needs is missing.
pub fn accept(checkout: &Checkout, folder: &Path) -> Result<()> {
    acceptance::build(checkout)?;
    acceptance::run(checkout, folder, Profile::Release)?;
    match setup::setup(checkout, Tools::Peers) {
        Ok(tools) => peers::walk(checkout, &tools, Profile::Release),
        Err(error) => match unavailable("peers", &error)? {
            Outcome::NotRun(line) => {
                println!("{line}");
                Ok(())
            }
            Outcome::Passed => Ok(()),
        },
    }
}

/// Without network the peers cannot run, which is no fault of the change; continuous integration has network.
fn unavailable(step: &str, error: &Error) -> Result<Outcome> {
    if setup::is_ci() || error.kind() != Kind::NotAvailable {
        return Err(Error::new(error.kind(), error.to_string()));
    }
    println!("{error}");
    Ok(Outcome::NotRun(format!("{step}: not run")))
}

fn in_root(checkout: &Checkout, arguments: &[&str]) -> Result<Outcome> {
    command::run(cargo().args(arguments).current_dir(checkout.root())).map(|()| Outcome::Passed)
}

fn tidy_step(checkout: &Checkout) -> Result<Outcome> {
    let problems = tidy::check(checkout)?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(Outcome::Passed),
        count => Err(Error::new(Kind::Answer, format!("{count} things are not tidy"))),
    }
}
