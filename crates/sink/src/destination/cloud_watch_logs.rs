//! A stream of a log group of CloudWatch Logs: one payload a log event, its time the time of sending (`PutLogEvents`).
//!
//! A stream that is not there is made. CloudWatch Logs knows no idempotency key: what is repeated after an answer that was
//! lost is there twice.

use std::fmt;
use std::sync::Arc;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Region;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatchlogs::operation::put_log_events::{PutLogEventsError, PutLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use crate::aws::Aws;
use crate::batch::BatchLimits;
use crate::clock::Clock;
use crate::deliver::{Destination, Reply, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Payload, shortened};
use crate::retry::RetryLimits;

/// How much a request may hold, each event with its overhead ("PutLogEvents").
const REQUEST_BYTES_MAX: usize = 1_048_576;

/// How many events a request may hold ("PutLogEvents").
const REQUEST_EVENTS_MAX: usize = 10_000;

/// What an event counts beyond its text, in bytes ("PutLogEvents").
const EVENT_OVERHEAD_BYTES: usize = 26;

/// A stream, and how it is reached.
#[derive(Debug, Clone)]
pub struct CloudWatchLogsSettings {
    /// The log group, with or without the `:*` at its end.
    pub log_group_arn: String,
    /// The stream.
    pub log_stream: String,
    /// How AWS is reached.
    pub aws: Aws,
    /// How often a request is repeated. The SDK itself repeats none.
    pub retry: RetryLimits,
}

/// A log group, by the parts of its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogGroup {
    pub(crate) region: String,
    pub(crate) name: String,
}

impl LogGroup {
    /// Reads `arn:PARTITION:logs:REGION:ACCOUNT:log-group:NAME[:*]`.
    pub(crate) fn parse(arn: &str) -> Option<LogGroup> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let ["arn", partition, "logs", region, account, "log-group", name] = parts[..] else { return None };
        let name = name.strip_suffix(":*").unwrap_or(name);
        let is_whole = partition.starts_with("aws") && !region.is_empty() && !account.is_empty() && !name.is_empty();
        (is_whole && !name.contains(':')).then(|| LogGroup { region: region.to_owned(), name: name.to_owned() })
    }

    /// Returns a client for the group's Region that repeats nothing by itself.
    pub(crate) fn client(&self, aws: &Aws) -> Client {
        let mut config = aws_sdk_cloudwatchlogs::config::Builder::from(aws.config())
            .region(Region::new(self.region.clone()))
            .retry_config(RetryConfig::disabled());
        if let Some(endpoint) = aws.endpoint_url() {
            config = config.endpoint_url(endpoint);
        }
        Client::from_conf(config.build())
    }
}

/// A stream that log events are put into.
pub(crate) struct CloudWatchLogs {
    name: String,
    group: LogGroup,
    stream: String,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl CloudWatchLogs {
    /// How much goes into one request: what CloudWatch Logs allows.
    pub(crate) const BATCH: BatchLimits =
        BatchLimits { batch_bytes_max: REQUEST_BYTES_MAX, batch_payloads_max: REQUEST_EVENTS_MAX };

    pub(crate) fn open(settings: &CloudWatchLogsSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let Some(group) = LogGroup::parse(&settings.log_group_arn) else {
            let message = format!("`{}` is no log group", settings.log_group_arn.escape_debug());
            return Err(Error::new(ErrorKind::Configuration, message)
                .advise("write `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`"));
        };
        let client = group.client(&settings.aws);
        let name = format!("{}/{}", group.name, settings.log_stream);
        Ok(Self { name, group, stream: settings.log_stream.clone(), client, clock })
    }

    fn event(&self, payload: &Payload) -> Option<InputLogEvent> {
        let message = str::from_utf8(&payload.bytes).ok()?;
        InputLogEvent::builder().timestamp(self.clock.now().as_millisecond()).message(message).build().ok()
    }

    /// Makes the stream. Somebody else may have made it meanwhile.
    async fn create_stream(&self) -> Result<Reply> {
        let made = self.client.create_log_stream().log_group_name(&self.group.name).log_stream_name(&self.stream);
        match made.send().await {
            Ok(_) => Ok(again()),
            Err(error) if error.code() == Some("ResourceAlreadyExistsException") => Ok(again()),
            Err(error) => self.fault(&error),
        }
    }

    fn fault<E>(&self, error: &SdkError<E>) -> Result<Reply>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let reason = match error.message() {
            Some(message) => format!("{code}: {message}"),
            None => DisplayErrorContext(error).to_string(),
        };
        if code.contains("Throttling") || status.is_some_and(|status| status >= 500 || status == 429) {
            return Ok(Reply::Later { reason, after: None });
        }
        if status == Some(413) {
            return Ok(Reply::TooLarge(reason));
        }
        let (kind, advice) = match (code, status) {
            _ if matches!(error, SdkError::ConstructionFailure(_)) => {
                (ErrorKind::Configuration, "check the profile, its Region and its credentials")
            }
            (_, None | Some(200..300)) => return Ok(Reply::Broken(reason)),
            ("ResourceNotFoundException", _) => (ErrorKind::NotFound, "make the log group, or name another"),
            ("AccessDeniedException", _) => {
                (ErrorKind::PermissionDenied, "grant `logs:CreateLogStream` and `logs:PutLogEvents` on the log group")
            }
            ("InvalidParameterException", _) => return Ok(Reply::Spoilt(reason)),
            (_, Some(400 | 401 | 403)) if code.contains("Token") || code.contains("Signature") => {
                (ErrorKind::Credentials, "check the profile and its credentials")
            }
            _ => (ErrorKind::Unexpected, "check the log group and the endpoint"),
        };
        let failed = Error::new(kind, format!("cannot put log events into `{}`", self.name));
        Err(failed.with("code", code).with("reason", shortened(&reason)).advise(advice))
    }

