//! `trailkeep rules test`: rule files held to the cases beside them.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use pipeline::hunt::cases::{Cases, check};

use super::{load, pack};
use crate::command::detect::moment;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::counted;

/// Run the cases beside rule files: those of the rules that ship, or of a folder
///
/// The cases of `NAME.yml` stand in `NAME.cases.ndjson`, a JSON object a line: `expect` (`match` or `no match`), `why`,
/// `event` or `events`, and with `match` the `outcome`. Exit codes: 0 all hold, 1 some do not or a file has none, 2 error.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// A rule file, or a folder of them [default: the rules that ship]
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
}

/// Runs the cases and tells which do not hold.
pub(super) fn run(command: &Test, settings: &Settings) -> Result<Exit> {
    let files = match &command.path {
        Some(path) => load::read_rules(path)?,
        None => pack::rules(),
    };
    if files.is_empty() {
        return Err(Fault::new("there are no rule files to test").help("name a folder with files `NAME.yml`"));
    }
    let now = moment(Timestamp::now());
    let mut out = output::stdout();
    let (mut total, mut bare) = (Cases::default(), 0_u64);
    for (name, rule) in &files {
        let cases = match &command.path {
            Some(_) => cases_beside(Path::new(name))?,
            None => pack::cases(name),
        };
        let Some(cases) = cases else {
            bare += 1;
            writeln!(out, "{}: no cases beside it", visible(name))?;
            continue;
        };
        let found = check(name, rule, &cases, &settings.detect.placeholders, now)?;
        for (line, why) in &found.wrong {
            writeln!(out, "{}: case in line {line}: {}", visible(name), visible(why))?;
        }
        total.held += found.held;
        total.wrong.extend(found.wrong);
    }
    writeln!(
        out,
        "{}: {} hold, {} do not; {} without cases",
        counted(files.len() as u64, "rule file"),
        counted(total.held, "case"),
        total.wrong.len(),
        bare
    )?;
    out.flush()?;
    Ok(if total.wrong.is_empty() && bare == 0 { Exit::Success } else { Exit::Findings })
}

/// Reads the cases beside a rule file, if there are any.
fn cases_beside(rule: &Path) -> Result<Option<String>> {
    let path = rule.with_extension("cases.ndjson");
    match std::fs::read_to_string(&path) {
        Ok(cases) => Ok(Some(cases)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::new(format!("could not read the cases `{}`", path.display())).because(error)),
    }
}
