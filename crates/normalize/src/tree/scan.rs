//! The smallest steps over JSON text: where a string or a number ends, what is wrong with it, what it decodes to.

use std::fmt;

/// What stopped the parser, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Offset of the byte that does not fit.
    pub at: usize,
    pub reason: FaultReason,
}

/// Why a text is not one JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultReason {
    Truncated,
    Unexpected,
    Control,
    Escape,
    Number,
    TooDeep,
    TooLong,
    Duplicate,
    NotObject,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            FaultReason::Truncated => "the text ends inside a value",
            FaultReason::Unexpected => "a character that JSON does not allow here",
            FaultReason::Control => "a control character inside a string",
            FaultReason::Escape => "a backslash that starts no JSON escape",
            FaultReason::Number => "a number that is no JSON number",
            FaultReason::TooDeep => "nested too deeply",
            FaultReason::TooLong => "longer than 4 GiB",
            FaultReason::Duplicate => "an object with two members of one name",
            FaultReason::NotObject => "not a JSON object",
        };
        write!(f, "{reason} at byte {}", self.at)
    }
}

/// Returns the byte at `at`, or 0, which stands in no JSON text, past the end.
#[inline(always)]
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

#[cold]
pub(super) fn unexpected(bytes: &[u8], at: usize) -> Fault {
    let reason = if at >= bytes.len() { FaultReason::Truncated } else { FaultReason::Unexpected };
    Fault { at, reason }
}

/// Returns the offset of the first byte from `at` on that is no JSON white space.
#[inline(always)]
pub(crate) fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// Marks, by the high bit of each byte, where a run of plain bytes of a string ends. Only the lowest mark is certain.
#[inline(always)]
fn marks(word: u64) -> u64 {
    let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word;
    let equal = |letter: u8| below(word ^ (LOW * u64::from(letter)), 1);
    (equal(b'"') | equal(b'\\') | below(word, 0x20)) & HIGH
}

/// Scans the string whose content begins at `at`, and returns the offset of its closing quote and whether it holds an
/// escape.
#[inline]
pub(super) fn string(bytes: &[u8], mut at: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let marks = marks(u64::from_le_bytes(*chunk));
            if marks != 0 {
                at += (marks.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(0..=0x1f) => return Err(Fault { at, reason: FaultReason::Control }),
            Some(_) => at += 1,
            None => return Err(unexpected(bytes, at)),
        }
    }
}

/// Returns the offset behind the escape whose backslash stands at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match byte(bytes, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => match (at + 2..at + 6).find(|digit| !byte(bytes, *digit).is_ascii_hexdigit()) {
            None => Ok(at + 6),
            Some(at) if at >= bytes.len() => Err(unexpected(bytes, at)),
            Some(at) => Err(Fault { at, reason: FaultReason::Escape }),
        },
        _ if at + 1 >= bytes.len() => Err(unexpected(bytes, at + 1)),
        _ => Err(Fault { at: at + 1, reason: FaultReason::Escape }),
    }
}

/// Returns the end of the number that begins at `start`: RFC 8259, section 6.
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start + usize::from(byte(bytes, start) == b'-');
    at = match byte(bytes, at) {
        b'0' => at + 1,
        _ => digits(bytes, at)?,
    };
    if byte(bytes, at) == b'.' {
        at = digits(bytes, at + 1)?;
    }
    if matches!(byte(bytes, at), b'e' | b'E') {
        at += 1 + usize::from(matches!(byte(bytes, at + 1), b'+' | b'-'));
        at = digits(bytes, at)?;
    }
    match byte(bytes, at) {
        b'0'..=b'9' => Err(Fault { at, reason: FaultReason::Number }),
        _ => Ok(at),
    }
}

fn digits(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    match at {
        _ if at > start => Ok(at),
        _ if at >= bytes.len() => Err(unexpected(bytes, at)),
        _ => Err(Fault { at, reason: FaultReason::Number }),
    }
}

/// Returns the end of `true`, `false` or `null`, whichever is `word`.
pub(super) fn literal(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, Fault> {
    match (0..word.len()).find(|offset| bytes.get(start + offset) != word.get(*offset)) {
        None => Ok(start + word.len()),
        Some(offset) => Err(unexpected(bytes, start + offset)),
    }
}

/// Decodes the content of a string that was scanned. Half a surrogate pair, of which no text can be made, becomes
/// U+FFFD.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut letters = escape.chars();
        match letters.next() {
            Some('u') => rest = push_unicode(letters.as_str(), &mut text),
            letter => {
                text.push(match letter {
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some(same) => same,
                    None => '\\',
                });
                rest = letters.as_str();
            }
        }
    }
    text.push_str(rest);
    text
}

/// Decodes one `\u` escape, or two that make a pair; `rest` begins with the digits. Returns what follows.
fn push_unicode<'r>(rest: &'r str, text: &mut String) -> &'r str {
    let (first, after) = hex(rest);
    let paired = after.strip_prefix("\\u").map(hex).filter(|(second, _)| (0xdc00..0xe000).contains(second));
    match (first, paired) {
        (0xd800..0xdc00, Some((second, after))) => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            after
        }
        _ => {
            text.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            after
        }
    }
}

fn hex(text: &str) -> (u32, &str) {
    let (digits, after) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), after)
}
