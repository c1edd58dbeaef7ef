//! Writes one CloudTrail record as compact JSON, members in AWS's order ("CloudTrail record contents for management,
//! data, and network activity events"). Values come in as finished JSON; nothing here decides what happened.

use jiff::Timestamp;

use crate::dice::{Dice, label};

/// The kinds of record the corpus holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    ApiCall,
    ConsoleSignIn,
    ServiceEvent,
}

/// How a service forms its `requestID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestId {
    Guid,
    /// Sixteen letters and digits, as S3.
    Short,
    /// Fifty-two letters and digits, as DynamoDB.
    Long,
    Absent,
}

/// All a record says. Empty text stands for `null` in the members which AWS promises, else for an absent member.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    /// JSON.
    pub(crate) identity: &'a str,
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) address: &'a str,
    pub(crate) agent: &'a str,
    /// `errorCode` and `errorMessage`; an empty message is left out.
    pub(crate) error: Option<(&'a str, &'a str)>,
    /// JSON.
    pub(crate) params: &'a str,
    /// JSON.
    pub(crate) response: &'a str,
    /// JSON of `additionalEventData`.
    pub(crate) extra: &'a str,
    /// JSON of `serviceEventDetails`.
    pub(crate) details: &'a str,
    /// JSON array.
    pub(crate) resources: &'a str,
    pub(crate) request_id: RequestId,
    pub(crate) event_id: &'a str,
    pub(crate) read_only: bool,
    pub(crate) event_type: EventType,
    pub(crate) api_version: &'a str,
    pub(crate) data: bool,
    pub(crate) recipient: &'a str,
    pub(crate) shared_id: &'a str,
    /// `vpcEndpointId`; its owner, told from version 1.09 on, is the recipient.
    pub(crate) endpoint: &'a str,
    /// The host the client asked for; empty where AWS gives no `tlsDetails`.
    pub(crate) host: &'a str,
    pub(crate) from_console: bool,
}

impl Default for Record<'_> {
    fn default() -> Self {
        Self {
            identity: "{}",
            at: 0,
            source: "",
            name: "",
            region: "",
            address: "",
            agent: "",
            error: None,
            params: "",
            response: "",
            extra: "",
            details: "",
            resources: "",
            request_id: RequestId::Guid,
            event_id: "",
            read_only: true,
            event_type: EventType::ApiCall,
            api_version: "",
            data: false,
            recipient: "",
            shared_id: "",
            endpoint: "",
            host: "",
            from_console: false,
        }
    }
}

impl Record<'_> {
    /// Appends the record's JSON.
    pub(crate) fn write(&self, out: &mut String, dice: &mut Dice) {
        out.push_str("{\"eventVersion\":\"");
        out.push_str(version(self.source, self.event_type));
        out.push_str("\",\"userIdentity\":");
        out.push_str(self.identity);
        out.push_str(",\"eventTime\":\"");
        iso(out, self.at);
        out.push('"');
        text(out, "eventSource", self.source);
        text(out, "eventName", self.name);
        text(out, "awsRegion", self.region);
        text(out, "sourceIPAddress", self.address);
        text(out, "userAgent", self.agent);
        if let Some((code, message)) = self.error {
            text(out, "errorCode", code);
            if !message.is_empty() {
                text(out, "errorMessage", message);
            }
        }
        json(out, "requestParameters", if self.params.is_empty() { "null" } else { self.params });
        json(out, "responseElements", if self.response.is_empty() { "null" } else { self.response });
        json_if_any(out, "additionalEventData", self.extra);
        self.write_ids(out, dice);
        json(out, "readOnly", if self.read_only { "true" } else { "false" });
        json_if_any(out, "resources", self.resources);
        self.write_classes(out);
        self.write_connection(out, dice);
        out.push('}');
    }

    fn write_ids(&self, out: &mut String, dice: &mut Dice) {
        if self.request_id != RequestId::Absent {
            out.push_str(",\"requestID\":\"");
            match self.request_id {
                RequestId::Short => dice.base32(out, 16),
                RequestId::Long => dice.base32(out, 52),
                RequestId::Guid | RequestId::Absent => dice.guid(out),
            }
            out.push('"');
        }
        text(out, "eventID", self.event_id);
    }

    fn write_classes(&self, out: &mut String) {
        let event_type = match self.event_type {
            EventType::ApiCall => "AwsApiCall",
            EventType::ConsoleSignIn => "AwsConsoleSignIn",
            EventType::ServiceEvent => "AwsServiceEvent",
        };
        text(out, "eventType", event_type);
        if !self.api_version.is_empty() {
            text(out, "apiVersion", self.api_version);
        }
        json(out, "managementEvent", if self.data { "false" } else { "true" });
        text(out, "recipientAccountId", self.recipient);
        json_if_any(out, "serviceEventDetails", self.details);
        if !self.shared_id.is_empty() {
            text(out, "sharedEventID", self.shared_id);
        }
        if !self.endpoint.is_empty() {
            text(out, "vpcEndpointId", self.endpoint);
            if version(self.source, self.event_type) != "1.08" {
                text(out, "vpcEndpointAccountId", self.recipient);
            }
        }
        text(out, "eventCategory", if self.data { "Data" } else { "Management" });
    }

    fn write_connection(&self, out: &mut String, dice: &mut Dice) {
        if !self.host.is_empty() {
            let tls = match dice.below(10) {
                0..7 => "{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\"",
                7 => "{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_256_GCM_SHA384\"",
                _ => "{\"tlsVersion\":\"TLSv1.2\",\"cipherSuite\":\"ECDHE-RSA-AES128-GCM-SHA256\"",
            };
            json(out, "tlsDetails", tls);
            text(out, "clientProvidedHostHeader", self.host);
            if dice.chance(300) {
                text(out, "keyExchange", if dice.chance(500) { "X25519MLKEM768" } else { "x25519" });
            }
            out.push('}');
        }
        if self.from_console {
            text(out, "sessionCredentialFromConsole", "true");
        }
    }
}

