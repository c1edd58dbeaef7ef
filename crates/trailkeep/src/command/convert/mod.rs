//! `trailkeep convert --to FORMAT FILE...`: records in other people's words, from files to standard output. No lake.

mod ecs;
mod rows;
mod snare;

pub(crate) mod geo;
mod input;
mod messages;
mod opened;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use normalize::ecs::Retain;

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::units;

/// Convert records to ECS, Snare's table, CSV or JSON lines: a filter, without a lake
///
/// Reads log files, gzipped or not, and lines of records; writes one line for each record, in their order. ECS takes
/// lines as they are: an empty one gives the document of an empty message, one that is no record gives a document
/// whose `error.message` says so. The other formats leave out what is no event, and say so on standard error.
#[derive(Debug, Args)]
#[command(name = "convert")]
pub(crate) struct Convert {
    /// What to write
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: To,

    /// Tag of each ECS document; repeat for several. `actor_target_mapping` asks for the entity fields
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// When the records were read, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = ReadAt::parse)]
    read_at: Option<ReadAt>,

    /// Which copies of request and response an ECS document keeps: none, minimal, flattened, keyword, all
    #[arg(long, value_name = "COPIES", value_parser = parse_retain)]
    retain: Option<Retain>,

    /// MaxMind database of cities, for `source.geo` of ECS
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_GEO_CITY")]
    geo_city: Option<PathBuf>,

    /// MaxMind database of networks, for `source.as` of ECS
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_GEO_ASN")]
    geo_asn: Option<PathBuf>,

    /// Files to read; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// Elastic Common Schema, as Elastic's AWS integration writes it
    Ecs,
    /// Snare Central's table `AWSCloudTrailLog`: JSON lines, or CSV with `--output csv`
    Snare,
    /// The lake's columns as JSON lines
    Jsonl,
    /// The lake's columns as CSV
    Csv,
}

/// When records were read.
#[derive(Debug, Clone)]
struct ReadAt {
    /// As ECS shows it: a time in UTC as it was given.
    text: String,
    /// As Snare shows it: local time with its offset.
    local: String,
}

impl ReadAt {
    fn parse(text: &str) -> Result<ReadAt, String> {
        let wrong = |error| format!("`{text}` is no time: write one such as `2026-01-02T03:04:05.000Z` ({error})");
        let read_at = ReadAt::new(text.parse().map_err(wrong)?);
        let is_utc = text.ends_with('Z') && text.contains('T');
        Ok(if is_utc { ReadAt { text: text.to_owned(), ..read_at } } else { read_at })
    }

    fn now() -> ReadAt {
        ReadAt::new(Timestamp::now())
    }

    fn new(time: Timestamp) -> ReadAt {
        let local = Zoned::new(time, TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S.%9f%:z").to_string();
        ReadAt { text: format!("{time:.9}"), local }
    }
}

fn parse_retain(text: &str) -> Result<Retain, String> {
    Retain::parse(Some(text))
        .ok_or_else(|| format!("`{text}` is no such setting: write `none`, `minimal`, `flattened`, `keyword` or `all`"))
}

/// Most notes on what is left out, so that a file of something else does not flood the terminal.
const NOTES_MAX: u64 = 20;

/// What was written, and what could not be.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    left_out: u64,
    failed: u64,
    damaged: u64,
}

impl Tally {
    /// Tells of something that is left out.
    fn leave_out(&mut self, name: &str, message: &str) {
        self.left_out += 1;
        if self.left_out <= NOTES_MAX {
            note(&format!("left out of `{name}`: {message}"));
        }
    }

    /// Tells of a file that could not be read to its end.
    fn damage(&mut self, name: &str, message: &str) {
        self.damaged += 1;
        note(&format!("`{name}` could not be read to its end: {message}"));
    }

    fn finish(&self) -> Exit {
        if self.failed > 0 {
            let records = units::counted(self.records, "record");
            note(&format!("{} of {records} could not be mapped whole: `error.message` says why", self.failed));
        }
        if self.left_out > NOTES_MAX {
            note(&format!("left out: {} in all", self.left_out));
        }
        if self.left_out + self.damaged > 0 { Exit::Findings } else { Exit::Success }
    }
}

/// Writes a line to standard error. A note is not worth failing for.
fn note(text: &str) {
    writeln!(std::io::stderr(), "{}", crate::terminal::visible(text)).ok();
}

/// Converts file after file.
pub(crate) async fn run(command: Convert, settings: &Settings) -> Result<Exit> {
    let city = command.geo_city.as_ref().or(settings.geo_city.as_ref());
    let asn = command.geo_asn.as_ref().or(settings.geo_asn.as_ref());
    let mut tally = Tally::default();
    let mut stdout = output::stdout();
    let mut out = Out { bytes: Vec::with_capacity(OUT_BYTES * 2), to: &mut stdout };
    match command.to {
        To::Ecs => {
            let geo = geo::Databases::open(city.map(PathBuf::as_path), asn.map(PathBuf::as_path))?;
            let mapped = normalize::ecs::Settings { tags: command.tag, retain: command.retain.unwrap_or_default() };
            let mut documents = ecs::Documents::new(mapped, &geo, command.read_at);
            for file in &command.files {
                documents.convert(file, &mut out, &mut tally)?;
            }
            geo.report();
        }
        To::Snare => {
            let mut table = snare::Table::new(settings.format == Format::Csv, command.read_at);
            table.begin(&mut out);
            for file in &command.files {
                table.convert(file, &mut out, &mut tally)?;
            }
        }
        To::Jsonl | To::Csv => {
            let mut columns = rows::Columns::new(command.to == To::Csv);
            columns.begin(&mut out);
            for file in &command.files {
                columns.convert(file, &mut out, &mut tally)?;
            }
        }
    }
    out.flush()?;
    Ok(tally.finish())
}

/// Bytes that are gathered before they are written.
const OUT_BYTES: usize = 256 << 10;

/// Lines on their way to standard output.
struct Out<'w> {
    bytes: Vec<u8>,
    to: &'w mut dyn Write,
}

impl Out<'_> {
    /// Writes what has gathered, if it is worth it.
    fn pass_on(&mut self) -> Result<()> {
        if self.bytes.len() >= OUT_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.to.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.write()?;
        Ok(self.to.flush()?)
    }
}

fn unreadable(name: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::new(format!("could not read `{name}`")).because(error)
}
