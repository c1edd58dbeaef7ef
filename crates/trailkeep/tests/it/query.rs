//! `query`: statements from a pipe, the shell's commands, timings, the warning.

use crate::program::Program;

#[test]
fn statements_from_a_pipe_run_one_by_one() {
    let program = Program::with_events();
    let cases: &[(&str, i32, &str)] = &[
        ("SELECT 1 AS a; SELECT 2 AS b", 0, "{\"a\":1}\n{\"b\":2}\n"),
        ("-- a note\nSELECT ';' AS a\n;\n", 0, "{\"a\":\";\"}\n"),
        (".output csv\nSELECT 1 AS a;", 0, "a\r\n1\r\n"),
        (".tables\n", 0, "aws_cloudtrail_log\nconflicts\nevents\nrejects\n"),
        (".quit\nSELECT 1;", 0, ""),
        ("SELECT 1 AS a; SELECT x; SELECT 2 AS b;", 2, "{\"a\":1}\n"),
        (".nonsense\n", 2, ""),
        ("", 0, ""),
    ];
    for (input, code, expect) in cases {
        let run = program.run_with(["query"], input);
        assert_eq!((run.code, run.out.as_str()), (Some(*code), *expect), "{input}: {run:?}");
    }
}

#[test]
fn the_shell_describes_and_writes_files() {
    let program = Program::with_events();
    let run = program.run_with(
        ["query"],
        ".schema\n.schema rejects\n.help\n.output answer.csv\n.output csv\nSELECT 1 AS a;\n.schema nothing",
    );
    assert_eq!(run.code, Some(2), "{run:?}");
    for part in ["eventtime ", "reason ", ".timing"] {
        assert!(run.out.contains(part), "`{part}` is missing in {}", run.out);
    }
    assert!(run.err.contains("tables: aws_cloudtrail_log, conflicts, events, rejects"), "{}", run.err);
    assert_eq!(std::fs::read_to_string(program.path("answer.csv")).expect("a file"), "a\r\n1\r\n");
}

#[test]
fn timings_are_a_line_of_json_a_run() {
    let program = Program::with_events();
    let run = program.run(["query", "--repeat", "3", "--timings", "SELECT eventid FROM events"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run:?}");
    let lines: Vec<serde_json::Value> = run.err.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    for (nth, line) in lines.iter().enumerate() {
        assert_eq!((line["run"].as_u64(), line["rows"].as_u64()), (Some(nth as u64 + 1), Some(4)), "{line}");
        assert!(line["wall_ms"].is_f64() && line["cpu_ms"].is_f64(), "{line}");
    }
    let run = program.run(["query", "--repeat", "3", "SELECT 1 AS a"]);
    assert_eq!(run.out, "{\"a\":1}\n", "rows of the last run only");
}

#[test]
fn reading_all_of_a_large_lake_is_warned_of() {
    let program = Program::with_events();
    let cases = [
        ("SELECT eventname, count(*) FROM events GROUP BY 1", "1B", true),
        ("SELECT eventname, count(*) FROM events GROUP BY 1", "1GB", false),
        ("SELECT eventname FROM events WHERE eventTime > '2026-03-02T00:00:00Z'", "1B", false),
        ("SELECT eventname FROM events ORDER BY eventTime DESC LIMIT 1", "1B", false),
        ("SELECT eventname FROM events WHERE year = '2026' AND month = '03'", "1B", false),
        ("SHOW TABLES", "1B", false),
    ];
    for (sql, size, expect) in cases {
        let run = program.run(["query", "--scan-warning-bytes", size, sql]);
        assert_eq!(run.code, Some(0), "{sql}: {run:?}");
        assert_eq!(run.err.contains("no time filter"), expect, "{sql}: {}", run.err);
    }
}
