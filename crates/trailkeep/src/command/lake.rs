//! `trailkeep lake files|compact|retention`: the lake's own upkeep, and its files for other programs.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use clap::{Args, Subcommand};
use event::time::{DAY, EventTime};
use jiff::Timestamp;
use lake::{Compaction, FileFacts, Hold, Writer};

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::open;
use crate::output::{self, Style};
use crate::settings::Settings;
use crate::units::{bytes, counted, parse_bytes};

/// Look after the lake, or hand its files to other programs
#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// List the live files of the table `events`
    ///
    /// For programs that read Parquet and not Delta. Never read the folder by a pattern instead: it also holds files
    /// that are no longer live, and events would count twice. `--output raw` prints the paths alone.
    Files,
    Compact(Compact),
    Retention(Retention),
    Hold(PutHold),
    /// Lift a hold, so that retention may delete its dates again
    Release {
        /// Name of the hold
        name: String,
    },
    /// List the holds that protect dates from retention
    Holds,
}

/// Merge the small files of each date into few, sorted by time; and those of rejects and log files
#[derive(Debug, Args)]
pub(crate) struct Compact {
    /// Merge the files of a date once there are this many
    #[arg(long, value_name = "N", default_value_t = Compaction::default().files_min)]
    files_min: usize,

    /// Leave files of at least this size as they are [default: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    file_bytes_max: Option<u64>,
}

/// Delete the events of whole dates that are old enough
///
/// Dates under a hold stay, and are named. Bytes leave the disk a week later, so that readers can end in peace.
#[derive(Debug, Args)]
pub(crate) struct Retention {
    /// Delete dates before this one: `2025-01-01`, or so long ago: `365d`
    #[arg(long, value_name = "TIME")]
    before: String,

    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
}

/// Protect dates from retention, or change the hold of that name
#[derive(Debug, Args)]
pub(crate) struct PutHold {
    /// Name by which the hold is lifted again, such as the case's number
    name: String,

    /// First date
    #[arg(long, value_name = "DATE")]
    from: String,

    /// Last date, itself protected
    #[arg(long, value_name = "DATE")]
    to: String,

