//! What a content consists of, told by its head, and where the parts of a JSON text end. Nothing is checked here.

use memchr::{memchr, memchr2, memmem};

use crate::tree::scan::skip_blank;

/// Bytes of a content's head by which its form is told.
pub const HEAD_BYTES: usize = 64 << 10;

pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a content consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines, an array of records, or an object with `Records`: what [`Messages`] takes apart.
    Messages,
    /// Objects around records, as CloudWatch Logs, EventBridge and `LookupEvents` make them.
    Envelopes,
}

/// Members by which an object around records is known.
const ENVELOPE_NAMES: &[&[u8]] = &[
    b"logEvents",
    b"Events",
    b"events",
    b"records",
    b"messageType",
    b"detail-type",
    b"detail",
    b"CloudTrailEvent",
    b"awslogs",
];
/// Members by which a record is known.
const RECORD_NAMES: &[&[u8]] = &[
    b"eventVersion",
    b"userIdentity",
    b"eventTime",
    b"eventSource",
    b"eventName",
    b"eventID",
    b"eventType",
    b"awsRegion",
    b"eventCategory",
    b"awsAccountId",
];

/// Members by which a digest file is known.
const DIGEST_NAMES: &[&[u8]] = &[b"digestS3Object", b"digestStartTime", b"digestEndTime", b"digestSignatureAlgorithm"];

/// Returns true for the text of a digest file, told by its first members.
pub fn is_digest(text: &[u8]) -> bool {
    let start = skip_blank(text, 0);
    if text.get(start) != Some(&b'{') {
        return false;
    }
    let mut names = Names { bytes: text, at: start + 1 };
    let telling = names
        .find(|(name, _)| DIGEST_NAMES.contains(name) || (RECORD_NAMES.contains(name) && *name != b"awsAccountId"));
    telling.is_some_and(|(name, _)| DIGEST_NAMES.contains(&name))
}

/// Tells the form of a content by its first bytes, [`HEAD_BYTES`] or all there are.
pub fn form(head: &[u8]) -> Form {
    let start = skip_blank(head, if head.starts_with(BOM) { BOM.len() } else { 0 });
    match head.get(start) {
        Some(b'{') => {
            let mut names = Names { bytes: head, at: start + 1 };
            let telling = names.find(|(name, _)| RECORD_NAMES.contains(name) || ENVELOPE_NAMES.contains(name));
            match telling {
                Some((name, _)) if ENVELOPE_NAMES.contains(&name) => Form::Envelopes,
                _ => Form::Messages,
            }
        }
        // An export of CloudWatch Logs: a time in front of each record.
        Some(b'0'..=b'9') => {
            let rest = head.get(start..).unwrap_or_default();
            let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
            if line.get(4) == Some(&b'-') && memmem::find(line, b"Z {").is_some() {
                Form::Envelopes
            } else {
                Form::Messages
            }
        }
        _ => Form::Messages,
    }
}

/// Returns the offset behind the bracket that brings `depth` down to 0. Which bracket it is, is not looked at.
pub(super) fn closing(bytes: &[u8], depth: usize) -> Option<usize> {
    let (mut depth, mut at) = (depth, 0);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' if depth <= 1 => return Some(at + 1),
            b'}' | b']' => (depth, at) = (depth - 1, at + 1),
            _ => at += 1,
        }
    }
}

/// Returns the offset behind the quote that ends the string whose content begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at) {
            Some(b'"') => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Returns the end of an element that is no list and no object.
pub(super) fn scalar_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)?,
            b',' | b']' | b'}' | b'\n' if at > 0 => return Some(at),
            _ => at += 1,
        }
    }
}

/// Returns the offset behind the bracket of the array `Records` of the object at `start`.
pub(super) fn records(bytes: &[u8], start: usize) -> Option<usize> {
    let head = bytes.get(..bytes.len().min(start + HEAD_BYTES))?;
    // Nearly every line is a record, and says so first.
    let mut names = Names { bytes: head, at: start + 1 }.take_while(|(name, _)| !RECORD_NAMES.contains(name));
    let (_, value) = names.find(|(name, _)| *name == b"Records")?;
    (head.get(value) == Some(&b'[')).then_some(value + 1)
}

/// The names of an object's members, and where their values begin; ends where the bytes do not go on as JSON.
pub(super) struct Names<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Iterator for Names<'b> {
    type Item = (&'b [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let quote = skip_blank(self.bytes, self.at);
        if self.bytes.get(quote) != Some(&b'"') {
            return None;
        }
        let end = string_end(self.bytes, quote + 1)?;
        let name = self.bytes.get(quote + 1..end - 1)?;
        let colon = skip_blank(self.bytes, end);
        if self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_blank(self.bytes, colon + 1);
        let rest = self.bytes.get(value..)?;
        // A value that does not end in the head has no sibling in it.
        let length = match rest.first() {
            Some(b'{' | b'[') => closing(rest, 0),
            _ => scalar_end(rest),
        };
        self.at = length.map_or(self.bytes.len(), |length| {
            let comma = skip_blank(self.bytes, value + length);
            if self.bytes.get(comma) == Some(&b',') { comma + 1 } else { self.bytes.len() }
        });
        Some((name, value))
    }
}
