//! Elasticsearch and OpenSearch, by their `_bulk` API.
//!
//! Each payload is a document that is to be *created* under its own id, so that a repeat meets the first one (409)
//! instead of making another. That holds within one index: once a data stream has rolled over to its next backing
//! index, an id of the one before is free again, so that a repeat across a roll-over, and only that, makes a second
//! document.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder};
use url::Url;

use crate::batch::{BatchLimits, push_line};
use crate::clock::Clock;
use crate::deliver::{Destination, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, client, exchange};
use crate::payload::Payload;
use crate::retry::RetryLimits;
use crate::secret::{Secret, without_secrets};

mod answer;
mod probe;

/// How many bytes an id may have ("Bulk API" of OpenSearch, "`_id` field" of Elasticsearch).
const ID_BYTES_MAX: usize = 512;

/// What of an answer is asked for: all that is read, and nothing of what makes it long.
const FILTER_PATH: &str = "errors,error,status,items.*._id,items.*.status,items.*.result,items.*.failure_store,\
                           items.*.error.type,items.*.error.reason,items.*.error.caused_by";

/// What documents are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A data stream. It is made if a template matches it.
    DataStream(String),
    /// An index or an alias with a write index.
    Index(String),
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Self::DataStream(name) | Self::Index(name) => name,
        }
    }
}

/// How one says who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// One does not.
    Anonymous,
    /// An API key, as `id:key` or in the encoded form that Kibana shows.
    ApiKey(Secret),
    /// A user and a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Where a cluster is, and what is written to.
#[derive(Clone)]
pub struct ElasticsearchSettings {
    /// Where it is, with the path below which the API begins. A user and password in it count if `auth` is anonymous.
    pub url: Url,
    /// What documents are written to.
    pub target: Target,
    /// How one says who one is.
    pub auth: Auth,
    /// A PEM file with certificates to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// How much goes into one request.
    pub batch: BatchLimits,
    /// How often a request is repeated.
    pub retry: RetryLimits,
}

impl ElasticsearchSettings {
    /// Returns the settings for the data stream `logs-aws.cloudtrail-default`, in compressed requests of at most 2,000
    /// documents or 5 MiB.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            target: Target::DataStream("logs-aws.cloudtrail-default".to_owned()),
            auth: Auth::Anonymous,
            ca_file: None,
            gzip: true,
            batch: BatchLimits { batch_bytes_max: 5 << 20, batch_payloads_max: 2_000 },
            retry: RetryLimits::default(),
        }
    }
}

impl std::fmt::Debug for ElasticsearchSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElasticsearchSettings")
            .field("url", &without_secrets(&self.url))
            .field("target", &self.target)
            .field("auth", &self.auth)
            .field("ca_file", &self.ca_file)
            .field("gzip", &self.gzip)
            .field("batch", &self.batch)
            .field("retry", &self.retry)
            .finish()
    }
}

/// A cluster that documents are sent to.
pub(crate) struct Elasticsearch {
    name: String,
    base: Url,
    target: Target,
    client: Client,
    headers: HeaderMap,
    gzip: bool,
    clock: Arc<dyn Clock>,
}

impl Elasticsearch {
    /// Opens the cluster and looks whether it can be written to.
    pub(crate) async fn open(settings: &ElasticsearchSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let name = without_secrets(&settings.url);
        if !matches!(settings.url.scheme(), "http" | "https") || settings.url.host().is_none() {
            let message = format!("`{name}` is no address of Elasticsearch");
            return Err(Error::new(ErrorKind::Configuration, message).advise("write `https://host:9200`"));
        }
        check_name(settings.target.name())?;
        let (base, auth) = base(settings);
        let headers = headers(&auth)?;
        let client = client(&settings.url, settings.ca_file.as_deref())?;
        let target = settings.target.clone();
        let elasticsearch = Self { name, base, target, client, headers, gzip: settings.gzip, clock };
        probe::probe(&elasticsearch, &settings.retry).await?;
        Ok(elasticsearch)
    }

    /// Returns the URL of some parts of a path below the base.
    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        url
    }

    fn request(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        self.client.request(method, url).headers(self.headers.clone())
    }

    fn body(&self, payloads: &[&Payload]) -> std::io::Result<Vec<u8>> {
        let mut lines = Vec::with_capacity(payloads.iter().map(|payload| self.weight(payload)).sum());
        for payload in payloads {
            lines.extend_from_slice(br#"{"create":{"_id":"#);
            serde_json::to_writer(&mut lines, &payload.id)?;
            lines.extend_from_slice(b"}}\n");
            push_line(&mut lines, payload);
        }
        if !self.gzip {
            return Ok(lines);
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
        encoder.write_all(&lines)?;
        encoder.finish()
    }
}

impl Destination for Elasticsearch {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self, payload: &Payload) -> usize {
        payload.bytes.len() + payload.id.len() + r#"{"create":{"_id":""}}"#.len() + 2
    }

    fn objection(&self, payload: &Payload) -> Option<String> {
        let id_bytes = payload.id.len();
        if id_bytes == 0 || id_bytes > ID_BYTES_MAX {
            return Some(format!("its id has {id_bytes} bytes, and must have 1 to {ID_BYTES_MAX}"));
        }
        payload.bytes.iter().all(u8::is_ascii_whitespace).then(|| "it is empty".to_owned())
    }

    fn knows_payloads(&self) -> bool {
        true
    }

    async fn post(&self, payloads: &[&Payload]) -> Result<Reply> {
        let body = self.body(payloads).map_err(|source| {
            Error::new(ErrorKind::Io, format!("cannot write a request to `{}`", self.name)).because(source)
        })?;
        let mut url = self.url(&[self.target.name(), "_bulk"]);
        url.query_pairs_mut().append_pair("filter_path", FILTER_PATH);
        let mut request = self.request(reqwest::Method::POST, url).header(CONTENT_TYPE, "application/x-ndjson");
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        match exchange(request.body(body)).await.and_then(Answer::whole) {
            Ok(answer) => answer::read(&answer, payloads, self),
            Err(reason) => Ok(Reply::Broken(reason)),
        }
    }
}

