//! What an event that comes in over a channel must be. What is too long is refused, never cut.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::time::EventTime;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use trail::model::Channel;

use super::{AuditEvent, Refusal};

/// A member: where it stands, what it is, and how long it may be, in bytes.
struct Member {
    path: &'static [&'static str],
    kind: Kind,
    bytes_max: usize,
    is_required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Object,
    Time,
    Recipient,
    Source,
}

const fn member(path: &'static [&'static str], kind: Kind, bytes_max: usize, is_required: bool) -> Member {
    Member { path, kind, bytes_max, is_required }
}

/// Source: AWS CloudTrail user guide, "CloudTrail Lake integrations event schema".
const MEMBERS: [Member; 17] = [
    member(&["version"], Kind::Text, 256, true),
    member(&["userIdentity"], Kind::Object, usize::MAX, true),
    member(&["userIdentity", "type"], Kind::Text, 128, true),
    member(&["userIdentity", "principalId"], Kind::Text, 1_024, true),
    member(&["userIdentity", "details"], Kind::Object, usize::MAX, false),
    member(&["userAgent"], Kind::Text, 1_024, false),
    member(&["eventSource"], Kind::Source, 1_024, true),
    member(&["eventName"], Kind::Text, 1_024, true),
    member(&["eventTime"], Kind::Time, 256, true),
    member(&["UID"], Kind::Text, 1_024, true),
    member(&["requestParameters"], Kind::Object, 100_000, false),
    member(&["responseElements"], Kind::Object, 100_000, false),
    member(&["errorCode"], Kind::Text, 256, false),
    member(&["errorMessage"], Kind::Text, 256, false),
    member(&["sourceIPAddress"], Kind::Text, 1_024, false),
    member(&["recipientAccountId"], Kind::Recipient, 256, true),
    member(&["additionalEventData"], Kind::Object, 28_000, false),
];

/// What else is asked of an event's time and text when its record is built.
pub(super) struct Checked {
    /// When it happened.
    pub time: EventTime,
    /// The event as it was sent.
    pub data: Box<RawValue>,
}

/// Checks an event.
pub(super) fn checked(event: &AuditEvent, channel: &Channel) -> Result<Checked, Refusal> {
    if let Some(sum) = &event.event_data_checksum
        && *sum != STANDARD.encode(digest(&SHA256, event.event_data.as_bytes()))
    {
        return refused("InvalidChecksum", "The checksum is not the SHA-256 of eventData in base64".to_owned());
    }
    let data: Value = serde_json::from_str(&event.event_data)
        .map_err(|error| refusal("InvalidData", format!("eventData cannot be read: {error}")))?;
    let Value::Object(data) = data else {
        return refused("InvalidData", "eventData is no JSON object".to_owned());
    };
    for member in &MEMBERS {
        check(member, &data, channel)?;
    }
    let time = data.get("eventTime").and_then(Value::as_str).and_then(EventTime::parse);
    let raw = RawValue::from_string(event.event_data.trim().to_owned());
    match (time, raw) {
        (Some(time), Ok(data)) => Ok(Checked { time, data }),
        _ => refused("InvalidData", "eventTime is no time".to_owned()),
    }
}

fn check(member: &Member, data: &Map<String, Value>, channel: &Channel) -> Result<(), Refusal> {
    let name = member.path.join(".");
    let (last, above) = member.path.split_last().map_or(("", [].as_slice()), |(last, above)| (*last, above));
    let holder = above.iter().try_fold(data, |holder, part| holder.get(*part).and_then(Value::as_object));
    let value = match holder.and_then(|holder| holder.get(last)) {
        None | Some(Value::Null) if member.is_required => {
            return refused("FieldNotFound", format!("eventData has no {name}"));
        }
        None | Some(Value::Null) => return Ok(()),
        Some(value) => value,
    };
    let wrong = |what: &str| refused("InvalidData", format!("{name} is {what}"));
    let text = match (member.kind, value) {
        (Kind::Object, Value::Object(_)) => {
            return check_length(
                member,
                &name,
                if member.bytes_max == usize::MAX { 0 } else { value.to_string().len() },
            );
        }
        (Kind::Object, _) => return wrong("no JSON object"),
        (_, Value::String(text)) => text,
        _ => return wrong("no text"),
    };
    check_length(member, &name, text.len())?;
    match member.kind {
        _ if text.is_empty() && member.is_required => refused("FieldNotFound", format!("{name} is empty")),
        Kind::Time if EventTime::parse(text).is_none() => wrong("no time"),
        Kind::Recipient if text != channel.account.as_str() => {
            refused("InvalidRecipient", format!("{name} is not the account that owns the channel"))
        }
        Kind::Source if text.ends_with(".amazonaws.com") => {
            refused("InvalidEventSource", format!("{name} is a service of AWS, whose events do not come over channels"))
        }
        _ => Ok(()),
    }
}

fn check_length(member: &Member, name: &str, bytes: usize) -> Result<(), Refusal> {
    if bytes <= member.bytes_max {
        return Ok(());
    }
    refused("FieldTooLong", format!("{name} has {bytes} bytes, and {} at most are allowed", member.bytes_max))
}

fn refused<T>(code: &'static str, message: String) -> Result<T, Refusal> {
    Err(refusal(code, message))
}

fn refusal(code: &'static str, message: String) -> Refusal {
    Refusal { code, message: format!("{message}.") }
}
