//! A topic of Amazon SNS: one payload a message, up to ten messages a request (`PublishBatch`).
//!
//! A FIFO topic drops a repeat of the same deduplication id for five minutes. Other topics know no such thing: there
//! each message carries its payload's id in the attribute `idempotency-key`, for receivers to look at.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_lc_rs::digest;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::operation::publish_batch::{PublishBatchError, PublishBatchOutput};
use aws_sdk_sns::types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry};

use crate::batch::BatchLimits;
use crate::clock::Clock;
use crate::deliver::{Destination, Reply, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::http::retry_after;
use crate::payload::{Payload, shortened};
use crate::retry::RetryLimits;

/// How much a request, and so a message, may hold ("PublishBatch", 256 KB with all attributes).
const REQUEST_BYTES_MAX: usize = 256 << 10;

/// How many messages a request may hold ("PublishBatch").
const REQUEST_MESSAGES_MAX: usize = 10;

/// How many characters a deduplication id may have ("PublishBatchRequestEntry").
const DEDUPLICATION_ID_CHARS_MAX: usize = 128;

/// The name of the attribute that holds a payload's id, and its type.
const ATTRIBUTE: (&str, &str) = ("idempotency-key", "String");

/// What a topic is, and how it is reached.
#[derive(Debug, Clone)]
pub struct SnsSettings {
    /// The topic.
    pub topic_arn: String,
    /// Credentials, Region and HTTP client, as `aws_config` loads them.
    pub config: SdkConfig,
    /// Where SNS is, if it is not AWS's.
    pub endpoint_url: Option<String>,
    /// The message group, for FIFO topics: the messages of one group come in order.
    pub message_group_id: String,
    /// How often a request is repeated. The SDK itself repeats none.
    pub retry: RetryLimits,
}

impl SnsSettings {
    /// Returns the settings for a topic, with the message group `trailkeep`.
    pub fn new(topic_arn: impl Into<String>, config: SdkConfig) -> Self {
        Self {
            topic_arn: topic_arn.into(),
            config,
            endpoint_url: None,
            message_group_id: "trailkeep".to_owned(),
            retry: RetryLimits::default(),
        }
    }
}

/// A topic that messages are published to.
pub(crate) struct Sns {
    topic_arn: String,
    client: Client,
    message_group_id: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Sns {
    /// How much goes into one request: what SNS allows.
    pub(crate) const BATCH: BatchLimits =
        BatchLimits { batch_bytes_max: REQUEST_BYTES_MAX, batch_payloads_max: REQUEST_MESSAGES_MAX };

    pub(crate) fn open(settings: &SnsSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let topic_arn = settings.topic_arn.clone();
        let Some(region) = region(&topic_arn) else {
            let message = format!("`{}` is no topic", topic_arn.escape_debug());
            return Err(Error::new(ErrorKind::Configuration, message).advise("write `arn:aws:sns:REGION:ACCOUNT:NAME`"));
        };
        let mut config = aws_sdk_sns::config::Builder::from(&settings.config)
            .region(aws_sdk_sns::config::Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled());
        if let Some(endpoint) = &settings.endpoint_url {
            config = config.endpoint_url(endpoint);
        }
        let is_fifo = topic_arn.ends_with(".fifo");
        let message_group_id = is_fifo.then(|| settings.message_group_id.clone());
        Ok(Self { topic_arn, client: Client::from_conf(config.build()), message_group_id, clock })
    }

    fn entry(&self, nth: usize, payload: &Payload) -> Option<PublishBatchRequestEntry> {
        let attribute =
            MessageAttributeValue::builder().data_type(ATTRIBUTE.1).string_value(&payload.id).build().ok()?;
        PublishBatchRequestEntry::builder()
            .id(nth.to_string())
            .message(str::from_utf8(&payload.bytes).ok()?)
            .message_attributes(ATTRIBUTE.0, attribute)
            .set_message_group_id(self.message_group_id.clone())
            .set_message_deduplication_id(self.message_group_id.as_ref().map(|_| deduplication_id(&payload.id)))
            .build()
            .ok()
    }

    fn fault(&self, error: &SdkError<PublishBatchError>) -> Result<Reply> {
        let code = error.code().unwrap_or_default();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let reason = match error.message() {
            Some(message) => format!("{code}: {message}"),
            None => DisplayErrorContext(error).to_string(),
        };
        let answered = error.raw_response().is_some();
        if matches!(code, "BatchRequestTooLong" | "BatchRequestTooLongException") || status == Some(413) {
            return Ok(Reply::TooLarge(reason));
        }
        if is_later(code) || status.is_some_and(|status| status >= 500 || status == 429) {
            let after = error.raw_response().and_then(|response| response.headers().get("retry-after"));
            return Ok(Reply::Later { reason, after: after.and_then(|text| retry_after(text, self.clock.now())) });
        }
        let (kind, advice) = match (code, status) {
            _ if !answered && matches!(error, SdkError::ConstructionFailure(_)) => {
                (ErrorKind::Configuration, "check the profile, its Region and its credentials")
            }
            _ if !answered => return Ok(Reply::Broken(reason)),
            ("NotFound" | "NotFoundException", _) => (ErrorKind::NotFound, "check the topic's ARN"),
            ("AuthorizationError" | "AuthorizationErrorException" | "AccessDenied" | "AccessDeniedException", _) => {
                (ErrorKind::PermissionDenied, "grant `sns:Publish` on the topic, and the use of its KMS key")
            }
            (code, _) if code.starts_with("KMS") => {
                (ErrorKind::PermissionDenied, "grant the use of the topic's KMS key")
            }
            (_, Some(401 | 403)) => (ErrorKind::Credentials, "check the profile and its credentials"),
            // Some message of the request cannot be had; alone it shows which.
            ("InvalidParameter" | "ParameterValueInvalid" | "ValidationException" | "ValidationError", _) => {
                return Ok(Reply::Spoilt(reason));
            }
            (_, Some(200..300)) => return Ok(Reply::Broken(reason)),
            _ => (ErrorKind::Unexpected, "check the topic and the endpoint"),
        };
        let error = Error::new(kind, format!("cannot publish to `{}`", self.topic_arn));
        Err(error.with("reason", shortened(&reason)).advise(advice))
    }
}

impl Destination for Sns {
    fn name(&self) -> &str {
        &self.topic_arn
    }

    fn weight(&self, payload: &Payload) -> usize {
        payload.bytes.len() + payload.id.len() + ATTRIBUTE.0.len() + ATTRIBUTE.1.len()
    }

    fn objection(&self, payload: &Payload) -> Option<String> {
        let bytes = self.weight(payload);
        if bytes > REQUEST_BYTES_MAX {
            return Some(format!("it has {bytes} bytes with its attribute, and a message at most {REQUEST_BYTES_MAX}"));
        }
        if payload.bytes.is_empty() || payload.id.is_empty() {
            return Some("a message and its attribute cannot be empty".to_owned());
        }
        match str::from_utf8(&payload.bytes) {
            Ok(text) => text
                .chars()
                .find(|char| !is_allowed(*char))
                .map(|char| format!("a message cannot hold the character U+{:04X}", u32::from(char))),
            Err(error) => Some(format!("a message is UTF-8, and this is not from byte {}", error.valid_up_to())),
        }
    }

    fn knows_payloads(&self) -> bool {
        true
    }

    async fn post(&self, payloads: &[&Payload]) -> Result<Reply> {
        let entries: Option<Vec<_>> =
            payloads.iter().enumerate().map(|(nth, payload)| self.entry(nth, payload)).collect();
        let sent = self.client.publish_batch().topic_arn(&self.topic_arn).set_publish_batch_request_entries(entries);
        match sent.send().await {
            Ok(output) => Ok(each(&output, payloads.len())),
            Err(error) => self.fault(&error),
        }
    }
}

impl fmt::Debug for Sns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sns").field("topic_arn", &self.topic_arn).finish_non_exhaustive()
    }
}

