//! Selectors and a record: any text is read or refused, and what is read takes the same records alone and in a batch.
#![no_main]

use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use fuzz::parts;
use libfuzzer_sys::fuzz_target;
use predicate::record::Record;
use predicate::{Predicate, Rows};
use trail::selectors::{Holder, Selectors};

fuzz_target!(|input: &str| {
    let [text, record] = parts(input);
    let Ok(selectors) = Selectors::parse(text) else { return };
    Holder::Trail.check(&selectors).expect("what is read is checked");
    // A store need not take what a trail takes; it must say so.
    if let Err(error) = Holder::EventDataStore.check(&selectors) {
        assert!(!error.to_string().is_empty());
    }
    assert!(!selectors.sql().is_empty());
    let again = serde_json::to_string(&selectors).expect("selectors are JSON");
    assert_eq!(Selectors::parse(&again).as_ref(), Ok(&selectors), "what was sent is given back");

    let taken = Predicate::compile(&selectors.expr()).expect("no selectors that are taken are too large");
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(record.as_bytes()), &mut |opened| {
        let rows = Rows::of_batch(&opened.events, &[]).expect("what the opener gives has every column");
        let mask = taken.mask(&rows).expect("a record that was just taken apart can be rebuilt");
        let alone = Record::parse(record.as_bytes());
        // Where the input is one record, and not an envelope around others.
        if let Some(alone) =
            alone.filter(|alone| rows.len() == 1 && opened.events.record_bytes == alone.text().len() as u64)
        {
            assert_eq!(mask.value(0), taken.matches(&alone), "{selectors:?} of {record}");
        }
        Ok::<(), Error>(())
    });
    summary.expect("bytes in memory can be read");
});
