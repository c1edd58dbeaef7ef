//! What each output format prints, byte for byte.

use crate::program::{Program, records};

/// A query that has an event's odd values, in order of time.
const AGENTS: &str = "SELECT eventid AS id, useragent AS agent, errorcode AS error FROM events ORDER BY eventtime";

#[test]
fn formats_print_exactly() {
    let program = Program::with_events();
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["--output", "jsonl"],
            AGENTS,
            "{\"id\":\"a\",\"agent\":\"=cmd|' /C calc'!A0\",\"error\":null}\n\
             {\"id\":\"b\",\"agent\":\"\\u001b[2J, \\\"quoted\\\"\",\"error\":\"Client.UnauthorizedOperation\"}\n\
             {\"id\":\"c\",\"agent\":\"-1+1\",\"error\":null}\n\
             {\"id\":\"d\",\"agent\":\"\",\"error\":null}\n",
        ),
        (&[], "SELECT eventid FROM events WHERE eventid = 'a'", "{\"eventid\":\"a\"}\n"),
        (
            &["--json"],
            "SELECT eventid FROM events WHERE eventid < 'c' ORDER BY 1",
            "[{\"eventid\":\"a\"},\n {\"eventid\":\"b\"}]\n",
        ),
        (&["--json"], "SELECT eventid FROM events WHERE eventid = 'z'", "[]\n"),
        (
            &["--output", "csv"],
            AGENTS,
            "id,agent,error\r\na,\"'=cmd|' /C calc'!A0\",\r\nb,\"\u{1b}[2J, \"\"quoted\"\"\",Client.UnauthorizedOperation\r\n\
             c,\"'-1+1\",\r\nd,\"\",\r\n",
        ),
        (&["--output", "csv"], "SELECT -1 AS n, cast('@x' AS varchar) AS \"=h\"", "n,\"'=h\"\r\n-1,\"'@x\"\r\n"),
        (
            &["--output", "raw"],
            "SELECT errorcode FROM events ORDER BY eventtime",
            "\nClient.UnauthorizedOperation\n\n\n",
        ),
        (&["--output", "raw", "-0"], "SELECT eventid FROM events ORDER BY 1", "a\0b\0c\0d\0"),
        (
            &["--output", "table"],
            AGENTS,
            "id  agent                error\n\
             ───────────────────────────────────────────────────────\n\
             a   =cmd|' /C calc'!A0\n\
             b   \\u{1b}[2J, \"quoted\"  Client.UnauthorizedOperation\n\
             c   -1+1\n\
             d\n\n4 rows\n",
        ),
        (
            &["--output", "jsonl"],
            "SELECT eventtime, eventtime AS again, 1.5 AS x, eventdate, [1, 2] AS list FROM events WHERE eventid = 'a'",
            "{\"eventtime\":\"2026-03-01T10:00:00Z\",\"again\":\"2026-03-01T10:00:00Z\",\"x\":1.5,\
             \"eventdate\":\"2026-03-01\",\"list\":[1,2]}\n",
        ),
        (
            &["--output", "jsonl"],
            "SELECT a.eventid, b.eventid FROM events a JOIN events b ON a.eventid = b.eventid WHERE a.eventid = 'a'",
            "{\"eventid\":\"a\",\"eventid\":\"a\"}\n",
        ),
    ];
    for (flags, sql, expect) in cases {
        let out = program.query(&[flags, &[*sql][..]].concat());
        assert_eq!(String::from_utf8_lossy(&out), *expect, "{flags:?} {sql}");
    }
}

#[test]
fn records_come_back_byte_for_byte() {
    let program = Program::with_events();
    let out = program.query(&["--output", "raw", "-0", "SELECT record FROM events ORDER BY eventtime"]);
    let expect: String = records().iter().map(|record| format!("{record}\0")).collect();
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expect);
}

#[test]
fn tables_fit_the_width_or_turn_on_their_side() {
    let program = Program::with_events();
    for (columns, sql) in [
        (60, "SELECT eventname, useragent, userIdentity.arn, requestparameters FROM events"),
        (80, "SELECT eventname, useragent, userIdentity.arn, requestparameters, record FROM events"),
    ] {
        let mut command = program.command(["query", "--output", "table", sql]);
        let run = crate::program::finish(command.env("COLUMNS", columns.to_string()), b"");
        let longest = run.out.lines().map(|line| line.chars().count()).max();
        assert!(longest.is_some_and(|longest| longest <= columns), "{columns}: {}", run.out);
        assert!(run.out.contains("`…` marks what was cut"), "{}", run.out);
    }
    let mut command =
        program.command(["query", "--output", "table", "SELECT * FROM events ORDER BY eventtime LIMIT 2"]);
    let run = crate::program::finish(command.env("COLUMNS", "80"), b"");
    assert!(run.out.starts_with("── row 1 ──"), "{}", run.out);
    assert!(run.out.contains("\neventid ") && !run.out.contains("\ntlsdetails"), "{}", run.out);
}

#[test]
fn raw_takes_one_column() {
    let program = Program::with_events();
    let run = program.run(["query", "--output", "raw", "SELECT eventid, eventname FROM events"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.contains("one column"), "{}", run.err);
}

#[test]
fn parquet_is_for_queries_alone() {
    let program = Program::with_events();
    for (words, config) in [
        (&["query", "--output", "parquet", "SELECT eventid FROM events"][..], ""),
        (&["query", "SELECT eventid FROM events"], "output = \"parquet\"\n"),
    ] {
        std::fs::write(program.path("trailkeep.toml"), config).expect("a configuration");
        let done = crate::program::output(&mut program.command(words), b"");
        assert_eq!(done.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(done.stdout.starts_with(b"PAR1") && done.stdout.ends_with(b"PAR1"), "{words:?}");
    }
    std::fs::write(program.path("trailkeep.toml"), "").expect("a configuration");
    for (words, said) in [
        (&["lookup", "--output", "parquet"][..], "only `query` gives its answer as Parquet"),
        (&["query", "--output", "parquet"], "the shell prints text"),
        (&["query", "--output", "xml", "SELECT 1"], "invalid value 'xml'"),
    ] {
        let run = program.run(words);
        assert!(run.code == Some(2) && run.out.is_empty() && run.err.contains(said), "{run:?}");
    }
}
