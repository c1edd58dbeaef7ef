//! Public keys: PKCS#1 DER from ListPublicKeys, found by their fingerprint.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::digest::Fault;

/// Public keys by fingerprint. Cheap to ask; keys are parsed once.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys(BTreeMap<String, Key>);

#[derive(Debug, Clone)]
struct Key {
    /// `None` for one that cannot be used: whoever needs it is told.
    parsed: Option<ParsedPublicKey>,
    der: Vec<u8>,
}

impl PublicKeys {
    /// Adds a key by its fingerprint and its PKCS#1 DER. A key that cannot be used is kept as such.
    pub fn add(&mut self, fingerprint: impl Into<String>, der: &[u8]) {
        self.0.insert(fingerprint.into(), Key { parsed: parse(der), der: der.to_vec() });
    }

    /// Reads the answer of ListPublicKeys, as the API or `aws cloudtrail list-public-keys` gives it.
    ///
    /// # Errors
    /// If the text is not such an answer. An answer without a key is one.
    pub fn parse_json(text: &str) -> Result<PublicKeys, KeysError> {
        let answer: Answer = serde_json::from_str(text).map_err(|error| KeysError(error.to_string()))?;
        let mut keys = PublicKeys::default();
        for key in answer.public_key_list {
            // Text that is not base64 is a key that cannot be used, as is DER that is no key.
            keys.add(key.fingerprint, &STANDARD.decode(key.value.trim()).unwrap_or_default());
        }
        Ok(keys)
    }

    /// Takes up the keys of another set.
    pub fn merge(&mut self, other: PublicKeys) {
        self.0.extend(other.0);
    }

    /// Returns whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether a key has this fingerprint, usable or not.
    pub fn contains(&self, fingerprint: &str) -> bool {
        self.0.contains_key(fingerprint)
    }

    /// Returns a key's DER as it was given.
    pub fn der(&self, fingerprint: &str) -> Option<&[u8]> {
        self.0.get(fingerprint).map(|key| key.der.as_slice())
    }

    /// Verifies a signature by the key of a fingerprint.
    pub(crate) fn verify(&self, fingerprint: &str, signed: &[u8], signature: &[u8]) -> Result<(), Fault> {
        let key = self.usable(fingerprint)?;
        key.verify_sig(signed, signature).map_err(|_| Fault::SignatureMismatch)
    }

    /// Says why there is no key of this fingerprint to verify with, if there is none.
    pub(crate) fn usable(&self, fingerprint: &str) -> Result<&ParsedPublicKey, Fault> {
        let key = self.0.get(fingerprint).ok_or_else(|| Fault::UnknownFingerprint(fingerprint.to_owned()))?;
        key.parsed.as_ref().ok_or_else(|| Fault::UnusableKey(fingerprint.to_owned()))
    }
}

/// Text that is no answer of ListPublicKeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysError(String);

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "public keys must be what `aws cloudtrail list-public-keys` prints: {}", self.0)
    }
}

impl std::error::Error for KeysError {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    public_key_list: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    fingerprint: String,
}

/// Parses `RSAPublicKey` of PKCS#1 (RFC 8017, A.1.1) and nothing else: the library would take X.509's form as well,
/// which AWS never uses here and its own validator refuses. Signatures by keys of less than 2,048 or more than 8,192 bits do
/// not hold.
fn parse(der: &[u8]) -> Option<ParsedPublicKey> {
    // What follows the key is not looked at, as by AWS.
    let (body, _) = element(der, 0x30)?;
    let (n, body) = element(body, 0x02)?;
    let (e, body) = element(body, 0x02)?;
    if !body.is_empty() {
        return None;
    }
    let components = RsaPublicKeyComponents { n: positive(n)?, e: positive(e)? };
    components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
}

/// Splits off the content of an element with this tag.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            // An object of 64 KiB would be no key.
            let length = match digits {
                [a] => usize::from(*a),
                [a, b] => usize::from(u16::from_be_bytes([*a, *b])),
                _ => return None,
            };
            (length, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// Returns a positive integer without the zero in front that keeps it positive.
fn positive(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, rest @ ..] => Some(rest),
        [first, ..] if *first < 0x80 => Some(integer),
        _ => None,
    }
}
