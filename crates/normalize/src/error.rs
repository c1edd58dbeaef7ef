//! What can stop a conversion.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A text is not the JSON of a record.
    NotRecord,
    /// A batch lacks a column, or has one of another type.
    Schema,
}

/// A conversion that is not possible.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn not_record(message: impl Into<String>) -> Self {
        Error { kind: ErrorKind::NotRecord, message: message.into() }
    }

    pub(crate) fn schema(message: impl Into<String>) -> Self {
        Error { kind: ErrorKind::Schema, message: message.into() }
    }

    /// Returns what kind of error it is.
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
