//! `trailkeep detect`: rules held against events, those of files or those that the lake has stored.

mod print;
pub(crate) mod stored;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use detect::Level;
use event::limits::Limits;
use event::time::EventTime;
use jiff::Timestamp;
use pipeline::hunt::{FileHunt, Found, Hunt, Scope, Tally, in_files};
use source::{Selection, Source, Uri};
use tokio::sync::mpsc;

use crate::command::collect;
use crate::command::rules::load::{self, RuleArgs};
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::{count, counted};

/// Parts of findings that wait to be printed.
pub(crate) const PARTS_WAITING: usize = 16;

/// Find what rules and indicators describe, in the lake or in files
///
/// With files: every event of theirs is looked at, without a lake. Nothing is dropped as a duplicate or suppressed, each
/// file is looked at by itself, and what is no event still meets rules about single events. Without: all events of the
/// lake in the order of their time. What is found is kept in the table `findings`, where it takes the place of what was
/// found before; suppressions are heeded.
///
/// Rules are those that ship with Trailkeep, Sigma's of `--rules`, and lists of `--indicators`. A rule that cannot be
/// used is refused on standard error with its place, and the others run.
///
/// In the configuration `[detect]` has `rules` and `indicators`, lists of paths that are always used, `after_collect`, and the
/// lists that rules read by `%name%`: `known_networks = ["203.0.113.0/24"]`, `trail_buckets = ["my-trail"]`,
/// `session_name_roles = ["arn:aws:iam::*:role/Admin*"]`, roles whose sessions must be named after their user.
///
/// Exit codes: 0 nothing found, 1 something found, 2 error: also where a rule or an indicator was refused or a file could
/// not be read, since then not everything was looked for.
#[derive(Debug, Args)]
#[command(name = "detect")]
pub(crate) struct Detect {
    /// Files, folders, `s3://bucket/prefix`, or `-`; none for the lake
    #[arg(value_name = "URI")]
    uris: Vec<OsString>,

    #[command(flatten)]
    rules: RuleArgs,

    /// A list of indicators, CSV or STIX 2.1; repeat for several
    #[arg(long, value_name = "FILE")]
    indicators: Vec<PathBuf>,

    /// Only what was found since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only what was found before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Only what was found in this account, by ID or name; repeat for several
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Only findings at least as grave
    #[arg(long, value_name = "LEVEL", value_enum)]
    level: Option<LevelArg>,

    /// Show findings that a rule suppresses as well, with the reason
    #[arg(long)]
    suppressed: bool,

    /// Do not keep what is found in the lake
    #[arg(long)]
    no_store: bool,
}

/// How grave a finding is, as Sigma counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Level {
        match level {
            LevelArg::Informational => Level::Informational,
            LevelArg::Low => Level::Low,
            LevelArg::Medium => Level::Medium,
            LevelArg::High => Level::High,
            LevelArg::Critical => Level::Critical,
        }
    }
}

/// Looks and prints.
pub(crate) async fn run(command: Detect, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let scope = scope(&command, settings, now)?;
    let (indicators, is_cut) = load::indicators(&command.indicators, settings)?;
    let rules = load::rules_beside(&indicators, &command.rules, settings)?;
    let hunt = Hunt { rules: rules.set, indicators, scope, now: moment(now) };
    let (parts, found) = mpsc::channel(PARTS_WAITING);
    let mut printer = print::Printer::new(settings, command.suppressed);
    let mut stdout = output::stdout();
    let tally = if command.uris.is_empty() {
        let keeps = if command.no_store { stored::Keeps::Nothing } else { stored::Keeps::Itself };
        let plan = stored::Plan { keeps, tells: true };
        let work = stored::hunt(hunt, plan, settings, now, parts);
        let (tally, printed) = tokio::join!(work, print_all(found, &mut printer, &mut stdout));
        printed?;
        tally?
    } else {
        let files = files(&command, settings).await?;
        let work = tokio::spawn(in_files(hunt, files, parts));
        print_all(found, &mut printer, &mut stdout).await?;
        work.await.map_err(|error| Fault::new("the look at the files ended before its time").because(error))??
    };
    printer.end(&mut stdout)?;
    stdout.flush()?;
    tell(&tally);
    let is_partial = rules.is_partial || is_cut || !tally.failed.is_empty();
    Ok(match (is_partial, printer.found()) {
        (true, _) => Exit::Error,
        (false, 0) => Exit::Success,
        (false, _) => Exit::Findings,
    })
}

async fn print_all(
    mut found: mpsc::Receiver<Vec<Found>>,
    printer: &mut print::Printer,
    out: &mut dyn Write,
) -> Result<()> {
    while let Some(part) = found.recv().await {
        printer.part(&part, out)?;
        out.flush()?;
    }
    Ok(())
}

/// Turns a time of the clock into one of events.
pub(crate) fn moment(time: Timestamp) -> EventTime {
    EventTime::from_micros(time.as_microsecond())
}

fn scope(command: &Detect, settings: &Settings, now: Timestamp) -> Result<Scope> {
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    Ok(Scope {
        since: time(&command.since)?.map(moment),
        until: time(&command.until)?.map(moment),
        accounts: command.account.iter().map(|text| settings.accounts.find(text)).collect::<Result<_>>()?,
        level: command.level.map(Level::from),
    })
}

async fn files(command: &Detect, settings: &Settings) -> Result<FileHunt> {
    let mut sources = Vec::new();
    for uri in &command.uris {
        sources.push(Source::open(Uri::parse(uri)?, &settings.aws).await?);
    }
    Ok(FileHunt { sources, selection: Selection::default(), limits: Limits::default(), workers: collect::workers() })
}

/// Tells on standard error of what was looked at, and of what was not.
pub(crate) fn tell(tally: &Tally) {
    let mut lines = Vec::new();
    let mut looked = format!("looked at {}", counted(tally.events, "event"));
    if tally.files > 0 {
        looked += &format!(" in {}", counted(tally.files, "file"));
    }
    lines.push(looked);
    if tally.rejects > 0 {
        let pieces = counted(tally.rejects, "piece");
        lines.push(format!("{pieces} that are no events met rules about single events only"));
    }
    for (uri, why) in &tally.failed {
        lines.push(format!("could not read `{uri}`: {why}"));
    }
    let bounded = &tally.bounded;
    let forgotten = [
        (bounded.groups, "groups were forgotten early: there were too many"),
        (bounded.window_events, "events left a window early: it held too many"),
        (bounded.terms, "first-seen terms were forgotten: there were too many"),
        (bounded.decided_early, "matches were decided before all events of their date were known: there were too many"),
        (bounded.edges, "calls that issue credentials were left out: there were too many, and origins may be missing"),
        (bounded.sights, "events are shown without name and origin: there were too many"),
    ];
    lines.extend(
        forgotten.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{} {what}", count(*number))),
    );
    for line in lines {
        // A note is not worth failing for.
        writeln!(std::io::stderr(), "{}", visible(&line)).ok();
    }
}
