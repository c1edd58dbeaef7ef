//! The keys that digests are signed by: made for a Region, good for some weeks, replaced before they end.
//!
//! A key is kept as a document with its private part; ListPublicKeys gives out the public part. Which key signs what is
//! told by a time alone, so that a digest that is made a second time is the same. Pure: times are arguments.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use event::arn::Region;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::digest::{ContentHash, SealError, SigningKey, hex};
use crate::model::Millis;

/// The kind of document that holds a [`RegionKey`]; its id is [`RegionKey::id`].
pub const SIGNING_KEY: &str = "signing-key";

/// How long a key is good for.
pub const VALIDITY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long before its end a key is replaced; both are good in between.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Bytes of a hash that make a fingerprint: 32 hex digits.
const FINGERPRINT_BYTES: usize = 16;

/// A key of a Region, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionKey {
    /// The Region whose digests it signs.
    pub region: Region,
    /// What digests name it by: 32 hex digits.
    pub fingerprint: String,
    /// The key as PKCS#8 DER, in base64.
    private_key: String,
    /// From when on it is good.
    pub valid_from: Millis,
    /// Until when, that moment not included.
    pub valid_until: Millis,
}

impl RegionKey {
    /// Makes a new RSA key of 2,048 bits, good from a time on for [`VALIDITY`].
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn generate(region: Region, valid_from: Timestamp) -> Result<RegionKey, SealError> {
        let failed = || SealError::new("a key to sign digests with could not be made");
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
        let private_key = AsDer::as_der(&pair).map_err(|_| failed())?;
        let fingerprint = ContentHash::of(pair.public_key().as_ref());
        let fingerprint = fingerprint.as_bytes().get(..FINGERPRINT_BYTES).ok_or_else(failed)?;
        let valid_until = valid_from.saturating_add(VALIDITY).unwrap_or(Timestamp::MAX);
        Ok(RegionKey {
            region,
            fingerprint: hex(fingerprint),
            private_key: BASE64.encode(private_key.as_ref()),
            valid_from: Millis(valid_from.as_millisecond()),
            valid_until: Millis(valid_until.as_millisecond()),
        })
    }

    /// Returns the id under which the key is kept.
    pub fn id(&self) -> String {
        format!("{}/{}", self.region, self.fingerprint)
    }

    /// Returns the key in a form that signs.
    ///
    /// # Errors
    /// If what is kept is no key.
    pub fn signing_key(&self) -> Result<SigningKey, SealError> {
        let der = BASE64.decode(&self.private_key);
        let der = der.map_err(|_| SealError::new("a key that is kept to sign digests with is no base64"))?;
        SigningKey::from_pkcs8(&der, &self.fingerprint)
    }

    /// Returns the public part as PKCS#1 DER, which is what ListPublicKeys answers.
    ///
    /// # Errors
    /// As [`RegionKey::signing_key`].
    pub fn public_key(&self) -> Result<Vec<u8>, SealError> {
        Ok(self.signing_key()?.public_key().to_vec())
    }

    /// Returns whether the key is good at a time.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        let time = time.as_millisecond();
        self.valid_from.0 <= time && time < self.valid_until.0
    }
}

impl fmt::Debug for RegionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionKey")
            .field("region", &self.region)
            .field("fingerprint", &self.fingerprint)
            .field("valid_from", &self.valid_from)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

/// Where the keys of all Regions are kept: what makes keys lies here, what keeps them elsewhere.
pub trait Keyring {
    /// Why keys cannot be read, made or kept.
    type Error: From<SealError>;

    /// Returns the keys that were kept.
    ///
    /// # Errors
    /// If they cannot be read.
    fn keys(&self) -> Result<Vec<RegionKey>, Self::Error>;

    /// Keeps a key that was made.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn keep(&self, key: &RegionKey) -> Result<(), Self::Error>;
}

/// Returns the key that signs what belongs to a time, which may be long past. A key is made and kept if none was good then, and
/// one for what comes if that [is due](is_renewal_due) at `now`. To make one takes a part of a second of computing.
///
/// # Errors
/// If keys cannot be read, made or kept.
pub fn signing_key<R: Keyring>(
    ring: &R,
    region: &Region,
    (time, now): (Timestamp, Timestamp),
) -> Result<RegionKey, R::Error> {
    let mut keys = ring.keys()?;
    let make = |keys: &mut Vec<RegionKey>, valid_from| {
        let made = RegionKey::generate(region.clone(), valid_from)?;
        ring.keep(&made)?;
        keys.push(made);
        Ok::<_, R::Error>(())
    };
    if is_renewal_due(&keys, region, now) {
        make(&mut keys, now)?;
    }
    if key_at(&keys, region, time).is_none() {
        make(&mut keys, time)?;
    }
    let found = key_at(&keys, region, time).cloned();
    found.ok_or_else(|| SealError::new("a time at the end of the calendar has no key to sign with").into())
}

