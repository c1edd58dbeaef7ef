//! One record's text: taken exactly if `serde_json` takes it, and given back byte for byte.
#![no_main]

use arrow::array::StringArray;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::schema::COLUMNS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|members: &str| {
    // The time makes it an event; what follows is anybody's guess.
    let record = format!(r#"{{"eventTime":"2020-01-01T00:00:00Z"{members}}}"#);
    let valid = serde_json::from_str::<&serde_json::value::RawValue>(&record).is_ok();
    let mut records = Vec::new();
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(record.as_bytes()), &mut |opened| {
        let columns = &opened.events.columns;
        let shapes =
            StringArray::from_iter_values((0..opened.events.len()).map(|event| opened.events.shapes.text(event)));
        let rebuilt = event::shape::rebuild(&shapes, &columns.columns()[..COLUMNS.len()])?;
        records.extend(rebuilt.iter().flatten().map(str::to_owned));
        Ok::<(), Error>(())
    });
    let summary = summary.expect("bytes in memory can be read");
    if valid && summary.events == 1 && summary.rejects == 0 {
        assert_eq!(records, [record]);
    } else {
        assert!(!valid || summary.events + summary.rejects + summary.digests + summary.control_messages > 0);
    }
});
