//! A webhook: payloads as lines of JSON in the body of a POST, signed.
//!
//! The signature is the one of the Standard Webhooks specification, so that receivers find a library for it: headers
//! `webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature` (`v1,` and the base64 form of the
//! HMAC-SHA256 over id, timestamp and body, joined by full stops). The id is the idempotency key of the request: it
//! comes from the payloads' ids, so that a repeat has the same one. It is sent as `idempotency-key` too. That holds
//! over a restart as well, if the same payloads are handed over in the same calls.

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use url::Url;

use crate::batch::{BatchLimits, push_line};
use crate::clock::Clock;
use crate::deliver::{Destination, Reply, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, client, exchange};
use crate::payload::{Payload, shortened};
use crate::retry::RetryLimits;
use crate::secret::{Secret, origin};

/// How a secret of the specification begins; the rest is base64.
const SECRET_PREFIX: &str = "whsec_";

/// How many bytes of a digest make an idempotency key.
const KEY_BYTES: usize = 16;

/// Where a webhook is, and what proves to it who we are.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Where it is. The path is taken for a secret: errors have the host only.
    pub url: Url,
    /// The key of the signature: as it stands, or `whsec_` and base64. Without it nothing is signed.
    pub secret: Option<Secret>,
    /// Further headers, such as `authorization`.
    pub headers: Vec<(String, Secret)>,
    /// A PEM file with certificates to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// How much goes into one request.
    pub batch: BatchLimits,
    /// How often a request is repeated.
    pub retry: RetryLimits,
}

impl WebhookSettings {
    /// Returns the settings for requests of at most 500 payloads or 1 MiB, unsigned.
    pub fn new(url: Url) -> Self {
        let batch = BatchLimits { batch_bytes_max: 1 << 20, batch_payloads_max: 500 };
        Self { url, secret: None, headers: Vec::new(), ca_file: None, batch, retry: RetryLimits::default() }
    }
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("url", &origin(&self.url))
            .field("secret", &self.secret)
            .field("headers", &self.headers)
            .field("ca_file", &self.ca_file)
            .field("batch", &self.batch)
            .field("retry", &self.retry)
            .finish()
    }
}

