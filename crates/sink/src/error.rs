//! The one error of this crate: what was attempted, on what, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

use crate::payload::Outcome;

/// A result whose error is this crate's own.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text names no place that payloads can be sent to.
    InvalidUri,
    /// A setting cannot be used: a bad name, a certificate file that is none, a limit of zero ...
    Configuration,
    /// The destination does not know who we are: no credentials, or wrong ones.
    Credentials,
    /// The destination knows us and does not let us write.
    PermissionDenied,
    /// What is written to is not there: no such index, topic, bucket or path.
    NotFound,
    /// Something answers, but not the service that was expected.
    WrongService,
    /// Something is there already that would be overwritten.
    Occupied,
    /// The destination could not be reached, or asked to come back later, for longer than the limits allow.
    Unavailable,
    /// Whoever reads the other end has gone.
    Closed,
    /// The local file system failed.
    Io,
    /// The payloads' offsets do not grow.
    OutOfOrder,
    /// An earlier call failed or was dropped: the sink must be opened again from its position.
    Interrupted,
    /// An answer that nothing above describes.
    Unexpected,
}

/// What went wrong while opening or sending.
///
/// It prints as one line: what was attempted, the context in brackets, then what to do, if that is known. No part of it
/// holds a password, a key or the path of a webhook.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    advice: Option<String>,
    settled: Outcome,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let settled = Outcome::default();
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            advice: None,
            settled,
            source: None,
        }))
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

    /// Adds what became of the payloads before the failure.
    pub(crate) fn after(mut self, settled: Outcome) -> Self {
        self.0.settled = settled;
        self
    }

    /// Returns an error about a local path.
    pub(crate) fn io(message: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        let (kind, advice) = match source.kind() {
            std::io::ErrorKind::NotFound => (ErrorKind::NotFound, Some("it is missing, or went away meanwhile")),
            std::io::ErrorKind::PermissionDenied => (ErrorKind::PermissionDenied, Some("this user may not")),
            std::io::ErrorKind::StorageFull => (ErrorKind::Io, Some("make room on the disk, then start again")),
            _ => (ErrorKind::Io, None),
        };
        let error = Self::new(kind, format!("{message} `{}`", path.display())).because(source);
        match advice {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }

    /// Returns what kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the same may succeed later without anybody doing anything. The sink is to be opened again for
    /// it, from its position.
    ///
    /// As many attempts were made already as [`RetryLimits`](crate::RetryLimits) allows.
    pub fn is_retryable(&self) -> bool {
        self.0.kind == ErrorKind::Unavailable
    }

    /// Returns what became of those payloads of the failed call that the sink's position covers.
    pub fn settled(&self) -> &Outcome {
        &self.0.settled
    }

    /// Returns the context: names such as `status`, `reason`, with their values.
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
