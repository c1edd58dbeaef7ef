//! `trailkeep lake files|compact|retention`: the lake's own upkeep, and its files for other programs.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use clap::{Args, Subcommand};
use event::time::{DAY, EventTime};
use jiff::Timestamp;
use lake::{Compaction, FileFacts, Writer};

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
}

/// Merge the small files of each date into few, sorted by time
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

/// Runs one of them.
pub(crate) async fn run(command: LakeCommand, settings: &Settings) -> Result<Exit> {
    match command {
        LakeCommand::Files => files(settings).await,
        LakeCommand::Compact(command) => compact(&command, settings).await,
        LakeCommand::Retention(command) => retention(&command, settings).await,
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
        )
    })
}

async fn retention(command: &Retention, settings: &Settings) -> Result<Exit> {
    let before = inquiry::time::parse(&command.before, Timestamp::now())?;
    let before = before.as_microsecond().div_euclid(DAY);
    let before = i32::try_from(before).map_err(|_| Fault::new(format!("`{}` is out of range", command.before)))?;
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