/// A webhook that requests are sent to.
pub(crate) struct Webhook {
    name: String,
    url: Url,
    client: Client,
    headers: HeaderMap,
    key: Option<hmac::Key>,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    pub(crate) fn open(settings: &WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let name = origin(&settings.url);
        if !matches!(settings.url.scheme(), "http" | "https") || settings.url.host().is_none() {
            let message = format!("`{name}` is no webhook");
            return Err(Error::new(ErrorKind::Configuration, message).advise("write `https://host/path`"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        for (header, value) in &settings.headers {
            let parsed = (HeaderName::try_from(header.as_str()), HeaderValue::try_from(value.expose()));
            let (Ok(header), Ok(mut value)) = parsed else {
                let message = format!("the header `{}` cannot be sent", header.escape_debug());
                return Err(Error::new(ErrorKind::Configuration, message)
                    .advise("a name has letters, digits and hyphens, a value visible characters"));
            };
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let key = settings.secret.as_ref().map(signing_key).transpose()?;
        let client = client(&settings.url, settings.ca_file.as_deref())?;
        Ok(Self { name, url: settings.url.clone(), client, headers, key, clock })
    }

    /// Returns what was made of an answer.
    fn reply(&self, answer: &Answer, payloads: usize) -> Result<Reply> {
        let status = answer.status;
        if status.is_success() {
            return Ok(Reply::Each(vec![Verdict::Accepted; payloads]));
        }
        let reason = answer.summary();
        // 409: a request with this idempotency key is still being worked on.
        if answer.is_later() || status == StatusCode::CONFLICT {
            return Ok(Reply::Later { reason, after: answer.retry_after(self.clock.now()) });
        }
        let (kind, advice) = match status {
            StatusCode::PAYLOAD_TOO_LARGE => return Ok(Reply::TooLarge(reason)),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => return Ok(Reply::Spoilt(reason)),
            StatusCode::UNAUTHORIZED => (ErrorKind::Credentials, "check the secret and the headers"),
            StatusCode::FORBIDDEN => (ErrorKind::PermissionDenied, "check the secret and the headers"),
            StatusCode::NOT_FOUND | StatusCode::GONE => (ErrorKind::NotFound, "check the path of the URL"),
            _ if status.is_redirection() => (ErrorKind::Configuration, "give the URL that it redirects to"),
            _ => (ErrorKind::Unexpected, "check that the URL takes a POST of JSON lines"),
        };
        Err(Error::new(kind, format!("cannot send to `{}`", self.name))
            .with("answer", shortened(&reason))
            .advise(advice))
    }
}

impl Destination for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self, payload: &Payload) -> usize {
        payload.bytes.len() + 1
    }

    fn objection(&self, _: &Payload) -> Option<String> {
        None
    }

    fn knows_payloads(&self) -> bool {
        false
    }

    async fn post(&self, payloads: &[&Payload]) -> Result<Reply> {
        let mut body = Vec::with_capacity(payloads.iter().map(|payload| self.weight(payload)).sum());
        for payload in payloads {
            push_line(&mut body, payload);
        }
        let id = idempotency_key(payloads);
        let timestamp = self.clock.now().as_second().to_string();
        let mut request = self.client.post(self.url.clone()).headers(self.headers.clone());
        request =
            request.header("idempotency-key", &id).header("webhook-id", &id).header("webhook-timestamp", &timestamp);
        if let Some(key) = &self.key {
            request = request.header("webhook-signature", signature(key, &id, &timestamp, &body));
        }
        // The status alone decides: a receiver that took the payloads may break off what it says about them.
        match exchange(request.body(body)).await {
            Ok(answer) => self.reply(&answer, payloads.len()),
            Err(reason) => Ok(Reply::Broken(reason)),
        }
    }
}

fn signing_key(secret: &Secret) -> Result<hmac::Key> {
    let bytes = match secret.expose().strip_prefix(SECRET_PREFIX) {
        Some(text) => BASE64.decode(text).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    };
    match bytes {
        Some(bytes) if !bytes.is_empty() => Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes)),
        _ => Err(Error::new(ErrorKind::Configuration, "the webhook's secret cannot be used")
            .advise("it is empty, or begins with `whsec_` and goes on with something that is not base64")),
    }
}

fn signature(key: &hmac::Key, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    format!("v1,{}", BASE64.encode(context.sign()))
}

/// Returns a text that is the same for the same payloads.
fn idempotency_key(payloads: &[&Payload]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for payload in payloads {
        // With its length, so that `a`, `bc` and `ab`, `c` differ.
        context.update(&(payload.id.len() as u64).to_be_bytes());
        context.update(payload.id.as_bytes());
    }
    context.finish().as_ref().iter().take(KEY_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // Computed with `openssl dgst -sha256 -mac HMAC` over `msg_1.1700000000.{"a":1}\n`.
        let cases = [("whsec_c2VjcmV0LWtleS1mb3ItdGVzdHMtMDEyMw==", EXPECT), ("secret-key-for-tests-0123", EXPECT)];
        for (secret, expect) in cases {
            let key = signing_key(&Secret::from(secret)).unwrap();
            assert_eq!(signature(&key, "msg_1", "1700000000", b"{\"a\":1}\n"), expect, "{secret}");
        }
        for secret in ["", "whsec_", "whsec_!"] {
            let error = signing_key(&Secret::from(secret)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{secret}");
        }
    }

    const EXPECT: &str = "v1,zqNiriUBgyAq4bSy+q+2X+mVRtl9AqJgZ+qgPx438MA=";

    #[test]
    fn keys_depend_on_each_id_and_their_order() {
        let key = |ids: &[&str]| {
            let payload = |id: &&str| Payload { id: (*id).to_owned(), offset: 0, bytes: "{}".into() };
            let payloads: Vec<_> = ids.iter().map(payload).collect();
            idempotency_key(&payloads.iter().collect::<Vec<_>>())
        };
        assert_eq!(key(&["a", "bc"]), key(&["a", "bc"]));
        assert_eq!(key(&["a"]).len(), 2 * KEY_BYTES);
        for other in [&["ab", "c"][..], &["bc", "a"], &["a"], &["a", "bc", ""]] {
            assert_ne!(key(&["a", "bc"]), key(other), "{other:?}");
        }
    }
}
