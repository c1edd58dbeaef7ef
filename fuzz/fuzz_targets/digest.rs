//! Digest files, their metadata, keys and the times people type: reading ends, panics never, and nothing made up is valid.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use trail::digest::{Location, Metadata, MetadataFile, PublicKeys, Unproven, check_log_file, parse_time, verify};

fuzz_target!(|input: (&[u8], &str)| {
    let (bytes, text) = input;
    let keys = PublicKeys::parse_json(text).unwrap_or_default();
    let metadata = MetadataFile::parse_json(text).unwrap_or_default();
    let signed = Metadata {
        signature: Some(text.to_owned()),
        signature_algorithm: Some("SHA256withRSA".to_owned()),
        backfill_generation_timestamp: None,
    };
    let at = Location::new("bucket", text);
    assert!(verify(bytes, Some(&at), &signed, &keys).is_err(), "nobody can sign by chance");
    if let Ok(unproven) = Unproven::read(bytes)
        && let Ok(file) = unproven.file()
    {
        let mut scratch = Vec::new();
        for entry in file.log_files.iter().take(4) {
            check_log_file(bytes, entry, &mut scratch);
        }
        Unproven::read(file.to_json().as_bytes()).expect("what is written is an object of JSON");
    }
    for location in metadata.locations().take(4) {
        assert!(metadata.find(&location).is_some(), "{location}");
    }
    parse_time(text, Timestamp::UNIX_EPOCH);
});
