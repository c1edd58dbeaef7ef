//! Whether the service can do its work, and what it counts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Response, StatusCode, header};

use super::{answer, new_request_id};
use crate::service::Service;

const TEXT: &str = "text/plain; charset=utf-8";
/// What Prometheus calls its text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Headers by which a proxy says for whom it asks.
const FORWARDED: [&str; 2] = ["forwarded", "x-forwarded-for"];

/// `GET /readyz`: whether documents and lake can be read.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Response<Body> {
    let documents = service.documents.changes();
    let readable = match documents {
        Ok(_) => service.lake().await.map(drop).map_err(|fault| fault.message.into_owned()),
        Err(error) => {
            tracing::error!(%error, "the service is not ready");
            Err("The documents cannot be read. The log says why.".to_owned())
        }
    };
    match readable {
        Ok(()) => answer(&new_request_id(), StatusCode::OK, TEXT, b"ready\n".to_vec()),
        Err(message) => {
            let body = format!("{message}\n").into_bytes();
            answer(&new_request_id(), StatusCode::SERVICE_UNAVAILABLE, TEXT, body)
        }
    }
}

/// `GET /metrics`: for whoever is on this machine, and for others by a token.
pub(super) async fn metrics(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response<Body> {
    if !is_here(peer.ip(), &headers) && !has_token(service.metrics_token(), &headers) {
        let body = b"From another machine the counters are given for a bearer token only.\n".to_vec();
        return answer(&new_request_id(), StatusCode::UNAUTHORIZED, TEXT, body);
    }
    match service.metrics.text() {
        Ok(text) => answer(&new_request_id(), StatusCode::OK, OPEN_METRICS, text.into_bytes()),
        Err(error) => {
            tracing::error!(%error, "the counters could not be written");
            answer(&new_request_id(), StatusCode::INTERNAL_SERVER_ERROR, TEXT, Vec::new())
        }
    }
}

/// Returns whether a request comes from this machine, and not by way of a proxy on it.
fn is_here(peer: IpAddr, headers: &HeaderMap) -> bool {
    peer.to_canonical().is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

fn has_token(token: Option<&str>, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match (token, given) {
        (Some(token), Some(given)) => verify_slices_are_equal(token.as_bytes(), given).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_for_this_machine_or_for_a_token() {
        let cases = [
            ("127.0.0.1", None, None, None, true),
            ("::ffff:127.0.0.1", None, None, None, true),
            ("::1", None, None, None, true),
            ("127.0.0.1", Some("192.0.2.1"), None, None, false),
            ("192.0.2.1", None, None, None, false),
            ("192.0.2.1", None, Some("Bearer word"), None, false),
            ("192.0.2.1", None, Some("Bearer word"), Some("word"), true),
            ("192.0.2.1", None, Some("Bearer wor"), Some("word"), false),
            ("192.0.2.1", None, Some("word"), Some("word"), false),
        ];
        for (peer, forwarded, authorization, token, expected) in cases {
            let mut headers = HeaderMap::new();
            let given = [("x-forwarded-for", forwarded), ("authorization", authorization)];
            for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                headers.insert(name, value.parse().unwrap());
            }
            let is_let_in = is_here(peer.parse().unwrap(), &headers) || has_token(token, &headers);
            assert_eq!(is_let_in, expected, "{peer} {forwarded:?} {authorization:?} {token:?}");
        }
    }
}
