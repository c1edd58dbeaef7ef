//! One element: a record, or one of the envelopes that hold one.
//!
//! EventBridge puts the record into `detail`, LookupEvents into the text `CloudTrailEvent`, CloudWatch Logs into the
//! text `message`, Lambda and Firehose pack a whole CloudWatch Logs payload into Base64 of gzip.
//! Sources: Amazon EventBridge user guide, "AWS service events delivered via CloudTrail"; CloudTrail API reference,
//! `Event`; CloudWatch Logs user guide, "Subscription filters" and "Exporting log data to Amazon S3".

use std::borrow::Cow;
use std::io::Cursor;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::batch::{Enclosed, Refusal};
use crate::error::Error;
use crate::inflate;
use crate::open::top::{Resume, Visit, Walk};
use crate::reject::RejectReason;
use crate::scan;
use crate::time::EventTime;
use crate::window::Window;

/// What the surroundings of an element say about all of its siblings.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// When CloudWatch Logs got the record, from an exported line.
    cwl_time: Option<EventTime>,
    /// Members of the object around the array that stand before it, without the last comma.
    members: String,
    /// True for a probe of CloudWatch Logs.
    control: bool,
}

/// Deepest packing of content inside content.
const PACKED_DEPTH_MAX: usize = 4;

impl Around {
    /// The surroundings of a record on an exported line.
    pub(super) fn exported(time: EventTime) -> Around {
        Around { cwl_time: Some(time), ..Around::default() }
    }

    /// Takes the text of the members that stand before the array, and whether they say that it is a probe.
    pub(super) fn new(members: &str, control: bool) -> Around {
        let members = members.trim().trim_end_matches(',').trim_end();
        Around { cwl_time: None, members: members.to_owned(), control }
    }
}

/// The members of an element that is no record by itself.
struct Members<'t>(Vec<(&'t str, Range<usize>)>);

impl Members<'_> {
    fn get(&self, name: &str) -> Option<Range<usize>> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone())
    }

    /// The members but one, as a JSON object behind those of the surroundings.
    fn envelope(&self, text: &str, around: &Around, but: &str) -> String {
        let mut envelope = String::from("{");
        envelope.push_str(&around.members);
        for (name, value) in self.0.iter().filter(|(name, _)| *name != but) {
            if envelope.len() > 1 {
                envelope.push(',');
            }
            envelope.push_str(&format!("\"{name}\":{}", &text[value.clone()]));
        }
        envelope.push('}');
        envelope
    }
}

impl<E: From<Error>> Visit<'_, '_, E> {
    /// Takes the element at `at` and returns the offset past it.
    pub(super) fn element(
        &mut self,
        window: &mut Window<'_>,
        mut at: usize,
        around: &Around,
        resume: Resume,
    ) -> Result<usize, E> {
        let end = match self.walk(window, &mut at) {
            Walk::Record(end) => end,
            walk => return self.not_walked(window, at, walk, resume),
        };
        if around.control {
            self.control_messages += 1;
            return Ok(end);
        }
        let text = window.text();
        let place = window.offset(at)..window.offset(end);
        if self.opener.builder.walked_has_time() {
            let members = (!around.members.is_empty()).then(|| format!("{{{}}}", around.members));
            let enclosed = Enclosed { cwl_time: around.cwl_time, envelope: members.as_deref() };
            self.remember_first_name(text, at);
            self.add(text, at..end, enclosed, place);
        } else {
            self.enveloped(text, at..end, around, place)?;
        }
        Ok(end)
    }

    /// Rejects an element that is no object: a value of another type whole, anything else up to the next record.
    fn not_walked(&mut self, window: &mut Window<'_>, at: usize, walk: Walk, resume: Resume) -> Result<usize, E> {
        let bytes = window.text().as_bytes();
        if let (Resume::Record, Walk::Fault(fault)) = (resume, &walk)
            && fault.reason == scan::FaultReason::NotObject
            && let Ok(end) = scan::skip_value(bytes, at)
            && end < bytes.len()
        {
            self.number += 1;
            let mut gathering = self.gather(window, at);
            gathering.push(&bytes[at..end]);
            self.reject(gathering, RejectReason::NotObject, fault.reason.as_str().to_owned());
            return Ok(end);
        }
        self.unreadable(window, at, walk, resume)
    }

    /// Adds the record just walked, or rejects it.
    fn add(&mut self, text: &str, range: Range<usize>, enclosed: Enclosed<'_>, place: Range<u64>) {
        self.number += 1;
        match self.opener.builder.add(text, range.start, self.number, enclosed) {
            Ok(()) => {
                self.events += 1;
                self.opener.span().events += 1;
            }
            Err(refusal) => {
                let (reason, message) = match refusal {
                    Refusal::Time => {
                        (RejectReason::NoTime, "neither `eventTime` nor `timeWindow.windowStart` is a time")
                    }
                };
                self.reject_text(&text[range], place, reason, message.to_owned());
            }
        }
    }

    fn reject_text(&mut self, text: &str, place: Range<u64>, reason: RejectReason, message: String) {
        let mut gathering = crate::reject::Gathering::new(place.start, self.opener.limits.reject_bytes_max);
        gathering.push(text.as_bytes());
        self.reject(gathering, reason, message);
        if let Some(reject) = self.opener.rejects.last_mut()
            && self.outer.is_none()
        {
            reject.range = place;
        }
    }

