//! `trailkeep coverage`: what AWS promised against what is stored, hour by hour.

mod heat_map;
mod json;
mod report;

use std::io::Write;

use clap::Args;
use event::arn::Region;
use inquiry::coverage::{Coverage, Question, coverage};
use jiff::Timestamp;

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::{open, output};

pub(crate) use heat_map::{Look, draw};

/// Show which log files AWS says it delivered, and which of them are in the lake
///
/// Digest files list the log files of each hour. They are collected with them (`collect` the folder above `CloudTrail` and
/// `CloudTrail-Digest`), and held here against what is stored: each account, Region and hour is a cell, and each hole is
/// named: log files that are missing or have other content than was promised, and hours whose digest is missing or counts
/// for nothing. Log files that no digest lists are counted apart.
///
/// Exit codes: 0 no holes, 1 holes, 2 error.
#[derive(Debug, Args)]
#[command(name = "coverage")]
pub(crate) struct CoverageArgs {
    /// Only this account, by ID or name; repeat for several
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Only this Region of events; repeat for several
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,

    /// Only what was delivered since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only what was delivered before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Asks and shows.
pub(crate) async fn run(command: CoverageArgs, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    let accounts = command.account.iter().map(|text| settings.accounts.find(text));
    let question = Question {
        accounts: accounts.collect::<Result<_>>()?,
        regions: command.region,
        since: time(&command.since)?,
        until: time(&command.until)?,
        now,
    };
    // Digests alone are worth a look as well, so a lake without events will do.
    let lake = open::lake(settings).await?;
    let ctx = lake.session(&settings.session_options())?;
    let found = coverage(&ctx, &question).await?;
    if found.groups.is_empty() && found.holes.is_empty() {
        return Err(Fault::new("nothing is known of log files there").help(
            "collect log files and digests, and look at `--account`, `--region`, `--since` and `--until`; a lake of an \
             older version learns of log files that are collected from now on",
        ));
    }
    show(&found, settings)?;
    Ok(if found.holes.is_empty() { Exit::Success } else { Exit::Findings })
}

fn show(found: &Coverage, settings: &Settings) -> Result<()> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Table => report::for_people(found, &settings.accounts, Look::of_terminal(), &mut stdout)?,
        Format::Json | Format::Jsonl => json::print(found, &mut stdout)?,
        // There is no table to print; people still see what was found.
        Format::Csv | Format::Raw => {
            report::for_people(found, &settings.accounts, Look::PLAIN, &mut std::io::stderr())?;
        }
    }
    Ok(stdout.flush()?)
}
