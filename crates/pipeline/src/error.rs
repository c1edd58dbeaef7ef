//! What ends a collection before its time.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that ends a collection; everything committed before it stays.
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
    /// The lake could not be written.
    Lake,
    /// Bytes could not be made into columns.
    Event,
    /// A part of the program ended that should not have.
    Ended,
}

impl Error {
    pub(crate) fn ended(what: &str, cause: Option<tokio::task::JoinError>) -> Error {
        let source = cause.map(|cause| Box::new(cause) as _);
        Error { kind: ErrorKind::Ended, message: format!("{what} ended before its time"), source }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the same collection may succeed later.
    pub fn is_retryable(&self) -> bool {
        let lake = self.source.as_ref().and_then(|source| source.downcast_ref::<lake::error::Error>());
        lake.is_some_and(lake::error::Error::is_retryable)
    }
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

impl From<lake::error::Error> for Error {
    fn from(error: lake::error::Error) -> Error {
        Error {
            kind: ErrorKind::Lake,
            message: "the collection stopped: the lake could not take more".to_owned(),
            source: Some(Box::new(error)),
        }
    }
}

impl From<event::error::Error> for Error {
    fn from(error: event::error::Error) -> Error {
        Error {
            kind: ErrorKind::Event,
            message: "the collection stopped: bytes could not be made into columns".to_owned(),
            source: Some(Box::new(error)),
        }
    }
}