    /// Why: the case, the order, who asked
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs one of them.
pub(crate) async fn run(command: LakeCommand, settings: &Settings) -> Result<Exit> {
    match command {
        LakeCommand::Files => files(settings).await,
        LakeCommand::Compact(command) => compact(&command, settings).await,
        LakeCommand::Retention(command) => retention(&command, settings).await,
        LakeCommand::Hold(command) => put_hold(command, settings).await,
        LakeCommand::Release { name } => release(&name, settings).await,
        LakeCommand::Holds => holds(settings).await,
    }
}

async fn files(settings: &Settings) -> Result<Exit> {
    let files = open::lake(settings).await?.live_files();
    let texts =
        |of: fn(&FileFacts) -> Option<&str>| Arc::new(files.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let numbers = |of: fn(&FileFacts) -> u64| Arc::new(UInt64Array::from_iter_values(files.iter().map(of))) as ArrayRef;
    let mut columns = vec![("file", texts(|file| Some(file.uri.as_str())), false)];
    if settings.format != Format::Raw {
        columns.push(("date", texts(|file| file.date.as_deref()), true));
        columns.push(("rows", numbers(|file| file.rows), false));
        columns.push(("bytes", numbers(|file| file.bytes), false));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let style = Style::stdout(settings.format, settings.null);
    output::print_batches(&batch.schema(), std::slice::from_ref(&batch), style, &mut output::stdout())?;
    Ok(Exit::Success)
}

async fn compact(command: &Compact, settings: &Settings) -> Result<Exit> {
    let writer = writer(settings).await?;
    let file_bytes_max = command.file_bytes_max.unwrap_or(Compaction::default().file_bytes_max);
    let report = writer.compact(Compaction { files_min: command.files_min, file_bytes_max }).await;
    writer.close().await;
    let report = report?;
    say(settings, &report, |out| {
        writeln!(
            out,
            "Merged {} into {} on {}: {}, {} before, {} now.",
            counted(report.files_before, "file"),
            report.files_after,
            counted(report.dates, "date"),
            counted(report.events, "event"),
            bytes(report.bytes_before),
            bytes(report.bytes_after)
        )?;
        let other = report.other_tables;
        if other.files_before > 0 {
            let files = counted(other.files_before, "file");
            writeln!(out, "Merged {files} of rejects and log files into {}.", other.files_after)?;
        }
        Ok(())
    })
}

async fn retention(command: &Retention, settings: &Settings) -> Result<Exit> {
    let before = date(&command.before)?;
    let writer = writer(settings).await?;
    let report = writer.retention(before, command.dry_run).await;
    writer.close().await;
    let report = report?;
    say(settings, &report, |out| {
        let verb = if command.dry_run { "Would delete" } else { "Deleted" };
        let (events, dates) = (counted(report.events, "event"), counted(report.deleted_dates.len() as u64, "date"));
        writeln!(out, "{verb} {events} of {dates} in {} ({}).", counted(report.files, "file"), bytes(report.bytes))?;
        for (date, hold) in &report.held_dates {
            writeln!(out, "  kept {date}: under the hold `{hold}`")?;
        }
        Ok(())
    })
}

async fn put_hold(command: PutHold, settings: &Settings) -> Result<Exit> {
    let (first_date, last_date) = (date(&command.from)?, date(&command.to)?);
    if last_date < first_date {
        return Err(Fault::new(format!("`--to {}` lies before `--from {}`", command.to, command.from)));
    }
    let hold = Hold { name: command.name, first_date, last_date, reason: command.reason };
    let writer = writer(settings).await?;
    let put = writer.put_hold(&hold);
    writer.close().await;
    put?;
    say(settings, &hold, |out| writeln!(out, "{}", line(&hold)))
}

async fn release(name: &str, settings: &Settings) -> Result<Exit> {
    let writer = writer(settings).await?;
    let (lifted, holds) = (writer.lift_hold(name), writer.holds());
    writer.close().await;
    if !lifted? {
        let names: Vec<String> = holds?.into_iter().map(|hold| format!("`{}`", hold.name)).collect();
        let known =
            if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) };
        return Err(Fault::new(format!("there is no hold `{name}`: {known}")));
    }
    say(settings, &serde_json::json!({ "released": name }), |out| writeln!(out, "Released `{name}`."))
}

async fn holds(settings: &Settings) -> Result<Exit> {
    let writer = writer(settings).await?;
    let holds = writer.holds();
    writer.close().await;
    let holds = holds?;
    say(settings, &holds, |out| match holds.as_slice() {
        [] => writeln!(out, "No holds: retention may delete every date."),
        holds => holds.iter().try_for_each(|hold| writeln!(out, "{}", line(hold))),
    })
}

/// A hold as people read it.
fn line(hold: &Hold) -> String {
    let date =
        |date: i32| EventTime::from_micros(i64::from(date) * DAY).to_string().chars().take(10).collect::<String>();
    format!("{}: {} to {}, {}", hold.name, date(hold.first_date), date(hold.last_date), hold.reason)
}

/// Reads a date, in days since 1970.
fn date(text: &str) -> Result<i32> {
    let time = inquiry::time::parse(text, Timestamp::now())?;
    i32::try_from(time.as_microsecond().div_euclid(DAY)).map_err(|_| Fault::new(format!("`{text}` is out of range")))
}

/// Opens the lake for writing; upkeep does not make one.
async fn writer(settings: &Settings) -> Result<Arc<Writer>> {
    drop(open::lake(settings).await?);
    let now = EventTime::from_micros(Timestamp::now().as_microsecond());
    Ok(Arc::new(Writer::open(&settings.location().await?, now).await?))
}

/// Prints a report for people, or as an object of JSON.
fn say(
    settings: &Settings,
    report: &impl serde::Serialize,
    for_people: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<Exit> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Json | Format::Jsonl => {
            serde_json::to_writer(&mut stdout, report).map_err(std::io::Error::from)?;
            writeln!(stdout)?;
        }
        Format::Table | Format::Csv | Format::Raw => for_people(&mut stdout)?,
    }
    stdout.flush()?;
    Ok(Exit::Success)
}