/// Returns the record version of a service: services move from one to the next at their own pace.
fn version(source: &str, event_type: EventType) -> &'static str {
    if event_type != EventType::ApiCall {
        return "1.08";
    }
    ["1.08", "1.09", "1.10", "1.11", "1.11"][(label(source) % 5) as usize]
}

fn text(out: &mut String, member: &str, value: &str) {
    out.push_str(",\"");
    out.push_str(member);
    out.push_str("\":\"");
    out.push_str(value);
    out.push('"');
}

fn json(out: &mut String, member: &str, value: &str) {
    out.push_str(",\"");
    out.push_str(member);
    out.push_str("\":");
    out.push_str(value);
}

fn json_if_any(out: &mut String, member: &str, value: &str) {
    if !value.is_empty() {
        json(out, member, value);
    }
}

/// Appends a time as `2026-03-02T10:11:12Z`.
pub(crate) fn iso(out: &mut String, at: i64) {
    let day = civil(at);
    push_number(out, u64::from(day.year.unsigned_abs()), 4);
    for (mark, value) in [('-', day.month), ('-', day.day), ('T', day.hour), (':', day.minute), (':', day.second)] {
        out.push(mark);
        push_number(out, value, 2);
    }
    out.push('Z');
}

/// Appends a time as `20260302T1011Z`, the form in the names of log files.
pub(crate) fn compact_minute(out: &mut String, at: i64) {
    let day = civil(at);
    push_number(out, u64::from(day.year.unsigned_abs()), 4);
    push_number(out, day.month, 2);
    push_number(out, day.day, 2);
    out.push('T');
    push_number(out, day.hour, 2);
    push_number(out, day.minute, 2);
    out.push('Z');
}

/// Appends a time as `Mar 2, 2026, 10:11:12 AM`, the form AWS uses in responses.
pub(crate) fn text_time(out: &mut String, at: i64) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = civil(at);
    out.push_str(MONTHS[day.month as usize - 1]);
    out.push(' ');
    push_number(out, day.day, 1);
    out.push_str(", ");
    push_number(out, u64::from(day.year.unsigned_abs()), 4);
    out.push_str(", ");
    push_number(out, if day.hour.is_multiple_of(12) { 12 } else { day.hour % 12 }, 1);
    out.push(':');
    push_number(out, day.minute, 2);
    out.push(':');
    push_number(out, day.second, 2);
    out.push_str(if day.hour < 12 { " AM" } else { " PM" });
}

/// Returns the instant of a time that lies within the bounds of the configuration.
pub(crate) fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("the configuration's years lie within the range of a timestamp")
}

struct Civil {
    year: i16,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

fn civil(at: i64) -> Civil {
    let day = jiff::tz::Offset::UTC.to_datetime(timestamp(at));
    Civil {
        year: day.year(),
        month: day.month().unsigned_abs().into(),
        day: day.day().unsigned_abs().into(),
        hour: day.hour().unsigned_abs().into(),
        minute: day.minute().unsigned_abs().into(),
        second: day.second().unsigned_abs().into(),
    }
}

fn push_number(out: &mut String, value: u64, width: u32) {
    let digits = value.checked_ilog10().unwrap_or(0) + 1;
    for place in (0..digits.max(width)).rev() {
        out.push(char::from(b'0' + (value / 10u64.pow(place) % 10) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_forms() {
        for (at, long, short, english) in [
            (0, "1970-01-01T00:00:00Z", "19700101T0000Z", "Jan 1, 1970, 12:00:00 AM"),
            (1_772_446_272, "2026-03-02T10:11:12Z", "20260302T1011Z", "Mar 2, 2026, 10:11:12 AM"),
            (1_798_761_599, "2026-12-31T23:59:59Z", "20261231T2359Z", "Dec 31, 2026, 11:59:59 PM"),
        ] {
            let mut texts = [String::new(), String::new(), String::new()];
            iso(&mut texts[0], at);
            compact_minute(&mut texts[1], at);
            text_time(&mut texts[2], at);
            assert_eq!(texts, [long, short, english], "{at}");
        }
    }
}
