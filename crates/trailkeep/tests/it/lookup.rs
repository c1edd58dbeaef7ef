//! `lookup`: flags, the table, all columns, the SQL.

use crate::program::Program;

#[test]
fn flags_choose_events() {
    let program = Program::with_events();
    let cases: &[(&[&str], &str)] = &[
        (&[], "d c b a"),
        (&["-n", "1"], "d"),
        (&["--user", "alice"], "a"),
        (&["--user", "bob", "--user", "root"], "d b"),
        (&["--role", "Deploy"], "b"),
        (&["--key", "AKIAEXAMPLEALICE0001"], "a"),
        (&["--name", "Delete*"], "a"),
        (&["--source", "s3"], "a"),
        (&["--resource", "logs"], "a"),
        (&["--ip", "10.0.0.0/8"], "b"),
        (&["--error", "any"], "b"),
        (&["--error", "none", "--write-only"], "a"),
        (&["--read-only"], "c"),
        (&["--account", "111122223333"], "a"),
        (&["--region", "us-east-1"], "d c b"),
        (&["--since", "2026-03-03", "--until", "2026-03-04"], "c"),
        (&["--text", "CAF"], "b"),
        (&["--text", "count"], "b"),
        (&["--user", "nobody"], ""),
    ];
    for (flags, expect) in cases {
        let run = program.run([&["lookup", "--output", "jsonl"], *flags].concat());
        assert_eq!(run.code, Some(0), "{flags:?}: {run:?}");
        let events = run.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let ids: Vec<String> = events.map(|event| event["eventid"].as_str().expect("an ID").to_owned()).collect();
        assert_eq!(ids.join(" "), *expect, "{flags:?}");
    }
}

#[test]
fn the_table_shows_names_of_accounts() {
    let program = Program::with_events();
    std::fs::write(program.path("trailkeep.toml"), "[accounts]\n444455556666 = \"prod\"\n").expect("a file");
    let expect = "\
time                  account       region        who                        event         source  address                    error
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
2026-03-03T10:00:00Z  prod          us-east-1     autoscaling.amazonaws.com  AssumeRole    sts     autoscaling.amazonaws.com
2026-03-02T10:00:00Z  prod          us-east-1     Deploy/bob                 RunInstances  ec2     10.1.2.3                   Client.UnauthorizedOperation
2026-03-01T10:00:00Z  111122223333  eu-central-1  alice                      DeleteBucket  s3      203.0.113.9

3 rows
";
    let run = program.run(["lookup", "--output", "table", "--until", "2026-03-04"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), expect), "{run:?}");
    let run = program.run(["lookup", "--output", "table", "--account", "prod", "-n", "1"]);
    assert!(run.out.contains("ConsoleLogin") && run.err.contains("-n 0"), "{run:?}");
}

#[test]
fn the_sql_is_shown_and_can_be_run() {
    let program = Program::with_events();
    let run = program.run(["lookup", "--user", "alice", "--show-sql"]);
    assert!(run.code == Some(0) && run.out.starts_with("SELECT *"), "{run:?}");
    let again = program.query(&["--output", "jsonl", &run.out]);
    assert_eq!(again.iter().filter(|byte| **byte == b'\n').count(), 1);
}
