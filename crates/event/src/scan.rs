//! The smallest steps over JSON text: where a string, a number or a literal ends, and what is wrong with it.
//!
//! Nothing here allocates but [`unescape`]. Offsets are bytes into the text that is scanned.

/// What stopped a scan, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Offset of the byte that does not fit.
    pub at: usize,
    /// What is wrong with it.
    pub reason: FaultReason,
}

/// Why text is not the JSON of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultReason {
    /// The text ends inside a value.
    Truncated,
    /// A byte that no JSON grammar allows here.
    Unexpected,
    /// A control character inside a string.
    ControlCharacter,
    /// A backslash followed by no known escape.
    Escape,
    /// A number that breaks JSON's grammar.
    Number,
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// Valid JSON that is not an object.
    NotObject,
}

impl FaultReason {
    /// Returns the reason as words for a reject.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultReason::Truncated => "the text ends inside the record",
            FaultReason::Unexpected => "a character that JSON does not allow here",
            FaultReason::ControlCharacter => "a control character inside a string",
            FaultReason::Escape => "a backslash that starts no JSON escape",
            FaultReason::Number => "a number that is no JSON number",
            FaultReason::TooDeep => "nested too deeply",
            FaultReason::NotObject => "not a JSON object",
        }
    }
}

/// Deepest nesting of arrays and objects inside one record. CloudTrail's own records stay below 20.
pub const DEPTH_MAX: usize = 16_384;

/// Returns the byte at `at`, or 0, which no JSON text contains, past the end.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    match bytes.get(at) {
        Some(byte) => *byte,
        None => 0,
    }
}

/// Returns the fault for a byte that does not fit: past the end it is a truncation.
#[cold]
pub(crate) fn unexpected(bytes: &[u8], at: usize) -> Fault {
    let reason = if at >= bytes.len() { FaultReason::Truncated } else { FaultReason::Unexpected };
    Fault { at: at.min(bytes.len()), reason }
}

/// Returns the offset of the first byte at or after `at` that is no JSON white space.
#[inline(always)]
pub fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// A string's extent, quotes included, and whether it holds a backslash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// Offset just past the closing quote.
    pub end: usize,
    /// True if the string holds an escape.
    pub escaped: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Marks the bytes of a word that end a run of plain string bytes: a quote, a backslash, a control character.
/// The lowest mark is exact; marks above it may be spurious.
#[inline(always)]
fn stops(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

/// Scans the string whose opening quote stands at `start`.
#[inline]
pub(crate) fn string(bytes: &[u8], start: usize) -> Result<Text, Fault> {
    let mut at = start + 1;
    let mut escaped = false;
    loop {
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let marks = stops(u64::from_le_bytes(*chunk));
            if marks != 0 {
                at += (marks.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            Some(b'"') => return Ok(Text { end: at + 1, escaped }),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(0..=0x1f) => return Err(Fault { at, reason: FaultReason::ControlCharacter }),
            Some(_) => at += 1,
            None => return Err(unexpected(bytes, at)),
        }
    }
}

/// Returns the offset past the escape whose backslash stands at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            for offset in at + 2..at + 6 {
                match bytes.get(offset) {
                    Some(digit) if digit.is_ascii_hexdigit() => {}
                    Some(_) => return Err(Fault { at: offset, reason: FaultReason::Escape }),
                    None => return Err(unexpected(bytes, offset)),
                }
            }
            Ok(at + 6)
        }
        Some(_) => Err(Fault { at: at + 1, reason: FaultReason::Escape }),
        None => Err(unexpected(bytes, at + 1)),
    }
}

/// Returns the end of the number, `true`, `false` or `null` that starts at `start`.
#[inline]
pub(crate) fn scalar(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    match byte(bytes, start) {
        b't' => literal(bytes, start, b"true"),
        b'f' => literal(bytes, start, b"false"),
        b'n' => literal(bytes, start, b"null"),
        b'-' | b'0'..=b'9' => number(bytes, start),
        _ => Err(unexpected(bytes, start)),
    }
}

