//! The one error of this crate: what was attempted, on what, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is this crate's own.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text names no place that bytes can be read from.
    InvalidUri,
    /// An option, an environment variable or a profile cannot be used: an unknown endpoint, no Region ...
    Configuration,
    /// There are no AWS credentials, or AWS does not accept them.
    Credentials,
    /// The place exists, but these credentials or this user may not read it.
    PermissionDenied,
    /// There is nothing at this place, or no longer.
    NotFound,
    /// The object is no longer the one that was listed.
    Changed,
    /// The object lies in a storage class from which it must be restored first.
    Archived,
    /// The service asked to come back later, or could not be reached.
    Unavailable,
    /// There was no answer in time.
    Timeout,
    /// The answer broke off.
    Interrupted,
    /// The local file system failed.
    Io,
    /// An answer that nothing above describes.
    Unexpected,
}

/// What went wrong while listing or reading.
///
/// It prints as one line: what was attempted, the context in brackets, then what to do, if that is known.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    advice: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), context: Vec::new(), advice: None, source: None }))
    }

    /// An error of a push: nothing of it is known to be stored.
    pub fn unstored(place: &str, cause: String) -> Self {
        Self::new(ErrorKind::Unavailable, format!("cannot store what was pushed as `{place}`"))
            .advise("push it again: what was stored after all is told apart")
            .because(cause)
    }

    /// Adds a pair of context.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Adds what the reader can do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// Adds the error this one comes from.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns an error about a local path.
    pub(crate) fn io(message: impl Into<String>, uri: &str, source: std::io::Error) -> Self {
        let (kind, advice) = match source.kind() {
            std::io::ErrorKind::NotFound => (ErrorKind::NotFound, "it is missing, or went away while it was read"),
            std::io::ErrorKind::PermissionDenied => (ErrorKind::PermissionDenied, "this user may not read it"),
            _ => (ErrorKind::Io, ""),
        };
        let error = Self::new(kind, format!("{} `{uri}`", message.into())).because(source);
        if advice.is_empty() { error } else { error.advise(advice) }
    }

    /// Returns what kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the same call may succeed later without anybody doing anything.
    ///
    /// A few attempts were made already: see the limits in `s3::store`.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Interrupted)
    }

    /// Returns the context: names such as `bucket`, `key`, `status`, with their values.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns what the reader can do, if that is known. It is the last part of what the error prints.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (nth, (name, value)) in self.0.context.iter().enumerate() {
            write!(f, "{}{name}: {value}", if nth == 0 { " (" } else { ", " })?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        match &self.0.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
