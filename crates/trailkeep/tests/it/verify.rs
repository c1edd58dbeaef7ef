//! `verify` from outside: what is found in a copy that somebody was at, and what is said when nothing can be verified.

use std::path::Path;

use crate::program::{Program, Run, finish};

/// A copy of a bucket with its keys and signatures beside it.
fn copy(program: &Program, tampered: bool) -> corpus::Summary {
    let digests = Some(corpus::Digests { beside: program.path(""), tampered });
    let config = corpus::Config { days: 2, digests, ..corpus::Config::new(7, 1_000_000) };
    corpus::generate(&config, &program.path("copy")).expect("a corpus")
}

fn verify(program: &Program, words: &[&str]) -> Run {
    finish(&mut program.bare([&["verify"], words].concat()), b"")
}

const ALL: [&str; 7] = ["copy", "--keys", "keys.json", "--metadata", "metadata.json", "--output", "json"];

fn findings(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn a_whole_copy_is_clean() {
    let program = Program::new();
    let made = copy(&program, false);
    let run = verify(&program, &ALL);
    let found = findings(&run);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(found["total"]["digests"]["valid"], made.digests);
    assert_eq!(found["total"]["logFiles"]["valid"], made.files);
    assert_eq!(found["groups"].as_array().map(Vec::len), Some(30));
    // Without the signatures each digest vouches for the one before; nobody does for the newest of each chain.
    let run = verify(&program, &["copy", "--keys", "keys.json", "--output", "json"]);
    assert_eq!((run.code, &findings(&run)["total"]["digests"]["unsigned"]), (Some(0), &30.into()));
}

#[test]
fn what_was_done_to_it_is_found() {
    let program = Program::new();
    let tampered = copy(&program, true).tampered.expect("two files");
    let run = verify(&program, &ALL);
    assert_eq!(run.code, Some(1), "{run:?}");
    let found = findings(&run);
    let problems = found["problems"].as_array().expect("a list");
    let names = |kind: &str| -> Vec<&str> {
        let of_kind = problems.iter().filter(|problem| problem["kind"] == kind);
        of_kind.filter_map(|problem| problem["uri"].as_str()).collect()
    };
    assert!(names("changed").iter().all(|uri| uri.ends_with(&tampered.changed)), "{found}");
    assert!(names("missing").iter().all(|uri| uri.ends_with(&tampered.deleted)), "{found}");
    assert_eq!(problems.len(), 2);
    // People read the same on standard error, or in a table.
    let table = verify(&program, &["copy", "--keys", "keys.json", "--metadata", "metadata.json", "--output", "table"]);
    for key in [&tampered.changed, &tampered.deleted] {
        assert!(run.err.contains(key) && table.out.contains(key), "{table:?}");
    }
    assert!(table.out.contains("2 problems found."), "{table:?}");
}

#[test]
fn what_cannot_be_verified_is_an_error() {
    let program = Program::new();
    copy(&program, false);
    let write = |name: &str, text: &str| std::fs::write(program.path(name), text).expect("a file");
    write("empty.json", "");
    write("none.json", r#"{"PublicKeyList": []}"#);
    std::fs::create_dir(program.path("nothing")).expect("a folder");
    let cases: [(&[&str], &str); 6] = [
        (&["copy", "--keys", "empty.json"], "could not understand the keys in `empty.json`"),
        (&["copy", "--keys", "none.json"], "there is no public key in `none.json`"),
        (&["copy", "--keys", "gone.json"], "could not read public keys from `gone.json`"),
        (&["copy", "--keys", "keys.json", "--metadata", "empty.json"], "could not understand `empty.json`"),
        (&["nothing", "--keys", "keys.json"], "no digest files were found there"),
        (&["-", "--keys", "keys.json"], "a stream cannot be verified"),
    ];
    for (words, expect) in cases {
        let run = verify(&program, words);
        assert!(run.code == Some(2) && run.err.contains(expect), "{words:?}: {run:?}");
    }
    assert!(Path::new(&program.path("copy")).is_dir());
}

#[test]
fn the_demo_shows_both() {
    let program = Program::new();
    let run = finish(&mut program.bare(["demo", "--dir", "show", "--bytes", "1MB"]), b"");
    assert_eq!(run.code, Some(0), "{run:?}");
    for reason in ["its content is not the one that was delivered", "a digest names it, and it is not there"] {
        assert_eq!(run.out.matches(reason).count(), 1, "{}", run.out);
    }
    // The command that is shown does the same.
    let words = ["show/logs", "--keys", "show/keys.json", "--metadata", "show/metadata.json", "--output", "json"];
    let found = findings(&verify(&program, &words));
    assert_eq!(found["problems"].as_array().map(Vec::len), Some(2), "{found}");
}
