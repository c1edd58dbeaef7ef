//! `collect` from a bucket whose answers go wrong: what can be read is stored, what cannot is named with what to do
//! about it, and the same collection, run again when all is well, brings the rest and nothing twice.

mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::program::{Program, Run, finish};
use server::{BUCKET, Fault, LISTING, Server};

use Fault::{BreaksOff, Drips, Hangs, Refuses};

/// More often than any client asks.
const ALWAYS: usize = usize::MAX;
/// A refusal that is repeated for a while keeps the test waiting; this many are over soon.
const A_FEW: usize = 2;

const SEEDS: std::ops::Range<u64> = 0..3;

fn record(id: &str) -> Vec<u8> {
    format!(
        r#"{{"eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"{id}","recipientAccountId":"111122223333"}}"#
    )
    .into_bytes()
}

fn collect(program: &Program, server: &Server, limits: &[(&str, &str)]) -> Run {
    let uri = format!("s3://{BUCKET}/logs/");
    let mut command = program.command(["collect", "--json", "--endpoint-url", &server.endpoint, &uri]);
    finish(with_credentials(&mut command).envs(limits.iter().copied()), b"")
}

fn with_credentials(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("no report: {error}: {run:?}"))
}

/// Three objects, of which `b` or the listing fails; then what failed is named by a text with these parts. None: all
/// is read in spite of the faults.
fn check(name: &str, key: &str, faults: &[(Fault, usize)], named: Option<&[&str]>) {
    check_within(&[], name, key, faults, named);
}

/// The same within limits, as the environment gives them.
fn check_within(limits: &[(&str, &str)], name: &str, key: &str, faults: &[(Fault, usize)], named: Option<&[&str]>) {
    let objects = ["a", "b", "c"].map(|id| (format!("logs/{id}.json"), record(id)));
    let server = Server::start(BTreeMap::from(objects));
    server.plan(key, faults);
    let program = Program::new();
    let run = collect(&program, &server, limits);
    let first = report(&run);
    let stored = match named {
        None => 3,
        Some(_) if key == LISTING => 0,
        Some(_) => 2,
    };
    assert_eq!(first["stored"], stored, "{name}: {run:?}");
    match named {
        None => assert_eq!((run.code, &first["failed"]), (Some(0), &Value::from(0)), "{name}: {run:?}"),
        Some(parts) => {
            assert_eq!((run.code, &first["failed"]), (Some(2), &Value::from(1)), "{name}: {run:?}");
            let failed = &first["failed_files"][0];
            let place = if key == LISTING { format!("s3://{BUCKET}/logs") } else { format!("s3://{BUCKET}/{key}") };
            assert_eq!(failed["uri"], place, "{name}: {failed}");
            let why = failed["why"].as_str().unwrap_or_default();
            for part in parts {
                assert!(why.contains(part), "{name}: `{part}` is missing in {why}");
            }
            assert!(run.err.contains(&place), "{name}: people are told as well: {}", run.err);
        }
    }
    server.forget_faults();
    let run = collect(&program, &server, limits);
    let again = report(&run);
    let found = (run.code, again["stored"].as_u64(), again["known"].as_u64(), again["duplicates"].as_u64());
    assert_eq!(found, (Some(0), Some(3 - stored), Some(stored), Some(0)), "{name}, once all is well: {run:?}");
    let ids = program.query(&["--output", "raw", "SELECT eventid FROM events ORDER BY 1"]);
    assert_eq!(ids, b"a\nb\nc\n", "{name}");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let b = "logs/b.json";
    /// Name, what fails, how, and what is said about it.
    type Case<'a> = (&'a str, &'a str, &'a [(Fault, usize)], Option<&'a [&'a str]>);
    let cases: &[Case<'_>] = &[
        ("denied", b, &[(Refuses(403, "AccessDenied"), ALWAYS)], Some(&["access is denied", "grant `s3:GetObject`"])),
        ("gone", b, &[(Refuses(404, "NoSuchKey"), ALWAYS)], Some(&["it does not exist", "NoSuchKey"])),
        ("replaced", b, &[(Refuses(412, "PreconditionFailed"), ALWAYS)], Some(&["was replaced", "list it again"])),
        ("archived", b, &[(Refuses(403, "InvalidObjectState"), ALWAYS)], Some(&["archived", "restore-object"])),
        ("busy for a while", b, &[(Refuses(503, "SlowDown"), A_FEW)], None),
        ("failing for a while", b, &[(Refuses(500, "InternalError"), 1), (BreaksOff(20), 1)], None),
        ("busy always", b, &[(Refuses(503, "SlowDown"), ALWAYS)], Some(&["too busy", "SlowDown", "try again later"])),
        ("broken off once", b, &[(BreaksOff(7), 1)], None),
        ("slow", b, &[(Drips, ALWAYS)], None),
        ("listing denied", LISTING, &[(Refuses(403, "AccessDenied"), ALWAYS)], Some(&["grant `s3:ListBucket`"])),
        ("no bucket", LISTING, &[(Refuses(404, "NoSuchBucket"), ALWAYS)], Some(&["check the bucket's name"])),
        ("listing busy", LISTING, &[(Refuses(503, "SlowDown"), A_FEW)], None),
        ("listing broken off", LISTING, &[(BreaksOff(50), 1)], None),
        ("listing slow", LISTING, &[(Drips, ALWAYS)], None),
    ];
    std::thread::scope(|scope| {
        for (name, key, faults, named) in cases {
            scope.spawn(move || check(name, key, faults, *named));
        }
    });
}

