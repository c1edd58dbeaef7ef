//! What can go wrong here that is neither a bad rule nor a bad event.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with what was attempted and, where known, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A batch lacks a column, or has one of another type, or a damaged shape.
    Batch,
    /// Bytes that are no state of a detector.
    State,
    /// A list of indicators that is too large, or no list at all.
    Indicators,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the same call may succeed later: never, for nothing here depends on the world.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<predicate::error::Error> for Error {
    fn from(error: predicate::error::Error) -> Error {
        Error::new(ErrorKind::Batch, error.to_string())
    }
}
