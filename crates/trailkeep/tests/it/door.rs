//! Flags, help, exit codes, configuration: what everybody meets first.

use std::io::Read;
use std::process::Stdio;

use crate::program::{Program, finish, testdata};

#[test]
fn mistakes_end_with_2_and_say_what_to_do() {
    let program = Program::with_events();
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["qery"], "query"),
        (&["query", "--output", "xml", "SELECT 1"], "jsonl"),
        (&["query", "SELECT evntname FROM events"], "eventname"),
        (&["query", "DROP TABLE events"], "not allowed"),
        (&["lookup", "--since", "tomorrow"], "`24h`"),
        (&["lookup", "--ip", "bananas"], "10.0.0.0/8"),
        (&["lookup", "--error", "not a code"], "`any`"),
        (&["lookup", "--account", "prod"], "twelve digits"),
        (&["lookup", "--region", "Frankfurt"], "Frankfurt"),
        (&["lookup", "--read-only", "--write-only"], "cannot be used with"),
        (&["collect"], "URI"),
        (&["collect", "no/such/folder"], "no/such/folder"),
        (&["collect", "ftp://example.com/"], "s3://bucket/prefix"),
        (&["collect", ".", "--object-bytes-max", "huge"], "`20MB`"),
        (&["--lake", "somewhere", "query", "SELECT 1"], "--data"),
        (&["--config", "no-such.toml", "query", "SELECT 1"], "no-such.toml"),
        (&["lake", "retention", "--before", "soon"], "2026-03-05"),
    ];
    for (words, hint) in cases {
        let run = program.run(*words);
        assert_eq!(run.code, Some(2), "{words:?}: {run:?}");
        assert!(run.err.contains(hint), "{words:?}: {}", run.err);
        assert_eq!(run.out, "", "{words:?}");
    }
}

#[test]
fn an_empty_lake_says_how_to_fill_it() {
    let program = Program::new();
    for words in [&["query", "SELECT 1"][..], &["query"], &["lookup"], &["lake", "files"], &["lake", "compact"]] {
        let run = program.run(words);
        assert_eq!(run.code, Some(2), "{words:?}: {run:?}");
        assert!(run.err.contains("trailkeep collect"), "{words:?}: {}", run.err);
    }
    assert!(!program.path("data").exists(), "asking makes no lake");
}

#[test]
fn help_and_scripts_are_a_success() {
    let program = Program::new();
    let cases: &[(&[&str], &str)] = &[
        (&["--help"], "Exit codes"),
        (&["--version"], "trailkeep "),
        (&["collect", "--help"], "--since"),
        (&["completions", "bash"], "complete"),
        (&["completions", "fish"], "lookup"),
        (&["man"], ".TH trailkeep"),
    ];
    for (words, expect) in cases {
        let run = program.run(*words);
        assert_eq!(run.code, Some(0), "{words:?}: {run:?}");
        assert!(run.out.contains(expect), "{words:?}: {}", run.out);
    }
    let pages = program.path("pages");
    assert_eq!(program.run(["man", "--dir", "pages"]).code, Some(0));
    assert!(pages.join("trailkeep-lookup.1").is_file());
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    let program = Program::with_events();
    let data = program.path("data").display().to_string();
    let sql = "SELECT count(*) AS n FROM events";
    for words in [
        ["--data", &data, "--output", "csv", "query", sql],
        ["query", "--data", &data, "--output", "csv", sql],
        ["--output", "csv", "query", sql, "--data", &data],
    ] {
        let run = finish(&mut program.bare(words), b"");
        assert_eq!((run.code, run.out.as_str()), (Some(0), "n\r\n4\r\n"), "{words:?}: {run:?}");
    }
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let program = Program::with_events();
    std::fs::write(program.path("trailkeep.toml"), "output = \"csv\"\nmemory_bytes_max = \"64MiB\"\n").expect("a file");
    let sql = "SELECT eventid AS x FROM events WHERE eventid = 'a'";
    let cases: [(&[&str], Option<&str>, &str); 3] =
        [(&[], None, "x\r\na\r\n"), (&[], Some("raw"), "a\n"), (&["--json"], Some("raw"), "[{\"x\":\"a\"}]\n")];
    for (flags, environment, expect) in cases {
        let mut command = program.command([flags, &["query", sql]].concat());
        if let Some(format) = environment {
            command.env("TRAILKEEP_OUTPUT", format);
        }
        let run = finish(&mut command, b"");
        assert_eq!((run.code, run.out.as_str()), (Some(0), expect), "{flags:?} {environment:?}: {run:?}");
    }
    std::fs::write(program.path("trailkeep.toml"), "colour = \"blue\"\n").expect("a file");
    let run = program.run(["query", sql]);
    assert!(run.code == Some(2) && run.err.contains("colour"), "{run:?}");
}

#[test]
fn a_query_that_takes_too_much_is_ended_in_plain_words() {
    let program = Program::with_events();
    let product = "SELECT count(*) FROM events a, events b, events c, events d, events e, events f, events g, events h, events i, \
                   events j, events k, events l, events m, events n WHERE a.eventid || b.eventid < n.eventid || c.eventid";
    let long = "SELECT repeat(eventid, 2000000000) FROM events";
    std::fs::write(program.path("trailkeep.toml"), "memory_bytes_max = \"64MiB\"\nquery_timeout = \"300ms\"\n")
        .expect("a file");
    let cases: [(&[&str], &str, &str, &str); 3] = [
        (&[], product, "the query ran for 0.3 s, which is the longest that it may", "--query-timeout"),
        (&["--query-timeout", "200ms"], product, "the query ran for 0.2 s", "--query-timeout"),
        (
            &["--query-timeout", "60s"],
            long,
            "out of memory: `repeat` may make a value of 1 MiB at most here",
            "--memory-bytes-max",
        ),
    ];
    for (flags, sql, error, help) in cases {
        let run = program.run([&["query"], flags, &[sql]].concat());
        assert_eq!(run.code, Some(2), "{sql}: {run:?}");
        assert!(run.err.contains(error) && run.err.contains(help) && !run.err.contains("because"), "{sql}: {run:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let program = Program::with_events();
    let endless = "SELECT a.record FROM events a, events b, events c, events d, events e, events f, events g, events h";
    for format in ["jsonl", "csv", "json", "raw", "table"] {
        let mut command = program.command(["query", "--output", format, endless]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut first = [0; 1];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a first byte");
        // The pipe is closed by now.
        let done = child.wait_with_output().expect("an end");
        assert_eq!(done.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn another_lake_is_chosen_by_the_environment() {
    let program = Program::new();
    let mut command = program.bare(["collect", &testdata("events.jsonl")]);
    assert_eq!(finish(command.env("TRAILKEEP_DATA", program.path("other")), b"").code, Some(0));
    assert!(program.path("other/lake/events").is_dir());
}
