//! The outer form of an object's content: one log file, records one after the other, lines, an array, an envelope.

use crate::error::Error;
use crate::open::element::Around;
use crate::open::resync::{self, LOOK_AHEAD};
use crate::open::{ContentKind, Emit, Opener, Summary};
use crate::reject::{Gathering, RejectReason};
use crate::scan::{self, Fault, FaultReason, byte};
use crate::window::Window;

/// One walk through an object's content.
pub(super) struct Visit<'v, 'e, E> {
    pub(super) opener: &'v mut Opener,
    pub(super) emit: &'v mut Emit<'e, E>,
    pub(super) events: u64,
    pub(super) rejects: u64,
    pub(super) digests: Vec<Vec<u8>>,
    pub(super) control_messages: u64,
    /// 1-based number of the last record.
    pub(super) number: i64,
    /// True once an object or array has begun.
    saw_json: bool,
    saw_bytes: bool,
    /// What came before the first JSON: a reject if there is any, nothing if the file has none.
    prelude: Option<Gathering>,
    /// First name of the last good element: its neighbours most likely begin with it too.
    pub(super) first_name: Vec<u8>,
    /// Where in the file an inner content lies, for content unpacked from an envelope.
    pub(super) outer: Option<std::ops::Range<u64>>,
    /// True once a reject says why the content ends where it does: once is enough.
    told_end: bool,
    /// Why the content could not be read to its end.
    read_failed: Option<String>,
    /// Bytes walked up to a fault and then looked at again.
    vain_bytes: u64,
    /// How many envelopes with packed content are around this one.
    pub(super) depth: usize,
}

/// Bytes of an object's head that are looked at to tell what it is.
const HEAD_BYTES: usize = 64 << 10;
/// Bytes of one object that may be walked in vain: beyond, reading goes on where a walk has failed, not within it.
const VAIN_BYTES_MAX: u64 = 256 << 20;

/// How the walk over one element ended.
pub(super) enum Walk {
    /// At this offset.
    Record(usize),
    Fault(Fault),
    NotUtf8,
    TooLarge,
}

/// What kind of object begins here, told by the names of its first members.
enum Form {
    /// A record, or an envelope of one record.
    Element,
    /// An array of records, or of their envelopes, begins at this offset, behind its bracket.
    Array {
        at: usize,
        around: Around,
    },
    /// `Records` that is no array.
    RecordsNotArray,
    Digest,
}

impl<'v, 'e, E: From<Error>> Visit<'v, 'e, E> {
    pub(super) fn new(opener: &'v mut Opener, emit: &'v mut Emit<'e, E>) -> Visit<'v, 'e, E> {
        Visit {
            opener,
            emit,
            events: 0,
            rejects: 0,
            digests: Vec::new(),
            control_messages: 0,
            number: 0,
            saw_json: false,
            saw_bytes: false,
            prelude: None,
            first_name: Vec::new(),
            outer: None,
            told_end: false,
            read_failed: None,
            vain_bytes: 0,
            depth: 0,
        }
    }

    /// Goes through all of the content.
    pub(super) fn object(&mut self, window: &mut Window<'_>) -> Result<(), E> {
        let mut at = if window.text().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        loop {
            at = scan::skip_blank(window.text().as_bytes(), at);
            if at >= window.text().len() {
                if window.is_cut_by_encoding() {
                    at = self.words(window, at)?;
                } else if window.is_last() {
                    return Ok(());
                } else {
                    window.slide(at);
                    at = 0;
                }
                continue;
            }
            self.saw_bytes = true;
            // What an object or a line is, is told by its head, so the head must be in memory.
            if window.text().len() - at < HEAD_BYTES && !window.is_read() && !window.is_cut_by_encoding() {
                window.slide(at);
                at = 0;
            }
            at = match byte(window.text().as_bytes(), at) {
                b'{' => self.top_object(window, at)?,
                b'[' => {
                    self.begin_json();
                    self.array(window, at + 1, &Around::default())?
                }
                _ => self.words(window, at)?,
            };
            self.emit_if_full()?;
        }
    }

    /// Says what the content was, once all of it is read.
    pub(super) fn finish(mut self, window: &Window<'_>) -> Summary {
        if let Some(damage) = window.damage.clone()
            && !self.told_end
        {
            self.saw_json = true;
            self.number += 1;
            let end = window.offset(window.text().len());
            self.reject(Gathering::new(end, 0), damage.reason, damage.message);
        }
        let kind = if self.events + self.rejects > 0 {
            ContentKind::CloudTrail
        } else if !self.digests.is_empty() {
            ContentKind::Digest
        } else if self.control_messages > 0 {
            ContentKind::ControlMessage
        } else if self.saw_json {
            ContentKind::CloudTrail
        } else if self.saw_bytes {
            ContentKind::NotCloudTrail
        } else {
            ContentKind::Empty
        };
        Summary {
            kind,
            events: self.events,
            rejects: self.rejects,
            digests: self.digests.len() as u64,
            digest_contents: self.digests,
            control_messages: self.control_messages,
            content_bytes: 0,
            sha256: None,
            read_failed: self.read_failed,
        }
    }

