//! `collect` while a server holds the lake.

use super::serving::Serving;
use crate::program::{Program, testdata};

fn report(out: &str) -> serde_json::Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("no report: {error}: {out}"))
}

#[test]
fn a_collection_is_handed_to_the_server_and_its_report_comes_back() {
    let program = Program::new();
    let serving = Serving::start(&program, &[]);
    let file = testdata("events.jsonl");
    let run = program.run(["collect", "--json", &file]);
    assert_eq!((run.code, report(&run.out)["stored"].as_u64()), (Some(0), Some(4)), "{run:?}");
    let run = program.run(["collect", "--json", &file]);
    assert_eq!((run.code, report(&run.out)["known"].as_u64()), (Some(0), Some(1)), "{run:?}");
    // Relative to where the command runs, not to where the server does.
    std::fs::create_dir(program.path("logs")).expect("a folder");
    std::fs::write(program.path("logs/torn.jsonl"), "{\"eventTime\":\"2026-03-01T10:00:00Z\",\"eventName\":\"x\"}\n{")
        .expect("a file");
    let run = program.run(["collect", "--json", "logs"]);
    let rejects = report(&run.out)["rejects"].as_u64();
    assert_eq!((run.code, rejects), (Some(1), Some(1)), "{run:?}");
    let run = program.run(["collect", "--json", "no such folder"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(serving.end().0, Some(0));
    let count = program.query(&["--output", "csv", "SELECT count(*) AS n FROM events"]);
    assert_eq!(String::from_utf8_lossy(&count).lines().last(), Some("5"));
}

#[test]
fn a_server_that_was_killed_is_not_waited_for() {
    let program = Program::new();
    let serving = Serving::start(&program, &[]);
    serving.kill();
    let run = program.run(["collect", "--json", &testdata("events.jsonl")]);
    assert_eq!((run.code, report(&run.out)["stored"].as_u64()), (Some(0), Some(4)), "{run:?}");
}
