//! The push door: everybody is answered when their part is stored, and many share a commit.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use event::time::EventTime;
use lake::location::Location;
use pipeline::keeper::Keeper;
use pipeline::push::{PushBounds, Pusher};
use source::push::Push;

use crate::{NOW, ask, count};

fn event(id: &str) -> String {
    format!(r#"{{"eventVersion":"1.11","eventTime":"2026-05-01T10:00:00Z","eventID":"{id}","eventName":"Push"}}"#)
}

async fn door(data: &std::path::Path) -> (Arc<Keeper>, Pusher, tokio::task::JoinHandle<()>) {
    let now = Arc::new(|| EventTime::parse(NOW).unwrap());
    let keeper = Arc::new(Keeper::open(Location::local(data), now).await.unwrap());
    // The interval lets all that are waiting meet in the second commit.
    let bounds = PushBounds { commit_interval: Duration::from_millis(50), ..PushBounds::default() };
    let (pusher, task) = Pusher::open(Arc::clone(&keeper), bounds);
    (keeper, pusher, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_push_at_once_share_commits_and_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, pusher, task) = door(folder.path()).await;
    let pushes = (0..200).map(|number| {
        let pusher = pusher.clone();
        let body = format!("{}\n{}\n", event(&format!("{number}-a")), event(&format!("{number}-b")));
        tokio::spawn(async move { pusher.push(&format!("test:{number}"), Bytes::from(body)).await.unwrap() })
    });
    let pushes: Vec<_> = pushes.collect();
    let mut last_seq = 0;
    for push in pushes {
        let pushed = push.await.unwrap();
        assert_eq!((pushed.events, pushed.rejects.len()), (2, 0));
        last_seq = last_seq.max(pushed.last_seq);
    }
    assert_eq!(count(folder.path(), "SELECT count(*) FROM events").await, 400);
    assert_eq!(count(folder.path(), "SELECT count(DISTINCT log_file) FROM events").await, 200);
    let commits = count(folder.path(), "SELECT count(DISTINCT seq / 1048576) FROM events").await;
    assert!(commits < 20, "{commits} commits for 200 pushes");
    let above = format!("SELECT count(*) FROM events WHERE seq > {last_seq}");
    assert_eq!(count(folder.path(), &above).await, 0, "no event is above the number that was told");
    drop(pusher);
    task.await.unwrap();
    keeper.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_told_and_kept_and_what_was_there_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, pusher, task) = door(folder.path()).await;
    let cases = [
        // A body, its events, and the bytes at which its rejects begin.
        (format!("{}\n{{\"eventTime\":\"soon\"}}\n{}", event("1"), event("2")), 2, vec![92]),
        (event("1"), 1, vec![]),
        ("no event at all".to_owned(), 0, vec![0]),
        (String::new(), 0, vec![]),
        (format!(r#"{{"Records":[{},{}]}}"#, event("3"), event("4")), 2, vec![]),
    ];
    for (number, (body, events, rejects)) in cases.into_iter().enumerate() {
        let pushed = pusher.push(&format!("test:{number}"), Bytes::from(body.clone())).await.unwrap();
        let offsets: Vec<u64> = pushed.rejects.iter().map(|reject| reject.offset).collect();
        assert_eq!((pushed.events, offsets), (events, rejects), "{body}");
    }
    assert_eq!(ask(folder.path(), "SELECT eventid FROM events ORDER BY 1").await, ["1", "2", "3", "4"]);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM rejects").await, 1);
    drop(pusher);
    task.await.unwrap();
    keeper.close().await;
}
