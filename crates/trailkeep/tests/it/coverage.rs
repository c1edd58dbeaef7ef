//! `coverage` and the column `integrity`: what digests promise against what was collected, also after a crash.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

use corpus::{Config, Digests, Summary};

use crate::program::{Program, Run, finish};

/// A small organisation with digests, of which one log file was changed and one deleted.
pub(crate) struct Tampered {
    folder: tempfile::TempDir,
    pub(crate) made: Summary,
}

impl Tampered {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What collects it into a lake.
    pub(crate) fn collect(&self) -> Vec<String> {
        let words = ["collect", "LOGS", "--workers", "2", "--keys", "KEYS", "--metadata", "METADATA"];
        words
            .map(|word| match word {
                "LOGS" => self.path("logs"),
                "KEYS" => self.path("keys.json"),
                "METADATA" => self.path("metadata.json"),
                other => other.to_owned(),
            })
            .to_vec()
    }
}

pub(crate) fn tampered() -> &'static Tampered {
    static TAMPERED: OnceLock<Tampered> = OnceLock::new();
    TAMPERED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let digests = Some(Digests { beside: folder.path().to_owned(), tampered: true });
        let config = Config { digests, ..Config::new(7, 1_000_000) };
        let made = corpus::generate(&config, &folder.path().join("logs")).expect("a corpus");
        Tampered { folder, made }
    })
}

