//! Rule files and records in, findings out, through the crate's door.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acceptance;
mod beyond;
mod correlations;
mod indicators;
mod matching;
mod pack;
mod refused;

use std::sync::Arc;

use detect::Placeholders;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::finding::Finding;
use detect::indicator::Indicators;
use detect::ruleset::{Loaded, RuleSet};
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opened, Opener};
use event::time::EventTime;

/// Loads rule files that are given as text.
pub(crate) fn load(files: &[(&str, &str)]) -> Loaded {
    let files: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    RuleSet::load(&files, &Placeholders::new())
}

/// Returns what an object holds, part by part.
pub(crate) fn open(bytes: &[u8]) -> Vec<Opened> {
    let mut parts = Vec::new();
    Opener::new(FingerprintKey(1), Default::default())
        .open(Content::Bytes(bytes), &mut |opened| {
            parts.push(opened);
            Ok::<(), Error>(())
        })
        .unwrap();
    parts
}

pub(crate) fn now() -> EventTime {
    EventTime::parse("2026-06-01T00:00:00Z").unwrap()
}

/// Holds the events and rejects of an object against the rules, as for a file.
pub(crate) fn find(detector: &mut Detector, file: &str, bytes: &[u8]) -> Vec<Finding> {
    let name: Arc<str> = file.into();
    let mut findings = Vec::new();
    for part in open(bytes) {
        let batch = Batch { events: Events::Opened(&part.events), file: Some(name.clone()), origins: None, now: now() };
        findings.extend(detector.observe(&batch).unwrap());
        for reject in &part.rejects {
            findings.extend(detector.observe_record(&reject.bytes, Some(name.clone()), reject.number, now()));
        }
    }
    findings.extend(detector.flush());
    detector.reset();
    findings
}

/// Makes a detector that decides at the end of each file.
pub(crate) fn detector(rules: RuleSet) -> Detector {
    let settings = Settings { order: Order::EventTime, suppress: false, ..Settings::default() };
    Detector::new(Arc::new(rules), Arc::new(Indicators::default()), settings)
}
