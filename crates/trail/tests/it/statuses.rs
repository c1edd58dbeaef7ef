//! Each way in which a digest can be broken has a status of its own.

use trail::digest::{Fault, Metadata, PublicKeys, Sealed, Unproven, verify};

use crate::bucket::{FINGERPRINT, KEY, REGION, digest, gzip, keys, time};

fn sealed() -> Sealed {
    KEY.seal(digest(REGION, time("2024-05-01T11:00:00Z"), &[])).unwrap()
}

/// Verifies other content under the signature of the sealed digest.
fn check(content: &str, expect: &Fault) {
    let Sealed { file, metadata, .. } = sealed();
    let found = verify(&gzip(content.as_bytes(), 6), Some(&file.location), &metadata, &keys());
    assert_eq!(found.as_ref().err(), Some(expect), "{content}");
}

#[test]
fn content_that_is_no_digest() {
    let whole = sealed().file.to_json();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replacen(from, to, 1)
    };
    check("", &Fault::NotJson);
    check("{", &Fault::NotJson);
    check("\u{feff}{}", &Fault::NotJson);
    check("[1]", &Fault::NotObject("a list"));
    check("\"digest\"", &Fault::NotObject("text"));
    check("null", &Fault::NotObject("null"));
    check("{}", &Fault::MissingMember("digestPublicKeyFingerprint"));
    for member in [
        "digestPublicKeyFingerprint",
        "digestS3Bucket",
        "digestS3Object",
        "previousDigestSignature",
        "digestEndTime",
        "digestStartTime",
    ] {
        check(&with(&format!("\"{member}\""), "\"other\""), &Fault::MissingMember(member));
    }
    check(&with("\"trail-logs\"", "\"elsewhere\""), &Fault::Moved);
    check(&with("\"trail-logs\"", "5"), &Fault::Moved);
    check(&with(FINGERPRINT, "ffff"), &Fault::UnknownFingerprint("ffff".to_owned()));
    check(&with(&format!("\"{FINGERPRINT}\""), "7"), &Fault::UnknownFingerprint("7".to_owned()));
    check(&with("T11:00:00Z", "T11:00:01Z"), &Fault::SignatureMismatch);
    check(&with("\"logFiles\":[]", "\"logFiles\":[{}]"), &Fault::SignatureMismatch);
}

#[test]
fn bytes_that_are_no_gzip() {
    let Sealed { file, metadata, bytes, .. } = sealed();
    let mut flipped = bytes.clone();
    flipped[20] ^= 0x10;
    let bomb = gzip(&vec![b' '; 129 << 20], 9);
    let half = bytes.split_at(bytes.len() / 2).0.to_vec();
    let cases = [(vec![], Fault::DamagedGzip), (b"digest".to_vec(), Fault::NotGzip), (half, Fault::DamagedGzip)];
    for (bytes, expect) in cases.into_iter().chain([(flipped, Fault::DamagedGzip), (bomb, Fault::TooLarge)]) {
        assert_eq!(verify(&bytes, Some(&file.location), &metadata, &keys()), Err(expect));
    }
}

#[test]
fn signatures_that_are_none() {
    let Sealed { file, metadata, bytes, .. } = sealed();
    let good = metadata.signature.clone().unwrap();
    let other = KEY.seal(digest(REGION, time("2024-05-01T12:00:00Z"), &[])).unwrap().metadata.signature.unwrap();
    let cases = [
        (None, Fault::NoSignature),
        (Some(String::new()), Fault::SignatureMismatch),
        (Some("00".to_owned()), Fault::SignatureMismatch),
        (Some(good.clone() + "00"), Fault::SignatureMismatch),
        (Some(good.clone() + "0"), Fault::SignatureNotHex { is_odd: true }),
        (Some(good.replacen(|c: char| c.is_ascii_digit(), "g", 1)), Fault::SignatureNotHex { is_odd: false }),
        (Some("é".repeat(256)), Fault::SignatureNotHex { is_odd: false }),
        (Some(other), Fault::SignatureMismatch),
    ];
    for (signature, expect) in cases {
        let metadata = Metadata { signature, ..metadata.clone() };
        assert_eq!(verify(&bytes, Some(&file.location), &metadata, &keys()), Err(expect), "{metadata:?}");
    }
    let nameless = Metadata { signature_algorithm: None, ..metadata.clone() };
    assert_eq!(verify(&bytes, Some(&file.location), &nameless, &keys()), Err(Fault::NoSignature));
    let loud = Metadata { signature: Some(good.to_uppercase()), ..metadata };
    assert_eq!(verify(&bytes, Some(&file.location), &loud, &keys()).unwrap().end, file.end);
}