fn literal(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, Fault> {
    for (offset, expected) in word.iter().enumerate() {
        match bytes.get(start + offset) {
            Some(byte) if byte == expected => {}
            _ => return Err(unexpected(bytes, start + offset)),
        }
    }
    Ok(start + word.len())
}

/// JSON's grammar of numbers: RFC 8259, section 6.
fn number(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    if byte(bytes, at) == b'-' {
        at += 1;
    }
    match byte(bytes, at) {
        b'0' => at += 1,
        b'1'..=b'9' => at = digits(bytes, at),
        _ => return Err(number_fault(bytes, at)),
    }
    if byte(bytes, at) == b'.' {
        if !byte(bytes, at + 1).is_ascii_digit() {
            return Err(number_fault(bytes, at + 1));
        }
        at = digits(bytes, at + 1);
    }
    if matches!(byte(bytes, at), b'e' | b'E') {
        at += 1;
        if matches!(byte(bytes, at), b'+' | b'-') {
            at += 1;
        }
        if !byte(bytes, at).is_ascii_digit() {
            return Err(number_fault(bytes, at));
        }
        at = digits(bytes, at);
    }
    if byte(bytes, at).is_ascii_digit() {
        return Err(Fault { at, reason: FaultReason::Number });
    }
    Ok(at)
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    at
}

fn number_fault(bytes: &[u8], at: usize) -> Fault {
    if at >= bytes.len() { unexpected(bytes, at) } else { Fault { at, reason: FaultReason::Number } }
}

/// Returns the end of the value that starts at `start`; what is inside brackets is matched, not checked.
pub(crate) fn skip_value(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match byte(bytes, at) {
            b'"' => at = string(bytes, at)?.end,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' if depth > 0 => (depth, at) = (depth - 1, at + 1),
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth > 0 => at += 1,
            _ => at = scalar(bytes, at)?,
        }
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// Returns the decoded content of a JSON string given with its quotes, or `None` where an escape is half a surrogate
/// pair and no text can be made of it.
pub(crate) fn unescape(quoted: &str) -> Option<String> {
    serde_json::from_str(quoted).ok()
}

/// Returns true if `decoded`, written the canonical way, gives `quoted` back byte for byte.
pub(crate) fn is_canonical(quoted: &str, decoded: &str) -> bool {
    serde_json::to_string(decoded).is_ok_and(|text| text == quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_where_json_says() {
        type Expected = Result<(usize, bool), FaultReason>;
        let cases: &[(&str, Expected)] = &[
            (r#""""#, Ok((2, false))),
            (r#""abcdefgh" "#, Ok((10, false))),
            (r#""a\"b""#, Ok((6, true))),
            (r#""\u00e9é€""#, Ok((13, true))),
            (r#""abc"#, Err(FaultReason::Truncated)),
            (r#""a\x""#, Err(FaultReason::Escape)),
            (r#""\u12g4""#, Err(FaultReason::Escape)),
            ("\"a\nb\"", Err(FaultReason::ControlCharacter)),
            (r#""abc\"#, Err(FaultReason::Truncated)),
        ];
        for (text, expect) in cases {
            let found = string(text.as_bytes(), 0).map(|text| (text.end, text.escaped)).map_err(|fault| fault.reason);
            assert_eq!(&found, expect, "{text}");
        }
    }

    #[test]
    fn every_stop_is_found_at_every_offset() {
        for stop in (0u8..0x20).chain([b'"', b'\\']) {
            for offset in 0..8 {
                let mut word = *b"abcdefgh";
                word[offset] = stop;
                assert_eq!(
                    stops(u64::from_le_bytes(word)).trailing_zeros() / 8,
                    offset as u32,
                    "{stop:#x} at {offset}"
                );
            }
        }
        for plain in (0x20u8..=0xff).filter(|byte| !matches!(byte, b'"' | b'\\')) {
            assert_eq!(stops(u64::from_le_bytes([plain; 8])), 0, "{plain:#x}");
        }
    }

    #[test]
    fn numbers_agree_with_serde_json() {
        for text in [
            "0",
            "-0",
            "1.0",
            "1e5",
            "1E+5",
            "-12.5e-3",
            "01",
            "1.",
            ".5",
            "-",
            "1e",
            "+1",
            "00",
            "1.e3",
            "123456789012345678901234567890",
        ] {
            let ours = number(text.as_bytes(), 0) == Ok(text.len());
            let reference = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            assert_eq!(ours, reference, "{text}");
        }
    }
}
