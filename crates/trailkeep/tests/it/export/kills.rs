//! Elasticsearch: each document once, through kills of the program and faults of the service.
//!
//! `TRAILKEEP_SOAK` makes it a hundred thousand events and twenty kills; `cargo xtask soak` sets it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tokio::sync::Notify;

use super::{collected, lake, records, report, run_or_kill};
use crate::cluster::{Cluster, Manners, error};
use crate::program::{Program, Run};
use crate::server::{Handler, Reply, Request, Server};

const SEED: u64 = 20_260_302;

/// Documents of a request: as long as it is not too large.
const BATCH_EVENTS: &str = "100";

fn manners(fault_percent: u32, kill_at: Vec<u32>) -> Manners {
    Manners { seed: SEED, bytes_max: 120_000, fault_percent, retry_after_s: 0, kill_at }
}

/// Returns an export of ECS documents to the server.
fn command(program: &Program, server: &Server, attempts_max: &str) -> Command {
    let to = format!("elasticsearch+{}", server.url);
    let words = ["export", "--json", "--format", "ecs", "--to", &to, "--attempts-max", attempts_max];
    let mut command = program.command(words);
    command.args(["--batch-events-max", BATCH_EVENTS, "--retry-delay-ms-min", "1", "--retry-delay-ms-max", "4"]);
    command.env("TRAILKEEP_ELASTICSEARCH_API_KEY", "id:key");
    command
}

/// Exports again and again, as often as it is killed, and returns the run that ended and how often it was killed.
async fn export(program: &Program, server: &Server, cluster: &Cluster) -> (Run, usize) {
    let mut kills = 0;
    loop {
        match run_or_kill(command(program, server, "100"), &cluster.kill).await {
            Some(run) => return (run, kills),
            None => kills += 1,
        }
    }
}

