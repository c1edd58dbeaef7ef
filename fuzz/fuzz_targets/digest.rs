//! Digest files, their metadata, keys and the times people type: reading ends, what is printed is read again, and only what
//! was signed is valid.
#![no_main]

use std::sync::LazyLock;

use fuzz::parts;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use trail::digest::{
    DigestFile, Fault, Location, LogFileEntry, Metadata, MetadataFile, PublicKeys, Sealed, SigningKey, Unproven,
    check_log_file, parse_time, verify,
};

/// A digest with its signature, and the keys that prove it.
static SIGNED: LazyLock<(Sealed, PublicKeys)> = LazyLock::new(|| {
    let der = include_bytes!("../../crates/trail/testdata/private.pk8");
    let key = SigningKey::from_pkcs8(der, "0123456789abcdef0123456789abcdef").expect("it is an RSA key");
    let time = |text: &str| text.parse::<Timestamp>().expect("it is a time");
    let listed = LogFileEntry {
        location: Location::new("trail-logs", "AWSLogs/111122223333/CloudTrail/a.json.gz"),
        hash: "00".repeat(32),
        newest_event_time: None,
        oldest_event_time: None,
    };
    let file = DigestFile {
        account_id: "111122223333".to_owned(),
        start: time("2024-05-01T10:00:00Z"),
        end: time("2024-05-01T11:00:00Z"),
        location: Location::new("trail-logs", "AWSLogs/111122223333/CloudTrail-Digest/d.json.gz"),
        fingerprint: String::new(),
        newest_event_time: None,
        oldest_event_time: None,
        previous: None,
        log_files: vec![listed],
    };
    let sealed = key.seal(file).expect("an RSA key signs");
    let mut keys = PublicKeys::default();
    keys.add(key.fingerprint(), key.public_key());
    verify(&sealed.bytes, Some(&sealed.file.location), &sealed.metadata, &keys).expect("what was signed is valid");
    (sealed, keys)
});

fuzz_target!(|input: &str| {
    let [content, metadata, keys, signature] = parts(input);
    let (sealed, known) = &*SIGNED;
    let unproven = Unproven::read(content.as_bytes());
    if let Ok(unproven) = &unproven {
        let proven = unproven.verify(Some(&sealed.file.location), &sealed.metadata, known);
        assert_eq!(proven.is_ok(), content == sealed.file.to_json(), "no other content has this signature");
        reads(content, unproven);
    }
    let signed = Metadata { signature: Some(signature.to_owned()), ..sealed.metadata.clone() };
    let proven = verify(&sealed.bytes, Some(&sealed.file.location), &signed, known).is_ok();
    let is_signature = sealed.metadata.signature.as_deref().is_some_and(|hex| hex.eq_ignore_ascii_case(signature));
    assert_eq!(proven, is_signature, "no other text is its signature");

    let given = PublicKeys::parse_json(keys).unwrap_or_default();
    assert!(verify(input.as_bytes(), None, &signed, &given).is_err(), "nobody can sign by chance");
    if let Ok(unproven) = &unproven {
        assert!(unproven.verify(None, &signed, &given).is_err(), "nobody can sign by chance");
    }
    let metadata = MetadataFile::parse_json(metadata).unwrap_or_default();
    for location in metadata.locations().take(4) {
        assert!(metadata.find(&location).is_some(), "{location}");
    }
    parse_time(signature, Timestamp::UNIX_EPOCH);
});

/// What is read of a digest is what it prints, after its times have lost what is below a second.
fn reads(content: &str, unproven: &Unproven) {
    let Ok(file) = unproven.file() else { return };
    let mut scratch = Vec::new();
    for entry in file.log_files.iter().take(4) {
        check_log_file(content.as_bytes(), entry, &mut scratch);
    }
    let printed = file.to_json();
    let again = Unproven::read(printed.as_bytes()).expect("what is written is an object of JSON");
    match again.file() {
        Ok(again) => {
            assert_eq!(again.to_json(), printed);
            if file.start.subsec_nanosecond() == 0 && file.end.subsec_nanosecond() == 0 {
                assert_eq!(again, file);
            }
        }
        Err(fault) => assert!(fault == Fault::Cycle && file.end.subsec_nanosecond() != 0, "{fault}"),
    }
}
