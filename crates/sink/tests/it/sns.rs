//! A topic: messages within SNS's limits, repeated one by one as their verdicts ask for.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use sink::{ErrorKind, Payload, RetryLimits, Settings, Sink, SnsSettings};

use crate::answering::Answering;
use crate::payloads;
use crate::server::{Reply, Request, Server};
use crate::time::StoppedClock;

const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";

fn settings(url: &str, topic: &str) -> SnsSettings {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "hunter2", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let retry = RetryLimits { attempts_max: 4, ..RetryLimits::default() };
    SnsSettings { endpoint_url: Some(url.to_owned()), retry, ..SnsSettings::new(topic, config) }
}

async fn open(url: &str, topic: &str) -> sink::Result<Sink> {
    Sink::open(Settings::Sns(Box::new(settings(url, topic))), None, StoppedClock::new()).await
}

/// One message of a request.
#[derive(Debug, Clone, PartialEq)]
struct Message {
    id: String,
    text: String,
    key: String,
    group: Option<String>,
    deduplication_id: Option<String>,
}

/// Reads the messages of a request: a form with numbered members.
fn messages(request: &Request) -> Vec<Message> {
    let form: HashMap<_, _> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    assert_eq!((form["Action"].as_str(), &form["TopicArn"][..TOPIC.len()]), ("PublishBatch", TOPIC));
    let mut messages = Vec::new();
    for nth in 1.. {
        let member = |name: &str| form.get(&format!("PublishBatchRequestEntries.member.{nth}.{name}")).cloned();
        let Some(id) = member("Id") else { break };
        assert_eq!(member("MessageAttributes.entry.1.Name").as_deref(), Some("idempotency-key"));
        messages.push(Message {
            id,
            text: member("Message").unwrap(),
            key: member("MessageAttributes.entry.1.Value.StringValue").unwrap(),
            group: member("MessageGroupId"),
            deduplication_id: member("MessageDeduplicationId"),
        });
    }
    messages
}

/// Answers a request: for each message nothing, or a code and whether it is the sender's fault.
fn answer(messages: &[Message], failed: impl Fn(&Message) -> Option<(&'static str, bool)>) -> Reply {
    let (mut taken, mut refused) = (String::new(), String::new());
    for message in messages {
        let id = &message.id;
        match failed(message) {
            None => taken += &format!("<member><Id>{id}</Id><MessageId>m-{id}</MessageId></member>"),
            Some((code, is_senders)) => {
                let fault = format!("<Message>so</Message><SenderFault>{is_senders}</SenderFault>");
                refused += &format!("<member><Id>{id}</Id><Code>{code}</Code>{fault}</member>");
            }
        }
    }
    let result = format!("<Successful>{taken}</Successful><Failed>{refused}</Failed>");
    let text = format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>{result}\
         </PublishBatchResult></PublishBatchResponse>"
    );
    Reply::new(200, text).header("Content-Type", "text/xml")
}

fn error(status: u16, code: &str) -> Reply {
    let text = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so</Message></Error></ErrorResponse>"
    );
    Reply::new(status, text).header("Content-Type", "text/xml")
}

#[tokio::test]
async fn messages_arrive_in_requests_of_ten() {
    for (suffix, group) in [("", None), (".fifo", Some("trailkeep".to_owned()))] {
        let handler = Answering::by(|nth, request| match nth {
            1 => error(400, "Throttled"),
            2 => Reply::new(503, ""),
            // Taken, and the answer is lost.
            3 => answer(&messages(request), |_| None).cut(0),
            _ => answer(&messages(request), |_| None),
        });
        let server = Server::start(Arc::clone(&handler)).await;
        let mut sink = open(&server.url, &format!("{TOPIC}{suffix}")).await.unwrap();
        let sent = payloads(45);
        let outcome = sink.send(&sent).await.unwrap();
        assert_eq!((outcome.accepted, outcome.refused.len()), (45, 0));
        let requests: Vec<_> = handler.requests().iter().map(messages).collect();
        let sizes: Vec<_> = requests.iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 10, 10, 10, 10, 10, 10, 5]);
        let arrived = [&requests[..1], &requests[4..]].concat().concat();
        for (payload, message) in sent.iter().zip(&arrived) {
            assert_eq!((message.text.as_bytes(), &message.key), (&payload.bytes[..], &payload.id));
            assert_eq!(
                (&message.group, &message.deduplication_id),
                (&group, &group.as_ref().map(|_| payload.id.clone()))
            );
        }
        assert!(
            handler.requests().iter().all(|request| request.header("authorization").contains("/eu-central-1/sns/"))
        );
    }
}

