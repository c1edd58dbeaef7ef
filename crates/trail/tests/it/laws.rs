//! What holds of every digest: what is sealed is proven, and no flipped bit is.

use proptest::prelude::*;
use trail::digest::{ContentHash, DigestFile, Location, LogFileEntry, Previous, Unproven, verify};

use crate::bucket::{KEY, REGION, digest, gzip, keys, time};

prop_compose! {
    fn files()(
        hours in 0_i64..1_000_000,
        names in prop::collection::vec("[a-zA-Z0-9/_. ü\"\\\\]{1,40}", 0..6),
        account in "[0-9]{12}",
        has_previous in any::<bool>(),
        prefix in "[a-z/]{0,12}",
    ) -> DigestFile {
        let end = time("2000-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(hours);
        let mut file = digest(REGION, end, &[]);
        file.account_id = account;
        file.location.key = format!("{prefix}{}", file.location.key);
        file.log_files = names
            .into_iter()
            .map(|name| LogFileEntry {
                hash: ContentHash::of(name.as_bytes()).to_string(),
                newest_event_time: (name.len() > 5).then(|| "2024-05-01T10:00:00Z".to_owned()),
                oldest_event_time: None,
                location: Location::new("b", name),
            })
            .collect();
        file.previous = has_previous.then(|| Previous {
            location: Location::new("b", "before"),
            hash: Some("00".repeat(32)),
            signature: Some("ab".repeat(256)),
        });
        file
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_is_proven(file in files()) {
        let sealed = KEY.seal(file).unwrap();
        let at = sealed.file.location.clone();
        prop_assert_eq!(&verify(&sealed.bytes, Some(&at), &sealed.metadata, &keys()).unwrap(), &sealed.file);
        // How the content is packed is nobody's business.
        let packed = gzip(sealed.file.to_json().as_bytes(), 1);
        prop_assert!(verify(&packed, Some(&at), &sealed.metadata, &keys()).is_ok());
        prop_assert_eq!(Unproven::open(&packed).unwrap().hash, sealed.hash);
    }

    #[test]
    fn one_flipped_bit_is_never_proven(file in files(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let sealed = KEY.seal(file).unwrap();
        let at = sealed.file.location.clone();
        let mut content = sealed.file.to_json().into_bytes();
        let place_in_content = place.index(content.len());
        content[place_in_content] ^= 1 << bit;
        prop_assert!(verify(&gzip(&content, 6), Some(&at), &sealed.metadata, &keys()).is_err());
        let mut signature = sealed.metadata.signature.clone().unwrap().into_bytes();
        let place_in_signature = place.index(signature.len());
        signature[place_in_signature] ^= 1 << (bit % 4);
        let mut metadata = sealed.metadata.clone();
        metadata.signature = Some(String::from_utf8_lossy(&signature).into_owned());
        prop_assert!(verify(&sealed.bytes, Some(&at), &metadata, &keys()).is_err());
    }

    #[test]
    fn no_bytes_are_proven_by_chance(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let metadata = KEY.seal(digest(REGION, time("2024-05-01T11:00:00Z"), &[])).unwrap().metadata;
        prop_assert!(verify(&bytes, None, &metadata, &keys()).is_err());
        prop_assert!(verify(&gzip(&bytes, 6), None, &metadata, &keys()).is_err());
    }
}

/// Every single byte of one digest, as it lies in the bucket.
#[test]
fn one_flipped_byte_anywhere_is_found() {
    let sealed = KEY.seal(digest(REGION, time("2024-05-01T11:00:00Z"), &[])).unwrap();
    let whole = Unproven::open(&sealed.bytes).unwrap().hash;
    for place in 0..sealed.bytes.len() {
        let mut bytes = sealed.bytes.clone();
        bytes[place] ^= 0x20;
        let found = verify(&bytes, Some(&sealed.file.location), &sealed.metadata, &keys());
        // The header holds a time and a system that mean nothing: then the content is the one that was signed.
        let is_same = Unproven::open(&bytes).is_ok_and(|opened| opened.hash == whole);
        assert_eq!(found.is_ok(), is_same, "byte {place}");
        assert!(!is_same || place < 10, "byte {place}");
    }
}
