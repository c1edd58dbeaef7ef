//! What can go wrong in the lake.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with what was attempted, on what, and what to do where that is known.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another process writes to the lake.
    Locked,
    /// There is no lake at the place.
    NotFound,
    /// The place where the lake lies could not be read or written.
    Store,
    /// No space is left where the lake lies.
    Full,
    /// The store cannot do what the lake rests on, such as conditional writes.
    Unsupported,
    /// What is stored does not hold together.
    Corrupt,
    /// Another writer has committed: this one must stop and open the lake anew.
    Superseded,
    /// The control documents (SQLite) could not be read or written.
    Control,
    /// A document is not what its author took it for.
    Changed,
    /// Columns do not have the shape that the lake stores.
    Schema,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), source: None }
    }

    /// An error whose cause comes from below: the kind follows from the cause where it is a full disk.
    pub(crate) fn because(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        let kind = if is_full(&source) { ErrorKind::Full } else { kind };
        Error { kind, message: message.into(), source: Some(Box::new(source)) }
    }

    /// An error about control documents, for those who keep theirs in them.
    pub fn unusable(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Control, message)
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Locked | ErrorKind::Store | ErrorKind::Full)
    }
}

/// True if the disk, or the quota on it, is full.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        next = error.source();
    }
    false
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl From<event::error::Error> for Error {
    fn from(error: event::error::Error) -> Error {
        Error::because(ErrorKind::Schema, "put events in columns", error)
    }
}