    fn begin_json(&mut self) {
        self.saw_json = true;
        if let Some(prelude) = self.prelude.take() {
            self.number += 1;
            self.reject(prelude, RejectReason::NotJson, "text before the first JSON of the file".to_owned());
        }
    }

    fn top_object(&mut self, window: &mut Window<'_>, at: usize) -> Result<usize, E> {
        self.begin_json();
        match form(window.text(), at) {
            Form::Array { at, around } => {
                let end = self.array(window, at, &around)?;
                self.end_of_wrapper(window, end)
            }
            Form::Element => self.element(window, at, &Around::default(), Resume::Line),
            form => {
                let mut at = at;
                match (self.walk(window, &mut at), form) {
                    (Walk::Record(end), Form::Digest) => {
                        self.digests.push(digest_content(window, at..end).to_vec());
                        Ok(end)
                    }
                    (Walk::Record(end), _) => {
                        self.number += 1;
                        let mut gathering = self.gather(window, at);
                        gathering.push(&window.text().as_bytes()[at..end]);
                        self.reject(gathering, RejectReason::Envelope, "`Records` is not an array".to_owned());
                        Ok(end)
                    }
                    (walk, _) => self.unreadable(window, at, walk, Resume::Line),
                }
            }
        }
    }

    /// Goes through an array of elements; `at` is behind its opening bracket. Returns the offset behind the closing one.
    fn array(&mut self, window: &mut Window<'_>, mut at: usize, around: &Around) -> Result<usize, E> {
        loop {
            at = scan::skip_blank(window.text().as_bytes(), at);
            if at >= window.text().len() && !window.is_cut_by_encoding() {
                if window.is_last() {
                    self.ends_early(window, at, "the content ends inside an array of records");
                    return Ok(at);
                }
                window.slide(at);
                at = 0;
                continue;
            }
            at = match byte(window.text().as_bytes(), at) {
                b']' => return Ok(at + 1),
                b',' => at + 1,
                _ => self.element(window, at, around, Resume::Record)?,
            };
            self.emit_if_full()?;
        }
    }

    /// Skips what follows an array of records in the object around it.
    fn end_of_wrapper(&mut self, window: &mut Window<'_>, mut at: usize) -> Result<usize, E> {
        loop {
            let bytes = window.text().as_bytes();
            at = scan::skip_blank(bytes, at);
            let step = match byte(bytes, at) {
                b'}' => return Ok(at + 1),
                b',' => skip_member(bytes, at + 1),
                _ => Err(scan::unexpected(bytes, at)),
            };
            match step {
                Ok(next) => at = next,
                Err(fault) if fault.reason != FaultReason::Truncated || window.is_cut_by_encoding() => return Ok(at),
                Err(_) if window.is_last() => {
                    self.ends_early(window, at, "the content ends before the object around its records does");
                    return Ok(window.text().len());
                }
                Err(_) => {
                    window.slide(at);
                    at = 0;
                }
            }
        }
    }

    /// Notes that the content stops where a bracket is still open, unless its packing already says why.
    fn ends_early(&mut self, window: &Window<'_>, at: usize, message: &str) {
        if std::mem::replace(&mut self.told_end, true) {
            return;
        }
        self.number += 1;
        let (reason, message) = match window.damage.clone() {
            Some(damage) => (damage.reason, damage.message),
            None => (RejectReason::NotJson, message.to_owned()),
        };
        let mut gathering = self.gather(window, at);
        gathering.push(&window.text().as_bytes()[at..]);
        self.reject(gathering, reason, message);
    }

    /// Takes text at the outermost level that begins no object and no array.
    fn words(&mut self, window: &mut Window<'_>, at: usize) -> Result<usize, E> {
        if let Some((time, record)) = super::element::exported_line(window.text(), at) {
            self.begin_json();
            return self.element(window, record, &Around::exported(time), Resume::Line);
        }
        if self.saw_json {
            return self.unreadable(
                window,
                at,
                Walk::Fault(scan::unexpected(window.text().as_bytes(), at)),
                Resume::Line,
            );
        }
        self.saw_bytes = true;
        let mut prelude = match self.prelude.take() {
            Some(prelude) => prelude,
            None => self.gather(window, at),
        };
        let end = pass_over(window, at, &mut prelude, resync::next_line_with_json);
        self.prelude = Some(prelude);
        Ok(end)
    }