    fn remember_first_name(&mut self, text: &str, at: usize) {
        let start = scan::skip_blank(text.as_bytes(), at + 1);
        if let Some(rest) = text.as_bytes().get(start + 1..)
            && !(rest.starts_with(&self.first_name) && rest.get(self.first_name.len()) == Some(&b'"'))
        {
            self.first_name = rest.iter().take_while(|byte| **byte != b'"').copied().collect();
        }
    }

    /// Takes an object without a time of its own: an envelope, or no event at all.
    fn enveloped(&mut self, text: &str, range: Range<usize>, around: &Around, place: Range<u64>) -> Result<(), E> {
        let members = Members(self.opener.builder.walked_unmapped(text));
        if let Some(detail) = members.get("detail").filter(|value| text[value.clone()].starts_with('{')) {
            let envelope = members.envelope(text, around, "detail");
            let enclosed = Enclosed { cwl_time: None, envelope: Some(&envelope) };
            return self.inner(text, detail, enclosed, place);
        }
        for (name, is_log) in [("CloudTrailEvent", false), ("message", true)] {
            let Some(record) = members.get(name).and_then(|value| decoded(&text[value])) else { continue };
            if is_log && record.starts_with("CWL CONTROL MESSAGE") {
                self.control_messages += 1;
                return Ok(());
            }
            let cwl_time = members.get("timestamp").filter(|_| is_log).and_then(|value| millis(&text[value]));
            let envelope = members.envelope(text, around, name);
            let enclosed = Enclosed { cwl_time, envelope: Some(&envelope) };
            let start = scan::skip_blank(record.as_bytes(), 0);
            return self.inner(&record, start..record.len(), enclosed, place);
        }
        let packed = match members.get("awslogs") {
            Some(value) => serde_json::from_str::<AwsLogs>(&text[value]).ok().map(|logs| logs.data),
            None => members.get("data").and_then(|value| decoded(&text[value])).map(Cow::into_owned),
        };
        match packed {
            Some(packed) => self.packed(&packed, text, range, place),
            None => {
                self.add(text, range, Enclosed::default(), place);
                Ok(())
            }
        }
    }

    /// Takes a record that stands inside its envelope.
    fn inner(&mut self, text: &str, range: Range<usize>, enclosed: Enclosed<'_>, place: Range<u64>) -> Result<(), E> {
        match self.opener.builder.walk(text, range.start) {
            Ok(end) if end - range.start <= self.opener.limits.record_bytes_max => {
                let rest = scan::skip_blank(text.as_bytes(), end);
                if end == range.end || rest >= text.len() {
                    self.add(text, range.start..end, enclosed, place);
                } else {
                    self.number += 1;
                    self.reject_text(
                        &text[range],
                        place,
                        RejectReason::Envelope,
                        "more text follows the record in its envelope".to_owned(),
                    );
                }
            }
            Ok(_) => {
                self.number += 1;
                let message = format!("longer than {} bytes (`record_bytes_max`)", self.opener.limits.record_bytes_max);
                self.reject_text(&text[range], place, RejectReason::RecordTooLarge, message);
            }
            Err(fault) => {
                self.number += 1;
                let message = format!(
                    "{} at byte {} of the record in its envelope",
                    fault.reason.as_str(),
                    fault.at - range.start.min(fault.at)
                );
                self.reject_text(&text[range], place, RejectReason::Envelope, message);
            }
        }
        Ok(())
    }

    /// Takes content that is packed into Base64, and mostly gzip, inside an envelope.
    fn packed(&mut self, base64: &str, text: &str, range: Range<usize>, place: Range<u64>) -> Result<(), E> {
        let limits = self.opener.limits;
        let content = match STANDARD.decode(base64.trim()) {
            Ok(bytes) if self.depth < PACKED_DEPTH_MAX => {
                Ok(inflate::Content::new(Box::new(Cursor::new(bytes)), limits.object_bytes_max))
            }
            Ok(_) => Err(format!("content is packed more than {PACKED_DEPTH_MAX} times")),
            Err(error) => Err(format!("`data` is not Base64: {error}")),
        };
        match content {
            Ok(content) => {
                let mut window = Window::sliding(content);
                let outer = self.outer.clone().unwrap_or(place);
                let mut inside = Visit::new(self.opener, self.emit);
                inside.outer = Some(outer);
                inside.depth = self.depth + 1;
                inside.number = self.number;
                inside.object(&mut window)?;
                self.number = inside.number;
                let (events, control_messages) = (inside.events, inside.control_messages);
                self.digests.append(&mut inside.digests);
                let rejects = inside.finish(&window).rejects;
                self.events += events;
                self.rejects += rejects;
                self.control_messages += control_messages;
            }
            Err(error) => {
                self.number += 1;
                self.reject_text(&text[range], place, RejectReason::Envelope, error);
            }
        }
        Ok(())
    }
}

/// What a Lambda function gets from a subscription filter.
#[derive(serde::Deserialize)]
struct AwsLogs {
    data: String,
}

fn decoded(quoted: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
}

fn millis(number: &str) -> Option<EventTime> {
    Some(EventTime::from_micros(number.parse::<i64>().ok()?.checked_mul(1_000)?))
}

/// Reads the beginning of a line as CloudWatch Logs exports it: a time, a blank, the record.
/// Returns the time and the offset of the record.
pub(super) fn exported_line(text: &str, at: usize) -> Option<(EventTime, usize)> {
    let rest = text.get(at..)?;
    let blank = rest.bytes().take(40).position(|byte| byte == b' ')?;
    let record = at + blank + 1;
    (text.as_bytes().get(record) == Some(&b'{')).then_some(())?;
    Some((EventTime::parse(rest.get(..blank)?)?, record))
}
