//! `trailkeep collect URI...`: log files into the lake, with progress and a report that leaves nothing out.

mod follow;
pub(crate) mod handed;
pub(crate) mod prove;
mod report;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use event::arn::Region;
use event::limits::Limits;
use event::time::EventTime;
use jiff::Timestamp;
use lake::Writer;
use lake::error::ErrorKind;
use lake::location::Location;
use pipeline::collect::{Bounds, Collect, Progress, Report, collect};
use pipeline::prove::Proofs;
use serde::{Deserialize, Serialize};
use source::{Selection, Source, Uri};

use crate::cli::Format;
use crate::command::collect::prove::Given;
use crate::command::detect;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::interrupt::Interrupts;
use crate::output;
use crate::progress::{Bar, Pace};
use crate::settings::Settings;
use crate::units::parse_bytes;

/// Collect CloudTrail log files into the lake
///
/// Log files may be gzipped or not, single or in folders of any layout; what was collected before is not read again.
/// Every record is stored, or it is a reject with its place and reason, to be seen by
/// `trailkeep query "SELECT * FROM rejects"`.
///
/// `--since`, `--until`, `--account` and `--region` leave out log files whose place says that they hold no such events;
/// they do not filter inside a log file. Exit codes: 0 all is stored, 1 with rejects, skips or conflicts, 2 could not
/// finish.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(name = "collect")]
pub(crate) struct CollectArgs {
    /// A folder, a file, `s3://bucket/prefix`, or `-` for standard input
    #[arg(value_name = "URI", required = true)]
    uris: Vec<OsString>,

    /// Only log files of events since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only log files of events before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Only log files of this account, by ID or name; repeat for several
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Only log files of events in this Region; repeat for several. The bucket's own Region is `--aws-region`
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,

    /// File with CloudTrail's public keys, as `aws cloudtrail list-public-keys` prints them, to prove digest files by;
    /// repeat for several [default: CloudTrail is asked about digests from buckets]. The lake keeps those that its digests
    /// name
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,

    /// File with the signatures of digest files that are read from a copy: an object of JSON from `bucket/key` to
    /// `signature` and `signature-algorithm`; repeat for several
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata: Vec<PathBuf>,

    /// Go on watching the folders and buckets for new log files until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// With `--follow`: how long to wait before looking again, such as `500ms`, `10s`, `5m`
    #[arg(long, value_name = "DURATION", env = "TRAILKEEP_POLL_INTERVAL", default_value = "30s", value_parser = follow::parse_interval)]
    poll_interval: Duration,

    /// Look at the dates of what is new with the rules, and keep what is found, as `trailkeep detect` does, with `--follow`
    /// each time that something is new; in the configuration `after_collect = true` in `[detect]`
    #[arg(long)]
    detect: bool,

    /// Threads that open and prepare log files [default: one for each processor]
    #[arg(long, value_name = "N", env = "TRAILKEEP_WORKERS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// Most bytes of one log file, inflated; the rest of a larger one is a reject [default: 4GiB]
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_OBJECT_BYTES_MAX", value_parser = parse_bytes, hide_short_help = true)]
    object_bytes_max: Option<u64>,

    /// Most bytes of one record; a longer one is a reject [default: 16MiB]
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_RECORD_BYTES_MAX", value_parser = parse_bytes, hide_short_help = true)]
    record_bytes_max: Option<u64>,

    /// Most bytes that are kept of a reject [default: 64KiB]
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_REJECT_BYTES_MAX", value_parser = parse_bytes, hide_short_help = true)]
    reject_bytes_max: Option<u64>,
}

/// Collects and reports.
pub(crate) async fn run(command: CollectArgs, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let keys = [command.keys.as_slice(), &settings.keys].concat();
    let given = Given::read(&keys, &command.metadata)?.or_ask(&settings.aws);
    let plan = plan(&command, settings, now).await?;
    let from_bucket = plan.sources.iter().any(|source| matches!(source.uri(), Uri::S3 { .. }));
    let progress = Arc::new(Progress::default());
    let location = settings.location().await?;
    if command.follow {
        let hunts = command.detect || settings.detect.after_collect;
        let watch = follow::Watch { interval: command.poll_interval, given, rules: hunts.then_some(settings) };
        let (report, proofs) = follow::into_lake(&location, plan, now, watch).await?;
        show(&report, &proofs, settings)?;
        return Ok(exit(&report));
    }
    if let Some((report, proofs)) = handed::over(&command, settings, &location, progress.clone()).await? {
        return end(&report, &proofs, &progress, settings);
    }
    let hunts = command.detect || settings.detect.after_collect;
    let before = if hunts { detect::stored::last_seq(&location).await? } else { -1 };
    let report = into_lake(&location, plan, now, progress.clone()).await?;
    let has_digests = report.digests > 0 || !given.is_empty() || (from_bucket && given.asks());
    let proofs = if has_digests { given.prove_lake(&location, now).await? } else { Proofs::default() };
    if hunts && report.stored > 0 {
        detect::stored::hunt_above(before, settings, now, detect::stored::Keeps::Itself).await?;
    }
    end(&report, &proofs, &progress, settings)
}