    /// Walks the record at `at`, reading on as needed; `at` follows the window.
    pub(super) fn walk(&mut self, window: &mut Window<'_>, at: &mut usize) -> Walk {
        loop {
            match self.opener.builder.walk(window.text(), *at) {
                Ok(end) if end - *at > self.opener.limits.record_bytes_max => return Walk::TooLarge,
                Ok(end) => return Walk::Record(end),
                Err(fault) if fault.reason != FaultReason::Truncated => return Walk::Fault(fault),
                Err(_) if window.text().len() - *at > self.opener.limits.record_bytes_max => return Walk::TooLarge,
                Err(_) if window.is_cut_by_encoding() => return Walk::NotUtf8,
                Err(fault) if window.is_last() => return Walk::Fault(fault),
                Err(_) => {
                    window.slide(*at);
                    *at = 0;
                }
            }
        }
    }

    /// Rejects what begins at `at` and cannot be read, and returns where the next record may begin.
    pub(super) fn unreadable(
        &mut self,
        window: &mut Window<'_>,
        at: usize,
        walk: Walk,
        resume: Resume,
    ) -> Result<usize, E> {
        self.number += 1;
        let limit = self.opener.limits.record_bytes_max;
        let (reason, message, fault_at) = match walk {
            Walk::TooLarge => {
                (RejectReason::RecordTooLarge, format!("longer than {limit} bytes (`record_bytes_max`)"), at)
            }
            Walk::NotUtf8 => {
                let fault_at = window.text().len();
                (RejectReason::NotUtf8, format!("byte {} is not UTF-8", window.offset(fault_at)), fault_at)
            }
            Walk::Record(end) => (RejectReason::NotObject, FaultReason::NotObject.as_str().to_owned(), end),
            Walk::Fault(fault) => {
                let reason = match fault.reason {
                    FaultReason::NotObject => RejectReason::NotObject,
                    FaultReason::TooDeep => RejectReason::TooDeep,
                    _ => RejectReason::NotJson,
                };
                (reason, format!("{} at byte {}", fault.reason.as_str(), window.offset(fault.at)), fault.at)
            }
        };
        let mut gathering = self.gather(window, at);
        let first_name = std::mem::take(&mut self.first_name);
        self.vain_bytes += fault_at.saturating_sub(at) as u64;
        let skip_record = if self.vain_bytes > VAIN_BYTES_MAX { fault_at.saturating_sub(at).max(1) } else { 1 };
        let end = match resume {
            Resume::Record => pass_over(window, at, &mut gathering, |bytes, from| {
                resync::next_record(bytes, from + skip_record, &first_name)
            }),
            // A line that cannot be read ends with the line; text over several lines ends where JSON begins again.
            Resume::Line => {
                let one_line = !window.text().as_bytes()[at..fault_at.max(at)].contains(&b'\n');
                let mut first = true;
                let skip = fault_at.saturating_sub(at);
                pass_over(window, at, &mut gathering, |bytes, from| {
                    let from = if std::mem::take(&mut first) { from + skip } else { from };
                    if one_line { resync::next_line(bytes, from) } else { resync::next_line_with_json(bytes, from) }
                })
            }
        };
        self.first_name = first_name;
        let at_end = end >= window.text().len() && window.is_last();
        self.told_end |= at_end;
        let (reason, message) = match window.damage.clone() {
            Some(damage) if at_end => (damage.reason, damage.message),
            _ => (reason, message),
        };
        self.reject(gathering, reason, message);
        Ok(end)
    }

    pub(super) fn gather(&self, window: &Window<'_>, at: usize) -> Gathering {
        Gathering::new(window.offset(at), self.opener.limits.reject_bytes_max)
    }

    pub(super) fn reject(&mut self, gathering: Gathering, reason: RejectReason, message: String) {
        // What could not be read is no bad input: whoever opened it has to open it again.
        if reason == RejectReason::ReadFailed {
            self.read_failed = Some(message);
            return;
        }
        let mut reject = gathering.finish(self.number, reason, message);
        if let Some(outer) = &self.outer {
            reject.range = outer.clone();
        }
        self.rejects += 1;
        self.opener.span().rejects += 1;
        self.opener.reject_bytes += reject.bytes.len() + size_of_val(&reject);
        self.opener.rejects.push(reject);
    }

    fn emit_if_full(&mut self) -> Result<(), E> {
        if self.opener.is_full() { self.opener.flush(self.emit) } else { Ok(()) }
    }
}

