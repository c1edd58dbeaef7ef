//! Documents through `_bulk`: exactly once whatever goes wrong, and each answer understood.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sink::{Auth, BatchLimits, ElasticsearchSettings, ErrorKind, Outcome, Payload, Position, Settings, Sink, Target};

use crate::answering::Answering;
use crate::cluster::{Cluster, Fault, Manners, error};
use crate::payloads;
use crate::server::{Reply, Request, Server};
use crate::time::StoppedClock;

/// How many payloads are sent.
const PAYLOADS: u64 = 10_000;

/// How many are handed over at once.
const HANDED_OVER: usize = 1_500;

fn settings(url: &str) -> ElasticsearchSettings {
    let batch = BatchLimits { batch_bytes_max: 60_000, batch_payloads_max: 400 };
    let auth = Auth::ApiKey("id:key".into());
    ElasticsearchSettings { auth, batch, ..ElasticsearchSettings::new(url.parse().unwrap()) }
}

fn cluster(seed: u64, fault_percent: u32, kill_at: Vec<u32>) -> Cluster {
    Cluster::new(Manners { seed, bytes_max: 40_000, fault_percent, retry_after_s: 7, kill_at })
}

async fn open(settings: ElasticsearchSettings, from: Option<Position>) -> sink::Result<Sink> {
    Sink::open(Settings::Elasticsearch(settings), from, StoppedClock::new()).await
}

/// Sends what comes after the stored position, and stores it after each call.
async fn export(url: &str, payloads: &[Payload], stored: &mut Position) -> sink::Result<Outcome> {
    // Unpacking takes most of the time of the many requests.
    let settings = ElasticsearchSettings { gzip: stored.offset.is_none(), ..settings(url) };
    let mut sink = open(settings, Some(*stored)).await?;
    let mut total = Outcome::default();
    let first = payloads.partition_point(|payload| stored.offset.is_some_and(|offset| payload.offset <= offset));
    for some in payloads[first..].chunks(HANDED_OVER) {
        total.add(sink.send(some).await?);
        *stored = sink.position();
    }
    Ok(total)
}

fn expected(payloads: &[Payload]) -> HashMap<String, String> {
    let good = payloads.iter().filter(|payload| !payload.bytes.ends_with(b"poison\"}"));
    good.map(|payload| (payload.id.clone(), String::from_utf8(payload.bytes.to_vec()).unwrap())).collect()
}

#[tokio::test]
async fn all_arrive_once_through_all_faults() {
    let mut faults = HashMap::new();
    for seed in 1..=2 {
        let cluster = Arc::new(cluster(seed, 40, Vec::new()));
        let server = Server::start(Arc::clone(&cluster)).await;
        let mut sent = payloads(PAYLOADS);
        for payload in sent.iter_mut().step_by(331) {
            payload.bytes = r#"{"a":"poison"}"#.into();
        }
        let mut stored = Position::default();
        let outcome = export(&server.url, &sent, &mut stored).await.unwrap();
        let refused: Vec<_> = outcome.refused.iter().map(|refusal| &refusal.id).collect();
        assert_eq!(refused, Vec::from_iter(sent.iter().step_by(331).map(|payload| &payload.id)), "seed {seed}");
        assert!(outcome.refused.iter().all(|refusal| refusal.reason == "document_parsing_exception: so"));
        assert_eq!(outcome.payloads(), PAYLOADS, "seed {seed}");
        assert!(outcome.already_there > 0, "seed {seed}");
        faults.extend(cluster.faults());
        assert_eq!(stored, Position { offset: sent.last().map(|payload| payload.offset), parts: 0 });
        assert!(cluster.documents() == expected(&sent), "seed {seed}");
        // The size is learnt: it is not found out again for each batch.
        assert!((1..=3).contains(&cluster.too_large()), "seed {seed}: {}", cluster.too_large());
    }
    assert_eq!(faults.len(), Fault::ALL.len(), "{faults:?}");
}

#[tokio::test]
async fn all_arrive_once_through_five_kills() {
    for seed in 11..=12 {
        let kills = vec![3, 10, 24, 41, 60];
        let cluster = Arc::new(cluster(seed, 20, kills.clone()));
        let server = Server::start(Arc::clone(&cluster)).await;
        let sent = payloads(PAYLOADS);
        let mut stored = Position::default();
        let mut killed = 0;
        loop {
            tokio::select! {
                biased;
                () = cluster.kill.notified() => killed += 1,
                ended = export(&server.url, &sent, &mut stored) => {
                    ended.unwrap();
                    break;
                }
            }
        }
        assert_eq!(killed, kills.len(), "seed {seed}");
        assert!(cluster.documents() == expected(&sent), "seed {seed}");
    }
}

