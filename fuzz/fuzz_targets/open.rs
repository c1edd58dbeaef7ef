//! Any bytes at all: opening them ends, panics never, and gives the same whole or as a stream.
#![no_main]

use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, Opener, Summary};
use libfuzzer_sys::fuzz_target;

fn open(content: Content<'_>) -> Summary {
    let limits = Limits { object_bytes_max: 4 << 20, record_bytes_max: 64 << 10, ..Limits::default() };
    let opened = Opener::new(FingerprintKey(1), limits).open(content, &mut |_| Ok::<(), Error>(()));
    opened.expect("bytes in memory can be read")
}

fuzz_target!(|bytes: &[u8]| {
    let whole = open(Content::Bytes(bytes));
    let streamed = open(Content::Stream(Box::new(bytes)));
    assert_eq!(whole, streamed);
});
