//! The same places collected in rounds, and places that go away.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipeline::collect::{Progress, Report, collect, follow};

use crate::{ask, plan, writer};

fn put(folder: &Path, name: &str, ids: &[&str]) {
    let record = |id: &&str| format!(r#"{{"eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"{id}"}}"#);
    fs::write(folder.join(name), ids.iter().map(record).collect::<Vec<_>>().join("\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_vanishes_takes_no_other_along() {
    let folder = tempfile::tempdir().unwrap();
    let (data, kept, gone) = (folder.path().join("data"), folder.path().join("kept"), folder.path().join("gone"));
    for (place, id) in [(&kept, "a"), (&gone, "b")] {
        fs::create_dir(place).unwrap();
        put(place, "log.json", &[id]);
    }
    let plan = plan(&[&gone, &kept], 1 << 20).await;
    fs::remove_dir_all(&gone).unwrap();
    let lake = writer(&data).await;
    let report = collect(lake.clone(), plan.clone(), Default::default()).await.unwrap();
    assert_eq!((report.stored, report.failed_total), (1, 1), "{report:?}");
    assert!(report.failed[0].uri.contains("/gone") && report.failed[0].message.contains("it is missing"), "{report:?}");
    // It comes back, with what was in it.
    fs::create_dir(&gone).unwrap();
    put(&gone, "log.json", &["b"]);
    let report = collect(lake.clone(), plan, Default::default()).await.unwrap();
    assert_eq!((report.stored, report.failed_total, report.files_known), (1, 0, 1), "{report:?}");
    lake.close().await;
    assert_eq!(ask(&data, "select eventid from events order by 1").await, ["a", "b"]);
}

/// What a round finds, and then what is counted in all: seen, read, known, stored, duplicates, skipped, failed.
fn counted(report: &Report) -> [u64; 7] {
    let Report { files_seen, files_read, files_known, stored, duplicates, .. } = report;
    [*files_seen, *files_read, *files_known, *stored, *duplicates, report.skipped_total, report.failed_total]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rounds_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let (data, logs) = (folder.path().join("data"), folder.path().join("logs"));
    fs::create_dir(&logs).unwrap();
    put(&logs, "a.json", &["a", "b"]);
    fs::write(logs.join("notes.txt"), "shopping list").unwrap();
    #[cfg(unix)]
    let socket = std::os::unix::net::UnixListener::bind(logs.join("c.sock")).unwrap();
    let lake = writer(&data).await;
    let progress = Arc::new(Progress::default());
    let mut rounds = Vec::new();
    let total = follow(lake.clone(), plan(&[&logs], 1 << 20).await, progress.clone(), async |round: &Report| {
        rounds.push(counted(round));
        match rounds.len() {
            1 => put(&logs, "b.json", &["b", "c"]),
            2 => {}
            3 => put(&logs, "a.json", &["a", "b", "d"]),
            _ => progress.stop.store(true, Ordering::Relaxed),
        }
        true
    })
    .await
    .unwrap();
    lake.close().await;
    // A socket is met in each round, where there are sockets.
    let met = u64::from(cfg!(unix));
    #[cfg(unix)]
    drop(socket);
    let expect = [
        [2 + met, 2, 0, 2, 0, 1 + met, 0],
        [3 + met, 1, 2, 1, 1, met, 0],
        [3 + met, 0, 3, 0, 0, met, 0],
        [3 + met, 1, 2, 1, 2, met, 0],
    ];
    assert_eq!(rounds, expect);
    assert_eq!(counted(&total), [4 + met, 4, 0, 4, 3, 1 + met, 0]);
    assert_eq!(ask(&data, "select eventid from events order by 1").await, ["a", "b", "c", "d"]);
}
