//! What can go wrong here: a tree that cannot be compiled, or a batch that lacks what a predicate reads.

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
    /// A regular expression that cannot be used: bad syntax, too large, or exponential for engines that backtrack.
    Regex,
    /// A network that is no CIDR block.
    Cidr,
    /// A test with too many or too long values.
    Limit,
    /// A batch whose columns have other types, or lack one that is read.
    Columns,
    /// A stored shape that does not give its record back.
    Shape,
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
