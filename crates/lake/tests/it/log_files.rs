//! The table of log files, and what its rows make of events.

use std::path::Path;

use event::limits::Limits;
use event::open::{Content, Opened, Opener};
use event::time::EventTime;
use lake::{Batch, Chunk, Compaction, LogFile, LogFileKind, Place, Writer};

use crate::ground::{append, ask, record, writer};

const DATE: &str = "2026-03-01";

/// Stores one event of a log file together with rows.
async fn store(writer: &Writer, uri: &str, id: &str, log_files: Vec<LogFile>) {
    let places = vec![Place { uri: uri.to_owned(), etag: None }];
    let mut batch = Batch { places, log_files, ..Batch::default() };
    let mut opener = Opener::new(writer.fingerprint_key(), Limits::default());
    let mut gather = |opened: Opened| {
        let events = opened.events.len();
        batch.chunks.push(Chunk::whole(opened.events, vec![(0, events)]));
        Ok::<(), event::error::Error>(())
    };
    opener.open(Content::Bytes(record(DATE, id).as_bytes()), &mut gather).unwrap();
    writer.commit(writer.prepare(batch).unwrap()).await.unwrap();
}

fn collected(name: &str, sha256: Option<&str>) -> LogFile {
    let time = EventTime::parse(&format!("{DATE}T10:00:00Z"));
    LogFile {
        uri: format!("file:///logs/{name}"),
        file_name: Some(name.to_owned()),
        sha256: sha256.map(str::to_owned),
        oldest_event_time: time,
        newest_event_time: time,
        ..LogFile::default()
    }
}

fn promised(digest: &str, name: &str, sha256: &str) -> LogFile {
    LogFile {
        kind: LogFileKind::Promised,
        uri: format!("file:///digests/{digest}"),
        key: Some(format!("AWSLogs/{name}")),
        file_name: Some(name.to_owned()),
        sha256: Some(sha256.to_owned()),
        digest: Some(format!("s3://b/{digest}")),
        digest_sha256: Some(format!("sha of {digest}")),
        ..LogFile::default()
    }
}