/// A lake of it.
pub(crate) fn collected() -> Program {
    let program = Program::new();
    let run = program.run(tampered().collect());
    assert_eq!(run.code, Some(0), "{run:?}");
    program
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

fn name(key: &str) -> &str {
    key.rsplit('/').next().expect("a last part")
}

#[test]
fn the_changed_and_the_deleted_file_are_holes_and_nothing_else() {
    let (program, made) = (collected(), &tampered().made);
    let crime = made.tampered.as_ref().expect("two files");
    let run = program.run(["coverage", "--output", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let found = json(&run);
    let holes = found["holes"].as_array().expect("holes").iter();
    let mut holes: Vec<String> = holes
        .map(|hole| {
            let text = |member: &str| hole[member].as_str().expect("text").to_owned();
            format!("{} {} {} {}", text("kind"), text("account"), text("region"), name(&text("uri")))
        })
        .collect();
    holes.sort();
    let place = |key: &str| {
        let parts: Vec<&str> = name(key).split('_').collect();
        format!("{} {} {}", parts[0], parts[2], name(key))
    };
    let expect =
        [format!("changed-log-file {}", place(&crime.changed)), format!("missing-log-file {}", place(&crime.deleted))];
    assert_eq!(holes, expect);
    let total = &found["total"];
    let counts = ["promised", "stored", "missing", "changed", "unpromised", "digest_holes"]
        .map(|member| total[member].as_u64().expect("a number"));
    assert_eq!(counts, [made.files, made.files - 2, 1, 1, 0, 0]);
    assert_eq!(found["digests"]["valid"].as_u64(), Some(made.digests));

    let table = program.run(["coverage", "--output", "table"]);
    assert_eq!(table.code, Some(1), "{table:?}");
    for part in [name(&crime.changed), name(&crime.deleted), "2 holes.", "444455556666"] {
        assert!(table.out.contains(part), "{part}: {}", table.out);
    }
    assert!(!table.out.contains('\u{1b}') && table.out.is_ascii(), "no terminal, no colours: {}", table.out);
    let mut narrow = program.command(["coverage", "--output", "table"]);
    let narrow = finish(narrow.env("COLUMNS", "40"), b"");
    let map = narrow.out.split("A mark is").next().expect("a map");
    assert!(map.lines().all(|line| line.chars().count() <= 40), "{map}");
}

#[test]
fn a_question_is_about_a_part() {
    let program = collected();
    let crime = tampered().made.tampered.as_ref().expect("two files");
    let account = |key: &str| name(key).split('_').next().expect("an account").to_owned();
    let victims = [account(&crime.changed), account(&crime.deleted)];
    let account = victims[0].as_str();
    let others = ["111122223333", "444455556666", "123456789012"];
    let other =
        others.into_iter().find(|other| !victims.iter().any(|victim| victim == other)).expect("another account");
    let cases: [(&[&str], Option<i32>); 5] = [
        (&["--account", account], Some(1)),
        (&["--account", other], Some(0)),
        (&["--region", "us-east-1", "--account", other], Some(0)),
        (&["--since", "2031-01-01"], Some(2)),
        (&["--until", "2013-01-01"], Some(2)),
    ];
    for (words, code) in cases {
        let run = program.run([&["coverage", "--output", "json"], words].concat());
        assert_eq!(run.code, code, "{words:?}: {run:?}");
    }
}

#[test]
fn integrity_names_the_tampered_events_and_costs_nothing_unasked() {
    let program = collected();
    let crime = tampered().made.tampered.as_ref().expect("two files");
    let ask = |sql: &str| String::from_utf8(program.query(&["--output", "raw", sql])).expect("text");
    let tampered = ask("SELECT DISTINCT log_file FROM events WHERE integrity = 'tampered'");
    assert!(tampered.lines().count() == 1 && tampered.contains(name(&crime.changed)), "{tampered}");
    let cases = [
        ("SELECT count(*) FROM events WHERE integrity = 'tampered' AND log_file NOT LIKE '%NAME'", "0\n"),
        (
            "SELECT count(*) FROM events e WHERE e.integrity IN ('tampered', 'odd') AND log_file LIKE '%NAME' AND false",
            "0\n",
        ),
        ("SELECT count(DISTINCT integrity) FROM events", "2\n"),
        ("SELECT DISTINCT integrity FROM aws_cloudtrail_log WHERE integrity <> 'tampered'", "verified\n"),
        ("SELECT count(*) FROM events WHERE integrity = 'unverified'", "0\n"),
        ("SELECT count(*) FROM conflicts WHERE integrity = 'tampered'", "0\n"),
        ("SELECT count(*) FROM (SELECT integrity AS i FROM events) WHERE i = 'no such thing'", "0\n"),
        ("SELECT count(*) FROM events WHERE integrity = 'verified' AND integrity_digest IS NULL", "0\n"),
    ];
    for (sql, expect) in cases {
        assert_eq!(ask(&sql.replace("NAME", name(&crime.changed))), expect, "{sql}");
    }
    // Neither all columns nor any other ask for it.
    let plan = |sql: &str| {
        let plan = program.query(&["--output", "json", &format!("EXPLAIN {sql}")]);
        String::from_utf8(plan).expect("text")
    };
    for (sql, is_joined) in [
        ("SELECT * FROM events", false),
        ("SELECT eventname AS integrity FROM events", false),
        ("SELECT integrity FROM events", true),
    ] {
        assert_eq!(plan(sql).contains("log_files"), is_joined, "{sql}");
    }
    // A filter becomes a list of log files and their times, which reaches the scan of the events.
    let narrowed = plan("SELECT eventid FROM events WHERE integrity = 'tampered'");
    assert!(narrowed.contains(name(&crime.changed)) && narrowed.contains("eventtime"), "{narrowed}");
    let columns = ask("SELECT column_name FROM information_schema.columns WHERE table_name = 'events'");
    assert!(!columns.contains("integrity"), "{columns}");
}

const LOG_FILES: &str = "SELECT kind || ' ' || uri || ' ' || coalesce(key, '') || ' ' || coalesce(sha256, '') || ' '
    || coalesce(digest_sha256, '') || ' ' || coalesce(standing, '') FROM log_files ORDER BY 1";

#[test]
fn every_step_of_the_commit_may_be_the_last() {
    let ask = |program: &Program, sql: &str| String::from_utf8(program.query(&["--output", "raw", sql])).expect("text");
    let truth = collected();
    let (rows, events) = (ask(&truth, LOG_FILES), ask(&truth, "SELECT count(*) FROM events"));
    assert!(rows.lines().any(|row| row.starts_with("proof ")), "{rows}");
    // Proofs are commits as well: the last of many may fall on one.
    for point in [
        "intent-written",
        "rejects-committed",
        "file-written:2",
        "log-files-committed",
        "log-files-committed:2",
        "log-files-committed:3",
        "log-files-committed:4",
        "events-committed",
        "intent-done",
    ] {
        let program = Program::new();
        let mut command = program.command(tampered().collect());
        command.env("TRAILKEEP_FAILPOINT", point).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("the binary starts");
        let run = program.run(tampered().collect());
        assert_eq!(run.code, Some(0), "{point}: {run:?}");
        assert_eq!(ask(&program, LOG_FILES), rows, "{point}");
        assert_eq!(ask(&program, "SELECT count(*) FROM events"), events, "{point}");
    }
}

#[test]
fn digests_without_keys_say_what_is_missing_and_are_proven_later() {
    let program = Program::new();
    let logs = tampered().path("logs");
    let run = program.run(["collect", &logs, "--output", "table"]);
    assert!(run.code == Some(0) && run.out.contains("--keys FILE"), "{run:?}");
    let run = program.run(["coverage", "--output", "json"]);
    assert_eq!(run.code, Some(1), "a file is missing whoever signed for it: {run:?}");
    assert_eq!(json(&run)["digests"]["unsigned"].as_u64(), Some(tampered().made.digests));
    // Nothing is read again, and yet all is proven.
    let run = program.run(tampered().collect());
    let report = json(&run);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!((&report["stored"], &report["proofs"]["valid"]), (&0.into(), &tampered().made.digests.into()));
    let bad: PathBuf = program.path("keys.json");
    for (text, expect) in [("", "could not understand"), ("[]", "could not understand")] {
        std::fs::write(&bad, text).expect("a file");
        let run = program.run(["collect", &logs, "--keys", &bad.display().to_string()]);
        assert!(run.code == Some(2) && run.err.contains(expect), "{text:?}: {run:?}");
    }
}
