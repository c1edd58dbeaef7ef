//! A cluster that speaks `_bulk` as documented, and fails as real ones do, by a seed.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Mutex;

use flate2::read::GzDecoder;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::server::{Handler, Reply, Request};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Some documents come too fast.
    SomeBusy,
    /// The whole request comes too fast.
    AllBusy,
    /// There is no master node.
    Unavailable,
    /// A proxy says something in between, before the cluster has seen anything.
    Html,
    /// A proxy says something in between, and even that all is well.
    HtmlWell,
    /// The connection breaks while the request is sent.
    CutRequest,
    /// All was done, and the connection breaks while the answer is sent.
    CutAnswer,
    /// All was done, and the connection breaks before the answer.
    LostAnswer,
    /// All was done, and the answer is broken.
    BrokenJson,
}

impl Fault {
    pub(crate) const ALL: [Self; 9] = [
        Self::SomeBusy,
        Self::AllBusy,
        Self::Unavailable,
        Self::Html,
        Self::HtmlWell,
        Self::CutRequest,
        Self::CutAnswer,
        Self::LostAnswer,
        Self::BrokenJson,
    ];
}

/// How a cluster behaves.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    /// What goes wrong follows from it.
    pub(crate) seed: u64,
    /// How many bytes of a request it takes, once unpacked.
    pub(crate) bytes_max: usize,
    /// How many of a hundred requests go wrong.
    pub(crate) fault_percent: u32,
    /// After how many seconds it asks to come back when it is busy.
    pub(crate) retry_after_s: u64,
    /// At which of the `_bulk` requests the sender is killed.
    pub(crate) kill_at: Vec<u32>,
}

/// The cluster.
pub(crate) struct Cluster {
    manners: Manners,
    state: Mutex<State>,
    /// Tells that the sender is to be killed.
    pub(crate) kill: Notify,
}

struct State {
    random: SmallRng,
    documents: HashMap<String, String>,
    /// By which faults requests went wrong; how many were too large.
    faults: HashMap<Fault, u32>,
    too_large: u32,
    /// How many `_bulk` requests came.
    requests: u32,
    next: Option<Fault>,
}

impl Cluster {
    pub(crate) fn new(manners: Manners) -> Self {
        let state = State {
            random: SmallRng::seed_from_u64(manners.seed),
            documents: HashMap::new(),
            faults: HashMap::new(),
            too_large: 0,
            requests: 0,
            next: None,
        };
        Self { manners, state: Mutex::new(state), kill: Notify::new() }
    }

    /// Returns the documents by their ids.
    pub(crate) fn documents(&self) -> HashMap<String, String> {
        self.state.lock().unwrap().documents.clone()
    }

    /// Returns how often each fault befell a request.
    pub(crate) fn faults(&self) -> HashMap<Fault, u32> {
        self.state.lock().unwrap().faults.clone()
    }

    pub(crate) fn too_large(&self) -> u32 {
        self.state.lock().unwrap().too_large
    }

    fn bulk(&self, request: &Request) -> Reply {
        let mut state = self.state.lock().unwrap();
        let fault = state.next.take();
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        match fault {
            Some(Fault::AllBusy) => {
                return error(429, "es_rejected_execution_exception").header("Retry-After", self.manners.retry_after_s);
            }
            Some(Fault::Unavailable) => return error(503, "cluster_block_exception"),
            Some(Fault::Html) => return Reply::new(502, "<html>bad gateway</html>"),
            Some(Fault::HtmlWell) => return Reply::new(200, "<html>please log in</html>"),
            _ => {}
        }
        let mut text = String::new();
        if request.header("content-encoding") == "gzip" {
            GzDecoder::new(&request.body[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(request.body.clone()).unwrap();
        }
        if text.len() > self.manners.bytes_max {
            state.too_large += 1;
            return Reply::new(413, "");
        }
        let Some(items) = state.create(&text, fault == Some(Fault::SomeBusy)) else {
            return error(400, "illegal_argument_exception");
        };
        let errors = items.iter().any(|item| item["create"]["status"] != 201);
        let answer = Reply::new(200, json!({"took": 1, "errors": errors, "items": items}).to_string());
        match fault {
            Some(Fault::CutAnswer) => answer.cut(60),
            Some(Fault::LostAnswer) => answer.cut(0),
            Some(Fault::BrokenJson) => Reply { body: answer.body[..answer.body.len() / 2].into(), ..answer },
            _ => answer,
        }
    }
}

impl State {
    /// Creates the documents of a request. `None` if it is none.
    fn create(&mut self, text: &str, some_busy: bool) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        let mut lines = text.strip_suffix('\n')?.split('\n');
        while let Some(action) = lines.next() {
            let action: Value = serde_json::from_str(action).ok()?;
            let id = action["create"]["_id"].as_str()?.to_owned();
            let source = lines.next()?;
            serde_json::from_str::<Value>(source).ok()?;
            let failed =
                |status: u16, kind: &str| json!({"_id": id, "status": status, "error": {"type": kind, "reason": "so"}});
            let status = if some_busy && self.random.random_ratio(1, 3) {
                failed(429, "es_rejected_execution_exception")
            } else if source.contains("poison") {
                failed(400, "document_parsing_exception")
            } else if self.documents.contains_key(&id) {
                failed(409, "version_conflict_engine_exception")
            } else {
                self.documents.insert(id.clone(), source.to_owned());
                json!({"_id": id, "status": 201, "result": "created"})
            };
            items.push(json!({"create": status}));
        }
        Some(items)
    }
}

impl Handler for Cluster {
    /// Draws what goes wrong, before anything is read.
    fn hangs_up(&self, request: &Request) -> bool {
        if !request.path().ends_with("/_bulk") {
            return false;
        }
        let mut state = self.state.lock().unwrap();
        state.requests += 1;
        if self.manners.kill_at.contains(&state.requests) {
            // The sender goes before this request is done, or, every other time, right after.
            self.kill.notify_one();
            if state.requests.is_multiple_of(2) {
                return true;
            }
        }
        if !state.random.random_ratio(self.manners.fault_percent, 100) {
            return false;
        }
        let nth = state.random.random_range(0..Fault::ALL.len());
        let fault = Fault::ALL[nth];
        if fault == Fault::CutRequest {
            *state.faults.entry(fault).or_default() += 1;
            return true;
        }
        state.next = Some(fault);
        false
    }

    fn answer(&self, request: Request) -> Reply {
        if request.header("authorization") != "ApiKey aWQ6a2V5" {
            return error(401, "security_exception");
        }
        match (request.method.as_str(), request.path()) {
            ("GET", "/") => Reply::new(200, json!({"version": {"number": "9.2.0"}}).to_string()),
            ("GET", "/_data_stream/logs-aws.cloudtrail-default") => Reply::new(200, "{}"),
            ("POST", "/logs-aws.cloudtrail-default/_bulk")
                if request.header("content-type") == "application/x-ndjson" =>
            {
                self.bulk(&request)
            }
            _ => error(404, "index_not_found_exception"),
        }
    }
}

/// Returns an error as the service words it.
pub(crate) fn error(status: u16, kind: &str) -> Reply {
    let body = json!({"error": {"type": kind, "reason": format!("about {kind}")}, "status": status});
    Reply::new(status, body.to_string())
}
