//! Names that arrive as text: keys, ARNs, times. What is parsed prints as it was.
#![no_main]

use event::arn::Arn;
use event::key::Key;
use event::time::EventTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(key) = Key::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Some(arn) = Arn::parse(text) {
        assert_eq!(arn.to_string(), text);
    }
    if let Some(time) = EventTime::parse(text) {
        assert_eq!(EventTime::parse(&time.to_string()), Some(time));
    }
});
