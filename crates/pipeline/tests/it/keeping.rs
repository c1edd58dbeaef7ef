//! Compaction and retention: fewer files, the same events; old dates gone, held ones kept.

use std::fs;
use std::path::{Path, PathBuf};

use corpus::Config;
use event::time::EventTime;
use lake::{Compaction, Hold};

use crate::{ask, count, run, writer};

/// Collections that the log files are shared out among.
const PARTS: usize = 3;

fn date(text: &str) -> i32 {
    EventTime::parse(&format!("{text}T00:00:00Z")).unwrap().date()
}

/// All files below a folder.
fn log_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(log_files(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_moves_events_and_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    corpus::generate(&Config::new(3, 2_000_000), &logs).unwrap();
    // Collected in parts, so that each date gets several files.
    let mut files = log_files(&logs);
    files.sort();
    for (nth, file) in files.iter().enumerate() {
        let part = folder.path().join(format!("part-{}", nth % PARTS));
        fs::create_dir_all(&part).unwrap();
        fs::copy(file, part.join(file.file_name().unwrap())).unwrap();
    }
    for nth in 0..PARTS {
        run(&data, &folder.path().join(format!("part-{nth}")), 100_000).await;
    }
    let all = "select eventid || cast(seq as varchar) || record from events order by seq";
    let before = ask(&data, all).await;

    let lake = writer(&data).await;
    let report = lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
    assert!(report.files_after < report.files_before && report.dates > 0, "{report:?}");
    let again = lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
    assert_eq!(again, Default::default());
    lake.close().await;
    assert_eq!(ask(&data, all).await, before);
    // Numbers are not given out twice: after new events the same dates are merged again, by another process.
    let date = ask(&data, "select substr(to_iso8601(max(eventtime)), 1, 10) from events").await.remove(0);
    fs::write(logs.join("late.json"), format!(r#"{{"eventTime":"{date}T03:03:03Z","eventID":"late"}}"#)).unwrap();
    assert_eq!(run(&data, &logs, 100_000).await.stored, 1);
    let lake = writer(&data).await;
    assert_eq!(lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap().dates, 1);
    lake.close().await;
    assert_eq!(count(&data, "select count(*) from events").await, before.len() as u64 + 1);
    // And the lake still takes new events, and knows the old ones.
    fs::remove_file(data.join("control.db")).unwrap();
    let report = run(&data, &logs, 100_000).await;
    assert_eq!((report.stored, report.duplicates), (0, before.len() as u64 + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_deletes_old_dates_but_those_on_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    fs::create_dir(&logs).unwrap();
    let lines = ["2020-01-01", "2020-01-02", "2020-01-03", "2026-01-01"]
        .map(|date| format!(r#"{{"eventTime":"{date}T10:00:00Z","eventID":"{date}"}}"#));
    fs::write(logs.join("log.json"), lines.join("\n")).unwrap();
    run(&data, &logs, 1 << 20).await;

    let lake = writer(&data).await;
    let case = Hold {
        name: "case-7".to_owned(),
        first_date: date("2020-01-02"),
        last_date: date("2020-01-02"),
        reason: "litigation".to_owned(),
    };
    lake.put_hold(&case).unwrap();
    let plan = lake.retention(date("2021-01-01"), true).await.unwrap();
    assert_eq!(
        (plan.deleted_dates.clone(), plan.held_dates.clone()),
        (vec!["2020-01-01".to_owned(), "2020-01-03".to_owned()], vec![("2020-01-02".to_owned(), "case-7".to_owned())])
    );
    assert_eq!(count(&data, "select count(*) from events").await, 4);
    assert_eq!(lake.retention(date("2021-01-01"), false).await.unwrap(), plan);
    assert_eq!(ask(&data, "select eventid from events order by 1").await, ["2020-01-02", "2026-01-01"]);
    assert!(lake.lift_hold("case-7").unwrap());
    assert_eq!(lake.retention(date("2021-01-01"), false).await.unwrap().deleted_dates, ["2020-01-02"]);
    lake.close().await;
}
