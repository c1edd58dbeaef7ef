//! Standard output: which events, in which order, once or on and on.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{EVENTS, lake};
use crate::program::{Program, testdata};

fn lines(program: &Program, words: &[&str]) -> Vec<Value> {
    let run = program.run([&["export", "--format", "jsonl"], words].concat());
    assert_eq!(run.code, Some(0), "{words:?}: {run:?}");
    run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn filters_and_queries_choose_the_same_events() {
    let program = lake();
    let third = EVENTS / 3;
    let cases: &[(&[&str], usize)] = &[
        (&[], EVENTS),
        (&["--name", "DeleteUser"], third),
        (&["--name", "Delete*", "--name", "Put*"], 2 * third),
        (&["--user", "user-7"], 1),
        (&["--user", "nobody"], 0),
        (&["--error", "any"], EVENTS / 100),
        (&["--since", "2026-03-02", "--until", "2026-03-03"], EVENTS / 4),
        (&["--ip", "203.0.113.0/24", "--account", "111122223333", "--region", "eu-west-1", "-n", "25"], 25),
        (&["--sql", "SELECT * FROM events WHERE eventName = 'DeleteUser'"], third),
        (&["--sql", "SELECT seq FROM events ORDER BY eventtime DESC LIMIT 10 -- the newest\n;"], 10),
        (&["--sql", "WITH some AS (SELECT seq FROM events WHERE eventname = 'PutObject') SELECT seq FROM some"], third),
        (&["--sql", "SELECT seq FROM events WHERE false"], 0),
    ];
    for (words, expect) in cases {
        let found = lines(program, words);
        assert_eq!(found.len(), *expect, "{words:?}");
    }
    let by_flag = lines(program, &["--name", "DeleteUser"]);
    assert_eq!(by_flag, lines(program, &["--sql", "SELECT seq FROM events WHERE eventName = 'DeleteUser'"]));
    assert!(by_flag.iter().all(|event| event["eventname"] == "DeleteUser"));
}

#[test]
fn each_format_says_of_an_event_what_convert_says() {
    let program = Program::with_events();
    let file = testdata("events.jsonl");
    for (to, more) in [("jsonl", &[][..]), ("csv", &[]), ("snare", &["--output", "csv"])] {
        let sorted = |words: &[&str]| {
            let run = program.run([words, more].concat());
            assert_eq!(run.code, Some(0), "{words:?}: {run:?}");
            let mut lines: Vec<String> = run.out.lines().map(without_clock).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&["export", "--format", to]), sorted(&["convert", "--to", to, &file]), "{to}");
    }
    let run = program.run(["export", "--format", "ecs", "--tag", "a"]);
    let documents: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((run.code, documents.len()), (Some(0), 4), "{run:?}");
    for document in &documents {
        assert_eq!((&document["tags"][0], &document["event"]["module"]), (&"a".into(), &"aws".into()), "{document}");
        assert!(
            document["event"]["ingested"] == document["event"]["created"],
            "both are the time of storing: {document}"
        );
    }
}

/// Snare's rows tell when they were collected, which is another time here and there.
fn without_clock(line: &str) -> String {
    let cells = line.split(',').enumerate().filter(|(nth, _)| !line.contains("AWSCloudTrailLog") || *nth != 4);
    cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
}

#[test]
fn a_resumed_stream_goes_on_byte_for_byte() {
    let program = Program::with_events();
    let stream = |words: &[&str]| {
        let run = program.run([&["export", "--format", "jsonl"], words].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.out
    };
    let first = stream(&["--resume"]);
    assert_eq!(stream(&["--resume"]), "");
    std::fs::write(
        program.path("more.json"),
        r#"{"eventTime":"2020-01-01T00:00:00Z","eventName":"x","eventID":"new"}"#,
    )
    .expect("a file");
    assert_eq!(program.run(["collect", "more.json"]).code, Some(0));
    let second = stream(&["--resume"]);
    assert_eq!((first.lines().count(), second.lines().count()), (4, 1));
    assert_eq!(stream(&[]), first + &second, "without the flag all of it comes, and nothing is kept");
}

#[cfg(unix)]
#[test]
fn new_events_are_sent_as_they_come() {
    for signal in ["-INT", "-TERM"] {
        let program = Program::with_events();
        let words = ["export", "--format", "jsonl", "--follow", "--poll-interval-ms", "10", "--resume"];
        let mut command = program.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut next = || {
            let mut line = String::new();
            out.read_line(&mut line).expect("a line");
            serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        let mut ids: Vec<Value> = (0..4).map(|_| next()["eventid"].clone()).collect();
        for id in ["later", "latest"] {
            let text = format!(r#"{{"eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"{id}"}}"#);
            std::fs::write(program.path(id), text).expect("a file");
            assert_eq!(program.run(["collect", id]).code, Some(0));
            ids.push(next()["eventid"].clone());
        }
        assert_eq!(ids[4..], ["later", "latest"], "{signal}");
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("a signal");
        assert!(sent.success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("UTF-8");
        assert_eq!((child.wait().expect("an end").code(), rest.as_str()), (Some(0), ""), "{signal}");
        let run = program.run(["export", "--format", "jsonl", "--resume"]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "what was sent is kept in mind");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let program = lake();
    for format in ["jsonl", "csv", "ecs", "parquet"] {
        let mut command = program.command(["export", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut first = [0; 1];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a first byte");
        let done = child.wait_with_output().expect("an end");
        assert_eq!(done.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