/// By default a client waits for a minute before it asks again.
#[test]
fn a_bucket_that_never_answers_is_given_up() {
    let limits = [("TRAILKEEP_S3_REQUEST_TIMEOUT", "1s"), ("TRAILKEEP_S3_RETRY_TIMEOUT", "2s")];
    let named: &[&str] = &["no answer came in time", "try again later"];
    std::thread::scope(|scope| {
        for (name, key, times, named) in [
            ("silent", "logs/b.json", ALWAYS, Some(named)),
            ("silent listing", LISTING, ALWAYS, Some(named)),
            ("silent once", "logs/b.json", 1, None),
        ] {
            scope.spawn(move || check_within(&limits, name, key, &[(Hangs, times)], named));
        }
    });
}

#[test]
fn time_limits_come_from_flags_and_the_configuration_too() {
    let server = Server::start(BTreeMap::from([("logs/a.json".to_owned(), record("a"))]));
    let program = Program::new();
    let uri = format!("s3://{BUCKET}/logs/");
    let flags = ["collect", "--s3-request-timeout", "1s", "--s3-retry-timeout", "1s"];
    for (flags, config) in [(&flags[..], ""), (&flags[..1], "s3_request_timeout = \"1s\"\ns3_retry_timeout = \"1s\"\n")]
    {
        std::fs::write(program.path("trailkeep.toml"), config).expect("a configuration");
        server.plan("logs/a.json", &[(Hangs, ALWAYS)]);
        let mut command = program.command(flags);
        let run =
            finish(with_credentials(&mut command).args(["--json", "--endpoint-url", &server.endpoint, &uri]), b"");
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains("no answer came in time"), "{run:?}");
    }
    for text in ["0s", "-1s", "soon", "10"] {
        let run = program.run(["collect", &format!("--s3-request-timeout={text}"), &uri]);
        assert_eq!((run.code, run.err.contains("is no length of time")), (Some(2), true), "{text}: {run:?}");
    }
}

/// What a collection proved, and how many keys it lacked.
fn proofs(run: &Run) -> (u64, u64) {
    let proofs = report(run)["proofs"].clone();
    let count = |name: &str| proofs[name].as_u64().expect("a count");
    (count("valid"), count("keys_missing"))
}

/// A log is for reading, wherever it goes; and ways to credentials that lead nowhere are no news.
#[test]
fn what_is_logged_is_plain_text() {
    let server = Server::start(BTreeMap::from([("logs/a.json".to_owned(), record("a"))]));
    let uri = format!("s3://{BUCKET}/logs/");
    for (log, says) in [("", false), ("debug", true)] {
        let program = Program::new();
        let mut command = program.command(["collect", "--json", "--endpoint-url", &server.endpoint, &uri]);
        let command = with_credentials(&mut command).env_remove("AWS_REGION").env("TRAILKEEP_LOG", log);
        let run = finish(command, b"");
        assert_eq!((run.code, report(&run)["stored"].as_u64()), (Some(0), Some(1)), "{run:?}");
        assert!(!run.err.contains('\u{1b}'), "{run:?}");
        assert_eq!(run.err.contains("aws_config"), says, "{run:?}");
    }
}