/// Checks that the cluster has one document of each record, and no other.
fn check(cluster: &Cluster, records: &[String], what: &str) {
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        *expected.entry(record).or_default() += 1;
    }
    let documents = cluster.documents();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for document in documents.values() {
        let document: Value = serde_json::from_str(document).expect("JSON");
        let original = document["event"]["original"].as_str().expect("the record");
        *found.entry(original.to_owned()).or_default() += 1;
    }
    assert_eq!(found.len(), expected.len(), "{what}: other records");
    for (record, times) in &found {
        assert_eq!(expected.get(record.as_str()), Some(times), "{what}: {record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_arrive_once_through_kills() {
    let (events, kills) = if std::env::var_os("TRAILKEEP_SOAK").is_some() { (100_000, 20) } else { (10_000, 5) };
    let records = records(events);
    let program = collected(&records);
    // A request holds a hundred documents at most, so that there are as many requests at least.
    let requests = u32::try_from(events / 100).expect("few requests");
    let mut random = SmallRng::seed_from_u64(SEED);
    let mut kill_at = BTreeSet::new();
    while kill_at.len() < kills {
        kill_at.insert(random.random_range(2..requests));
    }
    let cluster = Arc::new(Cluster::new(manners(20, kill_at.into_iter().collect())));
    let server = Server::start(Arc::clone(&cluster)).await;
    let (run, killed) = export(&program, &server, &cluster).await;
    assert_eq!((run.code, killed), (Some(0), kills), "{run:?}");
    check(&cluster, &records, "after the kills");
    let last = report(&run)["events"].as_u64().expect("a number");
    assert!(last < events as u64, "what was settled is not read again: {run:?}");
    assert!(!cluster.faults().is_empty() && cluster.too_large() > 0, "the service did not fail at all");

    // Nothing is left; from the start all is there already.
    let (run, _) = export(&program, &server, &cluster).await;
    assert_eq!((run.code, &report(&run)["events"]), (Some(0), &Value::from(0)), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_for_long_is_waited_for_by_the_next_run() {
    let records = records(super::EVENTS);
    let program = lake();
    let cluster = Arc::new(Cluster::new(manners(45, Vec::new())));
    let server = Server::start(Arc::clone(&cluster)).await;
    let mut given_up = 0;
    let run = loop {
        let run = run_or_kill(command(program, &server, "2"), &cluster.kill).await.expect("nobody kills it");
        if run.code != Some(2) {
            break run;
        }
        assert!(run.err.contains("gave up after 2 attempts"), "{run:?}");
        given_up += 1;
        assert!(given_up < 100, "no progress is kept: {run:?}");
    };
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(given_up > 0, "it never gave up");
    check(&cluster, &records, "after the outage");
    // From the start, all of it is there already.
    let mut again = command(program, &server, "100");
    again.arg("--from-start");
    let run = run_or_kill(again, &cluster.kill).await.expect("nobody kills it");
    let report = report(&run);
    assert_eq!(
        (&report["accepted"], &report["already_there"]),
        (&Value::from(0), &Value::from(super::EVENTS)),
        "{report}"
    );
}

/// A cluster that is down for some requests, and tells when it has all.
struct Recovering {
    cluster: Cluster,
    down_for: AtomicU32,
    wanted: usize,
    has_all: Notify,
}

impl Handler for Recovering {
    fn answer(&self, request: Request) -> Reply {
        let is_bulk = request.path().ends_with("/_bulk");
        let is_down = |left: u32| left.checked_sub(1);
        if is_bulk && self.down_for.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_down).is_ok() {
            return error(503, "cluster_block_exception");
        }
        let reply = self.cluster.answer(request);
        if is_bulk && self.cluster.documents().len() == self.wanted {
            self.has_all.notify_one();
        }
        reply
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_waits_for_a_service_that_is_down() {
    let records = records(250);
    let program = collected(&records);
    let recovering = Arc::new(Recovering {
        cluster: Cluster::new(manners(0, Vec::new())),
        down_for: AtomicU32::new(7),
        wanted: records.len(),
        has_all: Notify::new(),
    });
    let server = Server::start(Arc::clone(&recovering)).await;
    let mut command = command(&program, &server, "2");
    command.args(["--follow", "--poll-interval-ms", "10"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    recovering.has_all.notified().await;
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("a signal");
    assert!(sent.success());
    let done = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("an end").expect("an end");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(0) && told.contains("will try again"), "{told}");
    check(&recovering.cluster, &records, "after it came back");
    // What was sent before the end is kept in mind.
    let run = run_or_kill(self::command(&program, &server, "2"), &Notify::new()).await.expect("nobody kills it");
    assert_eq!((run.code, &report(&run)["events"]), (Some(0), &Value::from(0)), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_even_after_a_kill() {
    let mut records = records(600);
    for record in records.iter_mut().take(3) {
        *record = record.replace("=agent", "poison");
    }
    let program = collected(&records);
    let cluster = Arc::new(Cluster::new(Manners { kill_at: vec![4], ..manners(0, Vec::new()) }));
    let server = Server::start(Arc::clone(&cluster)).await;
    let (run, killed) = export(&program, &server, &cluster).await;
    let told = report(&run);
    assert_eq!((run.code, killed, &told["refused"]), (Some(1), 1, &Value::from(3)), "{run:?}");
    let refused = told["refused_events"].as_array().expect("a list");
    assert_eq!(refused.len(), 3, "{told}");
    assert!(refused.iter().all(|refused| refused["reason"] == "document_parsing_exception: so"), "{told}");
    assert!(run.err.contains("3 refused for good"), "{}", run.err);
    check(&cluster, &records[3..], "but the refused");
    // It was told once; nothing is refused now.
    let (run, _) = export(&program, &server, &cluster).await;
    assert_eq!((run.code, &report(&run)["refused"]), (Some(0), &Value::from(0)), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_hold_what_an_agent_adds() {
    let program = collected(&records(1));
    let cluster = Arc::new(Cluster::new(manners(0, Vec::new())));
    let server = Server::start(Arc::clone(&cluster)).await;
    let (run, _) = export(&program, &server, &cluster).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let documents = cluster.documents();
    let (id, document) = documents.iter().next().expect("a document");
    assert!(id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let document: Value = serde_json::from_str(document).expect("JSON");
    let cases = [
        ("/data_stream/type", "logs"),
        ("/data_stream/dataset", "aws.cloudtrail"),
        ("/data_stream/namespace", "default"),
        ("/event/module", "aws"),
        ("/event/dataset", "aws.cloudtrail"),
        ("/event/id", "e0"),
        ("/event/action", "GetObject"),
        ("/@timestamp", "2026-03-01T10:00:00.000Z"),
    ];
    for (pointer, expect) in cases {
        assert_eq!(document.pointer(pointer).and_then(Value::as_str), Some(expect), "{pointer}: {document}");
    }
    let time = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).expect("a time").to_owned();
    assert!(time("/event/created") < time("/event/ingested"), "{document}");
}
