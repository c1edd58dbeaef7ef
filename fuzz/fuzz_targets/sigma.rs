//! Rule files and records: loading ends, panics never, and what loads says the same of a record and of a batch.
#![no_main]

use std::sync::Arc;

use detect::Placeholders;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::finding::Finding;
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::time::EventTime;
use fuzz::parts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let [rules, list, record] = parts(input);
    let loaded = RuleSet::load(&[("rules.yml".to_owned(), rules.as_bytes().to_vec())], &Placeholders::new());
    for refusal in &loaded.refusals {
        assert!(refusal.mark.line > 0, "{refusal}");
    }
    let lists = [("list".to_owned(), list.as_bytes().to_vec())];
    let indicators = Indicators::load(&lists).map_or_else(|_| Indicators::default(), |(indicators, _)| indicators);
    let settings = Settings { order: Order::EventTime, ..Settings::default() };
    let mut detector = Detector::new(Arc::new(loaded.rules), Arc::new(indicators), settings);
    let now = EventTime::from_micros(1_800_000_000_000_000);
    let alone = said(&detector.observe_record(record.as_bytes(), None, 1, now));
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(record.as_bytes()), &mut |opened| {
        let batch = Batch { events: Events::Opened(&opened.events), file: None, origins: None, now };
        let found = detector.observe(&batch).expect("what the opener gives has every column");
        // Where the input is one record, and not an envelope around others.
        if opened.events.len() == 1 && opened.events.record_bytes == record.trim_ascii().len() as u64 {
            assert_eq!(said(&found), alone, "{record}");
        }
        Ok::<(), Error>(())
    });
    summary.expect("bytes in memory can be read");
    detector.flush();
    let state = detector.state();
    detector.restore(&state).expect("a state that was just written");
    assert_eq!(detector.state().len(), state.len(), "a state is all there is");
    assert!(detector.restore(&state[..state.len() / 2]).is_err(), "half a state is none");
    // Whatever else lies where a state should: it is one or it is refused, and nothing is half restored.
    if detector.restore(list.as_bytes()).is_err() {
        assert_eq!(detector.state().len(), state.len());
    }
});

/// What findings say, in an order of its own.
fn said(findings: &[Finding]) -> Vec<String> {
    let said = |finding: &Finding| {
        let Finding { rule, outcome, group, window, suppressed, indicator, .. } = finding;
        format!("{} {outcome:?} {group:?} {window:?} {suppressed:?} {indicator:?}", rule.meta.id)
    };
    let mut all: Vec<String> = findings.iter().map(said).collect();
    all.sort();
    all
}