/// A server that is well when asked who it is, and then says this.
fn saying(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Arc<Answering<impl Fn(usize, &Request) -> Reply>> {
    let bulks = std::sync::atomic::AtomicUsize::new(0);
    Answering::by(move |_, request| match request.path() {
        "/" => Reply::new(200, json!({"version": {"number": "3.1.0", "distribution": "opensearch"}}).to_string()),
        path if path.ends_with("/_bulk") => reply(bulks.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
        _ => Reply::new(200, "{}"),
    })
}

#[tokio::test]
async fn each_documents_fate_is_counted() {
    let fault = |kind: &str| json!({"type": kind, "reason": "so"});
    let cause = json!({"type": "x", "reason": "y"});
    let nested = json!({"type": "document_parsing_exception", "reason": "bad\nfield", "caused_by": cause});
    // What is said of a document, and what it comes to: a count, a reason, or an error.
    type Fate = Result<(u64, u64, &'static str), ErrorKind>;
    let cases: [(Value, Fate); 16] = [
        (json!({"status": 201, "result": "created", "_id": "1"}), Ok((1, 0, ""))),
        (json!({"status": 200, "result": "updated"}), Ok((1, 0, ""))),
        (json!({"status": 409, "error": fault("version_conflict_engine_exception")}), Ok((0, 1, ""))),
        (json!({"status": 409, "error": fault("document_already_exists_exception")}), Ok((0, 1, ""))),
        (json!({"status": 409, "error": fault("routing_exception")}), Ok((0, 0, "routing_exception: so"))),
        (json!({"status": 400, "error": nested}), Ok((0, 0, "document_parsing_exception: bad field, caused by x: y"))),
        (json!({"status": 400, "error": "MapperParsingException[so]"}), Ok((0, 0, "MapperParsingException[so]"))),
        (json!({"status": 400}), Ok((0, 0, "no reason was given"))),
        (
            json!({"status": 201, "_id": "x", "failure_store": "used"}),
            Ok((0, 0, "the mapping or a pipeline refused it: it is in the data stream's failure store")),
        ),
        (json!({"status": 200, "_id": "-5", "result": "noop"}), Ok((0, 0, "an ingest pipeline dropped it"))),
        (json!({"status": 403, "error": fault("cluster_block_exception")}), Err(ErrorKind::PermissionDenied)),
        (json!({"status": 404, "error": fault("index_not_found_exception")}), Err(ErrorKind::NotFound)),
        (json!({"status": 429, "error": fault("circuit_breaking_exception")}), Err(ErrorKind::Unavailable)),
        (json!({"status": 503, "error": fault("unavailable_shards_exception")}), Err(ErrorKind::Unavailable)),
        (json!({"status": 500, "error": fault("null_pointer_exception")}), Err(ErrorKind::Unavailable)),
        (json!({"status": 201, "result": "created", "_id": "other"}), Err(ErrorKind::Unavailable)),
    ];
    for (said, expect) in cases {
        let body = json!({"errors": true, "items": [{"create": said}]}).to_string();
        let server = Server::start(saying(move |_| Reply::new(200, body.clone()))).await;
        let mut sink = open(settings(&server.url), None).await.unwrap();
        let sent = Payload { id: "1".to_owned(), offset: 0, bytes: "{}".into() };
        let found = sink.send(&[sent]).await;
        let position = sink.position().offset;
        match (found, expect) {
            (Ok(outcome), Ok((accepted, already_there, reason))) => {
                assert_eq!((outcome.accepted, outcome.already_there), (accepted, already_there), "{said}");
                let reasons: Vec<_> = outcome.refused.iter().map(|refusal| refusal.reason.as_str()).collect();
                assert_eq!(reasons, Vec::from_iter((!reason.is_empty()).then_some(reason)), "{said}");
                assert_eq!(position, Some(0), "{said}");
            }
            (Err(error), Err(kind)) => assert_eq!((error.kind(), position), (kind, None), "{said}: {error}"),
            (found, _) => panic!("{said}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn each_answer_to_a_whole_request_is_understood() {
    let created = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| json!({"create": {"_id": id, "status": 201}})).collect();
        Reply::new(200, json!({"errors": false, "items": items}).to_string())
    };
    let both = created(&["1", "2"]);
    // What is said first; then the kind of the error, or how many requests it takes until all is well.
    let cases = [
        (both.clone(), Ok(1)),
        (Reply::new(200, ""), Ok(2)),
        (Reply::new(200, "{}"), Ok(2)),
        (created(&["1"]), Ok(2)),
        (created(&["2", "1"]), Ok(2)),
        (Reply::new(500, "oops"), Ok(2)),
        (Reply::new(504, "<html/>"), Ok(2)),
        (error(429, "circuit_breaking_exception").header("Retry-After", 300), Ok(2)),
        (error(429, "circuit_breaking_exception").header("Retry-After", 301), Err(ErrorKind::Unavailable)),
        (both.clone().cut(0), Ok(2)),
        (both.clone().cut(99), Ok(2)),
        (error(401, "security_exception"), Err(ErrorKind::Credentials)),
        (error(403, "security_exception"), Err(ErrorKind::PermissionDenied)),
        (error(404, "index_not_found_exception"), Err(ErrorKind::NotFound)),
        (Reply::new(405, ""), Err(ErrorKind::WrongService)),
        (Reply::new(302, "").header("Location", "/login"), Err(ErrorKind::Configuration)),
    ];
    for (first, expect) in cases {
        let (shown, then) = (format!("{first:?}"), both.clone());
        let handler = saying(move |nth| if nth == 0 { first.clone() } else { then.clone() });
        let server = Server::start(Arc::clone(&handler)).await;
        let mut sink = open(settings(&server.url), None).await.unwrap();
        let sent = ["1", "2"].map(|id| Payload { id: id.into(), offset: id.parse().unwrap(), bytes: "{}".into() });
        match (sink.send(&sent).await, expect) {
            (Ok(outcome), Ok(requests)) => {
                assert_eq!((outcome.accepted, outcome.refused.len()), (2, 0), "{shown}");
                let bulks = handler.requests().iter().filter(|request| request.path().ends_with("/_bulk")).count();
                assert_eq!(bulks, requests, "{shown}");
            }
            (Err(error), Err(kind)) => assert_eq!(error.kind(), kind, "{shown}: {error}"),
            (found, _) => panic!("{shown}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn one_bad_document_does_not_take_others_along() {
    // This server refuses a whole request, and says not for which of its documents.
    let handler = Answering::by(|_, request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        match request.path() {
            "/" => Reply::new(200, json!({"version": {"number": "8.0.0"}}).to_string()),
            path if path.ends_with("/_bulk") && body.contains("poison") => error(400, "parse_exception"),
            _ => {
                let ids = body
                    .lines()
                    .step_by(2)
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()["create"]["_id"].clone());
                let items: Vec<_> = ids.map(|id| json!({"create": {"_id": id, "status": 201}})).collect();
                Reply::new(200, json!({"items": items}).to_string())
            }
        }
    });
    let server = Server::start(handler).await;
    let settings = ElasticsearchSettings { gzip: false, ..settings(&server.url) };
    let mut sink = open(settings, None).await.unwrap();
    let mut sent = payloads(100);
    for nth in [17, 60] {
        sent[nth].bytes = r#"{"poison":1}"#.into();
    }
    sent[30].bytes = " \n".into();
    sent[31].id = "x".repeat(513);
    sent[32].bytes = "{\n\"a\":\r\n1}".into();
    let outcome = sink.send(&sent).await.unwrap();
    let refused: Vec<_> = outcome.refused.iter().map(|refusal| (refusal.offset, refusal.reason.as_str())).collect();
    let whole = "400 Bad Request: parse_exception: about parse_exception";
    let expect = [(17, whole), (30, "it is empty"), (31, "its id has 513 bytes, and must have 1 to 512"), (60, whole)];
    assert_eq!((outcome.accepted, &refused[..]), (96, &expect[..]));
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_sent() {
    let version = || Reply::new(200, json!({"version": {"number": "9.2.0"}}).to_string());
    let none = || error(404, "index_not_found_exception");
    // What is said to the root, to `GET _data_stream` and to `PUT _data_stream`.
    let cases = [
        ([version(), Reply::new(200, "{}"), none()], Ok(2)),
        ([version(), none(), Reply::new(200, "{}")], Ok(3)),
        ([version(), none(), error(400, "resource_already_exists_exception")], Ok(3)),
        ([version(), none(), error(403, "security_exception")], Ok(3)),
        ([version(), error(403, "security_exception"), none()], Ok(2)),
        ([error(403, "security_exception"), error(403, "security_exception"), none()], Ok(2)),
        ([Reply::new(200, "").header("X-elastic-product", "Elasticsearch"), Reply::new(200, ""), none()], Ok(2)),
        ([version(), none(), error(400, "illegal_argument_exception")], Err((ErrorKind::NotFound, "index template"))),
        ([error(401, "security_exception"), none(), none()], Err((ErrorKind::Credentials, "API key"))),
        ([Reply::new(403, "<html/>"), none(), none()], Err((ErrorKind::PermissionDenied, "privileges"))),
        ([Reply::new(404, "not here"), none(), none()], Err((ErrorKind::WrongService, "path of the URL"))),
        ([Reply::new(200, "<html>hello</html>"), none(), none()], Err((ErrorKind::WrongService, "port"))),
        ([Reply::new(200, r#"{"ok":true}"#), none(), none()], Err((ErrorKind::WrongService, "port"))),
        ([Reply::new(301, ""), none(), none()], Err((ErrorKind::Configuration, "redirects"))),
        (
            [Reply::new(503, "starting"), none(), none()],
            Err((ErrorKind::Unavailable, "503 Service Unavailable: starting")),
        ),
        ([version().cut(50), none(), none()], Err((ErrorKind::Unavailable, "gave up after 3 attempts"))),
    ];
    for ([root, get, put], expect) in cases {
        let shown = format!("{root:?} {get:?} {put:?}");
        let handler = Answering::by(move |_, request| match (request.method.as_str(), request.path()) {
            ("GET", "/base/") => root.clone(),
            ("GET", "/base/_data_stream/logs-aws.cloudtrail-default") => get.clone(),
            ("PUT", "/base/_data_stream/logs-aws.cloudtrail-default") => put.clone(),
            _ => Reply::new(400, ""),
        });
        let server = Server::start(Arc::clone(&handler)).await;
        let url = format!("{}/base", server.url).replace("http://", "http://user:hunter2@");
        let settings = ElasticsearchSettings::new(url.parse().unwrap());
        match (open(settings, None).await, expect) {
            (Ok(_), Ok(requests)) => assert_eq!(handler.requests().len(), requests, "{shown}"),
            (Err(error), Err((kind, text))) => {
                assert_eq!(error.kind(), kind, "{shown}: {error}");
                assert!(error.to_string().contains(text), "{shown}: {error}");
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
            }
            (found, _) => panic!("{shown}: {found:?}"),
        }
        for request in handler.requests() {
            assert_eq!(request.header("authorization"), "Basic dXNlcjpodW50ZXIy");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_given_up() {
    let server = Server::start(Answering::by(|_, _| Reply::new(200, ""))).await;
    let url = server.url.clone();
    drop(server);
    let clock = StoppedClock::new();
    let settings = Settings::Elasticsearch(settings(&url));
    let error = Sink::open(settings, None, clock.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    assert_eq!(clock.pauses().len(), 2);
}

#[tokio::test]
async fn pauses_are_as_long_as_asked_for() {
    let handler = saying(|nth| match nth {
        0 => error(429, "x").header("Retry-After", 77),
        1 => error(503, "x").header("Retry-After", "Tue, 14 Nov 2023 22:15:00 GMT"),
        _ => Reply::new(200, json!({"items": [{"create": {"status": 201}}]}).to_string()),
    });
    let server = Server::start(handler).await;
    let clock = StoppedClock::new();
    let mut sink = Sink::open(Settings::Elasticsearch(settings(&server.url)), None, clock.clone()).await.unwrap();
    sink.send(&payloads(1)).await.unwrap();
    // The clock stands at 22:13:20.
    assert_eq!(clock.pauses(), [77, 100].map(Duration::from_secs));
}

#[tokio::test]
async fn an_index_takes_the_place_of_the_data_stream() {
    let handler = saying(|_| Reply::new(200, json!({"items": [{"create": {"status": 201}}]}).to_string()));
    let server = Server::start(Arc::clone(&handler)).await;
    let target = Target::Index("audit".to_owned());
    let settings = ElasticsearchSettings { target, gzip: false, ..settings(&server.url) };
    let mut sink = open(settings, None).await.unwrap();
    sink.send(&[Payload { id: "a\"b".into(), offset: 9, bytes: "{\"a\":1}".into() }]).await.unwrap();
    let requests = handler.requests();
    let paths: Vec<_> = requests.iter().map(Request::path).collect();
    assert_eq!(paths, ["/", "/audit/_bulk"]);
    assert_eq!(requests[1].body, b"{\"create\":{\"_id\":\"a\\\"b\"}}\n{\"a\":1}\n");
    assert!(requests[1].target.contains("filter_path="), "{}", requests[1].target);
}

#[tokio::test]
async fn a_call_that_was_dropped_or_failed_is_not_gone_on_from() {
    let handler = saying(|_| error(401, "security_exception"));
    let server = Server::start(handler).await;
    let mut sink = open(settings(&server.url), None).await.unwrap();
    for expect in [ErrorKind::Credentials, ErrorKind::Interrupted] {
        assert_eq!(sink.send(&payloads(2)).await.unwrap_err().kind(), expect);
    }
    assert_eq!(sink.position(), Position::default());
    let mut sink = open(settings(&server.url), Some(Position { offset: Some(0), parts: 0 })).await.unwrap();
    assert_eq!(sink.send(&payloads(2)).await.unwrap_err().kind(), ErrorKind::OutOfOrder);
}
