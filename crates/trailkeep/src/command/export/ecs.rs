//! What a collector adds to an ECS document: the constants of the data stream, the log file, and when it arrived.
//!
//! The mapping knows the record alone. Elastic's agents add these fields themselves ("AWS CloudTrail integration",
//! exported fields `data_stream.*`, `event.module`, `event.dataset`, `event.ingested`, `aws.s3.*`).

use std::borrow::Cow;
use std::fmt;

use pipeline::export::FormatError;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Type, dataset and namespace of documents in a stream that is not named as data streams are.
const DEFAULTS: [&str; 3] = ["logs", "aws.cloudtrail", "default"];

/// What is added to each document.
pub(super) struct Added {
    /// The members that name the data stream, as JSON.
    data_stream: String,
    /// Whether documents arrive where they are searched as they are sent; else they have been in the lake for long.
    pub(super) arrives_now: bool,
}

/// Where an event was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'e> {
    /// URI of the log file.
    pub(super) log_file: &'e str,
    /// Region of the event, which tells the partition.
    pub(super) region: &'e str,
}

#[derive(Serialize)]
struct DataStream<'s> {
    r#type: &'s str,
    dataset: &'s str,
    namespace: &'s str,
}

#[derive(Serialize)]
struct Event<'s> {
    module: &'s str,
    dataset: &'s str,
    ingested: &'s str,
}

#[derive(Serialize)]
struct Aws<'s> {
    s3: S3<'s>,
}

#[derive(Serialize)]
struct S3<'s> {
    bucket: Bucket<'s>,
    object: Object<'s>,
}

#[derive(Serialize)]
struct Bucket<'s> {
    name: &'s str,
    arn: String,
}

#[derive(Serialize)]
struct Object<'s> {
    key: &'s str,
}

impl Added {
    /// Makes what documents of a data stream have in common. Its name is `TYPE-DATASET-NAMESPACE`.
    pub(super) fn new(stream: &str, arrives_now: bool) -> Result<Self, FormatError> {
        let parts: Vec<&str> = stream.splitn(3, '-').collect();
        let [r#type, dataset, namespace] = <[&str; 3]>::try_from(parts).unwrap_or(DEFAULTS);
        Ok(Self { data_stream: serde_json::to_string(&DataStream { r#type, dataset, namespace })?, arrives_now })
    }

    /// Returns a document with what is added to it.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub(super) fn to(&self, document: &[u8], place: Place<'_>, ingested: &str) -> Result<Vec<u8>, FormatError> {
        let Members(members) = serde_json::from_slice(document)?;
        let [_, dataset, _] = DEFAULTS;
        let event = serde_json::to_string(&Event { module: "aws", dataset, ingested })?;
        let aws = place.s3().map(|s3| serde_json::to_string(&Aws { s3 })).transpose()?;
        let mut more = vec![("event", Some(event)), ("aws", aws)];
        let mut out = Vec::with_capacity(document.len() + 512);
        out.extend_from_slice(b"{\"data_stream\":");
        out.extend_from_slice(self.data_stream.as_bytes());
        for (name, value) in members {
            out.push(b',');
            serde_json::to_writer(&mut out, &name)?;
            out.push(b':');
            let found = more.iter_mut().find(|(known, _)| *known == name);
            match found.and_then(|(_, added)| added.take()) {
                Some(added) => push_joined(&mut out, &added, value.get()),
                None => out.extend_from_slice(value.get().as_bytes()),
            }
        }
        for (name, added) in more {
            if let Some(added) = added {
                out.extend_from_slice(format!(",\"{name}\":{added}").as_bytes());
            }
        }
        out.push(b'}');
        Ok(out)
    }
}

/// Writes two objects as one.
fn push_joined(out: &mut Vec<u8>, first: &str, second: &str) {
    let rest = second.strip_prefix('{').unwrap_or(second).trim_start();
    out.extend_from_slice(first.strip_suffix('}').unwrap_or(first).as_bytes());
    if rest != "}" {
        out.push(b',');
    }
    out.extend_from_slice(rest.as_bytes());
}

impl<'e> Place<'e> {
    fn s3(self) -> Option<S3<'e>> {
        let (name, key) = self.log_file.strip_prefix("s3://")?.split_once('/')?;
        let arn = format!("arn:{}:s3:::{name}", partition(self.region));
        Some(S3 { bucket: Bucket { name, arn }, object: Object { key } })
    }
}

/// Returns the partition that a Region belongs to.
fn partition(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 6] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ];
    PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// The members of an object in their order, with their values as they stand.
struct Members<'d>(Vec<(Cow<'d, str>, &'d RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_say_where_they_come_from() {
        const STREAM: &str = r#""data_stream":{"type":"logs","dataset":"aws.cloudtrail","namespace":"default"}"#;
        const EVENT: &str = r#""event":{"module":"aws","dataset":"aws.cloudtrail","ingested":"now""#;
        let s3 = |arn: &str| {
            format!(r#""s3":{{"bucket":{{"name":"logs","arn":"{arn}:s3:::logs"}},"object":{{"key":"a/b \"c\".gz"}}}}"#)
        };
        let file = "s3://logs/a/b \"c\".gz";
        // The document, the log file and its Region, and what follows the data stream.
        let cases = [
            ("{}", "", "", format!("{EVENT}}}")),
            (r#"{"event":{}}"#, "file:///a.gz", "", format!("{EVENT}}}")),
            (r#"{"event":{"id":"{"},"aws":{"cloudtrail":{"event":{}}}}"#, "file:///a.gz", "", {
                format!(r#"{EVENT},"id":"{{"}},"aws":{{"cloudtrail":{{"event":{{}}}}}}"#)
            }),
            (r#"{"a":{"event":{}},"aws":{"b":1}}"#, file, "eu-west-1", {
                format!(r#""a":{{"event":{{}}}},"aws":{{{},"b":1}},{EVENT}}}"#, s3("arn:aws"))
            }),
            ("{}", file, "cn-north-1", format!(r#"{EVENT}}},"aws":{{{}}}"#, s3("arn:aws-cn"))),
            ("{}", file, "us-gov-west-1", format!(r#"{EVENT}}},"aws":{{{}}}"#, s3("arn:aws-us-gov"))),
        ];
        let added = Added::new("logs-aws.cloudtrail-default", true).unwrap();
        for (document, log_file, region, expect) in cases {
            let found = added.to(document.as_bytes(), Place { log_file, region }, "now").unwrap();
            let found = String::from_utf8(found).unwrap();
            assert_eq!(found, format!("{{{STREAM},{expect}}}"), "{document} {log_file}");
            assert!(serde_json::from_str::<serde_json::Value>(&found).is_ok(), "{found}");
        }
        assert!(added.to(b"[]", Place { log_file: "", region: "" }, "now").is_err());
    }

    #[test]
    fn the_names_of_data_streams_have_three_parts() {
        let cases = [
            ("logs-aws.cloudtrail-prod-eu", r#"{"type":"logs","dataset":"aws.cloudtrail","namespace":"prod-eu"}"#),
            ("audit", r#"{"type":"logs","dataset":"aws.cloudtrail","namespace":"default"}"#),
        ];
        for (stream, expect) in cases {
            assert_eq!(Added::new(stream, true).unwrap().data_stream, expect, "{stream}");
        }
    }
}
