//! `cargo xtask bench`: one corpus, one machine, and each program in turn; the result is a page in `bench/runs`.
//!
//! Nothing is asserted here: a page states what was measured, with the command, the corpus and the machine.

pub mod api;
pub mod convert;
pub mod corpus;
pub mod detect;
pub mod ingest;
pub mod machine;
pub mod page;
pub mod parties;
pub mod queries;
pub mod verify;

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use crate::checkout::Checkout;
use crate::command::{self, cargo};
use crate::error::{Error, Kind, Result};
use crate::setup::{self, Tools};
use corpus::Corpus;
use page::Page;
use parties::Parties;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// From gzip files to something that can be queried.
    Ingest,
    /// The seven queries, cold and hot; each party collects first, unmeasured.
    Queries,
    /// Both.
    All,
    /// A chain of digests and its log files: the AWS CLI against us, through one endpoint and from a folder.
    Verify,
    /// The corpus converted to each format of `trailkeep convert`.
    Convert,
    /// Rules: what they cost beside collecting, and how fast they go through what is stored.
    Detect,
    /// The API of `trailkeep serve`: event history, events pushed in, delivery beside ingest.
    Api,
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ingest => "ingest",
            Self::Queries => "queries",
            Self::All => "all",
            Self::Verify => "verify",
            Self::Detect => "detect",
            Self::Api => "api",
            Self::Convert => "convert",
        })
    }
}

/// What one call of `cargo xtask bench` asks for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What to measure.
    pub what: What,
    /// How much JSON to generate.
    pub bytes: u64,
    /// The seed of the corpus.
    pub seed: u64,
    /// Whether the corpus and what was stored stay in the target folder.
    pub keep: bool,
}

/// A number of bytes as people write it: `1GB` is a thousand million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase().as_str() {
            "" | "B" => 1,
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(not_bytes(text)),
        };
        let number: u64 = digits.parse().map_err(|source| not_bytes(text).caused_by(source))?;
        number.checked_mul(factor).map(Bytes).ok_or_else(|| not_bytes(text))
    }
}

fn not_bytes(text: &str) -> Error {
    Error::new(Kind::Answer, format!("could not read `{text}` as a size: write it like 200MB or 1GB"))
}

/// Measures what the plan asks for and writes the page.
///
/// # Errors
/// When a build, a tool or one of the programs fails: a page with holes would be read as a result.
pub fn run(checkout: &Checkout, plan: &Plan) -> Result<()> {
    if plan.what == What::Verify {
        return verify::run(checkout, plan);
    }
    if plan.what == What::Detect {
        return detect::run(checkout, plan);
    }
    if plan.what == What::Convert {
        return convert::run(checkout, plan);
    }
    if plan.what == What::Api {
        return api::run(checkout, plan);
    }
    setup::setup(checkout, Tools::Peers)?;
    let peers = setup::setup(checkout, Tools::Bench)?;
    command::run(
        cargo()
            .args(["build", "--release", "--package", "trailkeep", "--package", "corpus", "--package", "xtask"])
            .current_dir(checkout.root()),
    )?;

    let folder = checkout.target("bench");
    let corpus = Corpus::generate(checkout, plan, &folder)?;
    let parties = Parties::new(checkout, &peers, &corpus, &folder)?;
    let costs = ingest::measure(&parties)?;
    let mut sections = Vec::new();
    if plan.what != What::Queries {
        sections.push(ingest::section(&costs, &corpus));
    }
    if plan.what != What::Ingest {
        sections.push(queries::section(&queries::measure(checkout, &parties)?));
    }
    let versions = parties.versions()?;
    let page = Page { plan, corpus: &corpus, versions: &versions, sections: &sections }.write(checkout)?;
    if !plan.keep {
        remove(&folder)?;
    }
    println!("\n{}", fs::read_to_string(&page).map_err(|source| Error::file("read", &page, source))?);
    println!("written to {}", page.display());
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).map_err(|source| Error::file("remove", folder, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        let cases =
            [("1GB", Some(1_000_000_000)), ("200mb", Some(200_000_000)), ("12", Some(12)), ("1XB", None), ("", None)];
        for (text, expect) in cases {
            assert_eq!(text.parse::<Bytes>().ok(), expect.map(Bytes), "{text}");
        }
    }
}
