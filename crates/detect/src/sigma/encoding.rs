//! Modifiers that write a value in another way before it is searched for: UTF-16, Base64, dashes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Returns the text in UTF-16, little or big end first, with a byte order mark or without.
pub(crate) fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// Returns the bytes in Base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Returns the three texts of which one stands in the Base64 of anything that contains the bytes: one for each place of
/// the first byte in a group of three, without the characters that depend on its neighbours.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    for offset in 0..3usize {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&padded);
        // A character holds 6 bits: those with a bit of a neighbour are left out.
        let start = (offset * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        texts.push(encoded.get(start..end).unwrap_or_default().to_owned());
    }
    texts
}

/// The characters that begin a command-line flag, each for the others.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
/// Most spellings of one value.
const SPELLINGS_MAX: usize = 5usize.pow(5);

/// Returns the value with every combination of dashes at the starts of its words, or `None` if these are too many.
pub(crate) fn dashes(text: &str) -> Option<Vec<String>> {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let mut spellings = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        if !DASHES.contains(c) || is_word(before) || !is_word(chars.get(at + 1)) {
            spellings.iter_mut().for_each(|spelling| spelling.push(*c));
            continue;
        }
        if spellings.len() * DASHES.len() > SPELLINGS_MAX {
            return None;
        }
        spellings =
            spellings.iter().flat_map(|spelling| DASHES.iter().map(move |dash| format!("{spelling}{dash}"))).collect();
    }
    Some(spellings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_is_found_in_what_contains_the_value() {
        for value in ["/bin/sh", "a", "ab", "secret", "été"] {
            let texts = base64_offsets(value.as_bytes());
            for before in 0..9 {
                for after in 0..4 {
                    let around = format!("{}{value}{}", "x".repeat(before), "\u{7f}".repeat(after));
                    let encoded = STANDARD.encode(around);
                    assert!(texts.iter().any(|text| encoded.contains(text)), "{value} {before} {after}");
                }
            }
        }
    }

    #[test]
    fn encodings() {
        assert_eq!(utf16("cmd", false, false), b"c\0m\0d\0");
        assert_eq!(utf16("cmd", true, false), b"\0c\0m\0d");
        assert_eq!(utf16("c", false, true), b"\xff\xfec\0");
        assert_eq!(base64(b"c\0m\0d\0"), "YwBtAGQA");
        assert_eq!(dashes("-x a-b").map(|all| all.len()), Some(5));
        assert_eq!(dashes("-x /y").map(|all| all.len()), Some(25));
        assert_eq!(dashes("a/b"), Some(vec!["a/b".to_owned()]));
        assert_eq!(dashes("-a -b -c -d -e -f"), None);
    }
}
