//! The names of destinations, as people type them.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::destination::elasticsearch::Target;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::{origin, without_secrets};

/// Where payloads go.
///
/// ```
/// use sink::{Target, Uri};
/// let uri = Uri::parse("elasticsearch+https://es.example.com:9200?index=audit")?;
/// let Uri::Elasticsearch { url, target } = uri else { unreachable!() };
/// assert_eq!(url.as_str(), "https://es.example.com:9200/");
/// assert_eq!(target, Some(Target::Index("audit".to_owned())));
/// # Ok::<(), sink::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Uri {
    /// Standard output, spelled `-`.
    Stdout,
    /// A folder, spelled as a path or as `file:///path` with percent-encoding.
    Folder(PathBuf),
    /// A folder in a bucket, spelled `s3://bucket/prefix`. The prefix stands as it is, without encoding.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The folder, without a slash at its end; empty for the whole bucket.
        prefix: String,
    },
    /// Elasticsearch or OpenSearch, spelled `elasticsearch+https://host:9200` or `opensearch+https://host:9200`, with
    /// `?data_stream=NAME` or `?index=NAME` for what is written to.
    Elasticsearch {
        /// Where the API begins, with a user and password if they were given.
        url: Url,
        /// What is written to, if that was said.
        target: Option<Target>,
    },
    /// A webhook, spelled `https://host/path`.
    Webhook(Url),
    /// A topic, spelled by its ARN.
    Sns(String),
}

const EXPECTED: &str = "give a folder, `s3://bucket/prefix`, `elasticsearch+https://host:9200`, \
                        `https://host/webhook`, the ARN of an SNS topic, or `-` for standard output";

impl Uri {
    /// Returns the URI spelled by `text`. A relative path stays relative.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUri`] for an empty text, an unknown scheme, and what cannot be after a known one. The text
    /// itself is shown up to its scheme only, since more of it may be a secret.
    pub fn parse(text: &str) -> Result<Self> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        if text.is_empty() {
            return Err(invalid("", "it is empty", EXPECTED));
        }
        if text.starts_with("arn:") {
            return match text.split(':').nth(2) {
                Some("sns") => Ok(Self::Sns(text.to_owned())),
                _ => {
                    Err(invalid("arn", "it is not the ARN of an SNS topic", "write `arn:aws:sns:REGION:ACCOUNT:NAME`"))
                }
            };
        }
        // A scheme is ASCII: a name with other bytes in front of `://` is a path.
        let is_scheme = |scheme: &str| scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty() && is_scheme(scheme))
        else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => Url::parse(text)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .map(Self::Folder)
                .ok_or_else(|| invalid(scheme, "it is no absolute path", "write `file:///path`, or the bare path")),
            "s3" => s3(rest),
            "http" | "https" => Ok(Self::Webhook(http(text, scheme)?)),
            "elasticsearch+http" | "opensearch+http" => elasticsearch(&format!("http://{rest}"), scheme),
            "elasticsearch+https" | "opensearch+https" => elasticsearch(&format!("https://{rest}"), scheme),
            _ => Err(invalid(scheme, "its scheme is not known", EXPECTED)),
        }
    }
}

fn invalid(scheme: &str, why: &str, advice: &str) -> Error {
    let shown = if scheme.is_empty() { String::new() } else { format!(" that begins with `{scheme}`") };
    Error::new(ErrorKind::InvalidUri, format!("the text{shown} is no destination: {why}")).advise(advice)
}

fn s3(rest: &str) -> Result<Uri> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let letters = bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if !(3..=255).contains(&bucket.len()) || !letters || bucket.starts_with('.') {
        return Err(invalid("s3", "the bucket's name cannot be", "write `s3://bucket/prefix`"));
    }
    if prefix.starts_with('/') || object_store::path::Path::parse(prefix).is_err() {
        let why = "the prefix has an empty part, `.`, `..` or a control character";
        return Err(invalid("s3", why, "write `s3://bucket/prefix`"));
    }
    Ok(Uri::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

fn http(text: &str, scheme: &str) -> Result<Url> {
    Url::parse(text).map_err(|source| invalid(scheme, "it is no URL", "write `https://host/path`").because(source))
}

fn elasticsearch(text: &str, scheme: &str) -> Result<Uri> {
    let mut url = http(text, scheme)?;
    let mut target = None;
    for (name, value) in url.query_pairs() {
        let found = match &*name {
            "data_stream" => Target::DataStream(value.into_owned()),
            "index" => Target::Index(value.into_owned()),
            _ => return Err(invalid(scheme, "its query is not known", "write `?data_stream=NAME` or `?index=NAME`")),
        };
        if target.replace(found).is_some() {
            return Err(invalid(
                scheme,
                "it names more than one index",
                "write one `?data_stream=NAME` or `?index=NAME`",
            ));
        }
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(Uri::Elasticsearch { url, target })
}

impl fmt::Display for Uri {
    /// Writes the URI without what may be secret in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Elasticsearch { url, target } => {
                write!(f, "elasticsearch+{}", without_secrets(url))?;
                match target {
                    Some(Target::DataStream(name)) => write!(f, "?data_stream={name}"),
                    Some(Target::Index(name)) => write!(f, "?index={name}"),
                    None => Ok(()),
                }
            }
            Self::Webhook(url) => f.write_str(&origin(url)),
            Self::Sns(arn) => f.write_str(arn),
        }
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        // What is typed, and what is shown of it.
        let cases = [
            ("-", Some("-")),
            ("out", Some("out")),
            ("./-", Some("./-")),
            ("/var/out/a b", Some("/var/out/a b")),
            ("ü://a", Some("ü://a")),
            ("file:///var/out/a%20b", Some("/var/out/a b")),
            ("file://out", None),
            ("s3://amzn-s3-demo-bucket", Some("s3://amzn-s3-demo-bucket/")),
            ("s3://amzn-s3-demo-bucket/a/b/", Some("s3://amzn-s3-demo-bucket/a/b")),
            ("s3://amzn-s3-demo-bucket//a", None),
            ("s3://amzn-s3-demo-bucket/../a", None),
            ("s3://k@y/a", None),
            ("https://hooks.example.com/T0/secret?t=secret", Some("https://hooks.example.com")),
            ("http://u:secret@127.0.0.1:8080/", Some("http://127.0.0.1:8080")),
            ("https://", None),
            ("elasticsearch+https://u:secret@es.example.com:9200", Some("elasticsearch+https://es.example.com:9200/")),
            ("opensearch+http://[::1]:9200/a/?index=b", Some("elasticsearch+http://[::1]:9200/a/?index=b")),
            ("OpenSearch+HTTPS://a/?data_stream=b", Some("elasticsearch+https://a/?data_stream=b")),
            ("elasticsearch+https://a?index=b&data_stream=c", None),
            ("elasticsearch+https://a?pipeline=b", None),
            ("elasticsearch://a", None),
            ("arn:aws:sns:us-east-1:111122223333:a", Some("arn:aws:sns:us-east-1:111122223333:a")),
            ("arn:aws:sqs:us-east-1:111122223333:a", None),
            ("ftp://u:secret@a", None),
            ("", None),
        ];
        for (text, expect) in cases {
            match Uri::parse(text) {
                Ok(uri) => {
                    assert_eq!(Some(uri.to_string().as_str()), expect, "{text}");
                    assert!(!format!("{uri:?}").contains("secret"), "{text}");
                }
                Err(error) => {
                    assert_eq!((error.kind(), expect), (ErrorKind::InvalidUri, None), "{text}");
                    assert!(error.advice().is_some() && !error.to_string().contains("secret"), "{error}");
                }
            }
        }
    }
}
