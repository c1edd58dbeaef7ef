//! Rule files and records: loading ends, panics never, and what loads says the same of a record and of a batch.
#![no_main]

use std::sync::Arc;

use detect::Placeholders;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::time::EventTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (rules, record) = input;
    let loaded = RuleSet::load(&[("rules.yml".to_owned(), rules.as_bytes().to_vec())], &Placeholders::new());
    for refusal in &loaded.refusals {
        assert!(refusal.mark.line > 0, "{refusal}");
    }
    let lists = [("list".to_owned(), rules.as_bytes().to_vec())];
    let indicators = Indicators::load(&lists).map_or_else(|_| Indicators::default(), |(indicators, _)| indicators);
    let settings = Settings { order: Order::EventTime, ..Settings::default() };
    let mut detector = Detector::new(Arc::new(loaded.rules), Arc::new(indicators), settings);
    let now = EventTime::from_micros(1_800_000_000_000_000);
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(record.as_bytes()), &mut |opened| {
        let batch = Batch { events: Events::Opened(&opened.events), file: None, origins: None, now };
        detector.observe(&batch).expect("what the opener gives has every column");
        Ok::<(), Error>(())
    });
    summary.expect("bytes in memory can be read");
    detector.observe_record(record.as_bytes(), None, 1, now);
    detector.flush();
    let state = detector.state();
    detector.restore(&state).expect("a state that was just written");
});
