//! `POST /ingest`: records pushed in, in any form that a collection reads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response};
use serde::Serialize;

use super::data::JSON;
use super::{Answering, Peer, new_request_id, read_body, verified};
use crate::fault::{Fault, Result};
use crate::operation::Access;
use crate::service::Service;
use crate::wire::encode;

/// What the rows of these events tell as their log file.
const PLACE: &str = "trailkeep:ingest";
const OPERATION: &str = "Ingest";

/// What became of a body.
#[derive(Debug, Serialize)]
struct Output {
    /// Events that are in the lake now, those that were there before included.
    events: u64,
    /// What was no event.
    rejects: Vec<Reject>,
}

#[derive(Debug, Serialize)]
struct Reject {
    /// The first byte of it in the body, inflated.
    offset: u64,
    /// Why it is none.
    reason: String,
}

/// Answers a push, once its events are committed.
pub(super) async fn ingest(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let started = Instant::now();
    let request_id = new_request_id();
    let outcome = carry_out(&service, request, Peer { address: peer, request_id: &request_id }).await;
    Answering { service: &service, started, request_id: &request_id, content_type: JSON }.answer(OPERATION, outcome)
}

async fn carry_out(service: &Service, request: Request<Body>, peer: Peer<'_>) -> Result<Vec<u8>> {
    let (request, body) = request.into_parts();
    let body = read_body(body, service.limits.ingest_bytes_max).await?;
    let call = verified(service, &request, &body, peer, &["trailkeep", "cloudtrail-data"])?;
    service.throttle.count(&call.key_id, OPERATION, call.now)?;
    call.authorize(Access::Write, "trailkeep:Ingest")?;
    let pushed = service.push.push(PLACE, body).await;
    let pushed = pushed.map_err(|error| Fault::internal("store what was pushed", &error))?;
    let rejects = pushed.rejects.into_iter().map(|reject| Reject { offset: reject.offset, reason: reject.reason });
    encode(&Output { events: pushed.events, rejects: rejects.collect() })
}