/// Digests from a bucket are proven by the keys that CloudTrail gives.
#[test]
fn keys_are_asked_of_cloudtrail() {
    let tampered = crate::coverage::tampered();
    let mut objects = BTreeMap::new();
    read_all(Path::new(&tampered.path("logs")), "logs", &mut objects);
    let server = Server::start(objects);
    let (uri, metadata) = (format!("s3://{BUCKET}/logs/"), tampered.path("metadata.json"));
    let program = Program::new();
    let collect = |cloudtrail: Option<&str>| {
        let mut command = program.command(["collect", "--json", "--metadata", &metadata, &uri]);
        command.env("AWS_ENDPOINT_URL_S3", &server.endpoint);
        if let Some(endpoint) = cloudtrail {
            command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", endpoint);
        }
        finish(with_credentials(&mut command), b"")
    };
    // Nobody says where this store's CloudTrail is; then it refuses; then it answers.
    let run = collect(None);
    assert!(matches!(proofs(&run), (0, 1..)) && server.asked_for_keys().is_empty(), "{run:?}");
    let run = collect(Some(&server.endpoint));
    assert!(matches!(proofs(&run), (0, 1..)) && run.err.contains("ListPublicKeys"), "{run:?}");
    assert_ne!(run.code, Some(2), "{run:?}");
    let mut keys: Value =
        serde_json::from_slice(&std::fs::read(tampered.path("keys.json")).expect("keys")).expect("JSON");
    for key in keys["PublicKeyList"].as_array_mut().expect("a list") {
        key.as_object_mut().expect("an object").retain(|member, _| !member.starts_with("Validity"));
    }
    server.give_keys(keys.to_string().into_bytes());
    let run = collect(Some(&server.endpoint));
    assert!(matches!(proofs(&run), (1.., 0)), "{run:?}");
    let regions =
        program.query(&["--output", "raw", "SELECT DISTINCT region FROM log_files WHERE kind = 'digest' ORDER BY 1"]);
    let regions = String::from_utf8(regions).expect("UTF-8");
    assert_eq!(server.asked_for_keys().into_iter().collect::<Vec<_>>(), regions.lines().collect::<Vec<_>>());
    // What is proven waits for nothing.
    assert_eq!(proofs(&collect(Some(&server.endpoint))), (0, 0));
}

/// A copy may be looked at where there is no way to AWS: nobody is asked.
#[test]
fn digests_of_a_folder_ask_nobody() {
    let tampered = crate::coverage::tampered();
    let server = Server::start(BTreeMap::new());
    let program = Program::new();
    let mut command = program.command(["collect", "--json", &tampered.path("logs")]);
    let run = finish(with_credentials(&mut command).env("AWS_ENDPOINT_URL", &server.endpoint), b"");
    assert!(matches!(proofs(&run), (0, 1..)), "{run:?}");
    assert!(server.asked_for_keys().is_empty(), "{run:?}");
    // The configuration names the keys once and for all.
    let config = format!("keys = [\"{}\"]\n", tampered.path("keys.json"));
    std::fs::write(program.path("trailkeep.toml"), config).expect("a configuration");
    let run = program.run(["collect", "--json", "--metadata", &tampered.path("metadata.json"), &tampered.path("logs")]);
    assert!(matches!(proofs(&run), (1.., 0)), "{run:?}");
}

#[test]
fn faults_that_pass_leave_no_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    corpus::generate(&corpus::Config::new(11, 1_000_000), folder.path()).expect("log files");
    let mut objects = BTreeMap::new();
    read_all(folder.path(), "logs", &mut objects);
    let plain = Program::new();
    assert_eq!(plain.run(["collect", &folder.path().display().to_string()]).code, Some(0));
    let everything = ["--output", "raw", "SELECT record FROM events ORDER BY eventid"];
    let truth = plain.query(&everything);
    for seed in SEEDS {
        let server = Server::start(objects.clone());
        let mut random = SmallRng::seed_from_u64(seed);
        for key in objects.keys() {
            let faults = [Refuses(503, "SlowDown"), Refuses(500, "InternalError"), BreaksOff(11), Drips];
            let times = random.random_range(0..=1);
            server.plan(key, &[(faults[random.random_range(0..faults.len())], times)]);
        }
        server.plan(LISTING, &[(faults_of_listings(&mut random), 1)]);
        let program = Program::new();
        let run = collect(&program, &server, &[]);
        assert_eq!(run.code, Some(0), "seed {seed}: {run:?}");
        assert!(program.query(&everything) == truth, "seed {seed}: other records than from the folder");
    }
}

fn faults_of_listings(random: &mut SmallRng) -> Fault {
    [Refuses(503, "SlowDown"), BreaksOff(30), Drips][random.random_range(0..3)]
}

fn read_all(folder: &Path, key: &str, objects: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let key = format!("{key}/{}", path.file_name().and_then(|name| name.to_str()).expect("a plain name"));
        if path.is_dir() {
            read_all(&path, &key, objects);
        } else {
            objects.insert(key, std::fs::read(&path).expect("a file"));
        }
    }
}
