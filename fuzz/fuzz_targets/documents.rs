//! Records in other people's words, and who stands behind them: any text becomes a document of JSON, a row, or an error,
//! and a record says the same alone and in columns.
#![no_main]

use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use libfuzzer_sys::fuzz_target;
use lineage::columns::Columns;
use lineage::credential::Use;
use lineage::edge;
use lineage::record::JsonRecord;
use lineage::sessions::Sessions;
use normalize::ecs::{Mapper, Outcome, Settings};
use normalize::snare::{Passed, Snare};
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    let mut mapper = Mapper::new(Settings::default(), &());
    let mut document = Vec::new();
    // Which of the two it says is not ours to know; it must say it in JSON.
    let (Outcome::Mapped | Outcome::Failed) = mapper.map(text, "2024-05-06T07:08:09.000Z", &mut document);
    serde_json::from_slice::<&RawValue>(&document).expect("a document is JSON, whatever it was made of");
    let mut snare = Snare::default();
    let passed = Passed { collected: "2024-05-06 07:08:09", cloudwatch: None };
    if let Ok(row) = snare.row(text, passed) {
        let mut line = Vec::new();
        row.write_json(&mut line);
        serde_json::from_slice::<&RawValue>(&line).expect("a row is JSON");
    }
    if let Ok(record) = JsonRecord::parse(text) {
        let mut sessions = Sessions::new(8);
        if let Some(edge) = edge::edge_of(&record) {
            sessions.insert(edge).is_new();
        }
        sessions.resolve(&Use::of(&record));
        agree(text, &record);
    }
});

/// What columns tell of a record is what its text tells, where the text is one record and no envelope around others.
fn agree(text: &str, alone: &JsonRecord) {
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(text.as_bytes()), &mut |opened| {
        let columns = Columns::new(&opened.events.columns).expect("what the opener gives has every column");
        if opened.events.len() == 1 && opened.events.record_bytes == text.trim_ascii().len() as u64 {
            let row = columns.row(0);
            assert_eq!(Use::of(&row).to_owned(), Use::of(alone).to_owned(), "{text}");
            assert_eq!(edge::edge_of(&row), edge::edge_of(alone), "{text}");
        }
        Ok::<(), Error>(())
    });
    summary.expect("bytes in memory can be read");
}
