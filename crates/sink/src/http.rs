//! One exchange by HTTP: the client with its limits and certificates, and an answer of bounded size.

use std::error::Error as StdError;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::origin;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one exchange may take, bodies included. A `_bulk` request may wait for a minute before a shard answers.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(120);

/// How many bytes of an answer are read. A `_bulk` answer has a few hundred bytes for each document.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// How many bytes of a file with certificates are read.
const CA_BYTES_MAX: u64 = 16 << 20;

const USER_AGENT: &str = concat!("trailkeep/", env!("CARGO_PKG_VERSION"));

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Why the body is not whole.
    broken: Option<String>,
}

impl Answer {
    /// Returns the answer, if its body is whole.
    pub(crate) fn whole(self) -> std::result::Result<Self, String> {
        match self.broken {
            Some(reason) => Err(reason),
            None => Ok(self),
        }
    }

    /// Returns after what time one may come again, if the answer says so.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, now)
    }

    /// Returns whether the server is in no state to answer, so that the same request may do later.
    pub(crate) fn is_later(&self) -> bool {
        self.status.is_server_error() || matches!(self.status.as_u16(), 408 | 425 | 429)
    }

    /// Returns the status and the beginning of the body, if that is a text without markup.
    pub(crate) fn summary(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text = text.trim();
        if text.is_empty() || text.starts_with('<') {
            return self.status.to_string();
        }
        format!("{}: {text}", self.status)
    }
}

/// Returns a client for a URL.
pub(crate) fn client(url: &Url, ca_file: Option<&Path>) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(EXCHANGE_TIMEOUT)
        // A POST that is redirected becomes a GET without a body.
        .redirect(Policy::none());
    if is_loopback(url) {
        builder = builder.no_proxy();
    } else if url.scheme() == "http" {
        tracing::warn!(destination = origin(url), "what is sent by plain HTTP can be read on the way");
    }
    if let Some(path) = ca_file {
        for certificate in certificates(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|source| {
        Error::new(ErrorKind::Configuration, "no HTTP client can be made").because(source.without_url())
    })
}

/// A proxy cannot reach this computer's own loopback interface.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let fail = |source| Error::io("cannot read the CA file", path, source);
    let bytes = std::fs::metadata(path).map_err(fail)?.len();
    let no_certificate = || {
        let message = format!("the CA file `{}` has no certificate", path.display());
        Error::new(ErrorKind::Configuration, message)
            .advise("give a PEM file whose parts begin with `-----BEGIN CERTIFICATE-----`")
    };
    if bytes > CA_BYTES_MAX {
        return Err(no_certificate().with("bytes", bytes).with("bytes_max", CA_BYTES_MAX));
    }
    let pem = std::fs::read(path).map_err(fail)?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(no_certificate()),
        Err(source) => Err(no_certificate().because(source)),
    }
}

/// Sends a request and reads its answer, as far as it comes.
///
/// # Errors
/// The reason, in words and without the URL, if no answer came: then it is not known what the server did.
pub(crate) async fn exchange(request: RequestBuilder) -> std::result::Result<Answer, String> {
    let mut response = request.send().await.map_err(reason)?;
    let headers = std::mem::take(response.headers_mut());
    let mut answer = Answer { status: response.status(), headers, body: Vec::new(), broken: None };
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if answer.body.len() + bytes.len() > ANSWER_BYTES_MAX => {
                answer.broken = Some(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
                return Ok(answer);
            }
            Ok(Some(bytes)) => answer.body.extend_from_slice(&bytes),
            Ok(None) => return Ok(answer),
            Err(error) => {
                answer.broken = Some(reason(error));
                return Ok(answer);
            }
        }
    }
}

/// Returns an error with all it comes from, but without the URL, which may hold a secret.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-06T08:49:37Z".parse().unwrap();
        let cases = [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Fri, 06 Nov 2026 08:50:37 GMT", Some(60)),
            ("Fri, 06 Nov 2026 08:48:37 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(retry_after(text, now), expect.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_summary_has_no_markup() {
        let cases = [
            ("", "503 Service Unavailable"),
            ("<html>hm</html>", "503 Service Unavailable"),
            (" busy ", "503 Service Unavailable: busy"),
        ];
        for (body, expect) in cases {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let answer = Answer { status, headers: HeaderMap::new(), body: body.into(), broken: None };
            assert_eq!(answer.summary(), expect);
        }
    }

    #[test]
    fn ca_files_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let url = Url::parse("https://localhost").unwrap();
        let cases = [
            (None, ErrorKind::NotFound),
            (Some("no certificate"), ErrorKind::Configuration),
            (Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), ErrorKind::Configuration),
        ];
        for (content, expect) in cases {
            let path = folder.path().join(if content.is_some() { "ca.pem" } else { "missing.pem" });
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = client(&url, Some(&path)).unwrap_err();
            assert_eq!(error.kind(), expect, "{error}");
            assert!(error.to_string().contains("pem`"), "{error}");
        }
    }
}
