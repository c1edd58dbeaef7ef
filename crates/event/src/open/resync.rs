//! Finding the next record after one that cannot be read, so that a torn record takes no good one along.

/// Names a record may begin with that hardly ever begin an object inside a record.
const FIRST_NAMES: &[&str] = &[
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventID",
    "eventId",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointId",
];

/// Longest beginning of a record that must be seen to know it: a brace, blanks, a quoted name.
pub(super) const LOOK_AHEAD: usize = 256;

/// Returns the offset of the first `{` at or after `from` that looks like the beginning of a record.
///
/// An object that is a member's value, with a colon before it, is no record of its own.
/// `also` is one more name to begin with: that of its good neighbours.
pub(super) fn next_record(bytes: &[u8], from: usize, also: &[u8]) -> Option<usize> {
    let mut from = from.min(bytes.len());
    while let Some(found) = memchr::memchr(b'{', bytes.get(from..)?) {
        let at = from + found;
        if begins_record(&bytes[at + 1..], also) && !is_member_value(&bytes[..at]) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Returns the offset of the first line at or after `from` that begins with an object or an array.
/// `from` counts as the beginning of a line only if a line feed stands before it.
pub(super) fn next_line_with_json(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let line_start = next_line(bytes, at)?;
        if begins_json(&bytes[line_start..]) {
            return Some(line_start);
        }
        at = line_start;
    }
}

/// Returns true for a bracket and what may follow it; a `[` in prose or in binary data rarely passes.
fn begins_json(bytes: &[u8]) -> bool {
    let [b'{' | b'[', rest @ ..] = bytes else { return false };
    matches!(rest.iter().find(|byte| !byte.is_ascii_whitespace()), None | Some(b'"' | b'{' | b'}' | b'[' | b']'))
}

/// Returns the offset just past the first line feed at or after `from`.
pub(super) fn next_line(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr(b'\n', bytes.get(from..)?).map(|found| from + found + 1)
}

fn begins_record(bytes: &[u8], also: &[u8]) -> bool {
    let blank = bytes.iter().take(LOOK_AHEAD / 2).take_while(|byte| byte.is_ascii_whitespace()).count();
    let Some([b'"', rest @ ..]) = bytes.get(blank..) else { return false };
    let begins_with = |name: &[u8]| rest.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'"'));
    FIRST_NAMES.iter().any(|name| begins_with(name.as_bytes())) || (!also.is_empty() && begins_with(also))
}

fn is_member_value(before: &[u8]) -> bool {
    before.iter().rev().take(LOOK_AHEAD).find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_records_and_not_their_parts() {
        let cases = [
            (r#"IAM{"eventVersion":"1.08"}"#, Some(3)),
            (r#"x":{"eventName":"a"},{ "eventVersion":"1"}"#, Some(21)),
            (r#"{"arn":"x"},{"type":"y"}"#, None),
            (r#"{"eventVersions":1}"#, None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(next_record(text.as_bytes(), 0, b""), expect, "{text}");
        }
    }

    #[test]
    fn finds_the_next_line_of_json() {
        assert_eq!(next_line_with_json(b"torn\nwords\n{\"a\":1}", 0), Some(11));
        assert_eq!(next_line_with_json(b"torn\n  {\"a\":1}", 0), None);
    }
}
