//! `POST /PutAuditEvents`: CloudTrail's data API, which is REST with JSON and names its errors without a suffix.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response};
use url::form_urlencoded;

use super::{Answering, Peer, new_request_id, read_body, verified};
use crate::audit::{self, Address};
use crate::fault::Result;
use crate::service::Service;
use crate::wire::{decode, encode};

pub(super) const JSON: &str = "application/json";
const OPERATION: &str = "PutAuditEvents";

/// Answers a call, once its events are committed.
pub(super) async fn put_audit_events(
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
    let body = read_body(body, service.limits.body_bytes_max).await?;
    let call = verified(service, &request, &body, peer, &["cloudtrail-data"])?;
    service.throttle.count(&call.key_id, OPERATION, call.now)?;
    let address = address(request.uri.query().unwrap_or_default());
    encode(&audit::put_audit_events(service, &call, &address, decode(&body)?).await?)
}

/// Reads what the address of a call names.
fn address(query: &str) -> Address {
    let find = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    Address { channel_arn: find("channelArn"), external_id: find("externalId") }
}