/// Shows what came of it.
fn end(report: &Report, proofs: &Proofs, progress: &Progress, settings: &Settings) -> Result<Exit> {
    show(report, proofs, settings)?;
    if progress.stop.load(Ordering::Relaxed) {
        return Err(Fault::new("the collection was stopped before its end")
            .help("what the report counts is stored; the same command goes on from there"));
    }
    Ok(exit(report))
}

fn exit(report: &Report) -> Exit {
    let is_complete = report.failed_total == 0;
    match (is_complete, report.is_clean()) {
        (false, _) => Exit::Error,
        (true, false) => Exit::Findings,
        (true, true) => Exit::Success,
    }
}

/// Collects into a lake, which is made if there is none, and shows progress on a terminal. Ctrl-C ends it in good order.
///
/// # Errors
/// If the lake cannot be written; what was committed by then stays.
pub(crate) async fn into_lake(
    location: &Location,
    plan: Collect,
    now: Timestamp,
    progress: Arc<Progress>,
) -> Result<Report> {
    let writer = open(location, now).await?;
    let bar = Bar::start(progress.clone(), Pace::Events);
    let stopper = tokio::spawn(stop_on_interrupt(Interrupts::listen()?, progress.clone()));
    let report = collect(writer.clone(), plan, progress).await;
    stopper.abort();
    bar.finish().await;
    let consumed = match &report {
        Ok(_) => consume(&writer, location).await,
        Err(_) => Ok(()),
    };
    writer.close().await;
    let report = report.map_err(|error| stopped(error, location))?;
    consumed.map(|()| report)
}

/// Has the consumers of the lake's events take up what is new.
pub(crate) async fn consume(writer: &Writer, location: &Location) -> Result<()> {
    let consumed = pipeline::sessions::consume(writer, location, &lake::Lake::session_options(None)).await;
    consumed.map(drop).map_err(|error| stopped(error, location))
}

async fn open(location: &Location, now: Timestamp) -> Result<Arc<Writer>> {
    let opened = Writer::open(location, EventTime::from_micros(now.as_microsecond())).await;
    opened.map(Arc::new).map_err(|error| stopped(error, location))
}

/// Says what to do where a full disk is what ended a collection.
fn stopped(error: impl std::error::Error + Into<Fault> + 'static, location: &Location) -> Fault {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut is_full = false;
    while let Some(error) = cause {
        is_full |= error.downcast_ref::<lake::error::Error>().is_some_and(|error| error.kind() == ErrorKind::Full);
        cause = error.source();
    }
    let fault = error.into();
    if !is_full {
        return fault;
    }
    fault.help(format!(
        "make room on the disk of `{}`, then run the same command again: what is stored stays, the rest is read again",
        location.data().display()
    ))
}

/// Asks for an early end at the first Ctrl-C; the second ends the process, which the lake survives as well.
async fn stop_on_interrupt(mut interrupts: Interrupts, progress: Arc<Progress>) {
    interrupts.next().await;
    progress.stop.store(true, Ordering::Relaxed);
    // Standard error may be gone; the collection ends in either case.
    writeln!(std::io::stderr(), "\nending: what is read by now is being stored; Ctrl-C again ends at once").ok();
    interrupts.next().await;
    std::process::exit(2);
}

pub(crate) async fn plan(command: &CollectArgs, settings: &Settings, now: Timestamp) -> Result<Collect> {
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    let accounts = command.account.iter().map(|text| settings.accounts.find(text));
    let selection = Selection {
        since: time(&command.since)?,
        until: time(&command.until)?,
        accounts: accounts.collect::<Result<_>>()?,
        regions: command.region.clone(),
    };
    let mut sources = Vec::new();
    for uri in &command.uris {
        sources.push(Source::open(Uri::parse(uri)?, &settings.aws).await?);
    }
    let most =
        |flag: Option<u64>, default: usize| flag.map_or(default, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let limits = Limits::default();
    let limits = Limits {
        object_bytes_max: command.object_bytes_max.unwrap_or(limits.object_bytes_max),
        record_bytes_max: most(command.record_bytes_max, limits.record_bytes_max),
        reject_bytes_max: most(command.reject_bytes_max, limits.reject_bytes_max),
        ..limits
    };
    let workers = command.workers.map_or_else(workers, usize::from);
    Ok(Collect { sources, selection, bounds: Bounds { limits, ..Bounds::default() }, workers })
}

/// Returns as many workers as there are processors.
pub(crate) fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Prints the report: for people on standard output where that is a table, else on standard error beside the object.
fn show(report: &Report, proofs: &Proofs, settings: &Settings) -> Result<()> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Table => report::for_people(report, proofs, &mut stdout)?,
        Format::Json | Format::Jsonl => {
            report::for_people(report, proofs, &mut std::io::stderr())?;
            report::for_programs(report, proofs, &mut stdout)?;
        }
        Format::Csv | Format::Raw => report::for_people(report, proofs, &mut std::io::stderr())?,
    }
    Ok(stdout.flush()?)
}
