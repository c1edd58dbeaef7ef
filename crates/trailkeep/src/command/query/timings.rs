//! `query --repeat N --timings`: what a query costs, for benchmarks. Opening the lake belongs to the first run.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use crate::fault::Result;
use crate::settings::Settings;
use crate::{open, output};

/// What one run took.
#[derive(Serialize)]
struct Timing {
    run: u32,
    wall_ms: f64,
    /// Time of all threads of the process; null where the platform does not say.
    cpu_ms: Option<f64>,
    rows: u64,
}

/// Runs the query and prints a line of JSON for each run on standard error.
pub(super) async fn run(sql: &str, runs: u32, settings: &Settings) -> Result<()> {
    let mut opened = None;
    for run in 1..=runs.max(1) {
        let (wall, cpu) = (Instant::now(), cpu_ms());
        let (_, ctx) = match &opened {
            Some(session) => session,
            None => opened.insert(open::session(settings).await?),
        };
        let rows = output::count(lake::sql::query(ctx, sql).await?.1).await?;
        let wall_ms = wall.elapsed().as_secs_f64() * 1_000.0;
        let cpu_ms = cpu_ms().zip(cpu).map(|(now, then)| now - then);
        let line = serde_json::to_string(&Timing { run, wall_ms, cpu_ms, rows }).map_err(std::io::Error::from)?;
        writeln!(std::io::stderr(), "{line}")?;
    }
    Ok(())
}

/// Returns the time that all threads of this process have run, in milliseconds.
#[cfg(unix)]
fn cpu_ms() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1_000.0 + time.tv_nsec as f64 / 1_000_000.0)
}

#[cfg(not(unix))]
fn cpu_ms() -> Option<f64> {
    None
}
