//! Each kind of destination through the crate's door, against servers on the loopback interface and local folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../loopback/cluster.rs"]
mod cluster;
#[path = "../loopback/server.rs"]
mod server;

mod answering;
mod time;

mod cloud_watch_logs;
mod elasticsearch;
mod files;
mod objects;
mod put;
mod sns;
mod webhook;
mod writer;

use sink::Payload;

/// Returns payloads with offsets that have gaps, as those of events have.
fn payloads(count: u64) -> Vec<Payload> {
    let payload = |nth: u64| Payload {
        id: format!("{:032x}", u128::from(nth) * 0x9e37_79b9_7f4a_7c15),
        offset: (nth / 700) << 20 | (nth % 700),
        bytes: format!(r#"{{"eventID":"{nth}","text":"\"b\" \u00fc ü {}"}}"#, "x".repeat((nth % 97) as usize)).into(),
    };
    (0..count).map(payload).collect()
}

#[test]
fn a_sink_can_be_used_by_any_task() {
    fn is_send<T: Send>(_: &T) {}
    let settings = sink::FilesSettings::new("out", "events");
    let opening = sink::Sink::open(sink::Settings::Files(settings), None, time::StoppedClock::new());
    is_send(&opening);
    is_send(&async {
        let mut sink = opening.await.unwrap();
        sink.send(&payloads(1)).await.unwrap();
        sink.flush().await.unwrap();
    });
}
