//! What is sent, what became of it, and how far one has come.

use bytes::Bytes;

/// How many bytes of a reason are kept.
const REASON_BYTES_MAX: usize = 1024;

/// One thing to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The idempotency key: the same for the same payload, whenever it is sent.
    pub id: String,
    /// Where the payload stands in what its sender reads. Offsets grow from payload to payload, gaps are allowed.
    pub offset: u64,
    /// The bytes, without a line feed at their end.
    pub bytes: Bytes,
}

/// What became of payloads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many the destination took. Files and objects are there for good only as far as the position says.
    pub accepted: u64,
    /// How many it had already: from an attempt whose answer was lost, or from an earlier run.
    pub already_there: u64,
    /// Those it will never take, in the order of their offsets.
    pub refused: Vec<Refusal>,
}

impl Outcome {
    /// Returns how many payloads this tells of.
    pub fn payloads(&self) -> u64 {
        self.accepted + self.already_there + self.refused.len() as u64
    }

    /// Adds what became of further payloads.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.already_there += other.already_there;
        self.refused.extend(other.refused);
    }

    pub(crate) fn refuse(&mut self, payload: &Payload, reason: &str) {
        self.refused.push(Refusal { id: payload.id.clone(), offset: payload.offset, reason: shortened(reason) });
    }
}

/// A payload that the destination will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The payload's idempotency key.
    pub id: String,
    /// The payload's offset.
    pub offset: u64,
    /// Why, in the destination's words where it gave any. At most 1 KiB, without control characters.
    pub reason: String,
}

/// How far a sink has come. Store it after each call, and open the sink from it again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The offset of the last payload of which it is true that it and all before it are settled. `None`: none is yet.
    pub offset: Option<u64>,
    /// How many files or objects are finished. Other destinations leave it at 0.
    pub parts: u64,
}

/// Returns a text from outside in one line of bounded length.
pub(crate) fn shortened(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(REASON_BYTES_MAX));
    for char in text.trim().chars() {
        if kept.len() + char.len_utf8() > REASON_BYTES_MAX {
            break;
        }
        kept.push(if char.is_control() { ' ' } else { char });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_one_short_line() {
        let cases = [
            (" a\nb\u{1b}[31m ", "a b [31m".to_owned()),
            ("", String::new()),
            (&"ü".repeat(600), "ü".repeat(512)),
            (&format!("a{}", "ü".repeat(600)), format!("a{}", "ü".repeat(511))),
        ];
        for (text, expect) in cases {
            assert_eq!(shortened(text), expect, "{text}");
        }
    }
}
