//! Events in the words of other services: an EventBridge envelope, a stream of CloudWatch Logs.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use event::arn::AccountId;
use event::time::{EventTime, SECOND};

use crate::digest::hex;
use crate::model::Trail;

/// Largest record that goes to EventBridge or CloudWatch Logs (AWS CloudTrail user guide, "CloudTrail record contents"): a
/// larger one is in the log files alone.
pub const EVENT_BYTES_MAX: usize = 256 << 10;

/// How `eventSource` ends.
const SERVICES: &str = ".amazonaws.com";

/// What an envelope says of the event in it.
#[derive(Debug, Clone, Copy)]
pub struct EventFields<'a> {
    /// `eventID`.
    pub event_id: Option<&'a str>,
    /// `eventType`.
    pub event_type: Option<&'a str>,
    /// `eventSource`.
    pub event_source: Option<&'a str>,
    /// `awsRegion`.
    pub region: Option<&'a str>,
    /// The account that got the event, or else the caller's.
    pub account: Option<&'a str>,
    /// `eventTime`.
    pub time: EventTime,
}

/// Returns an event as it arrives at EventBridge. The envelope's id is that of the event, so that a repeat has it too.
///
/// Where AWS's guide and the events that arrive spell a `detail-type` in two ways, this is the one that arrives.
pub fn event_bridge(record: &str, fields: EventFields<'_>) -> String {
    let detail_type = match fields.event_type {
        Some("AwsConsoleSignIn") => "AWS Console Sign In via CloudTrail",
        Some("AwsConsoleAction") => "AWS Console Action via CloudTrail",
        Some("AwsServiceEvent") => "AWS Service Event via CloudTrail",
        Some("AwsCloudTrailInsight") => "AWS Insight via CloudTrail",
        Some("AwsVpceEvents" | "AwsVpceEvent") => "AWS Network Activity Event via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    };
    let service = fields.event_source.and_then(|source| source.split(SERVICES).next()).filter(|name| !name.is_empty());
    let time = EventTime::from_micros(fields.time.as_micros().div_euclid(SECOND) * SECOND);
    let id = fields.event_id.filter(|id| is_guid(id)).map_or_else(|| guid_of(record), str::to_owned);
    let mut envelope = String::with_capacity(record.len() + 320);
    envelope.push_str(r#"{"version":"0""#);
    push(&mut envelope, "id", &id);
    push(&mut envelope, "detail-type", detail_type);
    push(&mut envelope, "source", &format!("aws.{}", service.unwrap_or("cloudtrail")));
    push(&mut envelope, "account", fields.account.unwrap_or_default());
    push(&mut envelope, "time", &time.to_string());
    push(&mut envelope, "region", fields.region.unwrap_or_default());
    envelope.push_str(r#","resources":[],"detail":"#);
    envelope.push_str(record);
    envelope.push('}');
    envelope
}

/// Returns the stream of a log group that records of an account go to.
pub fn log_stream(trail: &Trail, account: AccountId) -> String {
    let region = &trail.home_region;
    match trail.organization_id.as_deref().filter(|_| trail.is_organization_trail) {
        Some(organization) => format!("{organization}_{account}_CloudTrail_{region}"),
        None => format!("{account}_CloudTrail_{region}"),
    }
}

fn push(envelope: &mut String, name: &str, value: &str) {
    // Writing to a text cannot fail; a text becomes JSON by its own rules.
    let value = serde_json::Value::from(value);
    if write!(envelope, r#","{name}":{value}"#).is_err() {
        envelope.clear();
    }
}

fn is_guid(text: &str) -> bool {
    let is_placed = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_placed)
}

/// A GUID that follows from the record.
fn guid_of(record: &str) -> String {
    let digits = hex(digest(&SHA256, record.as_bytes()).as_ref());
    let part = |from: usize, until: usize| digits.get(from..until).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes() {
        // Type, source and id of an event, and type, source and id of its envelope.
        let id = "ed1a5ee2-1b7c-4c4f-8b1e-8a7d3a3e6f10";
        let hash = "44136fa3-55b3-678a-1146-ad16f7e8649e";
        let cases = [
            ("AwsApiCall", Some("ec2.amazonaws.com"), Some(id), "AWS API Call via CloudTrail", "aws.ec2", id),
            (
                "AwsConsoleSignIn",
                Some("signin.amazonaws.com"),
                Some(id),
                "AWS Console Sign In via CloudTrail",
                "aws.signin",
                id,
            ),
            (
                "AwsConsoleAction",
                Some("iam.amazonaws.com.cn"),
                Some("x"),
                "AWS Console Action via CloudTrail",
                "aws.iam",
                hash,
            ),
            ("AwsServiceEvent", Some("kms.amazonaws.com"), None, "AWS Service Event via CloudTrail", "aws.kms", hash),
            ("AwsCloudTrailInsight", None, Some(id), "AWS Insight via CloudTrail", "aws.cloudtrail", id),
            (
                "AwsVpceEvents",
                Some("s3.amazonaws.com"),
                Some(id),
                "AWS Network Activity Event via CloudTrail",
                "aws.s3",
                id,
            ),
            ("New\"Type", Some("a\"b"), Some(id), "AWS API Call via CloudTrail", "aws.a\"b", id),
        ];
        for (event_type, event_source, event_id, detail_type, source, expect_id) in cases {
            let fields = EventFields {
                event_id,
                event_type: Some(event_type),
                event_source,
                region: Some("eu-west-1"),
                account: Some("111122223333"),
                time: EventTime::parse("2026-03-01T10:00:00.5Z").unwrap(),
            };
            let envelope: serde_json::Value = serde_json::from_str(&event_bridge("{}", fields)).unwrap();
            let expect = serde_json::json!({
                "version": "0", "id": expect_id, "detail-type": detail_type, "source": source,
                "account": "111122223333", "time": "2026-03-01T10:00:00Z", "region": "eu-west-1", "resources": [],
                "detail": {},
            });
            assert_eq!(envelope, expect);
        }
    }
}
