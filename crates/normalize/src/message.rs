//! Content to messages: each line of a file of lines, empty ones too, or each element of a log file's `Records`.
//!
//! A line that ends inside a JSON value goes on to the end of the value. What is no JSON is a message as well: its
//! document says so. Envelopes of records are not unpacked here; [`form`] tells them by the head of the content.

mod form;
#[cfg(test)]
mod tests;

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::message::form::{BOM, Names, closing, records, scalar_end};
use crate::tree::scan::{FaultReason, skip_blank};
use crate::tree::value_end;

pub use form::{Form, HEAD_BYTES, form, is_digest};

/// Nesting of a value over several lines.
const DEPTH_MAX: usize = 16_384;

/// Where the reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Line,
    /// Behind a message that was cut, whose line goes on.
    CutLine,
    /// Behind a value, whose line is expected to end.
    Tail,
    /// Inside an array of records; `true` if an object is around it.
    Array(bool),
    /// Behind an element of such an array that was cut.
    CutElement(bool),
    /// Behind the array in that object.
    Wrapper,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'b> {
    /// A message.
    Message {
        /// Its text, which may not be UTF-8.
        text: &'b [u8],
        /// Whether it is longer than the limit, and only its beginning is here.
        is_cut: bool,
        /// Bytes that are done with.
        used: usize,
    },
    /// No message yet; so many bytes are done with.
    Skip(usize),
    /// More bytes are needed.
    More,
    /// The content is at its end.
    End,
}

/// Takes a content apart, as its bytes come.
#[derive(Debug)]
pub struct Messages {
    place: Place,
    bytes_max: usize,
    /// `{` and first name of the elements of an array: where one is broken, the next is looked for by it.
    beginning: Vec<u8>,
    /// Bytes that were walked for values over several lines which were none.
    vain_bytes: usize,
}

/// Bytes of one content that may be walked in vain: beyond, each line is a message.
const VAIN_BYTES_MAX: usize = 256 << 20;