/// Returns the URL without its user and password, and what to say who one is by.
fn base(settings: &ElasticsearchSettings) -> (Url, Auth) {
    let mut base = settings.url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let decoded = |text: &str| percent_decoded(text);
    let from_url = Auth::Basic {
        user: decoded(base.username()),
        password: Secret::from(decoded(base.password().unwrap_or_default())),
    };
    let is_named = !base.username().is_empty() || base.password().is_some();
    // Both can fail only for a URL without a host.
    if base.set_username("").and_then(|()| base.set_password(None)).is_err() {
        tracing::debug!("the URL has no place for a user");
    }
    let auth = if settings.auth == Auth::Anonymous && is_named { from_url } else { settings.auth.clone() };
    (base, auth)
}

fn percent_decoded(text: &str) -> String {
    // The query decoder reads percent-encoding; `&` and `+` are the only further signs it knows.
    let text = text.replace('&', "%26").replace('+', "%2B");
    url::form_urlencoded::parse(text.replace('=', "%3D").as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

fn headers(auth: &Auth) -> Result<HeaderMap> {
    let text = match auth {
        Auth::Anonymous => return Ok(HeaderMap::new()),
        Auth::ApiKey(key) if key.expose().contains(':') => format!("ApiKey {}", BASE64.encode(key.expose())),
        Auth::ApiKey(key) => format!("ApiKey {}", key.expose().trim()),
        Auth::Basic { user, password } => {
            format!("Basic {}", BASE64.encode(format!("{user}:{}", password.expose())))
        }
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Error::new(ErrorKind::Configuration, "the API key cannot be sent")
            .advise("give it as `id:key`, or in the encoded form that Kibana shows")
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// Checks the name of an index or a data stream ("Create index API", path parameters).
fn check_name(name: &str) -> Result<()> {
    let is_bad = |char: char| char.is_uppercase() || char.is_control() || r#"\/*?"<>| ,#:"#.contains(char);
    let is_good =
        !name.is_empty() && name.len() <= 255 && !name.starts_with(['-', '_', '+', '.']) && !name.contains(is_bad);
    if is_good {
        return Ok(());
    }
    let message = format!("no index can be called `{}`", name.escape_debug());
    let advice = "give 1 to 255 bytes in lower case, without blanks, slashes, commas, colons and wildcards, and not \
                  beginning with `-`, `_`, `+` or `.`";
    Err(Error::new(ErrorKind::Configuration, message).advise(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_indices() {
        let long = "a".repeat(256);
        let cases = [
            ("logs-aws.cloudtrail-default", true),
            ("a", true),
            ("ünicode", true),
            ("", false),
            (long.as_str(), false),
            ("Upper", false),
            ("_bulk", false),
            ("-a", false),
            ("..", false),
            ("a/b", false),
            ("a,b", false),
            ("a b", false),
            ("a*", false),
            ("a\n", false),
        ];
        for (name, expect) in cases {
            assert_eq!(check_name(name).is_ok(), expect, "{name}");
        }
    }

    #[test]
    fn who_one_is_comes_from_the_settings_or_the_url() {
        let basic = |user: &str, password: &str| Auth::Basic { user: user.into(), password: password.into() };
        let key = Auth::ApiKey("id:key".into());
        let cases = [
            ("https://es.example.com/a?x=1#y", Auth::Anonymous, Auth::Anonymous, None),
            (
                "https://u:p%40%2B+&%3D=w@es.example.com/a",
                Auth::Anonymous,
                basic("u", "p@++&==w"),
                Some("Basic dTpwQCsrJj09dw=="),
            ),
            ("https://u@es.example.com/a", Auth::Anonymous, basic("u", ""), Some("Basic dTo=")),
            ("https://u:p@es.example.com/a", key.clone(), key, Some("ApiKey aWQ6a2V5")),
            (
                "https://es.example.com/a",
                Auth::ApiKey("aWQ6a2V5 ".into()),
                Auth::ApiKey("aWQ6a2V5 ".into()),
                Some("ApiKey aWQ6a2V5"),
            ),
        ];
        for (url, auth, expect, header) in cases {
            let settings = ElasticsearchSettings { auth, ..ElasticsearchSettings::new(Url::parse(url).unwrap()) };
            let (base, auth) = base(&settings);
            assert_eq!((base.as_str(), &auth), ("https://es.example.com/a", &expect), "{url}");
            let headers = headers(&auth).unwrap();
            assert_eq!(headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap()), header, "{url}");
            assert!(!format!("{settings:?} {headers:?}").contains("p@"), "{url}");
        }
        assert!(headers(&Auth::ApiKey("a\nb".into())).is_err());
    }
}
