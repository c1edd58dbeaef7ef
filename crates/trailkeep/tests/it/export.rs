//! `export`: each event once, whatever becomes of the program and of the destination.

mod files;
mod hook;
mod kills;
mod streams;

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tokio::sync::Notify;

use crate::program::{Program, Run};

/// Events of the lake that most tests read.
const EVENTS: usize = 1_500;

/// Returns records of as many events. Each hundredth comes twice: with the same ID and other content.
fn records(count: usize) -> Vec<String> {
    let record = |nth: usize| {
        let (id, error) = match nth % 100 {
            99 => (nth - 1, r#","errorCode":"AccessDenied""#),
            _ => (nth, ""),
        };
        let (name, day) = (["GetObject", "PutObject", "DeleteUser"][nth % 3], nth % 4 + 1);
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDA{nth}","arn":"arn:aws:iam::111122223333:user/user-{nth}","accountId":"111122223333","userName":"user-{nth}"}},"eventTime":"2026-03-0{day}T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.{}","userAgent":"=agent/{nth}, \"a\"","requestParameters":{{"bucketName":"logs","key":"k{nth}\n"}}{error},"eventID":"e{id}","recipientAccountId":"111122223333"}}"#,
            nth % 250
        )
    };
    (0..count).map(record).collect()
}

/// Makes a lake of some records, in several batches.
fn collected(records: &[String]) -> Program {
    let program = Program::new();
    std::fs::create_dir(program.path("logs")).expect("a folder");
    for (nth, some) in records.chunks(records.len().div_ceil(3).max(1)).enumerate() {
        std::fs::write(program.path("logs").join(format!("{nth}.jsonl")), some.join("\n")).expect("a file");
        let run = program.run(["collect", &program.path("logs").display().to_string()]);
        assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
    }
    program
}

/// The lake that most tests read: exports to different places do not meet.
fn lake() -> &'static Program {
    static LAKE: OnceLock<Program> = OnceLock::new();
    LAKE.get_or_init(|| collected(&records(EVENTS)))
}

/// Runs a command to its end, or kills it when it is told to: then there is no run.
async fn run_or_kill(mut command: Command, kill: &Notify) -> Option<Run> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let (mut stdout, mut stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let out = tokio::task::spawn_blocking(move || text(&mut stdout));
    let err = tokio::task::spawn_blocking(move || text(&mut stderr));
    let ended = async { (out.await.expect("an end"), err.await.expect("an end")) };
    tokio::select! {
        biased;
        () = kill.notified() => {
            child.kill().expect("a process to kill");
            child.wait().expect("an end");
            None
        }
        (out, err) = ended => Some(Run { code: child.wait().expect("an end").code(), out, err }),
    }
}

fn text(from: &mut impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).expect("UTF-8");
    text
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("no report: {error}: {run:?}"))
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let program = lake();
    let folder = program.path("never").display().to_string();
    let cases: &[(&[&str], &str)] = &[
        (&[], "--format"),
        (&["--format", "xml"], "parquet"),
        (&["--format", "ocsf"], "yet"),
        (&["--format", "jsonl", "--to", "ftp://example.com"], "s3://bucket/prefix"),
        (&["--format", "jsonl", "--to", "out.jsonl"], "looks like a file"),
        (&["--format", "csv", "--to", "https://hooks.example.com/a"], "takes JSON"),
        (&["--format", "jsonl", "--to", "elasticsearch+http://127.0.0.1:1"], "?index=NAME"),
        (&["--format", "jsonl", "--sql", "SELECT eventname FROM events"], "SELECT seq"),
        (&["--format", "jsonl", "--to", &folder, "--sql", "SELECT nothing FROM events"], "nothing"),
        (&["--format", "jsonl", "--sql", "DELETE FROM events"], "not allowed"),
        (&["--format", "jsonl", "--sql", "SELECT seq FROM events", "--user", "alice"], "cannot be used with"),
        (&["--format", "jsonl", "--since", "tomorrow"], "`24h`"),
        (&["--format", "ecs", "--geo-city", "no-such.mmdb"], "no-such.mmdb"),
        (&["--format", "jsonl", "--poll-interval-ms", "1"], "10"),
        (&["--print-index-template", "--format", "ecs"], "cannot be used with"),
    ];
    for (words, hint) in cases {
        let run = program.run([&["export"], *words].concat());
        assert!(run.code == Some(2) && run.err.contains(hint), "{words:?}: {run:?}");
        assert_eq!(run.out, "", "{words:?}");
    }
    let empty = Program::new();
    let run = empty.run(["export", "--format", "jsonl"]);
    assert!(run.code == Some(2) && run.err.contains("trailkeep collect"), "{run:?}");
    assert!(!empty.path("data").exists(), "asking makes no lake");
}

#[test]
fn the_index_template_needs_no_lake() {
    let program = Program::new();
    for (flag, kind) in [("--print-index-template", "flattened"), ("--print-index-template=opensearch", "flat_object")]
    {
        let run = program.run(["export", flag]);
        let template: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let cloudtrail = &template["template"]["mappings"]["properties"]["aws"]["properties"]["cloudtrail"];
        let found = &cloudtrail["properties"]["flattened"]["properties"]["digest"]["type"];
        assert_eq!((run.code, found.as_str()), (Some(0), Some(kind)), "{flag}");
    }
}

#[test]
fn no_secret_is_told() {
    let program = lake();
    let uri = "elasticsearch+http://somebody:hunter2@127.0.0.1:1";
    let mut command = program.command(["export", "--format", "ecs", "--attempts-max", "1", "--to", uri]);
    command.env("TRAILKEEP_LOG", "debug").env("TRAILKEEP_WEBHOOK_SECRET", "hunter3");
    let run = crate::program::finish(&mut command, b"");
    assert!(run.code == Some(2) && run.err.contains("127.0.0.1:1"), "{run:?}");
    let mut seen = format!("{run:?}");
    for entry in std::fs::read_dir(program.path("data/exports")).expect("offsets") {
        seen += &std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
    }
    assert!(!seen.contains("hunter"), "{seen}");
    let run = program.run(["export", "--help"]);
    assert!(!run.out.contains("hunter"), "{run:?}");
}
