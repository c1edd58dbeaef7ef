//! `collect`: what is counted, named and returned.

use std::fs;

use crate::program::{Program, testdata};

fn number(report: &serde_json::Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("no integer `{name}` in {report}"))
}

#[test]
fn reports_count_everything() {
    let program = Program::new();
    let (events, broken) = (testdata("events.jsonl"), testdata("broken.jsonl"));
    fs::write(program.path("notes.txt"), "shopping list").expect("a file");
    fs::write(program.path("cut.json.gz"), [0x1f, 0x8b, 8, 0, 0, 0]).expect("a file");
    let notes = program.path("notes.txt").display().to_string();
    let cut = program.path("cut.json.gz").display().to_string();
    // Files, exit code, then: files, known, stored, duplicates, rejects.
    let cases: &[(&[&str], i32, [u64; 5])] = &[
        (&[&events], 0, [1, 0, 4, 0, 0]),
        (&[&events], 0, [1, 1, 0, 0, 0]),
        (&[&broken], 1, [1, 0, 1, 0, 1]),
        (&[&cut], 1, [1, 0, 0, 0, 1]),
        (&[&events, &broken], 0, [2, 2, 0, 0, 0]),
    ];
    for (files, code, [seen, known, stored, duplicates, rejects]) in cases {
        let run = program.run([&["collect", "--output", "json"], *files].concat());
        assert_eq!(run.code, Some(*code), "{files:?}: {run:?}");
        let report: serde_json::Value = serde_json::from_str(&run.out).expect("one object of JSON");
        let counted = ["files", "known", "stored", "duplicates", "rejects"].map(|name| number(&report, name));
        assert_eq!(counted, [*seen, *known, *stored, *duplicates, *rejects], "{files:?}: {report}");
        for name in ["conflicts", "skipped", "failed", "bytes", "content_bytes", "events_per_second"] {
            number(&report, name);
        }
        assert!(report["skipped_files"].is_array() && report["failed_files"].is_array(), "{report}");
    }
    let run = program.run(["collect", &notes]);
    assert!(run.code == Some(1) && run.err.contains("notes.txt"), "what is no log file is named: {run:?}");
}

#[test]
fn a_record_that_comes_twice_is_stored_once() {
    let program = Program::with_events();
    fs::copy(testdata("events.jsonl"), program.path("copy.jsonl")).expect("a copy");
    let text = fs::read_to_string(testdata("events.jsonl")).expect("the file");
    fs::write(program.path("forged.jsonl"), text.replace("DeleteBucket", "ListBuckets")).expect("a file");
    let report = |file: &str| {
        let run = program.run(["collect", "--json", &program.path(file).display().to_string()]);
        (run.code, serde_json::from_str::<serde_json::Value>(&run.out).expect("JSON"))
    };
    let (code, copy) = report("copy.jsonl");
    assert_eq!((code, number(&copy, "stored"), number(&copy, "duplicates")), (Some(0), 0, 4), "{copy}");
    let (code, forged) = report("forged.jsonl");
    assert_eq!((code, number(&forged, "conflicts"), number(&forged, "duplicates")), (Some(1), 1, 3), "{forged}");
    let names = program.query(&["--output", "raw", "SELECT eventname FROM conflicts ORDER BY 1"]);
    assert_eq!(String::from_utf8_lossy(&names), "DeleteBucket\nListBuckets\n");
}

#[test]
fn people_get_a_report_that_names_places() {
    let program = Program::new();
    let run = program.run(["collect", "--output", "table", &testdata("broken.jsonl")]);
    assert_eq!(run.code, Some(1), "{run:?}");
    for part in ["Stored 1 event", "table `rejects`", "broken.jsonl, record 2", "not json"] {
        assert!(run.out.contains(part), "`{part}` is missing in {}", run.out);
    }
    let kept = program.query(&["--output", "raw", "SELECT bytes FROM rejects"]);
    assert_eq!(String::from_utf8_lossy(&kept).trim_end(), "this is no event");
}

#[test]
fn standard_input_is_a_source() {
    let program = Program::new();
    let text = fs::read_to_string(testdata("events.jsonl")).expect("the file");
    let run = program.run_with(["collect", "--json", "-"], &text);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(program.query(&["--output", "raw", "SELECT count(*) FROM events"]), b"4\n");
}

#[test]
fn limits_make_rejects() {
    let program = Program::new();
    let run = program.run(["collect", "--json", "--record-bytes-max", "500", &testdata("events.jsonl")]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let reasons = program.query(&["--output", "raw", "SELECT DISTINCT reason FROM rejects"]);
    assert_eq!(String::from_utf8_lossy(&reasons), "record too large\n");
}
