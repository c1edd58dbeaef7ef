//! `trailkeep who THING`: who is behind an event, a key, an address; what a user or a role did.

mod print;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use inquiry::who::{Answer, Question, Thing, candidates, parse, who};
use jiff::Timestamp;
use lineage::sessions::EDGES_MAX;

use crate::cli::Format;
use crate::command::rules::load;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::units::counted;
use crate::{open, output};

/// Events of a timeline, unless said otherwise.
const TIMELINE_DEFAULT: u64 = 200;

/// See who is behind something, and what they did
///
/// THING is `user:alice`, `key:AKIA...`, `ip:203.0.113.9`, `role:Deploy`, `session:NAME`, `resource:my-bucket`,
/// `event:ID`, or an ARN. Keys, addresses, event IDs and ARNs are known by their form; another bare word may be several
/// things, which are listed then.
#[derive(Debug, Args)]
#[command(name = "who")]
pub(crate) struct Who {
    /// What to ask about
    #[arg(value_name = "THING")]
    thing: String,

    /// Only what was done since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only what was done before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Show the events in their order as well, so many at most
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200")]
    timeline: Option<u64>,

    /// A list of indicators to hold against it, CSV or STIX 2.1; repeat for several
    #[arg(long, value_name = "FILE")]
    indicators: Vec<PathBuf>,
}

/// Asks and prints.
pub(crate) async fn run(command: Who, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    let (since, until) = (time(&command.since)?, time(&command.until)?);
    let parsed = parse(&command.thing)?;
    let (indicators, _) = load::indicators(&command.indicators, settings)?;
    bring_up_to_date(settings, now).await?;
    let (lake, ctx) = open::session(settings).await?;
    let thing = match parsed {
        Some(thing) => thing,
        None => match one(&ctx, &command.thing).await? {
            Some(thing) => thing,
            None => return Ok(Exit::Findings),
        },
    };
    let sessions = lake.sessions(EDGES_MAX).await?;
    let timeline_max = command.timeline.map_or(0, |max| if max == 0 { TIMELINE_DEFAULT } else { max });
    let question = Question { thing, since, until, timeline_max };
    let answer = who(&ctx, &question, &sessions, &indicators).await?;
    show(&answer, settings)?;
    Ok(Exit::Success)
}

/// Reads what was stored since the table `sessions` was last brought up to date. While another process writes to the lake
/// that is its work.
async fn bring_up_to_date(settings: &Settings, now: Timestamp) -> Result<()> {
    open::lake(settings).await?;
    let location = settings.location().await?;
    let opened = lake::Writer::open(&location, crate::command::detect::moment(now)).await;
    let writer = match opened {
        Ok(writer) => std::sync::Arc::new(writer),
        Err(error) if error.kind() == lake::error::ErrorKind::Locked => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    pipeline::sessions::consume(&writer, &location, &settings.session_options()).await?;
    writer.close().await;
    Ok(())
}

/// Finds out what a bare word means, or lists what it may mean.
async fn one(ctx: &datafusion::execution::context::SessionContext, word: &str) -> Result<Option<Thing>> {
    let mut found = candidates(ctx, word).await?;
    match found.len() {
        0 => Err(Fault::new(format!("nothing in the lake is called `{word}`"))
            .help("write `user:NAME`, `key:ID`, `ip:ADDRESS`, `role:NAME`, `session:NAME`, `resource:NAME`, `event:ID` or an ARN")),
        1 => Ok(found.pop().map(|(thing, _)| thing)),
        _ => {
            let mut err = std::io::stderr();
            writeln!(err, "`{word}` may be several things; ask for one of them:")?;
            for (_, candidate) in &found {
                writeln!(err, "  trailkeep who {}  ({})", candidate.thing, counted(candidate.events, "event"))?;
            }
            Ok(None)
        }
    }
}

fn show(answer: &Answer, settings: &Settings) -> Result<()> {
    let mut out = output::stdout();
    match settings.format {
        Format::Table => print::for_people(answer, &settings.accounts, &mut out)?,
        Format::Json | Format::Jsonl | Format::Csv | Format::Raw => {
            serde_json::to_writer(&mut out, answer).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(out.flush()?)
}
