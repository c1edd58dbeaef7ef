//! Makes the corpus: settles the plan, shares its days out among threads, adds up what they delivered.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::config::Config;
use crate::day;
use crate::delivery::{Delivered, Delivery, Totals};
use crate::digests;
use crate::error::Error;
use crate::plan::Plan;
use crate::story::Story;
use crate::tamper::{Tampered, tamper};

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
    /// Number of digest files.
    pub digests: u64,
    /// What was done to the files afterwards; the numbers above count what was delivered.
    pub tampered: Option<Tampered>,
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
    let parts: Vec<Result<Part, Error>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..config.threads).map(|_| scope.spawn(|| run_days(&plan, &next_day, dir))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a day that panics is a mistake in this crate")).collect()
    });
    let (mut totals, mut delivered) = (Totals::default(), Vec::new());
    for part in parts {
        let (part, files) = part?;
        totals.add(part);
        delivered.extend(files);
    }
    let (mut digests, mut tampered) = (0, None);
    if let Some(options) = &config.digests {
        digests = digests::write(&plan, &delivered, dir, &options.beside)?.digests;
        if options.tampered {
            tampered = tamper(dir, &delivered, &plan.story)?;
        }
    }
    let Totals { files, records, bytes, gz_bytes } = totals;
    Ok(Summary { files, records, bytes, gz_bytes, digests, tampered, story: plan.story })
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

/// What one thread delivered, and of which files a digest is to be made.
type Part = (Totals, Vec<Delivered>);

fn run_days(plan: &Plan, next_day: &AtomicU32, dir: &Path) -> Result<Part, Error> {
    let mut delivery = Delivery::new(dir, plan.config.digests.is_some());
    let mut totals = Totals::default();
    loop {
        let day = next_day.fetch_add(1, Ordering::Relaxed);
        if day >= plan.config.days {
            return Ok((totals, delivery.into_delivered()));
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
