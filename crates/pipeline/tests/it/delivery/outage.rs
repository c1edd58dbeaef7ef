//! What the log is told of a bucket that is gone.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;

thread_local! {
    /// What was heard on this thread, which is one test's.
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Hears what deliveries warn of, a line each: the text, then the fields. There is one for all tests: whether anybody listens to
/// a place in the code is decided once, on whatever thread comes there first.
struct Listener;

impl Listener {
    fn listen() {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
    }

    /// Returns what was heard since it was asked last.
    fn take() -> Vec<String> {
        HEARD.take()
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("pipeline::delivery")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        HEARD.with_borrow_mut(|heard| heard.push(line.text + &line.fields));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    text: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => write!(self.text, "{value:?}").unwrap(),
            name => write!(self.fields, " {name}={value:?}").unwrap(),
        }
    }
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_told_once_an_hour() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    ground.store(&records(0..2)).await;
    Listener::listen();
    settle(&deliveries, at("10:01")).await;
    assert_eq!(Listener::take(), Vec::<String>::new());

    fs::remove_dir(ground.bucket(BUCKET)).unwrap();
    settle(&deliveries, at("10:05")).await;
    let told = Listener::take();
    let [begins] = told.as_slice() else { panic!("{told:#?}") };
    assert!(begins.starts_with("a delivery failed and will be tried again"), "{begins}");
    for word in [format!("of=\"log files of {ARN}\""), "could not deliver".to_owned(), BUCKET.to_owned()] {
        assert!(begins.contains(&word), "{word} in {begins}");
    }

    // Tried every five minutes for four hours, and told of once an hour. Digests wait for their log files.
    let mut lines = Vec::new();
    let mut failures = 0;
    for nth in 2..50 {
        let now = at("10:00") + minutes(nth * 5);
        failures += settle(&deliveries, now).await.failures.len();
        lines.extend(Listener::take().into_iter().map(|line| (nth * 5, line)));
        let status = ground.status().log_files;
        assert_eq!(status.error.as_deref(), Some("NoSuchBucket"));
        assert_eq!(status.attempted, Some(Millis(now.as_millisecond())), "the status tells of each attempt");
    }
    assert!(failures >= 48, "{failures}");
    let minutes_told: Vec<i64> = lines.iter().map(|(minute, _)| *minute).collect();
    assert_eq!(minutes_told, [65, 125, 185, 245], "{lines:#?}");
    let (_, last) = lines.last().unwrap();
    assert!(last.starts_with("a delivery still fails and will be tried again"), "{last}");
    for word in ["since=2026-03-01T10:05:00Z", "attempts=49", BUCKET] {
        assert!(last.contains(word), "{word} in {last}");
    }

    fs::create_dir(ground.bucket(BUCKET)).unwrap();
    for nth in 50..54 {
        settle(&deliveries, at("10:00") + minutes(nth * 5)).await;
    }
    let told = Listener::take();
    let [over] = told.as_slice() else { panic!("{told:#?}") };
    assert!(over.starts_with("a delivery that failed goes on"), "{over}");
    for word in [format!("of=\"log files of {ARN}\""), "since=2026-03-01T10:05:00Z attempts=49".to_owned()] {
        assert!(over.contains(&word), "{word} in {over}");
    }
    assert_eq!(ground.delivered(BUCKET), records(0..2));
    assert_eq!(ground.status().log_files.error, None);
}

#[tokio::test]
async fn a_deleted_trail_whose_digests_go_nowhere_is_given_up_after_a_day() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    let deliveries = ground.deliveries();
    settle(&deliveries, at("10:01")).await;
    fs::remove_dir(ground.bucket(BUCKET)).unwrap();
    ground.stop(at("10:02")).await;
    ground.edit(|trail| trail.deleted = Some(Millis(at("10:02").as_millisecond())));
    for later in [1, 10, 60, 23 * 60] {
        settle(&deliveries, at("10:02") + minutes(later)).await;
        assert!(ground.trail().is_some(), "{later}");
    }
    assert_eq!(ground.status().digests.error.as_deref(), Some("NoSuchBucket"));
    settle(&deliveries, at("10:03") + minutes(24 * 60)).await;
    assert_eq!(ground.trail(), None);
}