#[tokio::test]
async fn each_message_has_a_fate_of_its_own() {
    let tries = std::sync::Mutex::new(HashMap::<String, u32>::new());
    let handler = Answering::by(move |_, request| {
        answer(&messages(request), |message| {
            let mut tries = tries.lock().unwrap();
            let nth = tries.entry(message.key.clone()).or_default();
            *nth += 1;
            match (message.text.as_str(), *nth) {
                ("busy", 1..3) => Some(("Throttled", true)),
                ("broken", 1) => Some(("InternalError", false)),
                ("bad", _) => Some(("InvalidParameter", true)),
                _ => None,
            }
        })
    });
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(&server.url, TOPIC).await.unwrap();
    let large = "x".repeat(256 << 10);
    let texts = ["good", "busy", "broken", "bad", large.as_str(), "", "a\u{0}b", "good"];
    let payload = |(nth, text): (usize, &&str)| Payload {
        id: nth.to_string(),
        offset: nth as u64,
        bytes: (*text).to_owned().into(),
    };
    let mut sent: Vec<_> = texts.iter().enumerate().map(payload).collect();
    sent.push(Payload { id: "8".into(), offset: 8, bytes: (&b"a\xff"[..]).into() });
    let outcome = sink.send(&sent).await.unwrap();
    let refused: Vec<_> = outcome.refused.iter().map(|refusal| (refusal.offset, refusal.reason.as_str())).collect();
    let expect = [
        (3, "InvalidParameter: so"),
        (4, "it has 262166 bytes with its attribute, and a message at most 262144"),
        (5, "a message and its attribute cannot be empty"),
        (6, "a message cannot hold the character U+0000"),
        (8, "a message is UTF-8, and this is not from byte 1"),
    ];
    assert_eq!((outcome.accepted, &refused[..]), (4, &expect[..]));
}

#[tokio::test]
async fn requests_keep_within_the_limit_in_bytes() {
    let handler = Answering::by(|_, request| answer(&messages(request), |_| None));
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(&server.url, TOPIC).await.unwrap();
    let text = "x".repeat(100 << 10);
    let payload = |offset: u64| Payload { id: offset.to_string(), offset, bytes: text.clone().into() };
    let sent: Vec<_> = (0..5).map(payload).collect();
    assert_eq!(sink.send(&sent).await.unwrap().accepted, 5);
    let sizes: Vec<_> = handler.requests().iter().map(|request| messages(request).len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn each_answer_to_a_whole_request_is_understood() {
    // What is always said, and what becomes of two messages: how many are refused, or the error.
    let cases = [
        (error(400, "BatchRequestTooLong"), Ok(2)),
        (error(400, "InvalidParameter"), Ok(2)),
        (error(404, "NotFound"), Err(ErrorKind::NotFound)),
        (error(403, "AuthorizationError"), Err(ErrorKind::PermissionDenied)),
        (error(403, "InvalidClientTokenId"), Err(ErrorKind::Credentials)),
        (error(400, "KMSAccessDenied"), Err(ErrorKind::PermissionDenied)),
        (error(400, "KMSThrottling"), Err(ErrorKind::Unavailable)),
        (error(400, "Throttling"), Err(ErrorKind::Unavailable)),
        (error(500, "InternalError"), Err(ErrorKind::Unavailable)),
        (Reply::new(200, "<html>hello</html>"), Err(ErrorKind::Unavailable)),
        (answer(&[], |_| None), Err(ErrorKind::Unavailable)),
        (Reply::new(200, "").cut(0), Err(ErrorKind::Unavailable)),
        (error(400, "SomethingNew"), Err(ErrorKind::Unexpected)),
    ];
    for (reply, expect) in cases {
        let shown = format!("{reply:?}");
        let server = Server::start(Answering::by(move |_, _| reply.clone())).await;
        let mut sink = open(&server.url, TOPIC).await.unwrap();
        match (sink.send(&payloads(2)).await, expect) {
            (Ok(outcome), Ok(refused)) => {
                assert_eq!((outcome.refused.len(), outcome.accepted), (refused, 0), "{shown}")
            }
            (Err(error), Err(kind)) => {
                assert_eq!(error.kind(), kind, "{shown}: {error}");
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
            }
            (found, _) => panic!("{shown}: {found:?}"),
        }
    }
    let error = open("http://127.0.0.1:1", "alerts").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}
