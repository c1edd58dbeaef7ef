//! Any bytes at all: opening them ends, panics never, and gives the same whole, as a stream and in parts of one event.
#![no_main]

use event::limits::Limits;
use event::open::Content;
use fuzz::open;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { object_bytes_max: 4 << 20, record_bytes_max: 64 << 10, ..Limits::default() };
    let whole = open(Content::Bytes(bytes), limits);
    assert_eq!(whole, open(Content::Stream(Box::new(bytes)), limits));
    assert_eq!(whole, open(Content::Bytes(bytes), Limits { batch_events_max: 1, ..limits }));
    let numbers = whole.rejects.windows(2).map(|pair| (pair[0].number, pair[1].number));
    assert!(numbers.clone().all(|(number, next)| number < next), "each has a place of its own");
    // What is neither packed nor escaped is found in the content at its place.
    let is_plain = whole.summary.content_bytes == bytes.len() as u64 && whole.summary.sha256.is_some();
    if is_plain && !bytes.contains(&b'\\') && !bytes.windows(7).any(|name| name == b"awslogs") {
        for reject in &whole.rejects {
            let found = &bytes[reject.range.start as usize..reject.range.end as usize];
            assert!(found.starts_with(&reject.bytes), "{}", reject.message);
        }
    }
});