fn proof(digest: &str, standing: &str) -> LogFile {
    LogFile {
        kind: LogFileKind::Proof,
        uri: format!("file:///digests/{digest}"),
        digest: Some(format!("s3://b/{digest}")),
        digest_sha256: Some(format!("sha of {digest}")),
        standing: Some(standing.to_owned()),
        ..LogFile::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn integrity_follows_from_what_proven_digests_promise() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let lake = writer(data).await;
    // The log file, its content, and what is to be said of it.
    let cases = [
        ("same.json.gz", Some("1"), "verified s3://b/valid"),
        ("inflated.json", Some("2"), "verified s3://b/valid"),
        ("other.json.gz", Some("9"), "tampered s3://b/valid"),
        ("broken.json.gz", None, "tampered s3://b/valid"),
        ("renamed.json.gz", Some("5"), "verified s3://b/valid"),
        ("twice.json.gz", Some("7"), "verified s3://b/again"),
        ("believed.json.gz", Some("8"), "unverified s3://b/refuted"),
        ("waiting.json.gz", Some("9"), "unverified s3://b/waiting"),
        ("unknown.json.gz", Some("66"), "unverified -"),
    ];
    for (name, sha256, _) in cases {
        store(&lake, &format!("file:///logs/{name}"), name, vec![collected(name, sha256)]).await;
    }
    // Nothing is known of the file of this one.
    append(&lake, &[record(DATE, "loose")]).await;
    let rows = vec![
        promised("valid", "same.json.gz", "1"),
        promised("valid", "inflated.json.gz", "2"),
        promised("valid", "other.json.gz", "3"),
        promised("valid", "broken.json.gz", "4"),
        promised("valid", "before.json.gz", "5"),
        promised("valid", "twice.json.gz", "6"),
        promised("again", "twice.json.gz", "7"),
        promised("refuted", "believed.json.gz", "8"),
        promised("waiting", "waiting.json.gz", "9"),
        proof("valid", "valid"),
        proof("again", "invalid"),
        proof("again", "valid"),
        proof("refuted", "invalid"),
    ];
    store(&lake, "-", "last", rows).await;
    lake.close().await;
    let found = ask(
        data,
        "SELECT eventid || ' ' || integrity || ' ' || coalesce(integrity_digest, '-') FROM events ORDER BY seq",
    )
    .await;
    let expect = cases.iter().map(|(name, _, expect)| format!("{name} {expect}"));
    let expect: Vec<String> = expect.chain(["loose unverified -".to_owned(), "last unverified -".to_owned()]).collect();
    assert_eq!(found, expect);
    for (sql, expect) in [
        (
            "SELECT eventid FROM events WHERE integrity = 'tampered' ORDER BY 1",
            &["broken.json.gz", "other.json.gz"][..],
        ),
        ("SELECT eventid FROM events WHERE integrity IN ('tampered') AND log_file LIKE '%other%'", &["other.json.gz"]),
        (
            "SELECT event_id FROM aws_cloudtrail_log WHERE 'tampered' = integrity ORDER BY 1",
            &["broken.json.gz", "other.json.gz"],
        ),
        ("SELECT e.eventid FROM events e WHERE (e.integrity = 'tampered' AND e.eventid < 'c')", &["broken.json.gz"]),
        ("SELECT eventid FROM events WHERE integrity = 'nonsense'", &[]),
        ("SELECT eventid FROM events WHERE integrity_digest = 's3://b/again'", &["twice.json.gz"]),
        (
            "SELECT a.eventid FROM events a JOIN events b ON a.eventid = b.eventid WHERE a.integrity = 'tampered' AND b.integrity = 'tampered' ORDER BY 1",
            &["broken.json.gz", "other.json.gz"],
        ),
    ] {
        assert_eq!(ask(data, sql).await, expect, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_content_of_a_file_has_its_own_events() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let lake = writer(data).await;
    let uri = "file:///logs/a.json.gz";
    for (id, sha256) in [("first", "1"), ("forged", "9"), ("mended", "2")] {
        store(&lake, uri, id, vec![collected("a.json.gz", Some(sha256))]).await;
    }
    store(
        &lake,
        "-",
        "digest",
        vec![promised("d", "a.json.gz", "1"), promised("d", "b.json.gz", "2"), proof("d", "valid")],
    )
    .await;
    lake.close().await;
    let found = ask(data, "SELECT eventid || ' ' || integrity FROM events WHERE log_file <> '-' ORDER BY seq").await;
    // The third is no content of this file, though another's.
    assert_eq!(found, ["first verified", "forged tampered", "mended tampered"]);
}

async fn count(data: &Path) -> Vec<String> {
    ask(data, "SELECT count(*) FROM log_files").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lake_without_the_table_reads_it_as_empty_and_gains_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let lake = writer(data).await;
    append(&lake, &[record(DATE, "old")]).await;
    lake.close().await;
    std::fs::remove_dir_all(data.join("lake/log_files")).unwrap();
    assert_eq!(count(data).await, ["0"]);
    assert_eq!(ask(data, "SELECT integrity FROM events").await, ["unverified"]);
    let lake = writer(data).await;
    store(&lake, "file:///logs/a.json.gz", "new", vec![collected("a.json.gz", Some("1"))]).await;
    lake.close().await;
    assert_eq!(count(data).await, ["1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_known_even_when_only_the_table_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let rows = || vec![collected("a.json.gz", Some("1")), promised("d", "a.json.gz", "1"), proof("d", "valid")];
    for lost in [&[][..], &["control.db"], &["control.db", "fingerprints"]] {
        for name in lost {
            let path = data.join(name);
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
        let lake = writer(data).await;
        for _ in 0..2 {
            store(&lake, "file:///logs/a.json.gz", "a", rows()).await;
        }
        lake.close().await;
        assert_eq!(count(data).await, ["3"], "{lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_files_are_merged_and_rows_stay_known() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let names = ["a", "b", "c", "d", "e"];
    let row = |name: &str| collected(&format!("{name}.json.gz"), Some("1"));
    let lake = writer(data).await;
    for name in names {
        store(&lake, &format!("file:///logs/{name}.json.gz"), name, vec![row(name)]).await;
        append(&lake, &[format!("{{\"no event\": \"{name}\"}}")]).await;
    }
    let questions = [
        "SELECT uri || seq FROM log_files ORDER BY seq",
        "SELECT arrow_cast(bytes, 'Utf8') || seq FROM rejects ORDER BY seq",
    ];
    let before = [ask(data, questions[0]).await, ask(data, questions[1]).await];
    let report = lake.compact(Compaction::default()).await.unwrap();
    let other = report.other_tables;
    assert_eq!((other.files_before, other.files_after, other.rows), (10, 2, 10), "{report:?}");
    lake.close().await;
    for (sql, before) in questions.iter().zip(&before) {
        assert_eq!(ask(data, sql).await, *before, "{sql}");
    }
    // The next writer does not give a number out again, and knows what is merged, even from the table alone.
    for lost in [false, true] {
        if lost {
            std::fs::remove_file(data.join("control.db")).unwrap();
            std::fs::remove_dir_all(data.join("fingerprints")).unwrap();
        }
        let lake = writer(data).await;
        store(&lake, "file:///logs/a.json.gz", "a", vec![row("a")]).await;
        store(&lake, "file:///logs/f.json.gz", "f", vec![row("f")]).await;
        lake.close().await;
        assert_eq!(count(data).await, ["6"], "lost: {lost}");
    }
}
