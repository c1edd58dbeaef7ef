//! A webhook: whoever looks at the idempotency key has each event once, through kills.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{EVENTS, lake, records, run_or_kill};
use crate::server::{Handler, Reply, Request, Server};

/// Keeps the body of each request by its key, and has the sender killed at some of them.
#[derive(Default)]
struct Hook {
    state: Mutex<State>,
    kill: Notify,
}

#[derive(Default)]
struct State {
    requests: u32,
    repeats: u32,
    bodies: HashMap<String, Vec<u8>>,
}

/// At which requests the sender is killed: after they were taken, and before it hears of it.
const KILL_AT: [u32; 4] = [2, 5, 11, 12];

impl Handler for Hook {
    fn answer(&self, request: Request) -> Reply {
        let mut state = self.state.lock().expect("the state");
        state.requests += 1;
        let key = request.header("idempotency-key").to_owned();
        let is_signed = request.header("webhook-signature").starts_with("v1,");
        assert!(is_signed && key == request.header("webhook-id"), "{:?}", request.headers);
        match state.bodies.get(&key) {
            Some(body) => {
                assert!(*body == request.body, "a key stands for one body");
                state.repeats += 1;
            }
            None => {
                state.bodies.insert(key, request.body);
            }
        }
        if KILL_AT.contains(&state.requests) {
            self.kill.notify_one();
            return Reply::new(200, "").cut(0);
        }
        Reply::new(200, "")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_repeated_has_the_same_key() {
    let program = lake();
    let hook = Arc::new(Hook::default());
    let server = Server::start(Arc::clone(&hook)).await;
    let url = format!("{}/secret", server.url);
    let mut kills = 0;
    let run = loop {
        let words = ["export", "--format", "ecs", "--batch-bytes-max", "100000", "--retry-delay-ms-min", "1"];
        let mut command = program.command(words);
        command.args(["--retry-delay-ms-max", "4", "--to", &url]).env("TRAILKEEP_WEBHOOK_SECRET", "secret-0123");
        match run_or_kill(command, &hook.kill).await {
            Some(run) => break run,
            None => kills += 1,
        }
    };
    assert_eq!((run.code, kills), (Some(0), KILL_AT.len()), "{run:?}");
    let state = hook.state.lock().expect("the state");
    assert!(state.repeats >= 1, "no request was repeated");
    let mut originals = Vec::new();
    for line in state.bodies.values().flat_map(|body| body.split(|byte| *byte == b'\n')).filter(|line| !line.is_empty())
    {
        let document: serde_json::Value = serde_json::from_slice(line).expect("JSON");
        originals.push(document["event"]["original"].as_str().expect("the record").to_owned());
    }
    originals.sort();
    let mut expected = records(EVENTS);
    expected.sort();
    assert!(originals == expected, "{} events instead of {EVENTS}", originals.len());
}
