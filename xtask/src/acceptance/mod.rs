//! `cargo xtask acceptance`: real records, collected into a fresh lake and held against what is known about them.
//!
//! The data lies outside the project. What is known about it stands here, so a change in a count is a change one reviews.

pub mod detected;
pub mod given_back;
pub mod origins;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::checkout::{Checkout, Profile};
use crate::command::{self, cargo};
use crate::error::{Error, Kind, Result};
use detected::Called;
use given_back::Lines;

/// What `collect --output json` reports; other members are none of our business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Report {
    stored: u64,
    rejects: u64,
    duplicates: u64,
    conflicts: u64,
    skipped: u64,
}

/// What collecting the records comes to. Both files skipped are tables about the records, not CloudTrail.
const KNOWN: Report = Report { stored: 4_641, rejects: 7, duplicates: 1, conflicts: 58, skipped: 2 };

/// The cases of one run, printed as they come.
#[derive(Default)]
struct Cases {
    passed: u32,
    failed: u32,
}

impl Cases {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, found: T, expected: T) {
        if found == expected {
            self.passed += 1;
            println!("ok {name}: {found:?}");
        } else {
            self.failed += 1;
            println!("FAILED {name}: found {found:?}, expected {expected:?}");
        }
    }
}

/// Makes the release build that `cargo xtask acceptance` runs.
///
/// # Errors
/// When the build fails.
pub fn build(checkout: &Checkout) -> Result<()> {
    command::run(cargo().args(["build", "--release", "--package", "trailkeep"]).current_dir(checkout.root()))
}

/// Runs every case on the binary built with `profile`.
///
/// # Errors
/// When a case fails, or the data or the binary is missing.
pub fn run(checkout: &Checkout, folder: &Path, profile: Profile) -> Result<()> {
    let records = folder.join("records");
    let lake = Lake::fresh(checkout, profile)?;
    let mut cases = Cases::default();

    let report = lake.collect(&records)?;
    cases.check("stored", report.stored, KNOWN.stored);
    cases.check("rejects", report.rejects, KNOWN.rejects);
    cases.check("duplicates", report.duplicates, KNOWN.duplicates);
    cases.check("conflicts", report.conflicts, KNOWN.conflicts);
    cases.check("skipped", report.skipped, KNOWN.skipped);

    let given = Lines::read(&records)?;
    let records = lake.query_raw("select record from events")?;
    let back = given.compare(&records);
    cases.check("records given back", back.count, KNOWN.stored);
    cases.check("records given back that were never given", back.unknown.len(), 0);
    cases.check("records kept back", back.left, KNOWN.rejects + KNOWN.duplicates);
    cases.check("bytes given back or kept back", back.bytes + back.left_bytes, given.bytes());
    if let Some(first) = back.unknown.first() {
        println!("the first that was never given: {}", String::from_utf8_lossy(first));
    }

    let again = lake.collect(&folder.join("records"))?;
    cases.check("stored when collected again", again.stored, 0);

    let tables = [("rules", "sigma-truth.tsv", Called::Id), ("correlations", "correlation-truth.tsv", Called::Title)];
    for (rules, table, called) in tables {
        let found = detected::found(&lake.detect(&folder.join("sigma").join(rules), &folder.join("records"))?, called)?;
        let expected = detected::expected(&folder.join("truth").join(table), called)?;
        cases.check(&format!("findings of public {rules}"), found.len(), expected.len());
        cases.check(&format!("findings of public {rules} that are missing"), expected.difference(&found).next(), None);
        cases.check(&format!("findings of public {rules} that are too many"), found.difference(&expected).next(), None);
    }

    let found = origins::found(&lake.query_lines(origins::SQL)?)?;
    let expected = origins::expected(&folder.join("truth").join("chain-truth.tsv"))?;
    let compared = origins::compare(&found, &expected);
    cases.check("origins that differ", compared.differs, None);
    cases.check("origins of records that are no duplicates", compared.agreed + compared.absent, expected.len());
    cases.check("origins of duplicates", compared.absent as u64 <= KNOWN.duplicates, true);

    println!("acceptance: {} passed, {} failed", cases.passed, cases.failed);
    match cases.failed {
        0 => Ok(()),
        failed => Err(Error::new(Kind::Answer, format!("{failed} cases of acceptance failed"))),
    }
}

/// A lake of this run's own.
struct Lake {
    binary: PathBuf,
    data: PathBuf,
}

impl Lake {
    fn fresh(checkout: &Checkout, profile: Profile) -> Result<Self> {
        let data = checkout.target("acceptance-lake");
        match fs::remove_dir_all(&data) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::file("remove", &data, source)),
            _ => Ok(Self { binary: checkout.binary("trailkeep", profile), data }),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(&self.data);
        command
    }

    fn collect(&self, folder: &Path) -> Result<Report> {
        let mut collect = self.command();
        collect.args(["collect", "--output", "json"]).arg(folder);
        let output = command::output(&mut collect)?;
        // 1 is "finished with rejects, skips or conflicts", which is what these records are for.
        if !matches!(output.status.code(), Some(0 | 1)) {
            let said = String::from_utf8_lossy(&output.stderr);
            let message = format!("`{}` ended with {}: {}", command::line(&collect), output.status, said.trim());
            return Err(Error::new(Kind::Command, message));
        }
        serde_json::from_slice(&output.stdout).map_err(|source| {
            let message = format!("could not read the report of `{}`", command::line(&collect));
            Error::new(Kind::Answer, message).caused_by(source)
        })
    }

    /// Looks at files with rules of a folder, and returns what is printed. 1 is "something was found".
    fn detect(&self, rules: &Path, records: &Path) -> Result<Vec<u8>> {
        let mut detect = self.command();
        detect.args(["detect", "--no-builtin", "--output", "jsonl", "--rules"]).arg(rules).arg(records);
        let output = command::output(&mut detect)?;
        match output.status.code() {
            Some(0 | 1) => Ok(output.stdout),
            _ => {
                let said = String::from_utf8_lossy(&output.stderr);
                let message = format!("`{}` ended with {}: {}", command::line(&detect), output.status, said.trim());
                Err(Error::new(Kind::Command, message))
            }
        }
    }

    fn query_lines(&self, sql: &str) -> Result<Vec<u8>> {
        command::capture(self.command().args(["query", "--output", "jsonl", sql]))
    }

    fn query_raw(&self, sql: &str) -> Result<Vec<u8>> {
        command::capture(self.command().args(["query", "--output", "raw", "-0", sql]))
    }
}
