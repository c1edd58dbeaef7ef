//! Holds: they lie beside the events they protect, and outlive the control documents.

use std::path::Path;

use event::time::EventTime;
use lake::error::ErrorKind;
use lake::{Hold, Writer};

use crate::ground::{append, ask, copy, record, writer};

fn date(text: &str) -> i32 {
    EventTime::parse(&format!("{text}T00:00:00Z")).unwrap().date()
}

fn hold(name: &str, from: &str, to: &str) -> Hold {
    Hold { name: name.to_owned(), first_date: date(from), last_date: date(to), reason: "litigation".to_owned() }
}

fn names(writer: &Writer) -> Vec<String> {
    writer.holds().unwrap().into_iter().map(|hold| hold.name).collect()
}

fn documents(data: &Path) -> Vec<std::path::PathBuf> {
    let folder = data.join("lake/events/_trailkeep/holds");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Removes everything but the tables.
fn lose_control(data: &Path) {
    for name in ["control.db", "control.db-wal", "control.db-shm"] {
        if data.join(name).exists() {
            std::fs::remove_file(data.join(name)).unwrap();
        }
    }
    std::fs::remove_dir_all(data.join("fingerprints")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_outlives_the_control_documents() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let lake = writer(data).await;
    append(&lake, &["2020-01-01", "2020-01-02", "2020-01-03"].map(|date| record(date, date))).await;
    let odd = "Fall 7/ä \"x\" ../..";
    for held in [hold("case-7", "2020-01-02", "2020-01-02"), hold(odd, "2020-01-03", "2020-01-05")] {
        lake.put_hold(&held).unwrap();
    }
    assert_eq!(names(&lake), [odd, "case-7"]);
    lake.close().await;
    lose_control(data);

    let lake = writer(data).await;
    assert_eq!(names(&lake), [odd, "case-7"]);
    let report = lake.retention(date("2021-01-01"), false).await.unwrap();
    assert_eq!(report.deleted_dates, ["2020-01-01"]);
    let held = [("2020-01-02".to_owned(), "case-7".to_owned()), ("2020-01-03".to_owned(), odd.to_owned())];
    assert_eq!(report.held_dates, held);
    assert_eq!(ask(data, "SELECT eventid FROM events ORDER BY 1").await, ["2020-01-02", "2020-01-03"]);

    // A hold of the same name is replaced, and one that is lifted is gone, however often one asks.
    lake.put_hold(&hold("case-7", "2019-01-01", "2019-01-01")).unwrap();
    assert_eq!(documents(data).len(), 2);
    assert_eq!((lake.lift_hold(odd).unwrap(), lake.lift_hold(odd).unwrap()), (true, false));
    assert_eq!(names(&lake), ["case-7"]);
    assert_eq!(lake.retention(date("2021-01-01"), false).await.unwrap().deleted_dates, ["2020-01-02", "2020-01-03"]);
    lake.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_move_with_the_table() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = writer(first.path()).await;
    append(&lake, &[record("2020-01-01", "a")]).await;
    lake.put_hold(&hold("case-7", "2020-01-01", "2020-01-01")).unwrap();
    lake.close().await;
    copy(&first.path().join("lake"), &second.path().join("lake"));
    let lake = writer(second.path()).await;
    assert_eq!(lake.retention(date("2021-01-01"), false).await.unwrap().deleted_dates, Vec::<String>::new());
    lake.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_of_an_older_version_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    writer(data).await.close().await;
    let old = rusqlite::Connection::open(data.join("control.db")).unwrap();
    let sql = "INSERT INTO hold (name, first_date, last_date, reason) VALUES ('old', 18262, 18263, 'why')";
    old.execute(sql, []).unwrap();
    drop(old);
    let lake = writer(data).await;
    let expect = Hold { name: "old".to_owned(), first_date: 18_262, last_date: 18_263, reason: "why".to_owned() };
    assert_eq!(lake.holds().unwrap(), [expect]);
    assert_eq!(documents(data).len(), 1);
    assert!(lake.lift_hold("old").unwrap());
    assert_eq!(lake.holds().unwrap(), []);
    lake.close().await;
}

/// What cannot be read may protect anything: nothing is deleted then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_hold_stops_retention() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let lake = writer(data).await;
    append(&lake, &[record("2020-01-01", "a")]).await;
    lake.put_hold(&hold("case-7", "2020-01-01", "2020-01-01")).unwrap();
    let document = documents(data).remove(0);
    for (text, expect) in [
        ("{\"version\":1,\"name\":\"case-7\"", ErrorKind::Corrupt),
        (
            "{\"version\":2,\"name\":\"case-7\",\"first_date\":\"2020-01-01\",\"last_date\":\"2020-01-01\",\"reason\":\"\"}",
            ErrorKind::Unsupported,
        ),
        (
            "{\"version\":1,\"name\":\"case-7\",\"first_date\":\"soon\",\"last_date\":\"2020-01-01\",\"reason\":\"\"}",
            ErrorKind::Corrupt,
        ),
    ] {
        std::fs::write(&document, text).unwrap();
        let error = lake.retention(date("2021-01-01"), false).await.unwrap_err();
        assert_eq!(error.kind(), expect, "{text}: {error}");
        assert!(error.to_string().contains("_trailkeep/holds/"), "{error}");
        assert_eq!(ask(data, "SELECT eventid FROM events").await, ["a"], "{text}");
    }
    // Putting it anew mends it.
    lake.put_hold(&hold("case-7", "2020-01-01", "2020-01-01")).unwrap();
    assert_eq!(names(&lake), ["case-7"]);
    lake.close().await;
}
