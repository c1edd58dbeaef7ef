//! Rule files and lists of indicators, from the program, from folders and from files.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use detect::indicator::Indicators;
use detect::refusal::Refusal;
use detect::ruleset::{Loaded, RuleSet};

use crate::command::rules::pack;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::terminal::visible;

/// Bytes of a rule file that are read at most: one that is longer is refused for its length.
const RULE_BYTES_READ_MAX: u64 = 2 << 20;
/// Bytes of a list of indicators at most.
const LIST_BYTES_MAX: u64 = 1 << 30;
/// Folders below each other at most, so that a link to a folder above ends.
const DEPTH_MAX: usize = 32;

/// Which rules and indicators are used.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuleArgs {
    /// Rules beside those that ship: a Sigma file, or a folder of them; repeat for several
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// Leave out the rules that ship with Trailkeep
    #[arg(long, visible_alias = "no-pack")]
    pub(crate) no_builtin: bool,
}

/// Rules as they were loaded.
pub(crate) struct Rules {
    pub(crate) set: Arc<RuleSet>,
    /// True if something was refused, and so is not looked for.
    pub(crate) is_partial: bool,
    /// Files, by name and content, for those who want to show them.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// Loads the rules that ship, those of the settings and those named, and tells of what is refused.
///
/// # Errors
/// If a path cannot be read, or there is no rule at all.
pub(crate) fn rules(args: &RuleArgs, settings: &Settings) -> Result<Rules> {
    rules_beside(&Indicators::default(), args, settings)
}

/// The same beside indicators, which are enough to look by.
///
/// # Errors
/// If a path cannot be read, or there is neither a rule nor an indicator.
pub(crate) fn rules_beside(indicators: &Indicators, args: &RuleArgs, settings: &Settings) -> Result<Rules> {
    let mut files = if args.no_builtin { Vec::new() } else { pack::rules() };
    for path in settings.detect.rules.iter().chain(&args.rules) {
        files.extend(read_rules(path)?);
    }
    if files.is_empty() && indicators.is_empty() {
        return Err(Fault::new("there are no rules to look by")
            .help("name a file or folder by `--rules PATH`, or a list by `--indicators FILE`"));
    }
    let loaded = RuleSet::load(&files, &settings.detect.placeholders);
    tell(&loaded);
    Ok(Rules { is_partial: !loaded.refusals.is_empty(), set: Arc::new(loaded.rules), files })
}

/// Loads the lists of the settings and those named. Returns whether something was refused as well.
///
/// # Errors
/// If a list cannot be read, or holds too much.
pub(crate) fn indicators(paths: &[PathBuf], settings: &Settings) -> Result<(Arc<Indicators>, bool)> {
    let mut lists = Vec::new();
    for path in settings.detect.indicators.iter().chain(paths) {
        lists.push((path.display().to_string(), read_file(path, LIST_BYTES_MAX)?));
    }
    let (indicators, refusals) =
        Indicators::load(&lists).map_err(|error| Fault::new("could not load the indicators").because(error))?;
    refusals.iter().for_each(|refusal| note("left out", refusal));
    Ok((Arc::new(indicators), !refusals.is_empty()))
}

fn tell(loaded: &Loaded) {
    loaded.warnings.iter().for_each(|warning| note("note", warning));
    loaded.refusals.iter().for_each(|refusal| note("refused", refusal));
    if loaded.skipped > 0 {
        let rules = crate::units::counted(loaded.skipped as u64, "rule");
        // A note is not worth failing for.
        writeln!(std::io::stderr(), "note: {rules} for other logs than CloudTrail left out").ok();
    }
}

fn note(what: &str, refusal: &Refusal) {
    // A note is not worth failing for.
    writeln!(std::io::stderr(), "{what}: {}", visible(&refusal.to_string())).ok();
}

/// Reads the rule files below a path, in the order of their names.
pub(crate) fn read_rules(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut paths = Vec::new();
    walk(path, 0, &mut paths)?;
    paths.sort();
    paths.into_iter().map(|path| Ok((path.display().to_string(), read_file(&path, RULE_BYTES_READ_MAX)?))).collect()
}

fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let fault =
        |error: std::io::Error| Fault::new(format!("could not read rules from `{}`", path.display())).because(error);
    if !fs::metadata(path).map_err(fault)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    if depth >= DEPTH_MAX {
        return Err(Fault::new(format!("folders of rules lie too deep at `{}`", path.display()))
            .help("a link may lead back to a folder above it"));
    }
    for entry in fs::read_dir(path).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let is_rule = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if is_rule || path.is_dir() {
            walk(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

/// Reads a file; of one that is longer than `bytes_max` that much and a byte more.
fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let fault = |error: std::io::Error| Fault::new(format!("could not read `{}`", path.display())).because(error);
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(fault)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}
