//! Makes the corpus: settles the plan, shares its days out among threads, adds up what they delivered.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::config::Config;
use crate::day;
use crate::delivery::{Delivery, Totals};
use crate::error::Error;
use crate::plan::Plan;
use crate::story::Story;

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of log files.
    pub files: u64,
    /// Number of records in them.
    pub records: u64,
    /// Bytes of JSON.
    pub bytes: u64,
    /// Bytes on disk, after gzip.
    pub gz_bytes: u64,
    /// The attack among the records.
    pub story: Story,
}

/// Writes a corpus below `dir`, which stands for the bucket of an organization trail and is made if absent; files of an
/// earlier corpus with the same configuration are overwritten, others stay. Memory stays flat whatever the size.
///
/// # Errors
///
/// If the configuration is out of its bounds, before anything is written; or if a file cannot be written, after which
/// the folder holds part of the corpus.
pub fn generate(config: &Config, dir: &Path) -> Result<Summary, Error> {
    config.check()?;
    let plan = Plan::new(config);
    let next_day = AtomicU32::new(0);
    let parts: Vec<Result<Totals, Error>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..config.threads).map(|_| scope.spawn(|| run_days(&plan, &next_day, dir))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a day that panics is a mistake in this crate")).collect()
    });
    let mut totals = Totals::default();
    for part in parts {
        totals.add(part?);
    }
    let Totals { files, records, bytes, gz_bytes } = totals;
    Ok(Summary { files, records, bytes, gz_bytes, story: plan.story })
}

/// Returns the attack that a corpus of this configuration holds, without writing one.
///
/// # Errors
///
/// If the configuration is out of its bounds.
pub fn story(config: &Config) -> Result<Story, Error> {
    config.check()?;
    Ok(Plan::new(config).story)
}

fn run_days(plan: &Plan, next_day: &AtomicU32, dir: &Path) -> Result<Totals, Error> {
    let mut delivery = Delivery::new(dir);
    let mut totals = Totals::default();
    loop {
        let day = next_day.fetch_add(1, Ordering::Relaxed);
        if day >= plan.config.days {
            return Ok(totals);
        }
        match day::run(plan, day, &mut delivery) {
            Ok(part) => totals.add(part),
            Err(error) => {
                // The other threads end after the day they are at.
                next_day.store(plan.config.days, Ordering::Relaxed);
                return Err(error);
            }
        }
    }
}