/// Returns the verdicts, if each message has one.
fn each(output: &PublishBatchOutput, payloads: usize) -> Reply {
    let mut verdicts = vec![None; payloads];
    let taken = output.successful().iter().filter_map(|entry| Some((entry.id()?, Verdict::Accepted)));
    let failed = output.failed().iter().map(|entry| (entry.id(), verdict(entry)));
    for (id, verdict) in taken.chain(failed) {
        if let Some(slot) = id.parse().ok().and_then(|nth: usize| verdicts.get_mut(nth)) {
            *slot = Some(verdict);
        }
    }
    match verdicts.into_iter().collect() {
        Some(verdicts) => Reply::Each(verdicts),
        None => Reply::Broken(format!("the answer does not tell of each of {payloads} messages")),
    }
}

fn verdict(entry: &BatchResultErrorEntry) -> Verdict {
    let reason = match entry.message() {
        Some(message) => format!("{}: {message}", entry.code()),
        None => entry.code().to_owned(),
    };
    if entry.sender_fault() && !is_later(entry.code()) { Verdict::Refused(reason) } else { Verdict::Later(reason) }
}

fn is_later(code: &str) -> bool {
    code.contains("Throttl") || matches!(code, "ServiceUnavailable" | "RequestLimitExceeded")
}

/// Returns the Region of a topic's ARN.
pub(crate) fn region(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?);
    let region = parts.next()?;
    let (account, name) = (parts.next()?, parts.next()?);
    let is_topic = head.0 == "arn" && head.1.starts_with("aws") && head.2 == "sns" && !region.is_empty();
    (is_topic && !account.is_empty() && !name.is_empty() && !name.contains(':')).then_some(region)
}

/// Returns whether a message may hold a character: those of XML 1.0 ("Publish", parameter `Message`, as SQS has it).
fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Returns the payload's id, if it can be a deduplication id, or else what stands for it.
fn deduplication_id(id: &str) -> String {
    let fits =
        !id.is_empty() && id.len() <= DEDUPLICATION_ID_CHARS_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return id.to_owned();
    }
    digest::digest(&digest::SHA256, id.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        let cases = [
            ("arn:aws:sns:eu-central-1:111122223333:alerts", Some("eu-central-1")),
            ("arn:aws-cn:sns:cn-north-1:111122223333:alerts.fifo", Some("cn-north-1")),
            ("arn:aws:sqs:eu-central-1:111122223333:alerts", None),
            ("arn:aws:sns::111122223333:alerts", None),
            ("arn:aws:sns:eu-central-1:111122223333:", None),
            ("arn:aws:sns:eu-central-1:111122223333:alerts:0f1e2d3c", None),
            ("alerts", None),
        ];
        for (arn, expect) in cases {
            assert_eq!(region(arn), expect, "{arn}");
        }
    }

    #[test]
    fn deduplication_ids_fit() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (id, expect) in [("a1-Z~", "a1-Z~"), (&"a".repeat(128), &"a".repeat(128))] {
            assert_eq!(deduplication_id(id), expect);
        }
        assert_eq!(deduplication_id(&"a".repeat(129)).len(), hash.len());
        assert_ne!(deduplication_id("a b"), deduplication_id("a c"));
    }
}
