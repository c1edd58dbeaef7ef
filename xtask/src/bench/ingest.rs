//! The first half of a benchmark: what it costs to bring a corpus into a form that can be queried.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::corpus::Corpus;
use super::parties::{ALL, Parties, Party};
use crate::command::{self, Usage};
use crate::error::{Error, Kind, Result};

/// What a party's collection cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Whose it is.
    pub party: Party,
    /// Events in its table afterwards.
    pub events: u64,
    /// Time and memory.
    pub usage: Usage,
    /// Size of all files it keeps afterwards.
    pub stored_bytes: u64,
}

/// Lets each party collect the corpus, one after the other.
///
/// # Errors
/// When one of them fails.
pub fn measure(parties: &Parties) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for party in ALL {
        println!("ingest: {}", party.name());
        // 1 is our "finished with rejects, skips or conflicts": a corpus may hold some on purpose.
        let accepted: &[i32] = if party == Party::Ours { &[0, 1] } else { &[0] };
        let (usage, printed) = command::measure(&mut parties.ingest(party), accepted)?;
        let stored_bytes = stored_bytes(&parties.stored(party))?;
        costs.push(Cost { party, events: events(party, &printed)?, usage, stored_bytes });
    }
    Ok(costs)
}

/// Reads the number of events off what a party prints: our report, or the bare number.
fn events(party: Party, printed: &str) -> Result<u64> {
    let number = match party {
        Party::Ours => serde_json::from_str(printed).ok().map(|report: Report| report.stored),
        Party::DuckDb | Party::ClickHouse => printed.trim().parse().ok(),
    };
    number.ok_or_else(|| {
        Error::new(
            Kind::Answer,
            format!("{}: could not read a number of events from `{}`", party.name(), printed.trim()),
        )
    })
}

/// The part of our report that counts events.
#[derive(Deserialize)]
struct Report {
    stored: u64,
}

fn stored_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).map_err(|source| Error::file("list", folder, source))? {
        let entry = entry.map_err(|source| Error::file("list", folder, source))?;
        // Not following links: ClickHouse keeps some to its own folders, which would count twice.
        let kind = entry.metadata().map_err(|source| Error::file("read", &entry.path(), source))?;
        bytes += if kind.is_dir() { stored_bytes(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}

/// Returns the section of the page.
pub fn section(costs: &[Cost], corpus: &Corpus) -> String {
    let mut text = String::from(
        "## Ingest\n\nGzip files in, something that can be queried out; the whole process, its start included.\n\n\
         | | CPU s | wall s | MB of JSON per CPU s | peak MiB | stored MB | events | CPU against trailkeep |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let ours =
        costs.iter().find(|cost| cost.party == Party::Ours).map_or(f64::NAN, |cost| cost.usage.cpu.as_secs_f64());
    text.push_str(&row("inflating alone (libdeflate)", &corpus.floor, corpus, ours, "- | -"));
    for cost in costs {
        let kept = format!("{:.1} | {}", cost.stored_bytes as f64 / 1e6, cost.events);
        text.push_str(&row(cost.party.name(), &cost.usage, corpus, ours, &kept));
    }
    text
}

fn row(name: &str, usage: &Usage, corpus: &Corpus, ours: f64, kept: &str) -> String {
    let (cpu, wall) = (usage.cpu.as_secs_f64(), usage.wall.as_secs_f64());
    let rate = corpus.size.bytes as f64 / 1e6 / cpu;
    let peak = usage.peak_bytes as f64 / f64::from(1 << 20);
    format!("| {name} | {cpu:.2} | {wall:.2} | {rate:.0} | {peak:.0} | {kept} | {:.2} |\n", cpu / ours)
}
