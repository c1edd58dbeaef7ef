//! The closing report of a collection, for people and for programs.

use std::io::{self, Write};

use pipeline::collect::Report;
use pipeline::prove::Proofs;
use serde::Serialize;

use crate::command::collect::prove;
use crate::terminal::visible;
use crate::units::{bytes, count, counted, seconds};

/// Places shown of each kind; programs get more by `--output json`.
const SHOWN: usize = 10;

/// Prints what was done, and names what needs a look.
pub(super) fn for_people(report: &Report, proofs: &Proofs, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Stored {} in {}.", counted(report.stored, "event"), seconds(report.seconds))?;
    writeln!(
        out,
        "  {} seen, {} read ({}, {} inflated), {} known from before",
        counted(report.files_seen, "file"),
        count(report.files_read),
        bytes(report.bytes),
        bytes(report.content_bytes),
        count(report.files_known)
    )?;
    if report.stored > 0 {
        writeln!(out, "  {} events/s", count(events_per_second(report)))?;
    }
    if report.duplicates > 0 {
        writeln!(out, "  {}, stored once", counted(report.duplicates, "duplicate"))?;
    }
    if report.digests > 0 {
        writeln!(out, "  {} met", counted(report.digests, "digest file"))?;
    }
    prove::for_people(proofs, out)?;
    if report.conflicts > 0 {
        let conflicts = counted(report.conflicts, "conflict");
        writeln!(out, "  {conflicts}: the ID of a stored event with other content, both kept; see table `conflicts`")?;
    }
    if report.rejects > 0 {
        let are = if report.rejects == 1 { "is no event" } else { "are no events" };
        writeln!(out, "  {} that {are}, kept in table `rejects`:", counted(report.rejects, "piece"))?;
        let samples = report.reject_samples.iter().map(|(place, reason)| (place.as_str(), reason.as_str()));
        list(samples, report.rejects, out)?;
    }
    if report.skipped_total > 0 {
        writeln!(out, "  {} skipped:", counted(report.skipped_total, "file"))?;
        list(
            report.skipped.iter().map(|skipped| (skipped.uri.as_str(), skipped.why.as_str())),
            report.skipped_total,
            out,
        )?;
    }
    if report.failed_total > 0 {
        writeln!(
            out,
            "  {} could not be read; collect again once that is put right:",
            counted(report.failed_total, "file")
        )?;
        list(
            report.failed.iter().map(|failed| (failed.uri.as_str(), failed.message.as_str())),
            report.failed_total,
            out,
        )?;
    }
    if report.files_seen == 0 {
        writeln!(out, "  nothing was found there; check the place, `--since`, `--until`, `--account` and `--region`")?;
    }
    Ok(())
}

fn list<'a>(places: impl Iterator<Item = (&'a str, &'a str)>, total: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut shown = 0;
    for (place, why) in places.take(SHOWN) {
        writeln!(out, "    {}: {}", visible(place), visible(why))?;
        shown += 1;
    }
    match total.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "    and {} more", count(more)),
    }
}

fn events_per_second(report: &Report) -> u64 {
    let events = report.stored + report.duplicates;
    // A fraction of an event is of no interest.
    (events as f64 / report.seconds.max(0.001)) as u64
}

/// The report as an object of JSON.
#[derive(Serialize)]
struct Object<'a> {
    files: u64,
    known: u64,
    stored: u64,
    duplicates: u64,
    conflicts: u64,
    rejects: u64,
    skipped: u64,
    failed: u64,
    bytes: u64,
    content_bytes: u64,
    digests: u64,
    proofs: &'a Proofs,
    events_per_second: u64,
    skipped_files: Vec<Place<'a>>,
    failed_files: Vec<Place<'a>>,
    reject_samples: Vec<Place<'a>>,
}

/// A place and what is to be said about it.
#[derive(Serialize)]
struct Place<'a> {
    uri: &'a str,
    why: &'a str,
}

/// Prints the report as one line of JSON.
pub(super) fn for_programs(report: &Report, proofs: &Proofs, out: &mut dyn Write) -> io::Result<()> {
    let skipped = report.skipped.iter().map(|skipped| Place { uri: &skipped.uri, why: &skipped.why });
    let failed = report.failed.iter().map(|failed| Place { uri: &failed.uri, why: &failed.message });
    let rejects = report.reject_samples.iter().map(|(uri, why)| Place { uri, why });
    let object = Object {
        files: report.files_seen,
        known: report.files_known,
        stored: report.stored,
        duplicates: report.duplicates,
        conflicts: report.conflicts,
        rejects: report.rejects,
        skipped: report.skipped_total,
        failed: report.failed_total,
        bytes: report.bytes,
        content_bytes: report.content_bytes,
        digests: report.digests,
        proofs,
        events_per_second: events_per_second(report),
        skipped_files: skipped.collect(),
        failed_files: failed.collect(),
        reject_samples: rejects.collect(),
    };
    serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
    writeln!(out)
}
