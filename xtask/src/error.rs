//! What can go wrong in a chore: the one error of this crate.

use std::fmt;
use std::path::Path;

/// What sort of trouble an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An outside tool is missing and cannot be fetched now. Callers skip what needs it, but for continuous integration.
    NotAvailable,
    /// A child process ended badly.
    Command,
    /// A file or folder could not be read or written.
    File,
    /// A tool answered with something we cannot read.
    Answer,
}

/// A chore that could not be done.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of a chore.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns an error without a cause of its own.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Returns the error of an attempt, named as "read" or "remove", on a file or folder.
    pub fn file(attempt: &str, path: &Path, source: std::io::Error) -> Self {
        let message = format!("could not {attempt} `{}`", path.display());
        Self { kind: Kind::File, message, source: Some(source.into()) }
    }

    /// Returns the same error with what lies under it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns what sort of trouble this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(out, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
