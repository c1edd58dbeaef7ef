//! The same configuration gives the same bytes.

use std::collections::BTreeMap;
use std::fs;

use corpus::{Config, ErrorKind, Summary, generate, story};
use tempfile::TempDir;

use crate::bucket::{Bucket, paths};

fn small(seed: u64, threads: usize) -> Config {
    Config { days: 4, threads, ..Config::new(seed, 3_000_000) }
}

fn bytes_of(config: &Config) -> (Summary, BTreeMap<String, Vec<u8>>) {
    let dir = TempDir::new().expect("a temporary folder");
    let summary = generate(config, dir.path()).expect("the corpus is written");
    let files = paths(dir.path()).into_iter().map(|path| {
        let key = path.strip_prefix(dir.path()).expect("listed below the folder").to_string_lossy().into_owned();
        (key, fs::read(&path).expect("a file just listed"))
    });
    (summary, files.collect())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let alone = bytes_of(&small(3, 1));
    for threads in [2, 7] {
        assert!(bytes_of(&small(3, threads)) == alone, "{threads} threads");
    }
}

/// Holds the JSON to that of other machines and earlier builds. A change to the catalogue or to the order of chance
/// changes every corpus: then put the new values here, and say in the change that old corpora cannot be made again.
#[test]
fn any_machine_gives_the_same_records() {
    let bucket = Bucket::generate(small(3, 2));
    let mut fingerprint: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bucket.files.iter().flat_map(|file| file.key.bytes().chain(file.text.bytes())) {
        fingerprint = (fingerprint ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let fingerprint = format!("{fingerprint:016x}");
    assert_eq!(
        (bucket.summary.records, bucket.summary.bytes, fingerprint.as_str()),
        (2050, 3047503, "4824b7317fe50b31")
    );
}

#[test]
fn another_seed_gives_other_bytes() {
    let (one, other) = (bytes_of(&small(3, 2)), bytes_of(&small(4, 2)));
    assert_ne!(one.0.story.leaked_key, other.0.story.leaked_key);
    assert!(one.1.keys().all(|key| !other.1.contains_key(key)), "file names depend on the seed");
}

#[test]
fn the_story_can_be_had_without_a_corpus() {
    let config = small(3, 1);
    assert_eq!(story(&config).expect("a valid configuration"), bytes_of(&config).0.story);
}

#[test]
fn a_refused_configuration_writes_nothing() {
    let dir = TempDir::new().expect("a temporary folder");
    let error = generate(&Config { bytes: 10, ..small(1, 1) }, dir.path()).expect_err("too small");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(paths(dir.path()).len(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let dir = TempDir::new().expect("a temporary folder");
    let occupied = dir.path().join("bucket");
    fs::write(&occupied, "not a folder").expect("a file");
    let error = generate(&small(1, 2), &occupied).expect_err("a file is in the way");
    assert_eq!(error.kind(), ErrorKind::Write);
    assert!(error.to_string().starts_with("cannot write `"), "{error}");
}
