//! Names that arrive as text: keys, ARNs, times, networks. What is parsed prints as it was, and means what others say it
//! means.
#![no_main]

use std::net::IpAddr;

use event::arn::{AccountId, Arn, OrganizationId, Region};
use event::key::Key;
use event::time::EventTime;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use predicate::Cidr;
use trail::digest::{ContentHash, Location};

fuzz_target!(|text: &str| {
    if let Some(key) = Key::parse(text) {
        assert_eq!(key.to_string(), text);
        // What stands before `AWSLogs` is the user's own.
        let own = Location::new("bucket", text.strip_prefix(&key.prefix).unwrap_or(text).trim_start_matches('/'));
        assert!(!own.is_suspect(), "no key of CloudTrail leads astray");
    }
    if let Some(arn) = Arn::parse(text) {
        assert_eq!(arn.to_string(), text);
        let parts = [arn.partition(), arn.service(), arn.region(), arn.account_text(), arn.resource()];
        assert_eq!(format!("arn:{}", parts.join(":")), text);
        assert!(arn.resource().ends_with(arn.resource_id()));
    }
    assert!(AccountId::parse(text).is_none_or(|account| account.to_string() == text));
    assert!(OrganizationId::parse(text).is_none_or(|organization| organization.as_str() == text));
    assert!(Region::parse(text).is_none_or(|region| region.to_string() == text));
    if let Some(time) = EventTime::parse(text) {
        assert_eq!(EventTime::parse(&time.to_string()), Some(time));
        assert_eq!(time.prints_as(text), time.to_string() == text && time.as_micros() % 1_000_000 == 0);
        if let Ok(reference) = text.parse::<Timestamp>() {
            let micros = reference.as_nanosecond().div_euclid(1_000);
            assert_eq!(i128::from(time.as_micros()), micros, "{text}");
        }
    }
    if let Ok(cidr) = text.parse::<Cidr>() {
        assert_eq!(cidr.to_string().parse(), Ok(cidr));
        assert!(cidr.contains(cidr.network()));
        let address = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
        assert!(address.is_some_and(|address| cidr.contains(address)), "{text}");
    }
    if let Some(hash) = ContentHash::parse(text) {
        assert_eq!(hash.to_string(), text.to_ascii_lowercase());
    }
});
