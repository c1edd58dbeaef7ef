//! The rules on single files and on the map's search terms, by example.

use xtask::tidy::search_terms;
use xtask::tidy::sources::{self, Source, Sources};

fn one(path: &str, text: &str) -> Sources {
    Sources { files: vec![Source { path: path.to_owned(), text: text.to_owned() }] }
}

/// Checks one file; `expect` is the start of each problem.
fn check(path: &str, text: &str, expect: &[&str]) {
    let found = sources::check(&one(path, text));
    assert_eq!(found.len(), expect.len(), "{path}: {found:?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "{found}");
    }
}

#[test]
fn a_file_opens_with_what_it_knows() {
    check("a/src/arn.rs", "//! ARNs.\n", &[]);
    check("a/src/arn.rs", "use std::fmt;\n", &["a/src/arn.rs: does not open with"]);
    check("a/arn.py", "import os\n", &[]);
}

#[test]
fn a_file_has_an_end() {
    let long = "//! Long.\n".to_owned() + &"\n".repeat(1_000);
    check("a/src/arn.rs", &long, &["a/src/arn.rs: 1001 lines"]);
    check("a/tests/it/arn.rs", &long, &[]);
    check("a/src/arn/tests.rs", &long, &[]);
    check("a/src/ecs/tables.rs", &long, &[]);
    check("a/src/stables.rs", &long, &["a/src/stables.rs: 1001 lines"]);
}

#[test]
fn a_name_says_what_it_holds() {
    check("a/src/util.rs", "//! Odds.\n", &["a/src/util.rs: `util` says nothing"]);
    check("crates/core/src/arn.rs", "//! ARNs.\n", &["crates/core/src/arn.rs: `core` says nothing"]);
    check("a/src/core_types.rs", "//! More than a bare name.\n", &[]);
}

#[test]
fn unfinished_work_has_an_issue() {
    let mark = concat!("TO", "DO");
    check("a/src/arn.rs", &format!("//! A.\n// {mark}(#12): more.\n"), &[]);
    check("a/src/arn.rs", &format!("//! A.\n// {mark}: more.\n"), &["a/src/arn.rs:2: "]);
    check("a/src/arn.rs", &format!("//! A.\n// {mark}(#): more.\n"), &["a/src/arn.rs:2: "]);
    check("a/run.py", &format!("# {mark} more\n"), &["a/run.py:1: "]);
    check("a/src/arn.rs", &format!("//! A.\nconst {mark}S: u8 = 1;\n"), &[]);
    check("STYLE.md", &format!("`{mark}` has an issue number.\n"), &[]);
}

#[test]
fn no_folder_of_one_machine() {
    let folder = concat!("/ro", "ot/");
    check("README.md", &format!("line\nsee {folder}x\n"), &["README.md:2: "]);
    check("README.md", "see ./x\n", &[]);
}

#[test]
fn search_terms_are_found_in_the_sources() {
    let map = "`NotATerm` stands here.\n\nSearch for `EventBatch`, `batch::open`\nand `Gone`.\n\n`NorHere`.\n";
    assert_eq!(search_terms::terms(map), ["EventBatch", "batch::open", "Gone"]);
    let sources = one("a/src/batch.rs", "//! A batch.\nstruct EventBatch; fn open() {} // Gone_by\n");
    assert_eq!(search_terms::check(map, &sources), ["ARCHITECTURE.md: no source holds the search term `Gone`"]);
}
