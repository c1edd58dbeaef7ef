//! What a listing gives: objects, and the places that are not among them and why.

use std::path::PathBuf;

use event::key::Key;
use jiff::Timestamp;

use crate::error::Error;

/// One outcome of a listing.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all outcomes are objects, and a box for each would cost more")]
pub enum Listed {
    /// An object that can be read.
    Object(Object),
    /// A place that holds nothing to read: a socket, a folder of another service ...
    Skipped {
        /// The place.
        uri: String,
        /// Why it is left out.
        why: String,
    },
    /// A place that could not be listed. What lies below it is missing from the listing.
    Failed {
        /// The place.
        uri: String,
        /// What went wrong.
        error: Error,
    },
}

/// Bytes that can be read: a file, an object in a bucket, a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where the bytes lie: `file:///path` percent-encoded, `s3://bucket/key` as it is, or `-`.
    pub uri: String,
    /// What tells these bytes from others at the same place: the URI with ETag and size, else with the version ID, else
    /// with modification time and size. A ledger that holds it need not read the object again.
    pub identity: String,
    /// The size as listed; 0 for a stream.
    pub bytes: u64,
    /// The ETag as S3 gives it, quotes included.
    pub etag: Option<String>,
    /// The version ID, where S3 gives it; listings do not.
    pub version: Option<String>,
    /// When the bytes were last written.
    pub modified: Option<Timestamp>,
    /// The key of a log file or digest file in a trail's layout. A local copy keeps it as long as it keeps the folders.
    pub key: Option<Key>,
    pub(crate) place: Place,
}

impl Object {
    /// Returns whether the object is a local file, which [`Source::read_local`](crate::Source::read_local) reads.
    pub fn is_local_file(&self) -> bool {
        matches!(self.place, Place::Path(_))
    }

    /// Returns the path of a local file.
    pub fn local_path(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Path(path) => Some(path),
            _ => None,
        }
    }
}

/// How to open an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, by the name the file system knows, which a URI cannot always hold.
    Path(PathBuf),
    /// A file that has no length: a pipe, a terminal.
    Pipe(PathBuf),
    /// An object in the source's bucket.
    Key(object_store::path::Path),
    /// Standard input.
    Stdin,
}

/// Returns [`Object::identity`].
///
/// The ETag comes before the version ID: one object must have one identity however it was come by, and a listing knows no
/// version IDs.
pub(crate) fn identity(
    uri: &str,
    bytes: u64,
    etag: Option<&str>,
    version: Option<&str>,
    modified: Option<Timestamp>,
) -> String {
    match (etag, version, modified) {
        (Some(etag), _, _) => format!("{uri}#etag={etag}&bytes={bytes}"),
        (None, Some(version), _) => format!("{uri}#version={version}"),
        (None, None, Some(modified)) => format!("{uri}#modified={modified}&bytes={bytes}"),
        (None, None, None) => format!("{uri}#bytes={bytes}"),
    }
}
