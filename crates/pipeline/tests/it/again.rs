//! Collecting again: what is known is not read, what is read twice is stored once, whatever was lost in between.

use std::fs;

use corpus::Config;

use crate::{ask, count, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_stored_once_whatever_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    let made = corpus::generate(&Config::new(7, 2_000_000), &logs).unwrap();

    let first = run(&data, &logs, 300_000).await;
    assert_eq!((first.stored, first.duplicates, first.rejects, first.conflicts), (made.records, 0, 0, 0));
    assert_eq!((first.files_read, first.content_bytes), (made.files, made.bytes));
    let everything = "select count(*) from events";
    assert_eq!(count(&data, everything).await, made.records);
    assert_eq!(count(&data, "select count(distinct seq) from events").await, made.records);

    let second = run(&data, &logs, 300_000).await;
    assert_eq!((second.stored, second.files_read, second.files_known), (0, 0, made.files));

    // The ledger is lost: everything is read again and recognised.
    for file in ["control.db", "control.db-wal", "control.db-shm"] {
        fs::remove_file(data.join(file))
            .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .unwrap();
    }
    let third = run(&data, &logs, 300_000).await;
    assert_eq!((third.stored, third.duplicates), (0, made.records));

    // The fingerprints are lost too: they are made anew from the events themselves.
    fs::remove_file(data.join("control.db")).unwrap();
    fs::remove_dir_all(data.join("fingerprints")).unwrap();
    let fourth = run(&data, &logs, 300_000).await;
    assert_eq!((fourth.stored, fourth.duplicates), (0, made.records));
    assert_eq!(count(&data, everything).await, made.records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overwritten_file_is_read_again_and_a_forged_record_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    fs::create_dir(&logs).unwrap();
    let record = |name: &str, id: &str| {
        format!(
            r#"{{"eventTime":"2026-01-02T03:04:05Z","eventName":"{name}","eventID":"{id}","recipientAccountId":"111122223333"}}"#
        )
    };
    fs::write(
        logs.join("a.json"),
        [record("forged", "1"), record("b", "2"), record("b", "2"), "{\"torn".to_owned()].join("\n"),
    )
    .unwrap();
    let first = run(&data, &logs, 1 << 20).await;
    assert_eq!((first.stored, first.duplicates, first.conflicts, first.rejects), (2, 1, 0, 1));

    fs::write(
        logs.join("a.json"),
        [record("forged", "1"), record("true", "1"), record("c", "3"), "{\"torn".to_owned(), "{\"torn".to_owned()]
            .join("\n"),
    )
    .unwrap();
    let second = run(&data, &logs, 1 << 20).await;
    assert_eq!((second.stored, second.duplicates, second.conflicts, second.rejects), (2, 1, 1, 2));
    assert_eq!(ask(&data, "select eventname from conflicts order by conflict").await, ["forged", "true"]);
    assert_eq!(ask(&data, "select eventname from events where conflict").await, ["true"]);
    // A reject is known by its place and bytes: moved by three bytes, line 4 is another one.
    assert_eq!(ask(&data, "select cast(log_number as varchar) from rejects order by seq").await, ["4", "4", "5"]);
}
