//! Text as JSON.

/// What stands for a byte inside a JSON string: 0 for itself, `u` for `\u00XX`, a letter for a short escape.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte] = b'u';
        byte += 1;
    }
    escapes[0x08] = b'b';
    escapes[0x09] = b't';
    escapes[0x0a] = b'n';
    escapes[0x0c] = b'f';
    escapes[0x0d] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

/// Appends a text as a JSON string, with its quotes.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let start = out.len();
    // Room for each byte to be escaped by one letter, and for the last word.
    out.resize(start + bytes.len() * 2 + WORD, 0);
    let (mut read, mut written) = (0, 0);
    if let Some(room) = out.get_mut(start..) {
        (read, written) = write_short(bytes, room);
    }
    out.truncate(start + written);
    write_rest(bytes.get(read..).unwrap_or_default(), out);
    out.push(b'"');
}

const WORD: usize = 8;
const LOW: u64 = u64::from_ne_bytes([0x01; WORD]);
const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);

/// Marks the bytes of a word that are escaped, by their high bits. Only the lowest mark is certain.
#[inline(always)]
fn marks(word: u64) -> u64 {
    let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word;
    let equal = |letter: u8| below(word ^ (LOW * u64::from(letter)), 1);
    (equal(b'"') | equal(b'\\') | below(word, 0x20)) & HIGH
}

/// Writes word by word, up to the last bytes or an escape of many letters. Returns how much was read and written.
fn write_short(bytes: &[u8], room: &mut [u8]) -> (usize, usize) {
    let (mut read, mut written) = (0, 0);
    while let Some(chunk) = bytes.get(read..).and_then(|rest| rest.first_chunk::<WORD>()) {
        let Some(place) = room.get_mut(written..).and_then(|rest| rest.first_chunk_mut::<WORD>()) else { break };
        *place = *chunk;
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks == 0 {
            (read, written) = (read + WORD, written + WORD);
            continue;
        }
        let plain = (marks.trailing_zeros() / 8) as usize;
        (read, written) = (read + plain, written + plain);
        let escape = bytes.get(read).map_or(0, |byte| ESCAPES[*byte as usize]);
        let place = room.get_mut(written..).and_then(|rest| rest.first_chunk_mut::<2>());
        match place {
            Some(place) if escape != b'u' => *place = [b'\\', escape],
            _ => break,
        }
        (read, written) = (read + 1, written + 2);
    }
    (read, written)
}

/// Writes byte by byte.
fn write_rest(bytes: &[u8], out: &mut Vec<u8>) {
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[*byte as usize];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            out.extend_from_slice(format!("{byte:04x}").as_bytes());
        }
        plain = at + 1;
    }
    out.extend_from_slice(bytes.get(plain..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_json_wants_it() {
        let texts = [
            "",
            "plain",
            "plain text of some length",
            "a\"b\\c/d",
            "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
            "1234567\"901234\\6",
            "\u{0}\u{1f}\u{7f}\n\r\t\u{8}\u{c}",
            "12345\u{1}78901\n34\u{2}67\"",
            "é😀\u{2028}é😀\u{2028}\"",
        ];
        for text in texts {
            let mut out = Vec::new();
            write_text(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text, "{text:?}");
        }
    }
}
