//! How payloads are put together into one request.

use crate::payload::Payload;

/// How much goes into one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// How many bytes, before compression. A single payload that is larger goes alone.
    pub batch_bytes_max: usize,
    /// How many payloads.
    pub batch_payloads_max: usize,
}

impl BatchLimits {
    /// Returns how many of the first payloads go into one request: at least one, if there is any.
    pub(crate) fn take(&self, payloads: &[Payload], weight: impl Fn(&Payload) -> usize) -> usize {
        let mut bytes = 0_usize;
        for (nth, payload) in payloads.iter().enumerate().take(self.batch_payloads_max.max(1)) {
            bytes = bytes.saturating_add(weight(payload));
            if bytes > self.batch_bytes_max {
                return nth.max(1);
            }
        }
        payloads.len().min(self.batch_payloads_max.max(1))
    }
}

/// Appends a payload as one line of JSON.
///
/// Between the tokens of a JSON text a line feed is white space, and inside of them there is none (RFC 8259, section
/// 2): blanks in their place keep the value and make one line of it.
pub(crate) fn push_line(lines: &mut Vec<u8>, payload: &Payload) {
    let start = lines.len();
    lines.extend_from_slice(&payload.bytes);
    for byte in lines.iter_mut().skip(start) {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_their_limits() {
        // Limits in bytes and payloads, the sizes of payloads, and the sizes of the batches they make.
        let cases: [(usize, usize, &[usize], &[usize]); 6] = [
            (10, 3, &[], &[]),
            (10, 3, &[5, 5, 5], &[2, 1]),
            (10, 3, &[1, 1, 1, 1], &[3, 1]),
            (10, 3, &[11, 1, 12, 13], &[1, 1, 1, 1]),
            (10, 0, &[1, 1], &[1, 1]),
            (0, 9, &[0, 0, 1], &[2, 1]),
        ];
        for (batch_bytes_max, batch_payloads_max, sizes, expect) in cases {
            let limits = BatchLimits { batch_bytes_max, batch_payloads_max };
            let payloads: Vec<_> = sizes.iter().map(|size| payload(&"x".repeat(*size))).collect();
            let mut rest = &payloads[..];
            let mut found = Vec::new();
            while !rest.is_empty() {
                let taken = limits.take(rest, |payload| payload.bytes.len());
                found.push(taken);
                rest = &rest[taken..];
            }
            assert_eq!(found, expect, "{limits:?} {sizes:?}");
        }
    }

    #[test]
    fn a_payload_is_one_line() {
        for (text, expect) in [("{}", "{}\n"), ("{\r\n \"a\":\n1}", "{   \"a\": 1}\n"), ("", "\n")] {
            let mut lines = b"\n".to_vec();
            push_line(&mut lines, &payload(text));
            assert_eq!(lines, format!("\n{expect}").as_bytes(), "{text}");
        }
    }

    fn payload(text: &str) -> Payload {
        Payload { id: "1".to_owned(), offset: 1, bytes: text.to_owned().into() }
    }
}
