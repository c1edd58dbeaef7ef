//! The table of rooms: how it is read, and which packages it refuses.

use std::collections::BTreeSet;

use xtask::tidy::house::{House, Member, Packages};
use xtask::tidy::lock;

const MAP: &str = "\
# Map

| room | pure | may depend on |
|---|---|---|
| `elsewhere` | yes | - |

## The house

| room | knows | pure | may depend on |
|---|---|---|---|
| `event` | records | yes | - |
| `lake` | tables | - | `event` |
| `corpus` | events to read | - | - |
| `door` | flags | - | any |

## Next
";

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A package as (name, needs, tests need, beneath).
type Package<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

/// Checks packages against [`MAP`].
fn check(packages: &[Package<'_>], expect: &[&str]) {
    let members = packages.iter().map(|(name, needs, tests_need, beneath)| {
        let member = Member { needs: set(needs), tests_need: set(tests_need), beneath: set(beneath) };
        ((*name).to_owned(), member)
    });
    let found = House::parse(MAP).expect("the table is sound").check(&Packages { members: members.collect() });
    assert_eq!(found, expect);
}

#[test]
fn arrows_of_the_table_are_allowed() {
    check(
        &[
            ("event", &["arrow"], &["corpus"], &["arrow"]),
            ("lake", &["event", "tokio"], &["corpus"], &["event", "tokio"]),
            ("corpus", &[], &[], &[]),
            ("door", &["event", "lake", "corpus"], &[], &["event", "tokio"]),
        ],
        &[],
    );
}

#[test]
fn other_arrows_are_refused() {
    check(
        &[
            ("event", &["lake"], &[], &["lake", "tokio", "datafusion"]),
            ("lake", &["corpus"], &["attic"], &[]),
            ("corpus", &[], &["event"], &[]),
            ("attic", &[], &[], &[]),
        ],
        &[
            "ARCHITECTURE.md, \"The house\": no row for the package `attic`",
            "the tests of `corpus` must not depend on `event`",
            "ARCHITECTURE.md, \"The house\": `door` is no package of the workspace",
            "`event` must not depend on `lake`",
            "`event` is pure, but `datafusion` lies beneath it: `cargo tree -i datafusion`",
            "`event` is pure, but `tokio` lies beneath it: `cargo tree -i tokio`",
            "`lake` must not depend on `corpus`",
            "the tests of `lake` must not depend on `attic`",
        ],
    );
}

#[test]
fn a_table_that_cannot_be_read_is_an_error() {
    let cases = [
        ("no heading", "has no column `room`"),
        ("## The house\n\n| room | may depend on |\n|---|---|\n", "has no column `pure`"),
        (
            "## The house\n\n| room | pure | may depend on |\n|---|---|---|\n| `a` | maybe | - |\n",
            "cannot read `maybe`",
        ),
        ("## The house\n\n| room | pure | may depend on |\n|---|---|---|\n| `a` | - |\n", "column `may depend on`"),
    ];
    for (map, expect) in cases {
        let error = House::parse(map).expect_err("not a sound table").to_string();
        assert!(error.contains(expect), "{error}");
    }
}

#[test]
fn a_name_without_a_row_is_a_slip() {
    let map = "## The house\n| room | pure | may depend on |\n|---|---|---|\n| `a` | - | `b` |\n";
    let packages = Packages { members: [("a".to_owned(), Member::default())].into() };
    let found = House::parse(map).expect("the table is sound").check(&packages);
    assert_eq!(found, ["ARCHITECTURE.md, \"The house\": `a` names `b`, which has no row"]);
}

#[test]
fn two_versions_of_a_big_library_are_refused() {
    let lock =
        [("arrow", "59.1.0"), ("arrow", "58.0.0"), ("parquet", "59.1.0"), ("serde", "1.0.0"), ("serde", "2.0.0")];
    let found = lock::check_versions(lock.iter().map(|(name, version)| (*name, (*version).to_owned())));
    assert_eq!(found, ["Cargo.lock: `arrow` in several versions (58.0.0, 59.1.0): `cargo tree -d`"]);
}
