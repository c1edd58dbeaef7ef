//! `cargo xtask bench api`: event history page by page and at full speed, events pushed in durably, and delivery beside ingest,
//! all against a running `trailkeep serve`.

use std::fs;

use jiff::Zoned;
use serde::Deserialize;

use super::corpus::Corpus;
use super::{Plan, machine, page};
use crate::checkout::{Checkout, Profile};
use crate::command::{self, cargo};
use crate::error::{Error, Kind, Result};
use crate::setup::{self, Tools};

/// What the script measured.
#[derive(Deserialize)]
struct Report {
    events: u64,
    /// `--history-events` of the server.
    held_events_max: u64,
    /// Most memory that the server had by the end of the look-ups.
    peak_mib: f64,
    lookups: Vec<Lookup>,
    calls: Load,
    put: Load,
    delivery: Delivery,
}

/// One question to event history, asked many times, one after the other.
#[derive(Deserialize)]
struct Lookup {
    name: String,
    first_ms: f64,
    median_ms: f64,
    p95_ms: f64,
    events: u64,
}

/// One call, sent over many connections at once.
#[derive(Deserialize)]
struct Load {
    calls: u64,
    items: u64,
    wall: f64,
    cpu: f64,
}

/// Events that were pushed in while a trail delivered them.
#[derive(Deserialize)]
struct Delivery {
    events: u64,
    ingest: f64,
    delivery: f64,
    files: u64,
    cpu: f64,
}

/// Measures and writes the page.
///
/// # Errors
/// When a build, a tool or one of the programs fails.
pub fn run(checkout: &Checkout, plan: &Plan) -> Result<()> {
    let peers = setup::setup(checkout, Tools::Peers)?;
    command::run(
        cargo()
            .args(["build", "--release", "--package", "trailkeep", "--package", "corpus", "--package", "xtask"])
            .current_dir(checkout.root()),
    )?;
    let folder = checkout.target("bench");
    let corpus = Corpus::generate(checkout, plan, &folder)?;
    let work = folder.join("api");
    if work.exists() {
        super::remove(&work)?;
    }
    fs::create_dir_all(&work).map_err(|source| Error::file("make", &work, source))?;
    let mut script = peers.program("python");
    script.arg(checkout.root().join("xtask/peers/measure_api.py"));
    script.arg("--trailkeep").arg(checkout.binary("trailkeep", Profile::Release));
    script.arg("--corpus").arg(&corpus.folder).arg("--work").arg(&work);
    let printed = command::capture(&mut script)?;
    let report: Report = serde_json::from_slice(&printed).map_err(|source| {
        Error::new(Kind::Answer, format!("could not read what `{}` printed", command::line(&script))).caused_by(source)
    })?;
    let ours =
        machine::said(std::process::Command::new(checkout.binary("trailkeep", Profile::Release)).arg("--version"));
    let date = Zoned::now().date();
    let path = page::free_path(&checkout.root().join("bench/runs"), &format!("{date}-api"));
    let head = format!(
        "# Benchmark: api, {date}\n\n* command: `cargo xtask bench api --bytes {} --seed {}`\n* corpus: `{}`\n{}* {ours}\n\n",
        plan.bytes,
        plan.seed,
        corpus.command,
        machine::describe()
    );
    fs::write(&path, head + &report.text()).map_err(|source| Error::file("write", &path, source))?;
    if !plan.keep {
        super::remove(&folder)?;
    }
    println!("\n{}", fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?);
    println!("written to {}", path.display());
    Ok(())
}

impl Report {
    fn text(&self) -> String {
        let Self { events, held_events_max, peak_mib, lookups, calls, put, delivery } = self;
        let rows: String = lookups.iter().map(Lookup::row).collect();
        let Delivery { events: delivered, ingest, delivery: wall, files, cpu } = delivery;
        let (ingest_rate, rate) = (*delivered as f64 / ingest, *delivered as f64 / wall);
        format!(
            "A release build of `trailkeep serve` on the loopback interface; the client runs on the same cores. Requests are \
             signed once, and each is verified.\n\n\
             ## LookupEvents\n\nThe newest 50 events over {events} events, by one attribute each: a value that is neither \
             rare nor the most common, and one that no event has. The server may hold \
             {held_events_max} events of history in memory; its peak was {peak_mib:.0} MiB.\n\n\
             | | first, ms | median, ms | 95 of 100, ms | events found |\n|---|---|---|---|---|\n{rows}\n\
             ## At full speed\n\n\
             | | calls a second | events a second | calls per CPU second of the server | calls | wall s |\n\
             |---|---|---|---|---|---|\n{}{}\n\
             PutAuditEvents sends 100 events a call, and a call returns once they are stored.\n\n\
             ## Delivery beside ingest\n\n\
             {delivered} events pushed in by `POST /ingest` while a trail with digests delivers them into a folder: stored \
             after {ingest:.1} s ({ingest_rate:.0} events a second), all in {files} log files with the last digest after \
             {wall:.1} s ({rate:.0} events a second); {cpu:.1} CPU seconds of the server.\n",
            calls.row("LookupEvents, newest page"),
            put.row("PutAuditEvents"),
        )
    }
}

impl Lookup {
    fn row(&self) -> String {
        let Self { name, first_ms, median_ms, p95_ms, events } = self;
        format!("| {name} | {first_ms:.1} | {median_ms:.1} | {p95_ms:.1} | {events} |\n")
    }
}

impl Load {
    fn row(&self, name: &str) -> String {
        let Self { calls, items, wall, cpu } = self;
        let (rate, item_rate, cpu_rate) = (*calls as f64 / wall, *items as f64 / wall, *calls as f64 / cpu);
        format!("| {name} | {rate:.0} | {item_rate:.0} | {cpu_rate:.0} | {calls} | {wall:.1} |\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_prints_becomes_a_page() {
        let printed = r#"{"events":10,"held_events_max":20,"peak_mib":99.6,
            "lookups":[{"name":"newest page","first_ms":9.04,"median_ms":2.5,"p95_ms":3,"events":10}],
            "calls":{"calls":1000,"items":50000,"wall":2.0,"cpu":4.0},
            "put":{"calls":100,"items":10000,"wall":0.5,"cpu":0.2},
            "delivery":{"events":3000,"ingest":1.5,"delivery":3.0,"files":2,"cpu":1.0}}"#;
        let text = serde_json::from_str::<Report>(printed).unwrap().text();
        let lines = [
            "| newest page | 9.0 | 2.5 | 3.0 | 10 |",
            "| LookupEvents, newest page | 500 | 25000 | 250 | 1000 | 2.0 |",
            "| PutAuditEvents | 200 | 20000 | 500 | 100 | 0.5 |",
        ];
        assert!(text.contains("hold 20 events of history in memory; its peak was 100 MiB"), "{text}");
        for line in lines {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("stored after 1.5 s (2000 events a second), all in 2 log files"), "{text}");
    }
}
