//! `collect --follow`: new files are stored as they come, until the program is told to end.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{Program, testdata};

/// A program that follows a folder, and what it says.
struct Following {
    child: Child,
    says: BufReader<std::process::ChildStderr>,
}

impl Following {
    fn start(program: &Program, more: &[&str]) -> Self {
        let words = [&["collect", "--json", "--follow", "--poll-interval", "10ms", "logs"], more].concat();
        let mut command = program.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let says = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, says }
    }

    /// Waits until it says something that begins so.
    fn hears(&mut self, beginning: &str) {
        let mut heard = String::new();
        while !heard.lines().next_back().is_some_and(|line| line.starts_with(beginning)) {
            let before = heard.len();
            self.says.read_line(&mut heard).expect("a line");
            assert!(heard.len() > before, "it ended before it said `{beginning}`: {heard}");
        }
    }

    /// Asks it to end, and returns its exit code and its report.
    fn ends_by(mut self, signal: &str) -> (Option<i32>, serde_json::Value) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("a signal").success());
        let (mut out, mut rest) = (String::new(), String::new());
        self.child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("UTF-8");
        self.says.read_to_string(&mut rest).expect("UTF-8");
        let code = self.child.wait().expect("an end").code();
        let report = serde_json::from_str(&out).unwrap_or_else(|error| panic!("no report: {error}: {out} {rest}"));
        (code, report)
    }
}

/// Puts a file there all at once.
fn put(program: &Program, name: &str, text: &str) {
    std::fs::write(program.path("unfinished"), text).expect("a file");
    std::fs::rename(program.path("unfinished"), program.path("logs").join(name)).expect("another name");
}

fn event(id: &str) -> String {
    format!(r#"{{"eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"{id}"}}"#)
}

fn number(report: &serde_json::Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("no integer `{name}` in {report}"))
}

fn folder(program: &Program) {
    std::fs::create_dir(program.path("logs")).expect("a folder");
    std::fs::copy(testdata("events.jsonl"), program.path("logs").join("a.jsonl")).expect("a copy");
}

#[cfg(unix)]
#[test]
fn new_files_are_stored_as_they_come() {
    for signal in ["-INT", "-TERM"] {
        let program = Program::new();
        folder(&program);
        let mut following = Following::start(&program, &[]);
        following.hears("stored 4 events of 1 file");
        put(&program, "b.json", &event("late"));
        following.hears("stored 1 event of 1 file");
        // Overwritten: it is another object.
        put(&program, "b.json", &format!("{}\n{}", event("late"), event("later")));
        following.hears("stored 1 event of 1 file");
        let (code, report) = following.ends_by(signal);
        let found = ["files", "known", "stored", "duplicates", "failed"].map(|name| number(&report, name));
        assert_eq!((code, found), (Some(0), [3, 0, 6, 1, 0]), "{signal}: {report}");
        assert_eq!(program.query(&["--output", "raw", "SELECT count(*) FROM events"]), b"6\n");
        // The lock is given back and nothing is read again.
        let run = program.run(["collect", "--json", "logs"]);
        let report: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
        assert_eq!((run.code, number(&report, "known"), number(&report, "stored")), (Some(0), 2, 0), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_could_not_be_read_is_tried_again() {
    let program = Program::new();
    folder(&program);
    std::os::unix::fs::symlink("../later.json", program.path("logs").join("link.json")).expect("a link");
    put(&program, "notes.txt", "shopping list");
    let mut following = Following::start(&program, &[]);
    following.hears("stored 4 events of 2 files; 1 file could not be read");
    std::fs::write(program.path("later.json"), event("later")).expect("a file");
    following.hears("stored 1 event of 1 file");
    let (code, report) = following.ends_by("-INT");
    let found = ["stored", "failed", "skipped"].map(|name| number(&report, name));
    assert_eq!((code, found), (Some(1), [5, 0, 1]), "{report}");
}

/// What is new is looked at with the rules each time, by the one who writes to the lake.
#[cfg(unix)]
#[test]
fn rules_look_at_what_is_new() {
    let program = Program::new();
    std::fs::create_dir(program.path("logs")).expect("a folder");
    let stop = |id: &str| {
        format!(
            r#"{{"eventTime":"2026-03-01T10:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","eventID":"{id}","recipientAccountId":"111122223333","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/{id}"}}}}"#
        )
    };
    put(&program, "a.json", &stop("first"));
    let mut following = Following::start(&program, &["--detect"]);
    for id in ["second", "third"] {
        following.hears("found: ");
        put(&program, &format!("{id}.json"), &stop(id));
    }
    following.hears("found: ");
    let (code, report) = following.ends_by("-INT");
    assert_eq!((code, number(&report, "stored")), (Some(0), 3), "{report}");
    let found = "SELECT count(DISTINCT eventid) FROM findings WHERE rule LIKE 'Recording of a trail%'";
    assert_eq!(program.query(&["--output", "raw", found]), b"3\n");
}

#[test]
fn a_stream_cannot_be_followed() {
    let program = Program::new();
    let cases: &[(&[&str], &str)] = &[
        (&["collect", "--follow", "-"], "folders and buckets"),
        (&["collect", "--follow", "--poll-interval", "1ms", "."], "at least 10 ms"),
        (&["collect", "--follow", "--poll-interval", "often", "."], "`500ms`"),
    ];
    for (words, hint) in cases {
        let run = program.run(*words);
        assert!(run.code == Some(2) && run.err.contains(hint), "{words:?}: {run:?}");
    }
    assert!(!Path::new(&program.path("data")).exists(), "nothing is made");
}
