//! `evidence`: from a lake to a bundle, and a bundle checked by the program and by OpenSSL.

use std::path::Path;
use std::process::Command;

use crate::coverage::{collected, tampered};
use crate::program::{Program, finish};

fn ask(program: &Program, sql: &str) -> String {
    String::from_utf8(program.query(&["--output", "raw", sql])).expect("text").trim_end().to_owned()
}

#[test]
fn a_bundle_is_made_and_holds_without_the_lake() {
    let program = collected();
    let event = ask(&program, "SELECT eventid FROM events WHERE integrity = 'verified' ORDER BY 1 LIMIT 1");
    let run = program.run(["evidence", &event, "-o", "case.tar"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    // Elsewhere, with nothing else.
    let other = Program::new();
    let bundle = std::fs::read(program.path("case.tar")).expect("a bundle");
    std::fs::write(other.path("case.tar"), &bundle).expect("a file");
    let check = |file: &str| finish(&mut other.bare(["evidence", "check", file, "--output", "json"]), b"");
    let run = check("case.tar");
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((run.code, &found["holds"], &found["event_id"]), (Some(0), &true.into(), &event.as_str().into()));
    for at in [0, 600, bundle.len() / 3, bundle.len() / 2, bundle.len() - 1] {
        let mut changed = bundle.clone();
        changed[at] ^= 1;
        std::fs::write(other.path("changed.tar"), &changed).expect("a file");
        let run = check("changed.tar");
        assert!(run.code == Some(1) && run.out.contains("\"holds\":false"), "byte {at}: {run:?}");
    }
    assert_eq!(check("nothing.tar").code, Some(2));
    by_hand(&other.path("."), &program.path("case.tar"));
}

/// Unpacks a bundle and runs what its README says, where OpenSSL and tar are there.
fn by_hand(folder: &Path, bundle: &Path) {
    let has = |tool: &str| Command::new(tool).arg("--help").output().is_ok_and(|done| done.status.success());
    if !["openssl", "tar"].into_iter().all(has) {
        // Said to whoever runs the tests: nothing was proven.
        #[expect(clippy::print_stdout, reason = "a test that is not run says so")]
        {
            println!("openssl or tar: not there, the README is not tried");
        }
        return;
    }
    let run = |program: &str, args: &[&str]| {
        let done = Command::new(program).args(args).current_dir(folder).output().expect("it starts");
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
    };
    run("tar", &["xf", &bundle.display().to_string()]);
    let readme = std::fs::read_to_string(folder.join("README.txt")).expect("a README");
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("       ")).collect();
    let mut tried = 0;
    for command in commands {
        if !["openssl", "gunzip", "grep"].iter().any(|tool| command.starts_with(tool)) {
            continue;
        }
        let answer = run("sh", &["-c", command]);
        match command {
            command if command.contains("-verify") => assert_eq!(answer.trim(), "Verified OK", "{command}"),
            command if command.ends_with("openssl dgst -sha256") || command.starts_with("openssl dgst") => {
                let digits = answer.trim().rsplit(['=', ' ']).next().expect("a hash").to_owned();
                assert!(readme.contains(&digits), "{command}: {answer}");
            }
            command => assert!(answer.trim().parse::<u32>().is_ok_and(|count| count > 0), "{command}: {answer}"),
        }
        tried += 1;
    }
    assert!(tried >= 6, "{tried} of {readme}");
}

#[test]
fn what_cannot_be_proven_is_refused_and_named() {
    let program = Program::new();
    // A copy of its own, whose files may go.
    let logs = program.path("logs");
    copy(Path::new(&tampered().path("logs")), &logs);
    let mut words = tampered().collect();
    words[1] = logs.display().to_string();
    assert_eq!(program.run(words).code, Some(0));
    let refused = |event: &str, expect: &str| {
        let run = program.run(["evidence", event, "-o", "case.tar"]);
        assert!(run.code == Some(2) && run.err.contains(expect), "{expect}: {run:?}");
        assert!(!program.path("case.tar").exists());
    };
    refused("no-such-event", "there is no event `no-such-event`");
    let of = |integrity: &str| {
        ask(&program, &format!("SELECT eventid FROM events WHERE integrity = '{integrity}' ORDER BY 1 LIMIT 1"))
    };
    refused(&of("tampered"), "not the log file that CloudTrail delivered");
    let event = of("verified");
    let file = ask(&program, &format!("SELECT log_file FROM events WHERE eventid = '{event}' LIMIT 1"));
    let path = file.strip_prefix("file://").expect("a file");
    let bytes = std::fs::read(path).expect("a log file");
    std::fs::write(path, &bytes[..bytes.len() - 9]).expect("a file");
    refused(&event, path);
    std::fs::remove_file(path).expect("a file");
    refused(&event, "is gone");
    std::fs::write(path, &bytes).expect("a file");
    let run = program.run(["evidence", &event, "-o", "case.tar"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}
