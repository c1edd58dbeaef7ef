//! What can stop a generation: a configuration out of bounds, or a disk that does not take the files.

use std::io;
use std::path::Path;

/// What went wrong, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value of the [`Config`](crate::Config) lies outside its bounds.
    Config,
    /// A folder or file could not be written.
    Write,
}

/// A generation that could not start or could not finish.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<io::Error>,
}

impl Error {
    /// Returns what went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the same call may succeed later: after a failed write, never after a refused configuration.
    pub fn is_retryable(&self) -> bool {
        self.kind == ErrorKind::Write
    }

    pub(crate) fn config(message: String) -> Self {
        Self { kind: ErrorKind::Config, message, source: None }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let message = format!("cannot write `{}`: {source}; check free space and permissions", path.display());
        Self { kind: ErrorKind::Write, message, source: Some(source) }
    }
}