#[test]
fn keys_that_are_none() {
    let Sealed { file, metadata, bytes, .. } = sealed();
    let der = KEY.public_key();
    // The same key in X.509's form: a header in front, and the key as a bit string.
    let header = [
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
    ];
    let cases: [(&str, Vec<u8>); 4] = [
        ("empty", vec![]),
        ("text", b"-----BEGIN RSA PUBLIC KEY-----".to_vec()),
        ("cut", der.split_at(der.len() - 1).0.to_vec()),
        ("X.509", [&header, der].concat()),
    ];
    for (name, der) in cases {
        let mut keys = PublicKeys::default();
        keys.add(FINGERPRINT, &der);
        let found = verify(&bytes, Some(&file.location), &metadata, &keys);
        assert_eq!(found, Err(Fault::UnusableKey(FINGERPRINT.to_owned())), "{name}");
    }
    for text in ["", "{}", "[]", r#"{"PublicKeyList": 1}"#, r#"{"PublicKeyList": [{"Fingerprint": "a"}]}"#] {
        assert!(PublicKeys::parse_json(text).is_err(), "{text}");
    }
    let odd = PublicKeys::parse_json(r#"{"PublicKeyList": [{"Fingerprint": "a", "Value": "no base64!"}]}"#).unwrap();
    assert!(odd.contains("a") && odd.der("a") == Some(&[]));
}

/// Wrong types that are signed all the same.
#[test]
fn what_is_signed_must_be_right_as_well() {
    let mut sealed = sealed();
    let other = KEY.seal(digest(REGION, time("2024-05-01T12:00:00Z"), &[])).unwrap();
    sealed.file.previous = Some(other.as_previous());
    let later = KEY.seal(sealed.file.clone()).unwrap();
    assert_eq!(verify(&later.bytes, None, &later.metadata, &keys()), Err(Fault::Cycle));
    sealed.file.previous = Some(sealed.as_previous());
    let itself = KEY.seal(sealed.file.clone()).unwrap();
    assert_eq!(verify(&itself.bytes, None, &itself.metadata, &keys()), Err(Fault::Cycle));
    for (content, expect) in [
        (r#""digestEndTime":5"#, Fault::WrongType { member: "digestEndTime", found: "a number" }),
        (r#""digestEndTime":"soon""#, Fault::BadTime { member: "digestEndTime", text: "soon".to_owned() }),
        (r#""logFiles":null"#, Fault::WrongType { member: "logFiles", found: "null" }),
        (r#""logFiles":[[]]"#, Fault::WrongType { member: "logFiles", found: "a list" }),
        (r#""logFiles":[{"s3Bucket":"b"}]"#, Fault::MissingMember("s3Object")),
    ] {
        let content = format!(
            r#"{{"digestStartTime":"2024-05-01T10:00:00Z","digestEndTime":"2024-05-01T11:00:00Z","digestS3Bucket":"b",
            "digestS3Object":"k","digestPublicKeyFingerprint":"f","previousDigestSignature":null,"logFiles":[],{content}}}"#
        );
        assert_eq!(Unproven::read(content.as_bytes()).unwrap().file(), Err(expect), "{content}");
    }
}

/// AWS's validator looks at few members; ours at all of them, unless it is asked to be as lenient.
#[test]
fn wrong_types_that_aws_does_not_look_at() {
    let mut file = digest(REGION, time("2024-05-01T11:00:00Z"), &[("a".to_owned(), vec![1])]);
    file.account_id = "111122223333".to_owned();
    let sealed = KEY.seal(file).unwrap();
    let whole = sealed.file.to_json();
    for (from, to, member) in [
        ("\"awsAccountId\":\"111122223333\"", "\"awsAccountId\":5", "awsAccountId"),
        ("\"newestEventTime\":null", "\"newestEventTime\":[]", "newestEventTime"),
        ("\"previousDigestHashValue\":null", "\"previousDigestHashValue\":true", "previousDigestHashValue"),
    ] {
        let content = whole.replacen(from, to, 1);
        assert_ne!(content, whole);
        let opened = Unproven::read(content.as_bytes()).unwrap();
        assert!(matches!(opened.file(), Err(Fault::WrongType { member: found, .. }) if found == member), "{to}");
        let metadata = &sealed.metadata;
        assert_eq!(
            opened.verify_as_aws(None, metadata, &keys()),
            Err(Fault::SignatureMismatch),
            "and it is not signed"
        );
    }
}
