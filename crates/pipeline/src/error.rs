//! What ends a collection, a validation or a verification before its time.

use std::fmt;

use jiff::Timestamp;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that ends the work; everything committed or said before it stays.
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
    /// A source, a bucket or the CloudTrail API could not be asked.
    Source,
    /// CloudTrail has no public key of the time that is validated.
    NoPublicKeys,
    /// A digest names another one by a key that holds no time, so that it cannot be said what comes before.
    Lost,
    /// A part of the program ended that should not have.
    Ended,
    /// Events could not be held against rules.
    Detect,
    /// Issuing calls could not be read.
    Lineage,
    /// Stored events could not be asked for.
    Query,
    /// A destination could not be written to.
    Sink,
    /// A trail could not deliver.
    Delivery,
    /// The offset of an export could not be read or stored, or another process moves it.
    Offset,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), source: None }
    }

    pub(crate) fn because(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error { kind, message: message.into(), source: Some(source.into()) }
    }

    pub(crate) fn ended(what: &str, cause: Option<tokio::task::JoinError>) -> Error {
        let source = cause.map(|cause| Box::new(cause) as _);
        Error { kind: ErrorKind::Ended, message: format!("{what} ended before its time"), source }
    }

    /// The message is the one that the AWS CLI prints.
    pub(crate) fn no_public_keys(from: Timestamp, until: Timestamp) -> Error {
        let print = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ");
        let message = format!("No public keys found between {} and {}", print(from), print(until));
        Error { kind: ErrorKind::NoPublicKeys, message, source: None }
    }

    /// The message is the one that the AWS CLI prints.
    pub(crate) fn lost(text: &str) -> Error {
        Error { kind: ErrorKind::Lost, message: format!("Unable to parse date value: {text}"), source: None }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the same collection may succeed later.
    pub fn is_retryable(&self) -> bool {
        let lake = self.source.as_ref().and_then(|source| source.downcast_ref::<lake::error::Error>());
        let source = self.source.as_ref().and_then(|source| source.downcast_ref::<source::Error>());
        let sink = self.source.as_ref().and_then(|source| source.downcast_ref::<sink::Error>());
        lake.is_some_and(lake::error::Error::is_retryable)
            || source.is_some_and(source::Error::is_retryable)
            || sink.is_some_and(sink::Error::is_retryable)
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

impl From<detect::error::Error> for Error {
    fn from(error: detect::error::Error) -> Error {
        let message = "hold events against rules".to_owned();
        Error { kind: ErrorKind::Detect, message, source: Some(Box::new(error)) }
    }
}

impl From<lineage::error::Error> for Error {
    fn from(error: lineage::error::Error) -> Error {
        let message = "read who issued credentials to whom".to_owned();
        Error { kind: ErrorKind::Lineage, message, source: Some(Box::new(error)) }
    }
}

impl From<lake::sql::Error> for Error {
    fn from(error: lake::sql::Error) -> Error {
        Error { kind: ErrorKind::Query, message: "ask for stored events".to_owned(), source: Some(Box::new(error)) }
    }
}

impl From<source::Error> for Error {
    fn from(error: source::Error) -> Error {
        // The error says all by itself.
        Error { kind: ErrorKind::Source, message: error.to_string(), source: Some(Box::new(error)) }
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

/// Returns an error with its causes in one line, for a report or the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
