//! A log group: log events within CloudWatch Logs' limits, in a stream that is made when it is missing.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::Value;
use sink::{Aws, CloudWatchLogsSettings, ErrorKind, Payload, RetryLimits, Settings, Sink, Standing};

use crate::answering::Answering;
use crate::payloads;
use crate::server::{Reply, Request, Server};
use crate::time::StoppedClock;

const GROUP: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:CloudTrail/logs:*";

fn aws(url: &str) -> Aws {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "hunter2", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Aws::new(config, Some(url.to_owned()))
}

async fn open(url: &str, group: &str) -> sink::Result<Sink> {
    let settings = CloudWatchLogsSettings {
        log_group_arn: group.to_owned(),
        log_stream: "111122223333_CloudTrail_eu-central-1".to_owned(),
        aws: aws(url),
        retry: RetryLimits { attempts_max: 4, ..RetryLimits::default() },
    };
    Sink::open(Settings::CloudWatchLogs(Box::new(settings)), None, StoppedClock::new()).await
}

fn json(status: u16, text: impl Into<Vec<u8>>) -> Reply {
    Reply::new(status, text).header("Content-Type", "application/x-amz-json-1.1")
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    json(status, format!(r#"{{"__type":"{code}","message":"{message}"}}"#))
}

/// The operation of a request, and its events.
fn asked(request: &Request) -> (String, Vec<(i64, String)>) {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["logGroupName"], "CloudTrail/logs");
    assert_eq!(body["logStreamName"], "111122223333_CloudTrail_eu-central-1");
    assert!(request.header("authorization").contains("/eu-central-1/logs/"));
    let event = |event: &Value| (event["timestamp"].as_i64().unwrap(), event["message"].as_str().unwrap().to_owned());
    let events = body["logEvents"].as_array().into_iter().flatten().map(event).collect();
    (request.header("x-amz-target").rsplit('.').next().unwrap().to_owned(), events)
}

#[tokio::test]
async fn a_stream_is_made_and_requests_keep_their_limits() {
    let handler = Answering::by(|nth, _| match nth {
        0 => error(400, "ResourceNotFoundException", "The specified log stream does not exist."),
        1 => json(200, "{}"),
        2 => error(400, "ThrottlingException", "slow down"),
        _ => json(200, "{}"),
    });
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(&server.url, GROUP).await.unwrap();
    let sent = payloads(10_001);
    assert_eq!(sink.send(&sent).await.unwrap().accepted, 10_001);
    let large = |offset: u64| Payload { id: offset.to_string(), offset, bytes: "x".repeat(400 << 10).into() };
    let larger: Vec<_> = (0..3).map(|nth| large((1 << 40) + nth)).collect();
    assert_eq!(sink.send(&larger).await.unwrap().accepted, 3);
    let requests: Vec<_> = handler.requests().iter().map(asked).collect();
    let made: Vec<(&str, usize)> = requests.iter().map(|(target, events)| (target.as_str(), events.len())).collect();
    let put = "PutLogEvents";
    let begin = made.iter().position(|(_, events)| *events == 2).unwrap();
    assert_eq!(made[1], ("CreateLogStream", 0));
    assert_eq!(made[begin..], [(put, 2), (put, 1)]);
    // After the stream is made the first request is repeated, and again after the refusal.
    assert!(made[0] == made[2] && made[2] == made[3], "{:?}", &made[..4]);
    let arrived: Vec<&str> =
        requests[3..begin].iter().flat_map(|(_, events)| events).map(|(_, text)| text.as_str()).collect();
    let expect: Vec<&str> = sent.iter().map(|payload| str::from_utf8(&payload.bytes).unwrap()).collect();
    assert!(arrived == expect);
    for (_, events) in &requests {
        let bytes: usize = events.iter().map(|(_, text)| text.len() + 26).sum();
        assert!(events.len() <= 10_000 && bytes <= 1_048_576, "{} {bytes}", events.len());
        assert!(events.windows(2).all(|pair| pair[0].0 == pair[1].0), "one time for all");
    }
}

#[tokio::test]
async fn each_answer_is_understood() {
    // What is said to a put, and what becomes of two log events: how many are refused, or the error.
    let rejected = r#"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}"#;
    let too_new = r#"{"rejectedLogEventsInfo":{"tooNewLogEventStartIndex":0}}"#;
    let cases = [
        (json(200, rejected), Ok(1)),
        (json(200, too_new), Ok(2)),
        (error(400, "InvalidParameterException", "no"), Ok(2)),
        (error(400, "ResourceNotFoundException", "The specified log group does not exist."), Err(ErrorKind::NotFound)),
        (error(400, "AccessDeniedException", "no"), Err(ErrorKind::PermissionDenied)),
        (error(400, "UnrecognizedClientException", "The security token is invalid"), Err(ErrorKind::Unexpected)),
        (error(400, "ExpiredTokenException", "old"), Err(ErrorKind::Credentials)),
        (error(500, "InternalFailure", "hm"), Err(ErrorKind::Unavailable)),
        (Reply::new(200, "").cut(0), Err(ErrorKind::Unavailable)),
    ];
    for (reply, expect) in cases {
        let shown = format!("{reply:?}");
        let server = Server::start(Answering::by(move |_, _| reply.clone())).await;
        let mut sink = open(&server.url, GROUP).await.unwrap();
        match (sink.send(&payloads(2)).await, expect) {
            (Ok(outcome), Ok(refused)) => assert_eq!(outcome.refused.len(), refused, "{shown}"),
            (Err(error), Err(kind)) => assert_eq!(error.kind(), kind, "{shown}: {error}"),
            (found, _) => panic!("{shown}: {found:?}"),
        }
    }
    assert_eq!(open("http://127.0.0.1:1", "CloudTrail/logs").await.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn groups_are_looked_up() {
    let groups = r#"{"logGroups":[{"logGroupName":"CloudTrail/logs-of-others"},{"logGroupName":"CloudTrail/logs"}]}"#;
    let cases = [
        (json(200, groups), Ok(Standing::Usable)),
        (json(200, r#"{"logGroups":[{"logGroupName":"CloudTrail/logs-of-others"}]}"#), Ok(Standing::Missing)),
        (error(400, "AccessDeniedException", "no"), Ok(Standing::Forbidden)),
        (error(400, "InvalidSignatureException", "no"), Err(ErrorKind::Unexpected)),
        (error(403, "InvalidClientTokenId", "no"), Err(ErrorKind::Credentials)),
    ];
    for (reply, expect) in cases {
        let shown = format!("{reply:?}");
        let server = Server::start(Answering::by(move |_, _| reply.clone())).await;
        let found = aws(&server.url).log_group(GROUP).await.map_err(|error| error.kind());
        assert_eq!(found, expect, "{shown}");
    }
}