    fn missing_stream(error: &SdkError<PutLogEventsError>) -> bool {
        let is_missing = error.code() == Some("ResourceNotFoundException");
        is_missing && error.message().is_some_and(|message| message.contains("stream"))
    }
}

impl Destination for CloudWatchLogs {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self, payload: &Payload) -> usize {
        payload.bytes.len() + EVENT_OVERHEAD_BYTES
    }

    fn objection(&self, payload: &Payload) -> Option<String> {
        let bytes = self.weight(payload);
        if bytes > REQUEST_BYTES_MAX {
            return Some(format!("it has {bytes} bytes with its overhead, and a request at most {REQUEST_BYTES_MAX}"));
        }
        match str::from_utf8(&payload.bytes) {
            Ok("") => Some("a log event cannot be empty".to_owned()),
            Ok(_) => None,
            Err(error) => Some(format!("a log event is UTF-8, and this is not from byte {}", error.valid_up_to())),
        }
    }

    fn knows_payloads(&self) -> bool {
        true
    }

    async fn post(&self, payloads: &[&Payload]) -> Result<Reply> {
        let events: Option<Vec<_>> = payloads.iter().map(|payload| self.event(payload)).collect();
        let put = self.client.put_log_events().log_group_name(&self.group.name).log_stream_name(&self.stream);
        match put.set_log_events(events).send().await {
            Ok(output) => Ok(each(&output, payloads.len())),
            Err(error) if Self::missing_stream(&error) => self.create_stream().await,
            Err(error) => self.fault(&error),
        }
    }
}

impl fmt::Debug for CloudWatchLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatchLogs").field("name", &self.name).finish_non_exhaustive()
    }
}

fn again() -> Reply {
    Reply::Later { reason: "the stream was made just now".to_owned(), after: None }
}

/// All events bear one time, so that they are refused together or not at all; the answer tells from where to where.
fn each(output: &PutLogEventsOutput, payloads: usize) -> Reply {
    let mut verdicts = vec![Verdict::Accepted; payloads];
    if let Some(rejected) = output.rejected_log_events_info() {
        let index = |index: Option<i32>| index.and_then(|index| usize::try_from(index).ok());
        let old = index(rejected.too_old_log_event_end_index());
        let expired = index(rejected.expired_log_event_end_index());
        // The first two name the last event that is refused, exclusively; the third the first one.
        let until = old.max(expired).unwrap_or(0);
        let from = index(rejected.too_new_log_event_start_index()).unwrap_or(payloads);
        for (nth, verdict) in verdicts.iter_mut().enumerate() {
            if nth < until || nth >= from {
                *verdict = Verdict::Refused("its time is too old or too new: check this machine's clock".to_owned());
            }
        }
    }
    Reply::Each(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_groups() {
        let cases = [
            ("arn:aws:logs:eu-west-1:111122223333:log-group:CloudTrail/logs:*", Some(("eu-west-1", "CloudTrail/logs"))),
            ("arn:aws-cn:logs:cn-north-1:111122223333:log-group:a", Some(("cn-north-1", "a"))),
            ("arn:aws:logs:eu-west-1:111122223333:log-group::*", None),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:a:log-stream:b", None),
            ("arn:aws:sns:eu-west-1:111122223333:log-group:a", None),
            ("arn:aws:logs::111122223333:log-group:a", None),
            ("a", None),
        ];
        for (arn, expect) in cases {
            let expect = expect.map(|(region, name)| LogGroup { region: region.to_owned(), name: name.to_owned() });
            assert_eq!(LogGroup::parse(arn), expect, "{arn}");
        }
    }
}
