//! `lake`: files for other programs, compaction, retention.

use std::path::Path;

use crate::program::{Program, testdata};

#[test]
fn files_are_listed_for_other_programs() {
    let program = Program::with_events();
    let run = program.run(["lake", "files", "--output", "raw"]);
    let files: Vec<&str> = run.out.lines().collect();
    assert_eq!((run.code, files.len()), (Some(0), 4), "one file a date: {run:?}");
    assert!(files.iter().all(|file| Path::new(file).is_file()), "{files:?}");
    let run = program.run(["lake", "files", "--json"]);
    let facts: Vec<serde_json::Value> = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(facts.iter().filter_map(|file| file["rows"].as_u64()).sum::<u64>(), 4, "{}", run.out);
    assert_eq!(facts[0]["date"], "2026-03-01");
}

#[test]
fn compaction_keeps_every_event() {
    let program = Program::new();
    let lines = std::fs::read_to_string(testdata("events.jsonl")).expect("the file").replace("2026-03-0", "2026-03-1");
    for (nth, line) in lines.lines().enumerate() {
        // All on one day, so that there is something to merge.
        let day = line
            .replace("2026-03-12", "2026-03-11")
            .replace("2026-03-13", "2026-03-11")
            .replace("2026-03-14", "2026-03-11");
        let run = program.run_with(["collect", "-"], &day);
        assert_eq!(run.code, Some(0), "{nth}: {run:?}");
    }
    let sql = ["--output", "raw", "-0", "SELECT record FROM events ORDER BY eventid"];
    let before = program.query(&sql);
    let run = program.run(["lake", "compact", "--files-min", "2", "--output", "table"]);
    assert!(run.code == Some(0) && run.out.starts_with("Merged 4 files into 1"), "{run:?}");
    assert_eq!(program.query(&sql), before);
    assert_eq!(program.run(["lake", "files", "--output", "raw"]).out.lines().count(), 1);
}

#[test]
fn retention_deletes_whole_dates() {
    let program = Program::with_events();
    let count =
        || String::from_utf8(program.query(&["--output", "raw", "SELECT count(*) FROM events"])).expect("digits");
    let words = ["lake", "retention", "--before", "2026-03-03", "--output", "table"];
    let run = program.run([&words[..], &["--dry-run"]].concat());
    assert!(run.code == Some(0) && run.out.starts_with("Would delete 2 events of 2 dates"), "{run:?}");
    assert_eq!(count(), "4\n");
    let run = program.run(words);
    assert!(run.code == Some(0) && run.out.starts_with("Deleted 2 events"), "{run:?}");
    assert_eq!(count(), "2\n");
}

#[test]
fn a_hold_keeps_its_dates_until_it_is_released() {
    let program = Program::with_events();
    let lake = |words: &[&str]| program.run([&["lake"], words, &["--output", "table"]].concat());
    let held = lake(&["hold", "case-7", "--from", "2026-03-01", "--to", "2026-03-01", "--reason", "litigation"]);
    assert_eq!((held.code, held.out.as_str()), (Some(0), "case-7: 2026-03-01 to 2026-03-01, litigation\n"));
    assert_eq!(lake(&["holds"]).out, held.out);
    let run = lake(&["retention", "--before", "2026-03-03"]);
    assert!(run.out.starts_with("Deleted 1 event of 1 date") && run.out.contains("kept 2026-03-01"), "{run:?}");
    let run = lake(&["release", "case-8"]);
    assert!(run.code == Some(2) && run.err.contains("there are `case-7`"), "{run:?}");
    assert_eq!(lake(&["release", "case-7"]).code, Some(0));
    assert!(lake(&["retention", "--before", "2026-03-03"]).out.starts_with("Deleted 1 event of 1 date"));
}
