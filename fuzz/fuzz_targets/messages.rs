//! Streams of messages, as log shippers send them: taken apart they are the same however their bytes come, and no byte is
//! looked at twice or left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use normalize::message::{Messages, Step, form, is_digest};

/// Longer than any input, so that nothing is cut: where a message is cut depends on how much of it was there.
const BYTES_MAX: usize = 1 << 20;

/// Takes all messages of a content that comes in pieces.
fn messages(content: &[u8], piece: usize) -> Vec<&[u8]> {
    let mut messages = Messages::new(BYTES_MAX);
    let (mut from, mut to, mut found, mut idle) = (0, 0, Vec::new(), 0);
    loop {
        let is_last = to == content.len();
        let used = match messages.step(&content[from..to], is_last) {
            Step::Message { text, is_cut, used } => {
                assert!(!is_cut && used >= text.len());
                found.push(text);
                used
            }
            Step::Skip(used) => used,
            Step::More => {
                assert!(!is_last, "there is no more");
                to = (to + piece).min(content.len());
                continue;
            }
            Step::End => break,
        };
        idle = if used == 0 { idle + 1 } else { 0 };
        assert!(idle < 4, "at {from} nothing goes on");
        from += used;
    }
    assert_eq!(from, content.len(), "all is done with");
    found
}

fuzz_target!(|content: &[u8]| {
    form(content);
    is_digest(content);
    let whole = messages(content, content.len().max(1));
    for piece in [1, 7] {
        assert_eq!(messages(content, piece), whole, "in pieces of {piece}");
    }
    let is_inside = |byte: &&u8| !byte.is_ascii_whitespace();
    let told: usize = whole.iter().map(|text| text.iter().filter(is_inside).count()).sum();
    assert!(told <= content.iter().filter(is_inside).count(), "no byte is told twice");
});
