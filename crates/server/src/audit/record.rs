//! The records around events of a channel, in one body.

use std::ops::Range;

use event::time::EventTime;
use serde::Serialize;
use serde_json::value::RawValue;
use trail::model::Channel;

use super::AuditEvent;
use super::check::Checked;
use super::event_id::event_id;
use crate::call::Call;

/// The version of the schema that records of channels have.
const EVENT_VERSION: &str = "1.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    event_category: &'static str,
    event_type: &'static str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    event_time: String,
    aws_region: &'a str,
    recipient_account_id: &'a str,
    metadata: Metadata<'a>,
    event_data: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    /// When the event came. It alone differs when an event is sent again, and the lake does not look at it to know an event
    /// again.
    ingestion_time: String,
    #[serde(rename = "channelARN")]
    channel_arn: &'a str,
}

/// Records on their way into a body.
pub(super) struct Building<'a> {
    channel: &'a Channel,
    call: &'a Call,
    built: Built,
}

/// A body of records.
pub(super) struct Built {
    /// The body: a log file as CloudTrail writes it.
    pub body: Vec<u8>,
    /// What lies in it, in order.
    pub entries: Vec<Entry>,
}

/// A record in a body.
pub(super) struct Entry {
    /// What the sender calls its event.
    pub id: String,
    /// What it is called from now on.
    pub event_id: String,
    /// Where it lies in the body.
    pub range: Range<u64>,
}

impl<'a> Building<'a> {
    /// Begins a body.
    pub(super) fn new(channel: &'a Channel, call: &'a Call) -> Building<'a> {
        let built = Built { body: br#"{"Records":["#.to_vec(), entries: Vec::new() };
        Building { channel, call, built }
    }

    /// Adds an event that was checked, with its text as it was sent.
    pub(super) fn add(&mut self, event: &AuditEvent, checked: Checked) {
        let event_id = event_id(&self.channel.arn, event);
        let record = Record {
            event_version: EVENT_VERSION,
            event_category: crate::stores::ACTIVITY_AUDIT_LOG,
            event_type: "ActivityLog",
            event_id: &event_id,
            event_time: text(checked.time),
            aws_region: self.channel.region.as_str(),
            recipient_account_id: self.channel.account.as_str(),
            metadata: Metadata { ingestion_time: text(self.call.now), channel_arn: &self.channel.arn },
            event_data: &checked.data,
        };
        if !self.built.entries.is_empty() {
            self.built.body.push(b',');
        }
        let start = self.built.body.len() as u64;
        let written = serde_json::to_string(&record).expect("texts and JSON that was read have a form in JSON");
        self.built.body.extend_from_slice(written.as_bytes());
        let range = start..self.built.body.len() as u64;
        self.built.entries.push(Entry { id: event.id.clone(), event_id, range });
    }

    /// Ends the body.
    pub(super) fn finish(mut self) -> Built {
        self.built.body.extend_from_slice(b"]}");
        self.built
    }
}

/// A time in UTC as these records write it: without a zone.
fn text(time: EventTime) -> String {
    let time = jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
