//! The names of sources, as people type them and as places are recorded.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// Where bytes live: a folder or file, standard input, or a bucket.
///
/// ```
/// use source::Uri;
/// let uri = Uri::parse("s3://amzn-s3-demo-bucket/AWSLogs/".as_ref())?;
/// assert_eq!(uri, Uri::S3 { bucket: "amzn-s3-demo-bucket".into(), key: "AWSLogs/".into() });
/// # Ok::<(), source::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Uri {
    /// Standard input, spelled `-`.
    Stdin,
    /// A local file or folder, spelled as a path or as `file:///path` with percent-encoding.
    Path(PathBuf),
    /// An object, or all objects below a folder, spelled `s3://bucket/key`. The key stands as it is, without encoding.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// An object's key, or a prefix of whole folder names; empty for the whole bucket.
        key: String,
    },
}

impl Uri {
    /// Returns the URI spelled by `text`. A relative path stays relative.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUri`] for an empty text, an unknown scheme, and a bucket or key that S3 cannot have.
    pub fn parse(text: &OsStr) -> Result<Self> {
        let invalid = |why: &str, advice: &str| {
            let shown = text.to_string_lossy();
            Err(Error::new(ErrorKind::InvalidUri, format!("`{shown}` is no source: {why}")).advise(advice))
        };
        if text.is_empty() {
            return invalid("it is empty", EXPECTED);
        }
        if text == "-" {
            return Ok(Self::Stdin);
        }
        // A scheme is ASCII: a name with other bytes in front of `://` is a path.
        let Some((scheme, rest)) = split_scheme(text) else { return Ok(Self::Path(PathBuf::from(text))) };
        match (scheme, rest) {
            ("file", Some(path)) => match percent_decode(path).filter(|path| path.is_absolute()) {
                Some(path) => Ok(Self::Path(path)),
                None => {
                    invalid("it is no absolute path", "write `file:///path` with percent-encoding, or the bare path")
                }
            },
            ("s3", Some(rest)) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                if !is_bucket(bucket) {
                    return invalid("the bucket's name cannot be", "write `s3://bucket/prefix`");
                }
                if object_store::path::Path::parse(key).is_err() || key.starts_with('/') {
                    return invalid(
                        "the key has an empty part, `.`, `..` or a control character",
                        "name the folder above it",
                    );
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            ("s3" | "file", None) => invalid("it is not UTF-8", "give a local path bare, without `file://`"),
            _ => invalid("its scheme is not known", EXPECTED),
        }
    }
}

const EXPECTED: &str = "give a folder, a file, `s3://bucket/prefix`, or `-` for standard input";

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("-"),
            Self::Path(path) => f.write_str(&of_path(path)),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

/// Returns the URI of a path: `file://` and its bytes, percent-encoded where they are not plain.
///
/// The path is made absolute first, so that one file has one URI whatever the working directory. Symbolic links are
/// not resolved.
pub(crate) fn of_path(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file://");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"/-_.~+=@,:()!'$&;*".contains(byte);
        if plain {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            uri.push(char::from(HEX[usize::from(byte >> 4)]));
            uri.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    uri
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Returns the scheme and, if all is UTF-8, what follows `://`.
fn split_scheme(text: &OsStr) -> Option<(&str, Option<&str>)> {
    let bytes = text.as_encoded_bytes();
    let end = bytes.windows(3).position(|window| window == b"://")?;
    let scheme = str::from_utf8(bytes.get(..end)?).ok()?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then(|| (scheme, text.to_str().and_then(|text| text.get(end + 3..))))
}

fn is_bucket(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    (3..=255).contains(&name.len()) && letters && !name.starts_with('.')
}

fn percent_decode(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(if byte == b'%' { (digit()? << 4) | digit()? } else { byte });
    }
    path_from_bytes(bytes)
}

#[cfg(unix)]
fn path_from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let path = |text: &str| Some(Uri::Path(PathBuf::from(text)));
        let s3 = |bucket: &str, key: &str| Some(Uri::S3 { bucket: bucket.into(), key: key.into() });
        let cases = [
            ("-", Some(Uri::Stdin)),
            ("logs", path("logs")),
            ("./-", path("./-")),
            ("/var/log/a b.json.gz", path("/var/log/a b.json.gz")),
            ("file:///var/log/a%20b%25", path("/var/log/a b%")),
            ("file://logs", None),
            ("file:///a%2", None),
            ("file:///a%zz", None),
            ("s3://amzn-s3-demo-bucket", s3("amzn-s3-demo-bucket", "")),
            ("s3://amzn-s3-demo-bucket/", s3("amzn-s3-demo-bucket", "")),
            ("s3://amzn-s3-demo-bucket/a/b c/%41", s3("amzn-s3-demo-bucket", "a/b c/%41")),
            ("s3://amzn-s3-demo-bucket/a/", s3("amzn-s3-demo-bucket", "a/")),
            ("s3://amzn-s3-demo-bucket//a", None),
            ("s3://amzn-s3-demo-bucket/a//b", None),
            ("s3://amzn-s3-demo-bucket/../b", None),
            ("s3:///key", None),
            ("s3://b@d/key", None),
            ("https://example.com/x", None),
            ("", None),
        ];
        for (text, expect) in cases {
            let parsed = Uri::parse(text.as_ref());
            if let Err(error) = &parsed {
                assert_eq!(error.kind(), ErrorKind::InvalidUri, "{text}");
                assert!(error.advice().is_some(), "{text}");
            }
            assert_eq!(parsed.ok(), expect, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_path_survives_its_uri() {
        use std::os::unix::ffi::OsStrExt;
        let every_byte: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
        for name in [&every_byte[..], b"/a/b", b"/ /%", b"/a#b?c", "/ü".as_bytes(), b"/\xff\xfe"] {
            let path = Path::new("/").join(OsStr::from_bytes(name));
            let uri = of_path(&path);
            assert!(uri.is_ascii(), "{uri}");
            assert_eq!(Uri::parse(uri.as_ref()).unwrap(), Uri::Path(path), "{uri}");
        }
    }
}
