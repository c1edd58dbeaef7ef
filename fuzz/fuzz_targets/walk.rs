//! One record's text: taken exactly if `serde_json` takes it, given back byte for byte, and known again however it is
//! spaced.
#![no_main]

use event::batch::Fingerprinter;
use event::fingerprint::FingerprintKey;
use event::open::Content;
use fuzz::open;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|members: &str| {
    // The time makes it an event; what follows is anybody's guess.
    let record = format!(r#"{{"eventTime":"2020-01-01T00:00:00Z"{members}}}"#);
    let valid = serde_json::from_str::<&RawValue>(&record).is_ok();
    let opened = open(Content::Bytes(record.as_bytes()), Default::default());
    let summary = &opened.summary;
    if valid && summary.events == 1 && summary.rejects == 0 {
        assert_eq!(opened.records, [record.as_str()]);
        let spaced = format!("{{ \n{}", &record[1..]);
        let mut fingerprinter = Fingerprinter::new(FingerprintKey(1));
        for text in [&record, &spaced] {
            assert_eq!(fingerprinter.fingerprint(text), Some(opened.fingerprints[0]), "{text}");
        }
        assert_eq!(open(Content::Bytes(spaced.as_bytes()), Default::default()).fingerprints, opened.fingerprints);
    } else {
        let found = summary.events + summary.rejects + summary.digests + summary.control_messages;
        assert!(found > 0, "{record} is lost");
    }
});