/// Returns the key that signs what belongs to a time: of those that are good then, the one that came last.
pub fn key_at<'k>(
    keys: impl IntoIterator<Item = &'k RegionKey>,
    region: &Region,
    time: Timestamp,
) -> Option<&'k RegionKey> {
    let good = keys.into_iter().filter(|key| key.region == *region && key.is_valid_at(time));
    good.max_by(|a, b| (a.valid_from, &a.fingerprint).cmp(&(b.valid_from, &b.fingerprint)))
}

/// Returns the keys of a Region that were good at some moment from `from` to `until`, both included, oldest first.
pub fn overlapping<'k>(
    keys: impl IntoIterator<Item = &'k RegionKey>,
    region: &Region,
    (from, until): (Timestamp, Timestamp),
) -> Vec<&'k RegionKey> {
    let (from, until) = (from.as_millisecond(), until.as_millisecond());
    let overlaps = |key: &&RegionKey| key.region == *region && key.valid_from.0 <= until && from < key.valid_until.0;
    let mut found: Vec<_> = keys.into_iter().filter(overlaps).collect();
    found.sort_by(|a, b| (a.valid_from, &a.fingerprint).cmp(&(b.valid_from, &b.fingerprint)));
    found
}

/// Returns whether a Region has no key that is good at `now` and will be for longer than [`OVERLAP`]: then a new one is made,
/// good from `now` on.
pub fn is_renewal_due<'k>(keys: impl IntoIterator<Item = &'k RegionKey>, region: &Region, now: Timestamp) -> bool {
    let later = now.saturating_add(OVERLAP).unwrap_or(Timestamp::MAX);
    !keys.into_iter().any(|key| key.region == *region && key.is_valid_at(now) && key.is_valid_at(later))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Keys that nothing is signed with: good for so many days from a date on.
    fn keys(spans: &[(&str, &str, i64)]) -> Vec<RegionKey> {
        let key = |(region, from, days): &(&str, &str, i64)| {
            let from = time(&format!("{from}T00:00:00Z")).as_millisecond();
            RegionKey {
                region: Region::parse(region).unwrap(),
                fingerprint: format!("{region} {from}"),
                private_key: String::new(),
                valid_from: Millis(from),
                valid_until: Millis(from + days * 86_400_000),
            }
        };
        spans.iter().map(key).collect()
    }

    #[test]
    fn a_key_signs_and_is_kept() {
        let region = Region::parse("eu-west-1").unwrap();
        let key = RegionKey::generate(region.clone(), time("2026-03-01T10:00:00Z")).unwrap();
        assert!(key.fingerprint.len() == 32 && key.fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(key.valid_until.0 - key.valid_from.0, 30 * 86_400_000);
        let kept: RegionKey = serde_json::from_str(&serde_json::to_string(&key).unwrap()).unwrap();
        assert_eq!(kept, key);
        let (one, other) = (key.signing_key().unwrap(), kept.signing_key().unwrap());
        assert_eq!(one.sign(b"text").unwrap(), other.sign(b"text").unwrap());
        assert_eq!(one.fingerprint(), key.fingerprint);
        assert_eq!(one.public_key(), key.public_key().unwrap());
        assert!(!format!("{key:?}").contains(&key.private_key), "the private part is not shown");
        let other = RegionKey::generate(region, time("2026-03-01T10:00:00Z")).unwrap();
        assert_ne!(other.fingerprint, key.fingerprint);
    }

    /// Keys in memory.
    struct Ring(std::cell::RefCell<Vec<RegionKey>>);

    impl Keyring for Ring {
        type Error = SealError;

        fn keys(&self) -> Result<Vec<RegionKey>, SealError> {
            Ok(self.0.borrow().clone())
        }

        fn keep(&self, key: &RegionKey) -> Result<(), SealError> {
            self.0.borrow_mut().push(key.clone());
            Ok(())
        }
    }

    #[test]
    fn a_key_is_made_when_it_is_needed() {
        let spans = [("eu-west-1", "2026-03-01", 30), ("us-east-1", "2026-03-20", 30)];
        // The time that is signed for, now, from when on keys are made, and from when on the one that signs is good.
        let cases: [(&str, &str, &[&str], &str); 5] = [
            ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", &[], "2026-03-01T00:00:00Z"),
            // The last one ends soon; what is past is signed by the key of then.
            ("2026-03-27T00:00:00Z", "2026-03-27T00:00:00Z", &["2026-03-27T00:00:00Z"], "2026-03-27T00:00:00Z"),
            ("2026-03-02T00:00:00Z", "2026-03-27T00:00:00Z", &["2026-03-27T00:00:00Z"], "2026-03-01T00:00:00Z"),
            // None was good then.
            ("2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z", &["2026-02-01T00:00:00Z"], "2026-02-01T00:00:00Z"),
            (
                "2026-02-01T00:00:00Z",
                "2026-05-01T00:00:00Z",
                &["2026-05-01T00:00:00Z", "2026-02-01T00:00:00Z"],
                "2026-02-01T00:00:00Z",
            ),
        ];
        let region = Region::parse("eu-west-1").unwrap();
        for (at, now, made, signs) in cases {
            let ring = Ring(keys(&spans).into());
            let key = signing_key(&ring, &region, (time(at), time(now))).unwrap();
            assert_eq!(key.valid_from.0, time(signs).as_millisecond(), "{at} {now}");
            let valid_from = |text: &&str| time(text).as_millisecond();
            let kept: Vec<i64> = ring.0.borrow().iter().skip(spans.len()).map(|key| key.valid_from.0).collect();
            assert_eq!(kept, made.iter().map(valid_from).collect::<Vec<_>>(), "{at} {now}");
            let again = signing_key(&ring, &region, (time(at), time(now))).unwrap();
            assert_eq!((again, ring.0.borrow().len()), (key, spans.len() + made.len()), "{at} {now}");
        }
    }

    #[test]
    fn the_key_of_a_time_is_the_newest_that_is_good_then() {
        let keys =
            keys(&[("eu-west-1", "2026-03-01", 30), ("eu-west-1", "2026-03-26", 30), ("us-east-1", "2026-03-28", 30)]);
        // The time, which of the keys it is, and whether a new one is due.
        let cases = [
            ("2026-02-28T23:59:59Z", None, true),
            ("2026-03-01T00:00:00Z", Some(0), false),
            ("2026-03-25T23:59:59Z", Some(0), false),
            ("2026-03-26T00:00:00Z", Some(1), false),
            ("2026-04-19T23:59:59Z", Some(1), false),
            ("2026-04-20T00:00:00Z", Some(1), true),
            ("2026-04-25T00:00:00Z", None, true),
        ];
        let region = Region::parse("eu-west-1").unwrap();
        for (at, expect, is_due) in cases {
            assert_eq!(key_at(&keys, &region, time(at)), expect.and_then(|nth: usize| keys.get(nth)), "{at}");
            let before: Vec<_> = keys.iter().filter(|key| key.valid_from.0 <= time(at).as_millisecond()).collect();
            assert_eq!(is_renewal_due(before, &region, time(at)), is_due, "{at}");
        }
    }

    #[test]
    fn keys_are_listed_that_were_good_at_some_moment() {
        let keys =
            keys(&[("eu-west-1", "2026-03-26", 30), ("eu-west-1", "2026-03-01", 30), ("us-east-1", "2026-03-01", 30)]);
        let cases: [(&str, &str, &[usize]); 6] = [
            ("2026-01-01T00:00:00Z", "2026-02-28T23:59:59Z", &[]),
            ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", &[1]),
            ("2026-03-30T23:59:59Z", "2026-03-30T23:59:59Z", &[1, 0]),
            ("2026-03-31T00:00:00Z", "2026-05-01T00:00:00Z", &[0]),
            ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", &[1, 0]),
            ("2026-04-25T00:00:00Z", "2027-01-01T00:00:00Z", &[]),
        ];
        let region = Region::parse("eu-west-1").unwrap();
        for (from, until, expect) in cases {
            let found = overlapping(&keys, &region, (time(from), time(until)));
            let expect: Vec<_> = expect.iter().filter_map(|nth| keys.get(*nth)).collect();
            assert_eq!(found, expect, "{from} {until}");
        }
    }
}
