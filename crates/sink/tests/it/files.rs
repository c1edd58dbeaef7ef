//! Numbered files: split by size, the same after each restart, whole or not there.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use sink::{ErrorKind, FilesSettings, Framing, PartLimits, Payload, Position, Settings, Sink};

use crate::payloads;
use crate::time::StoppedClock;

fn settings(folder: &Path, gzip: bool, part_bytes_max: u64, part_payloads_max: u64) -> FilesSettings {
    let part = PartLimits { part_bytes_max, part_payloads_max };
    FilesSettings { gzip, part, ..FilesSettings::new(folder.join("new/out"), "events") }
}

async fn open(settings: FilesSettings, from: Option<Position>) -> sink::Result<Sink> {
    Sink::open(Settings::Files(settings), from, StoppedClock::new()).await
}

fn after(payloads: &[Payload], position: Position) -> &[Payload] {
    let first = payloads.partition_point(|payload| position.offset.is_some_and(|offset| payload.offset <= offset));
    &payloads[first..]
}

/// Returns the bytes of all files by their names.
fn content(settings: &FilesSettings) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(&settings.folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

/// Returns what the files hold, one after the other.
fn lines(content: &BTreeMap<String, Vec<u8>>) -> String {
    let mut text = String::new();
    for (name, bytes) in content {
        if name.ends_with(".gz") {
            GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        } else {
            text += str::from_utf8(bytes).unwrap();
        }
    }
    text
}

fn expected(payloads: &[Payload]) -> String {
    payloads.iter().map(|payload| format!("{}\n", str::from_utf8(&payload.bytes).unwrap())).collect()
}

#[tokio::test]
async fn files_are_split_and_the_same_however_one_gets_there() {
    // Compression, the limits of a file, how many payloads there are, and how many files they make.
    let cases = [
        (false, 2_000, u64::MAX, 300, 14),
        (true, 2_000, u64::MAX, 300, 14),
        (true, 1 << 20, 100, 300, 3),
        (false, 1, 1, 20, 20),
    ];
    for (gzip, bytes_max, payloads_max, count, files) in cases {
        let shown = format!("{gzip} {bytes_max} {payloads_max}");
        let sent = payloads(count);
        let whole = tempfile::tempdir().unwrap();
        let settings_whole = settings(whole.path(), gzip, bytes_max, payloads_max);
        let mut sink = open(settings_whole.clone(), None).await.unwrap();
        assert_eq!(sink.send(&sent).await.unwrap().accepted, count, "{shown}");
        sink.flush().await.unwrap();
        let position = sink.position();
        assert_eq!(position.offset, sent.last().map(|payload| payload.offset), "{shown}");
        let expect = content(&settings_whole);
        assert_eq!((expect.len(), position.parts), (files, files as u64), "{shown}");
        assert!(lines(&expect) == expected(&sent), "{shown}");
        let extension = if gzip { "jsonl.gz" } else { "jsonl" };
        assert_eq!(expect.keys().next(), Some(&format!("events-000001.{extension}")), "{shown}");

        // The same in several runs, each of which dies: before it stored the position, or after.
        for (handed_over, calls_a_run) in [(1, 50), (7, 9), (64, 1)] {
            let parted = tempfile::tempdir().unwrap();
            let settings = settings(parted.path(), gzip, bytes_max, payloads_max);
            let mut stored = Position::default();
            loop {
                let mut sink = open(settings.clone(), Some(stored)).await.unwrap();
                let rest = after(&sent, stored);
                let mut calls = rest.chunks(handed_over);
                for some in calls.by_ref().take(calls_a_run) {
                    sink.send(some).await.unwrap();
                }
                if calls.next().is_none() {
                    sink.flush().await.unwrap();
                    assert_eq!(sink.position(), position, "{shown}");
                    break;
                }
                // A run that finished no file at all would go on for ever.
                let moved = sink.position() != stored;
                stored = sink.position();
                if !moved {
                    sink.send(&rest[handed_over * calls_a_run..]).await.unwrap();
                    sink.flush().await.unwrap();
                    break;
                }
            }
            assert!(content(&settings) == expect, "{shown} {handed_over} {calls_a_run}");
        }
    }
}

#[tokio::test]
async fn a_file_that_was_finished_before_its_position_was_stored_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), false, u64::MAX, 10);
    let sent = payloads(25);
    for (upto, flush, files) in [(15, false, 2), (12, true, 2), (25, true, 3)] {
        let mut sink = open(settings.clone(), Some(Position::default())).await.unwrap();
        sink.send(&sent[..upto]).await.unwrap();
        if flush {
            sink.flush().await.unwrap();
        }
        assert_eq!(content(&settings).len(), files, "{upto}");
        let open = content(&settings).keys().filter(|name| name.ends_with(".partial")).count();
        assert_eq!(open, usize::from(!flush), "{upto}");
    }
    assert!(lines(&content(&settings)) == expected(&sent));
}

