//! How fast rules are tried: `speed RULES RECORDS...` reads rule files from a folder and record files, then looks at the
//! events in columns again and again, with those rules and with 800 generated ones.

#![expect(clippy::print_stdout, reason = "it is here to print")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use detect::Placeholders;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::batch::EventBatch;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::time::EventTime;

/// Events looked at in one measurement.
const EVENTS: usize = 4_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let rules = arguments.next().ok_or("speed RULES RECORDS...")?;
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let mut batches = Vec::new();
    for path in arguments {
        opener.open_more(Content::Bytes(&fs::read(path)?), &mut |opened| {
            batches.push(opened.events);
            Ok::<(), event::error::Error>(())
        })?;
    }
    opener.flush(&mut |opened| {
        batches.push(opened.events);
        Ok::<(), event::error::Error>(())
    })?;
    let events: usize = batches.iter().map(EventBatch::len).sum();
    println!("{events} events in {} batches", batches.len());
    let mut files = Vec::new();
    read(&rules, &mut files)?;
    measure("the rules given", &files, &batches)?;
    measure("800 generated rules", &generated(&batches), &batches)?;
    files.extend(generated(&batches));
    measure("both", &files, &batches)
}

fn measure(what: &str, files: &[(String, Vec<u8>)], batches: &[EventBatch]) -> Result<(), Box<dyn Error>> {
    let loaded = RuleSet::load(files, &Placeholders::new());
    let (rules, always) = (loaded.rules.rules().count(), loaded.rules.tried_always());
    let settings = Settings { order: Order::Arrival, lateness: i64::MAX, ..Settings::default() };
    let rule_set = Arc::new(loaded.rules);
    let threads = std::thread::available_parallelism()?.get();
    let now = EventTime::from_micros(i64::MAX / 2);
    let (start, cpu_start) = (Instant::now(), cpu_seconds());
    let found: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let mut detector = Detector::new(rule_set.clone(), Arc::new(Indicators::default()), settings);
                scope.spawn(move || {
                    let (mut seen, mut found) = (0, 0);
                    while seen < EVENTS / threads {
                        for batch in batches {
                            let batch = Batch { events: Events::Opened(batch), file: None, origins: None, now };
                            found += detector.observe(&batch).map_or(0, |findings| findings.len() as u64);
                            seen = detector.counts().events as usize;
                        }
                    }
                    found
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).sum()
    });
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu_start);
    println!(
        "{what}: {rules} rules ({always} tried on every event, {} refused), {threads} threads: {:.0} events/s, \
         {:.0} per CPU second, {found} findings",
        loaded.refusals.len(),
        EVENTS as f64 / seconds,
        EVENTS as f64 / cpu
    );
    Ok(())
}

/// Returns the CPU time of the process: on a machine that does other things too, the better measure.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn read(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, files)?;
        } else {
            files.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    Ok(())
}

/// Makes 800 rules, each for two event names that occur and with conditions on text and on JSON.
fn generated(batches: &[EventBatch]) -> Vec<(String, Vec<u8>)> {
    let mut names = BTreeSet::new();
    for batch in batches {
        if let Ok(rows) = predicate::Rows::of_batch(batch, &[]) {
            let column = event::schema::column_index("eventname").unwrap_or_default();
            names.extend((0..rows.len()).filter_map(|row| rows.text(column, row).map(str::to_owned)));
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    let name = |at: usize| names.get(at % names.len().max(1)).map_or("None", String::as_str);
    let rule = |at: usize| {
        format!(
            "title: Generated {at}\nid: generated-{at}\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n  \
             selection:\n    eventName: [{}, {}]\n    userAgent|contains: [curl, 'python-requests/{at}']\n    \
             requestParameters.name{at}|startswith: 'prod-'\n  filter:\n    userIdentity.arn|endswith: 'user/{at}'\n  \
             condition: selection and not filter\nlevel: low\n",
            name(at),
            name(at * 7 + 1)
        )
    };
    (0..800).map(|at| (format!("generated-{at}.yml"), rule(at).into_bytes())).collect()
}
