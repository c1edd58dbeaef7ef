//! Standard input and named pipes: bytes that come once, without a length.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::chunk::Body;
use crate::error::{Error, Result};
use crate::object::{Object, Place};
use crate::uri::of_path;

/// Streams opened by this process so far.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// Returns the object for a stream. Its identity is new each time: what came through a pipe yesterday says nothing about
/// what comes today.
pub(crate) fn object(uri: String, place: Place) -> Object {
    let nth = OPENED.fetch_add(1, Ordering::Relaxed);
    let opened = Timestamp::now();
    let identity = format!("{uri}#opened={opened}&process={}&nth={nth}", std::process::id());
    Object { uri, identity, bytes: 0, etag: None, version: None, modified: None, key: None, place }
}

/// Returns the object for standard input.
pub(crate) fn stdin_object() -> Object {
    object("-".to_owned(), Place::Stdin)
}

/// Returns a reader of standard input.
pub(crate) fn read_stdin() -> Body {
    Body::Stream(Box::new(std::io::stdin()))
}

/// Opens a named pipe, which blocks until somebody writes into it.
pub(crate) fn read_pipe(path: &Path) -> Result<Body> {
    let file = File::open(path).map_err(|source| Error::io("cannot open", &of_path(path), source))?;
    Ok(Body::Stream(Box::new(file)))
}