#[tokio::test]
async fn nothing_is_overwritten_by_mistake() {
    // What is there already, and whether it is in the way.
    let cases = [
        ("events-000001.jsonl", true),
        ("events-000007.jsonl.gz", true),
        ("events-1000000.jsonl", true),
        ("events-000001.csv", false),
        ("events-00001.jsonl", false),
        ("events-000001.jsonl.partial", false),
        ("more-events-000001.jsonl", false),
    ];
    for (name, is_occupied) in cases {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), false, 100, 1);
        fs::create_dir_all(&settings.folder).unwrap();
        fs::write(settings.folder.join(name), "here").unwrap();
        let opened = open(settings.clone(), None).await;
        assert_eq!(opened.err().map(|error| error.kind()), is_occupied.then_some(ErrorKind::Occupied), "{name}");
        assert!(open(settings, Some(Position::default())).await.is_ok(), "{name}");
    }
    for (name, extension) in [("", "jsonl"), ("a/b", "jsonl"), ("a", "../b"), ("a\0", "b")] {
        let folder = tempfile::tempdir().unwrap();
        let settings = FilesSettings { extension: extension.into(), ..FilesSettings::new(folder.path(), name) };
        assert_eq!(open(settings, None).await.unwrap_err().kind(), ErrorKind::Configuration, "{name}");
    }
}

#[tokio::test]
async fn payloads_stand_in_files_as_they_are_framed() {
    let csv = Framing::Lines { header: "a,b\r\n".into() };
    // The framing, the most bytes of a file, and the files that three payloads of four bytes make.
    let cases: [(Framing, u64, &[&str]); 4] = [
        (Framing::default(), 10, &["1,2\r\n3,4\r\n", "5,6\r\n"]),
        (csv.clone(), 10, &["a,b\r\n1,2\r\n", "a,b\r\n3,4\r\n", "a,b\r\n5,6\r\n"]),
        (csv, 15, &["a,b\r\n1,2\r\n3,4\r\n", "a,b\r\n5,6\r\n"]),
        (Framing::Whole, 1_000, &["1,2\r", "3,4\r", "5,6\r"]),
    ];
    for (framing, part_bytes_max, expect) in cases {
        let folder = tempfile::tempdir().unwrap();
        let shown = format!("{framing:?} {part_bytes_max}");
        let settings = FilesSettings { framing, ..settings(folder.path(), false, part_bytes_max, u64::MAX) };
        let texts = ["1,2\r", "3,4\r", "5,6\r"].into_iter().zip(1..);
        let sent: Vec<_> =
            texts.map(|(text, offset)| Payload { id: String::new(), offset, bytes: text.into() }).collect();
        let mut sink = open(settings.clone(), None).await.unwrap();
        sink.send(&sent).await.unwrap();
        sink.flush().await.unwrap();
        let found: Vec<_> = content(&settings).into_values().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        assert_eq!(found, expect, "{shown}");
    }
}

#[tokio::test]
async fn two_writers_do_not_meet_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), false, u64::MAX, u64::MAX);
    let sent = payloads(2);
    let mut first = open(settings.clone(), None).await.unwrap();
    first.send(&sent[..1]).await.unwrap();
    let mut second = open(settings.clone(), None).await.unwrap();
    let error = second.send(&sent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied, "{error}");
    first.send(&sent[1..]).await.unwrap();
    first.flush().await.unwrap();
    assert!(lines(&content(&settings)) == expected(&sent));
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), false, u64::MAX, u64::MAX);
    let mut sink = open(settings.clone(), None).await.unwrap();
    sink.send(&payloads(1)).await.unwrap();
    sink.flush().await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&settings.folder), mode(&settings.folder.join("events-000001.jsonl"))), (0o700, 0o600));
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("new"), "a file").unwrap();
    let error = open(settings(folder.path(), false, 1, 1), None).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot make the folder `"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}
