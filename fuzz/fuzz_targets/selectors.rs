//! Selectors: any text is read or refused, what is read is taken or refused, and what is taken can be evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trail::selectors::{Holder, Selectors};

fuzz_target!(|text: &str| {
    if let Ok(selectors) = Selectors::parse(text) {
        Holder::Trail.check(&selectors).expect("what is read is checked");
        // A store need not take what a trail takes; it must say so.
        if let Err(error) = Holder::EventDataStore.check(&selectors) {
            assert!(!error.to_string().is_empty());
        }
        assert!(!selectors.sql().is_empty());
        // The values alone may be too large, but no selectors that are taken are.
        drop(selectors.expr());
        let again = serde_json::to_string(&selectors).expect("selectors are JSON");
        assert_eq!(Selectors::parse(&again), Ok(selectors), "what was sent is given back");
    }
});
