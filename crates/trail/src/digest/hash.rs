//! The SHA-256 of uncompressed content, which is what digests promise.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of a file's uncompressed content. Prints as digests write it: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes content.
    pub fn of(content: &[u8]) -> ContentHash {
        ContentHash::from_slice(digest(&SHA256, content).as_ref()).unwrap_or(ContentHash([0; 32]))
    }

    /// Makes a hash of its 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<ContentHash> {
        bytes.try_into().ok().map(ContentHash)
    }

    /// Returns the hash spelled by 64 hex digits of either case.
    pub fn parse(text: &str) -> Option<ContentHash> {
        unhex(text).and_then(|bytes| ContentHash::from_slice(&bytes))
    }

    /// Returns the 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

/// Writes bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads hex digits of either case; `None` for an odd number of them and for anything else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let cases: [(&str, Option<&[u8]>); 6] = [
            ("", Some(&[])),
            ("00ff7a", Some(&[0, 0xff, 0x7a])),
            ("FF", Some(&[0xff])),
            ("f", None),
            ("0g", None),
            ("０１", None),
        ];
        for (text, expect) in cases {
            assert_eq!(unhex(text).as_deref(), expect, "{text}");
        }
        assert_eq!(hex(&[0, 0xff, 0x7a]), "00ff7a");
    }

    #[test]
    fn the_hash_of_nothing() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(ContentHash::of(b"").to_string(), text);
        assert_eq!(ContentHash::parse(text), Some(ContentHash::of(b"")));
        assert_eq!(ContentHash::parse("e3b0"), None);
    }
}