/// Where reading goes on after something that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// At the next thing that looks like the beginning of a record: inside an array.
    Record,
    /// On the next line: at the outermost level.
    Line,
}

/// Gathers bytes from `at` up to what `find` finds, reading on as needed, and returns where that is.
/// `find` gets the bytes and the offset from which to look.
fn pass_over(
    window: &mut Window<'_>,
    mut at: usize,
    gathering: &mut Gathering,
    mut find: impl FnMut(&[u8], usize) -> Option<usize>,
) -> usize {
    if let Some(end) = find(window.text().as_bytes(), at) {
        gathering.push(trim_end(&window.text().as_bytes()[at..end]));
        return end;
    }
    loop {
        let last = window.is_read();
        let bytes = window.take_bytes();
        if let Some(end) = find(&bytes, at) {
            gathering.push(trim_end(&bytes[at..end]));
            window.put_bytes(bytes, end);
            return 0;
        }
        // What a beginning needs to be seen may stand on both sides of the seam.
        let kept = if last { 0 } else { LOOK_AHEAD.min(bytes.len() - at) };
        let end = bytes.len() - kept;
        gathering.push(if last { trim_end(&bytes[at..end]) } else { &bytes[at..end] });
        window.put_bytes(bytes, end);
        if last {
            return 0;
        }
        window.slide(0);
        at = 0;
    }
}

/// Cuts blanks and commas off the end: they belong to no record.
fn trim_end(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().rev().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
    &bytes[..bytes.len() - blanks]
}

/// Tells what kind of object begins at `at`.
fn form(text: &str, at: usize) -> Form {
    let bytes = text.as_bytes();
    let bytes = &bytes[..bytes.len().min(at + HEAD_BYTES)];
    let mut next = scan::skip_blank(bytes, at + 1);
    let (mut is_digest, mut control) = (false, false);
    loop {
        let otherwise = if is_digest { Form::Digest } else { Form::Element };
        let Ok((name, value)) = member(bytes, next) else { return otherwise };
        let name_text = &text[name.start + 1..name.end - 1];
        let array = byte(bytes, value) == b'[';
        match name_text {
            "Records" if array => return Form::Array { at: value + 1, around: Around::default() },
            "Records" => return Form::RecordsNotArray,
            "Events" | "logEvents" | "events" | "records" if array => {
                let around = Around::new(&text[at + 1..name.start], control);
                return Form::Array { at: value + 1, around };
            }
            // Unless a name that follows says otherwise.
            "digestS3Object" | "digestStartTime" | "digestEndTime" | "digestSignatureAlgorithm" => {
                is_digest = true;
            }
            "messageType" => control = text[value..].starts_with("\"CONTROL_MESSAGE\""),
            "eventVersion" | "userIdentity" | "eventTime" | "eventSource" | "eventName" | "eventID" | "eventType"
            | "awsRegion" | "eventCategory" | "detail-type" | "detail" | "CloudTrailEvent" | "awslogs" => {
                return Form::Element;
            }
            _ => {}
        }
        let Ok(end) = scan::skip_value(bytes, value) else { return otherwise };
        let comma = scan::skip_blank(bytes, end);
        if byte(bytes, comma) != b',' {
            return if is_digest { Form::Digest } else { Form::Element };
        }
        next = scan::skip_blank(bytes, comma + 1);
    }
}

/// Finds the name, quotes included, and the beginning of the value of the member at `at`.
fn member(bytes: &[u8], at: usize) -> Result<(std::ops::Range<usize>, usize), Fault> {
    if byte(bytes, at) != b'"' {
        return Err(scan::unexpected(bytes, at));
    }
    let name = scan::string(bytes, at)?;
    let colon = scan::skip_blank(bytes, name.end);
    if byte(bytes, colon) != b':' {
        return Err(scan::unexpected(bytes, colon));
    }
    Ok((at..name.end, scan::skip_blank(bytes, colon + 1)))
}

fn skip_member(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let (_, value) = member(bytes, scan::skip_blank(bytes, at))?;
    scan::skip_value(bytes, value)
}

/// Returns the content of a digest file: all of the object's, where only blanks stand around its one object.
///
/// A digest is proven by the hash of its content to the last byte.
fn digest_content<'w>(window: &'w Window<'_>, object: std::ops::Range<usize>) -> &'w [u8] {
    let bytes = window.text().as_bytes();
    let is_blank = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| bytes.trim_ascii().is_empty());
    let is_all = window.is_last() && window.offset(0) == 0;
    if is_all && is_blank(bytes.get(..object.start)) && is_blank(bytes.get(object.end..)) {
        return bytes;
    }
    bytes.get(object).unwrap_or_default()
}