impl Messages {
    /// Makes a reader of messages of at most `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Messages { place: Place::Start, bytes_max, beginning: Vec::new(), vain_bytes: 0 }
    }

    /// Takes the next step. `bytes` begins where the step before it said, and ends with the content if `is_last`.
    pub fn step<'b>(&mut self, bytes: &'b [u8], is_last: bool) -> Step<'b> {
        match self.place {
            Place::Start if bytes.len() < BOM.len() && !is_last => Step::More,
            Place::Start => {
                self.place = Place::Line;
                Step::Skip(if bytes.starts_with(BOM) { BOM.len() } else { 0 })
            }
            _ if bytes.is_empty() => {
                if is_last {
                    Step::End
                } else {
                    Step::More
                }
            }
            Place::Line => self.line(bytes, is_last),
            Place::CutLine => match memchr(b'\n', bytes) {
                Some(at) => {
                    self.place = Place::Line;
                    Step::Skip(at + 1)
                }
                None => Step::Skip(bytes.len()),
            },
            Place::Tail => {
                let blanks = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
                let Some(next) = bytes.get(blanks) else { return Step::Skip(blanks) };
                self.place = Place::Line;
                Step::Skip(blanks + usize::from(*next == b'\n'))
            }
            Place::Array(wrapped) => self.element(bytes, is_last, wrapped),
            Place::CutElement(wrapped) => match memmem::find(bytes, &self.beginning) {
                Some(next) => {
                    self.place = Place::Array(wrapped);
                    Step::Skip(next)
                }
                None if is_last => Step::Skip(bytes.len()),
                // Its beginning may stand on both sides of the seam.
                None if bytes.len() >= self.beginning.len() => Step::Skip(bytes.len() + 1 - self.beginning.len()),
                None => Step::More,
            },
            Place::Wrapper => match closing(bytes, 1) {
                Some(end) => {
                    self.place = Place::Tail;
                    Step::Skip(end)
                }
                None if is_last || bytes.len() > self.bytes_max => Step::Skip(bytes.len()),
                None => Step::More,
            },
        }
    }

    fn line<'b>(&mut self, bytes: &'b [u8], is_last: bool) -> Step<'b> {
        let break_at = memchr(b'\n', bytes);
        if break_at.is_none() && !is_last && bytes.len() < HEAD_BYTES {
            return Step::More;
        }
        let start = skip_blank(bytes, 0);
        if let Some(end) = break_at.filter(|end| *end < start) {
            return Step::Message { text: b"", is_cut: false, used: end + 1 };
        }
        match bytes.get(start) {
            Some(b'[') => {
                self.place = Place::Array(false);
                return Step::Skip(start + 1);
            }
            Some(b'{') => {
                if let Some(array) = records(bytes, start) {
                    self.place = Place::Array(true);
                    return Step::Skip(array);
                }
            }
            _ => {}
        }
        let Some(end) = break_at.or(is_last.then_some(bytes.len())) else {
            return if bytes.len() > self.bytes_max { self.cut(bytes, Place::CutLine) } else { Step::More };
        };
        let line = trimmed_line(bytes.get(..end).unwrap_or_default());
        if line.len() > self.bytes_max {
            return self.cut(bytes, Place::CutLine);
        }
        let used = (end + 1).min(bytes.len());
        if start >= line.len() {
            return Step::Message { text: b"", is_cut: false, used };
        }
        let rest = bytes.get(used..).unwrap_or_default();
        match is_complete(line, rest, is_last) {
            Some(true) => Step::Message { text: line, is_cut: false, used },
            None => Step::More,
            Some(false) => match self.value_over_lines(bytes, start) {
                Over::Value(range) => {
                    self.place = Place::Tail;
                    let used = range.end;
                    Step::Message { text: bytes.get(range).unwrap_or_default(), is_cut: false, used }
                }
                Over::Unknown if !is_last && bytes.len() <= self.bytes_max => Step::More,
                Over::Unknown | Over::None => Step::Message { text: line, is_cut: false, used },
            },
        }
    }

    fn value_over_lines(&mut self, bytes: &[u8], start: usize) -> Over {
        if self.vain_bytes > VAIN_BYTES_MAX {
            return Over::None;
        }
        let rest = bytes.get(start..).unwrap_or_default();
        let text = match str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
        };
        match value_end(text, DEPTH_MAX) {
            Ok(end) => Over::Value(start..start + end),
            Err(fault) => {
                self.vain_bytes += fault.at;
                if fault.reason == FaultReason::Truncated { Over::Unknown } else { Over::None }
            }
        }
    }

    fn element<'b>(&mut self, bytes: &'b [u8], is_last: bool, wrapped: bool) -> Step<'b> {
        let commas = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',')).count();
        let first = match bytes.get(commas) {
            None => return Step::Skip(commas),
            Some(b']') => {
                self.place = if wrapped { Place::Wrapper } else { Place::Tail };
                return Step::Skip(commas + 1);
            }
            Some(first) => *first,
        };
        let element = bytes.get(commas..).unwrap_or_default();
        let end = match first {
            b'{' | b'[' => closing(element, 0),
            _ => scalar_end(element),
        };
        self.remember(element);
        match end {
            Some(end) if end <= self.bytes_max => {
                let text = element.get(..end).unwrap_or_default().trim_ascii_end();
                Step::Message { text, is_cut: false, used: commas + end }
            }
            None if !is_last && element.len() <= self.bytes_max => Step::More,
            _ => self.broken(bytes, commas, wrapped),
        }
    }

    /// Takes an element that does not end, or not soon enough: up to where the next one begins, or to the end of what
    /// is here.
    fn broken<'b>(&mut self, bytes: &'b [u8], start: usize, wrapped: bool) -> Step<'b> {
        let rest = bytes.get(start + 1..).unwrap_or_default();
        let next = if self.beginning.is_empty() { None } else { memmem::find(rest, &self.beginning) };
        let end = next.map_or(bytes.len(), |at| start + 1 + at);
        let text = bytes.get(start..end).unwrap_or_default();
        let blanks = text.iter().rev().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        let text = text.get(..text.len() - blanks).unwrap_or_default();
        match text.get(..self.bytes_max) {
            Some(text) if !text.is_empty() => {
                if !self.beginning.is_empty() {
                    self.place = Place::CutElement(wrapped);
                }
                Step::Message { text, is_cut: true, used: start + text.len() }
            }
            _ => Step::Message { text, is_cut: false, used: end },
        }
    }

    fn cut<'b>(&mut self, bytes: &'b [u8], place: Place) -> Step<'b> {
        self.place = place;
        let text = bytes.get(..self.bytes_max).unwrap_or(bytes);
        Step::Message { text, is_cut: true, used: text.len() }
    }

    fn remember(&mut self, element: &[u8]) {
        if !self.beginning.is_empty() {
            return;
        }
        let mut names = Names { bytes: element, at: 1 };
        if element.first() == Some(&b'{')
            && let Some((_, value)) = names.next()
            && let Some(beginning) = element.get(..value)
        {
            // As it is spelled here, blanks and colon included, so that a name inside another element is no match.
            self.beginning = beginning.to_vec();
        }
    }
}

/// Cuts the end of a line that was written on Windows.
fn trimmed_line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Tells whether a line is a message by itself; `rest` is what follows it. `None` where that cannot be seen yet.
fn is_complete(line: &[u8], rest: &[u8], is_last: bool) -> Option<bool> {
    let is_object = line.get(skip_blank(line, 0)) == Some(&b'{');
    if !is_object {
        return Some(true);
    }
    let ends = line.trim_ascii_end().last() == Some(&b'}');
    // Inside a value over several lines no line begins with an object, and none is empty, right behind a `}`.
    match rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) {
        _ if !ends => Some(false),
        Some(b'{' | b'\n') => Some(true),
        Some(_) => Some(false),
        None if is_last => Some(true),
        None => None,
    }
}

/// What begins on one line and may end on another.
enum Over {
    Value(Range<usize>),
    /// It does not end in what is here.
    Unknown,
    /// It is no JSON.
    None,
}
