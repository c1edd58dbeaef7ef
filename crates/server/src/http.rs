//! The endpoint: requests in, answers out.

mod data;
mod health;
mod ingest;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::keys::Scope;
use crate::operation::Operation;
use crate::recorded;
use crate::service::Service;
use crate::sigv4::{self, Signed};

const JSON_1_1: &str = "application/x-amz-json-1.1";

/// Serves the API on a socket until `stop` is done, and then until the calls that are under way are answered.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    service: Arc<Service>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = router(service).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

fn router(service: Arc<Service>) -> Router {
    let seconds = service.limits.call_seconds_max;
    Router::new()
        .route("/", post(api))
        .route("/PutAuditEvents", post(data::put_audit_events))
        .route("/ingest", post(ingest::ingest))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(seconds),
        ))
        .with_state(service)
}

async fn unknown(method: Method, uri: axum::http::Uri) -> Response<Body> {
    let message = format!("nothing answers {method} {}", uri.path());
    answer_fault(&new_request_id(), &Fault::new(Code::UnknownOperationException, message))
}

/// CloudTrail's own protocol: every operation by `POST /`.
async fn api(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let started = Instant::now();
    let request_id = new_request_id();
    let (request, body) = request.into_parts();
    let target = sigv4::text_header(&request, "x-amz-target").map(str::to_owned);
    let operation = Operation::of_target(target.as_deref());
    let outcome = async {
        let body = read_body(body, service.limits.body_bytes_max).await?;
        let call =
            verified(&service, &request, &body, Peer { address: peer, request_id: &request_id }, &["cloudtrail"])?;
        carry_out(&service, &call, operation.clone()?, &body).await
    };
    let outcome = outcome.await;
    let name = operation.as_ref().map_or("Unknown", |operation| operation.name());
    Answering { service: &service, started, request_id: &request_id, content_type: JSON_1_1 }.answer(name, outcome)
}

/// A call on its way back: counted, and answered by what came of it.
struct Answering<'c> {
    service: &'c Service,
    started: Instant,
    request_id: &'c str,
    content_type: &'static str,
}

impl Answering<'_> {
    fn answer(self, operation: &str, outcome: Result<Vec<u8>>) -> Response<Body> {
        let code = outcome.as_ref().err().map(|fault| fault.code.as_str());
        self.service.metrics.count(operation, code, self.started.elapsed().as_secs_f64());
        match outcome {
            Ok(body) => answer(self.request_id, StatusCode::OK, self.content_type, body),
            Err(fault) => answer_fault(self.request_id, &fault),
        }
    }
}

/// Carries out a call that was verified, and records it.
pub(crate) async fn carry_out(service: &Service, call: &Call, operation: Operation, body: &[u8]) -> Result<Vec<u8>> {
    service.throttle.count(&call.key_id, operation.name(), call.now)?;
    let outcome = match call.authorize(operation.access(), &format!("cloudtrail:{}", operation.name())) {
        Ok(()) => operation.run(service, call, body).await,
        Err(fault) => Err(fault),
    };
    let record = recorded::record(call, operation, body, &outcome);
    let last_seq = recorded::store(service, call, operation.access(), record).await?;
    if let (Some(last_seq), Ok(_)) = (last_seq, &outcome) {
        service.settle_stops(last_seq, Some(call.now.into()))?;
    }
    outcome
}

/// Where a request comes from, and what its answer bears.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    address: SocketAddr,
    request_id: &'a str,
}

/// Finds out who sent a request, which must be signed for one of the services.
pub(crate) fn verified(
    service: &Service,
    request: &Parts,
    body: &[u8],
    peer: Peer<'_>,
    services: &[&str],
) -> Result<Call> {
    let now = service.clock.now();
    let signed = Signed::of(request)?;
    if !services.contains(&signed.credential.service.as_str()) {
        let message = format!("Credential should be scoped to correct service: '{}'.", services.join("' or '"));
        return Err(Fault::new(Code::InvalidSignatureException, message));
    }
    let key = service.keys().get(&signed.credential.key_id)?.ok_or_else(sigv4::unknown_key)?;
    sigv4::verify(request, body, &signed, &key, now)?;
    let header = |name: &str| sigv4::text_header(request, name).map(str::to_owned);
    Ok(Call {
        key_id: key.id,
        account: key.account,
        role: key.role,
        sees_all: key.scope == Scope::All,
        region: signed.credential.region,
        now,
        request_id: peer.request_id.to_owned(),
        source: peer.address.ip(),
        user_agent: header("user-agent"),
        host: header("host"),
    })
}

/// Reads a body up to a limit.
pub(crate) async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes> {
    to_bytes(body, bytes_max).await.map_err(|_| {
        let message = format!("The request's body is larger than {bytes_max} bytes, or ended before it was whole.");
        Fault::new(Code::RequestEntityTooLargeException, message)
    })
}

pub(crate) fn answer_fault(request_id: &str, fault: &Fault) -> Response<Body> {
    let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "__type": fault.code.as_str(), "message": fault.message });
    let mut response = answer(request_id, status, JSON_1_1, body.to_string().into_bytes());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(fault.code.as_str()));
    response
}

pub(crate) fn answer(
    request_id: &str,
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
