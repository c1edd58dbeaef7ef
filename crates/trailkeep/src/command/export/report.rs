//! The closing report of an export, for people and for programs.

use std::io::{self, Write};

use pipeline::export::Report;
use serde::Serialize;

use super::destination::{Destination, To};
use super::words::Form;
use crate::cli::Format;
use crate::fault::Result;
use crate::output;
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::{count, counted, seconds};

/// Refused payloads shown to people; programs get more by `--output json`.
const SHOWN: usize = 10;

/// Prints what was done, and names what needs a look. Standard output is the report's only if no events went there.
pub(super) fn show(report: &Report, destination: &Destination, form: Form, settings: &Settings) -> Result<()> {
    if matches!(destination.to, To::Stdout) {
        return Ok(());
    }
    let mut stdout = output::stdout();
    match settings.format {
        Format::Table => for_people(report, destination, &mut stdout)?,
        Format::Json | Format::Jsonl => {
            for_people(report, destination, &mut io::stderr())?;
            for_programs(report, destination, form, &mut stdout)?;
        }
        Format::Csv | Format::Raw => for_people(report, destination, &mut io::stderr())?,
    }
    Ok(stdout.flush()?)
}

fn for_people(report: &Report, destination: &Destination, out: &mut dyn Write) -> io::Result<()> {
    let shown = visible(&destination.shown);
    writeln!(out, "Exported {} to `{shown}` in {}.", counted(report.events, "event"), seconds(report.seconds))?;
    match destination.to {
        To::Files(_) => writeln!(out, "  {} in all", counted(report.parts, "file"))?,
        To::Objects(_) => writeln!(out, "  {} in all", counted(report.parts, "object"))?,
        _ => writeln!(out, "  {} taken, {} there already", count(report.accepted), count(report.already_there))?,
    }
    if report.refused.total == 0 {
        return Ok(());
    }
    writeln!(out, "  {} refused for good:", count(report.refused.total))?;
    for (id, offset, reason) in report.refused.named.iter().take(SHOWN) {
        writeln!(out, "    event {offset} (`{}`): {}", visible(id), visible(reason))?;
    }
    let more = report.refused.total.saturating_sub(SHOWN as u64);
    if more > 0 {
        writeln!(out, "    and {} more", count(more))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Object<'r> {
    destination: &'r str,
    format: &'r str,
    events: u64,
    accepted: u64,
    already_there: u64,
    refused: u64,
    refused_events: Vec<RefusedEvent<'r>>,
    /// Number of the last event that is settled.
    seq: Option<u64>,
    parts: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct RefusedEvent<'r> {
    id: &'r str,
    seq: u64,
    reason: &'r str,
}

fn for_programs(report: &Report, destination: &Destination, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let refused = report.refused.named.iter();
    let object = Object {
        destination: &destination.shown,
        format: form.name(),
        events: report.events,
        accepted: report.accepted,
        already_there: report.already_there,
        refused: report.refused.total,
        refused_events: refused.map(|(id, seq, reason)| RefusedEvent { id, seq: *seq, reason }).collect(),
        seq: report.offset,
        parts: report.parts,
        seconds: report.seconds,
    };
    serde_json::to_writer(&mut *out, &object)?;
    writeln!(out)
}
