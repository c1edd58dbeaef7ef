//! The corpus that every party collects: made by our generator, so that anyone can make the same one again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::Plan;
use crate::checkout::{Checkout, Profile};
use crate::command::{self, Usage};
use crate::error::{Error, Kind, Result};

/// A generated corpus, with what inflating it came to.
pub struct Corpus {
    /// The folder of log files.
    pub folder: PathBuf,
    /// How it was generated.
    pub command: String,
    /// What is in it.
    pub size: Size,
    /// What inflating alone cost.
    pub floor: Usage,
}

/// How big a corpus is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Size {
    /// Number of log files.
    pub files: u64,
    /// Their size.
    pub gzip_bytes: u64,
    /// Their size once inflated.
    pub bytes: u64,
}

impl Corpus {
    /// Generates the corpus, or takes the one that an earlier run has kept, and inflates it once.
    ///
    /// # Errors
    /// When the generator fails or what it wrote cannot be inflated.
    pub fn generate(checkout: &Checkout, plan: &Plan, folder: &Path) -> Result<Self> {
        let out = folder.join(format!("corpus-{}-{}", plan.bytes, plan.seed));
        // The stamp lies outside of the corpus, which holds log files only.
        let stamp = out.with_extension("complete");
        let (bytes, seed) = (plan.bytes.to_string(), plan.seed.to_string());
        let arguments = ["--bytes", bytes.as_str(), "--seed", seed.as_str()];
        if !stamp.exists() {
            if out.exists() {
                super::remove(&out)?;
            }
            fs::create_dir_all(&out).map_err(|source| Error::file("make", &out, source))?;
            println!("generating {} bytes with seed {seed}", plan.bytes);
            command::run(Command::new(checkout.binary("corpus", Profile::Release)).args(arguments).arg(&out))?;
            fs::write(&stamp, "").map_err(|source| Error::file("write", &stamp, source))?;
        }
        // Once to bring every file into the page cache, so that nobody pays for the first reading.
        inflate(checkout, &out)?;
        let (floor, size) = inflate(checkout, &out)?;
        Ok(Self { folder: out, command: format!("corpus {} OUT_DIR", arguments.join(" ")), size, floor })
    }
}

fn inflate(checkout: &Checkout, folder: &Path) -> Result<(Usage, Size)> {
    let mut floor = Command::new(checkout.binary("xtask", Profile::Release));
    floor.arg("inflate-floor").arg(folder);
    let (usage, printed) = command::measure(&mut floor, &[0])?;
    let size = serde_json::from_str(&printed).map_err(|source| {
        Error::new(Kind::Answer, format!("could not read what `{}` printed", command::line(&floor))).caused_by(source)
    })?;
    Ok((usage, size))
}
