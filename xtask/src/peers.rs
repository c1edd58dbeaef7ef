//! The peers' tests: Python scripts that hold our binary against the tools people already use.

use std::fs;
use std::io::ErrorKind;

use crate::checkout::{Checkout, Profile};
use crate::command;
use crate::error::{Error, Kind, Result};
use crate::setup::Peers;

/// The scripts in `xtask/peers`, in the order in which they run. A new one is a new file and one line here.
const SCRIPTS: &[&str] = &[
    "delta_reader.py",
    "s3.py",
    "export.py",
    "validate.py",
    "suites.py",
    "api.py",
    "trails.py",
    "lists.py",
    "hostile.py",
];

/// The script that walks the API's lists, and the number of events that it walks at full length.
const LISTS: &str = "lists.py";
const LISTS_EVENTS: u32 = 10_000;

/// Runs each script against the binaries built with `profile`; each gets an empty folder of its own.
///
/// # Errors
/// When a script finds a difference; the other scripts have run all the same.
pub fn run(checkout: &Checkout, peers: &Peers, profile: Profile) -> Result<()> {
    let mut failed = Vec::new();
    for script in SCRIPTS {
        println!("-- {script}");
        if let Err(error) = run_script(checkout, peers, profile, script, &[]) {
            println!("{error}");
            failed.push(*script);
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        _ => Err(Error::new(Kind::Command, format!("peers' tests failed: {}", failed.join(", ")))),
    }
}

/// Walks the API's lists at full length.
///
/// # Errors
/// When something is lost or comes twice.
pub fn walk(checkout: &Checkout, peers: &Peers, profile: Profile) -> Result<()> {
    println!("-- {LISTS}, {LISTS_EVENTS} events");
    run_script(checkout, peers, profile, LISTS, &["--events", &LISTS_EVENTS.to_string()])
}

fn run_script(checkout: &Checkout, peers: &Peers, profile: Profile, script: &str, more: &[&str]) -> Result<()> {
    let work = checkout.target("peers-work").join(script.trim_end_matches(".py"));
    match fs::remove_dir_all(&work) {
        Err(source) if source.kind() != ErrorKind::NotFound => return Err(Error::file("remove", &work, source)),
        _ => {}
    }
    fs::create_dir_all(&work).map_err(|source| Error::file("make", &work, source))?;
    let mut command = peers.program("python");
    command
        .arg(checkout.root().join("xtask/peers").join(script))
        .arg("--trailkeep")
        .arg(checkout.binary("trailkeep", profile))
        .arg("--corpus")
        .arg(checkout.binary("corpus", profile))
        .arg("--work")
        .arg(&work)
        .args(more);
    command::run(&mut command)
}
