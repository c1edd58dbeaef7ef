//! A webhook: signed lines of JSON, repeated under the same key until it takes them.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sink::{BatchLimits, ErrorKind, Payload, Settings, Sink, WebhookSettings};

use crate::answering::Answering;
use crate::payloads;
use crate::server::{Reply, Request, Server};
use crate::time::StoppedClock;

const SECRET: &str = "a secret that both know";

fn settings(url: &str) -> WebhookSettings {
    WebhookSettings {
        secret: Some(SECRET.into()),
        headers: vec![("Authorization".to_owned(), "Bearer hunter2".into())],
        batch: BatchLimits { batch_bytes_max: 2_000, batch_payloads_max: 10 },
        ..WebhookSettings::new(format!("{url}/T0/hunter2?x=hunter2").parse().unwrap())
    }
}

async fn open(settings: WebhookSettings) -> sink::Result<Sink> {
    Sink::open(Settings::Webhook(settings), None, StoppedClock::new()).await
}

/// Returns whether a request is what a receiver expects.
fn is_genuine(request: &Request) -> bool {
    let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body].concat();
    let signature = request.header("webhook-signature").strip_prefix("v1,").and_then(|text| BASE64.decode(text).ok());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let headers =
        [("content-type", "application/x-ndjson"), ("authorization", "Bearer hunter2"), ("idempotency-key", id)];
    request.method == "POST"
        && request.target == "/T0/hunter2?x=hunter2"
        && timestamp == "1700000000"
        && headers.iter().all(|(name, value)| request.header(name) == *value)
        && hmac::verify(&key, &signed, &signature.unwrap_or_default()).is_ok()
}

#[tokio::test]
async fn all_lines_arrive_and_repeats_bear_the_same_key() {
    // By the number of the request; the third and the fifth are done although their answers are lost.
    let handler = Answering::by(|nth, _| match nth {
        0 => Reply::new(503, ""),
        1 => Reply::new(429, "").header("Retry-After", 5),
        2 | 4 => Reply::new(204, "").cut(0),
        6 => Reply::new(409, "in progress"),
        _ => Reply::new(204, ""),
    });
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(settings(&server.url)).await.unwrap();
    let sent = payloads(95);
    let outcome = sink.send(&sent).await.unwrap();
    assert_eq!((outcome.accepted, outcome.refused.len()), (95, 0));
    assert_eq!(sink.position().offset, Some(sent[94].offset));
    let requests = handler.requests();
    assert!(requests.iter().all(is_genuine));
    // A receiver that keeps the first request of each key has all lines once, in their order.
    let mut keys = Vec::new();
    let mut lines = Vec::new();
    for request in &requests {
        let key = request.header("idempotency-key").to_owned();
        if !keys.contains(&key) {
            lines.extend_from_slice(&request.body);
            keys.push(key);
        }
    }
    let expect: Vec<u8> = sent.iter().flat_map(|payload| [&payload.bytes[..], b"\n"].concat()).collect();
    assert!(lines == expect);
    assert_eq!(requests.len(), keys.len() + 5);
}

#[tokio::test]
async fn each_answer_is_understood() {
    // What is always said, and what becomes of three payloads: how many are refused, or the error.
    let cases = [
        (Reply::new(200, "<html/>"), Ok(0)),
        (Reply::new(202, ""), Ok(0)),
        (Reply::new(200, "taken ".repeat(1000)).cut(90), Ok(0)),
        (Reply::new(400, "no"), Ok(3)),
        (Reply::new(422, "no"), Ok(3)),
        (Reply::new(413, ""), Ok(3)),
        (Reply::new(401, "hm"), Err(ErrorKind::Credentials)),
        (Reply::new(403, ""), Err(ErrorKind::PermissionDenied)),
        (Reply::new(404, ""), Err(ErrorKind::NotFound)),
        (Reply::new(410, ""), Err(ErrorKind::NotFound)),
        (Reply::new(302, "").header("Location", "/elsewhere"), Err(ErrorKind::Configuration)),
        (Reply::new(405, ""), Err(ErrorKind::Unexpected)),
        (Reply::new(409, ""), Err(ErrorKind::Unavailable)),
        (Reply::new(500, ""), Err(ErrorKind::Unavailable)),
        (Reply::new(200, "").cut(10), Err(ErrorKind::Unavailable)),
    ];
    for (reply, expect) in cases {
        let shown = format!("{reply:?}");
        let server = Server::start(Answering::by(move |_, _| reply.clone())).await;
        let mut sink = open(settings(&server.url)).await.unwrap();
        match (sink.send(&payloads(3)).await, expect) {
            (Ok(outcome), Ok(refused)) => {
                assert_eq!((outcome.refused.len(), outcome.payloads()), (refused, 3), "{shown}")
            }
            (Err(error), Err(kind)) => {
                assert_eq!(error.kind(), kind, "{shown}: {error}");
                assert!(!format!("{error} {error:?} {sink:?}").contains("hunter2"), "{error:?}");
            }
            (found, _) => panic!("{shown}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn one_bad_payload_does_not_take_others_along() {
    let handler = Answering::by(|_, request| {
        let is_bad = request.body.windows(6).any(|window| window == b"poison");
        let is_large = request.body.len() > 300;
        Reply::new(
            if is_large {
                413
            } else if is_bad {
                422
            } else {
                200
            },
            "so",
        )
    });
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(settings(&server.url)).await.unwrap();
    let mut sent = payloads(40);
    sent[7].bytes = r#""poison""#.into();
    sent[23].bytes = format!("\"{}\"", "x".repeat(400)).into();
    sent[24].bytes = "[\n1\n]".into();
    let outcome = sink.send(&sent).await.unwrap();
    let refused: Vec<_> = outcome.refused.iter().map(|refusal| (refusal.offset, refusal.reason.as_str())).collect();
    assert_eq!(refused, [(7, "422 Unprocessable Entity: so"), (23, "413 Payload Too Large: so")]);
    assert_eq!(outcome.accepted, 38);
    assert!(handler.requests().iter().any(|request| request.body.windows(6).any(|line| line == b"[ 1 ]\n")));
}

#[tokio::test]
async fn settings_are_checked() {
    let good = || settings("http://127.0.0.1:1");
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.into())];
    let cases = [
        (good(), true),
        (WebhookSettings { secret: None, ..good() }, true),
        (WebhookSettings { secret: Some("".into()), ..good() }, false),
        (WebhookSettings { secret: Some("whsec_not base64".into()), ..good() }, false),
        (WebhookSettings { headers: header("a b", "hunter2"), ..good() }, false),
        (WebhookSettings { headers: header("a", "hunter2\n"), ..good() }, false),
        (WebhookSettings { url: "ftp://hunter2@example.com".parse().unwrap(), ..good() }, false),
        (WebhookSettings { ca_file: Some("/nonexistent/ca.pem".into()), ..good() }, false),
    ];
    for (settings, is_good) in cases {
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(SECRET), "{shown}");
        match open(settings).await {
            Ok(_) => assert!(is_good, "{shown}"),
            Err(error) => assert!(!is_good && !error.to_string().contains("hunter2"), "{shown}: {error}"),
        }
    }
}

#[tokio::test]
async fn nothing_to_send_is_nothing_sent() {
    let handler = Answering::by(|_, _| Reply::new(500, ""));
    let server = Server::start(Arc::clone(&handler)).await;
    let mut sink = open(settings(&server.url)).await.unwrap();
    let none: [Payload; 0] = [];
    assert_eq!(sink.send(&none).await.unwrap().payloads(), 0);
    sink.flush().await.unwrap();
    assert!(handler.requests().is_empty());
}
