//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is this crate's own.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A text is not what it must be: no time, no address, no name.
    InvalidValue,
    /// The lake could not answer.
    Query,
    /// What is asked about is not in the lake, or not only once.
    NotFound,
    /// What is asked about cannot be proven, or a proof does not hold.
    NotProven,
}

/// A question that cannot be asked, or was not answered.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<lake::sql::Error>,
}

impl Error {
    /// An error about a text that should be `wanted`; `accepted` says what is understood.
    pub(crate) fn invalid(text: &str, wanted: &str, accepted: &str) -> Self {
        let message = format!("`{text}` is no {wanted}: {accepted}");
        Self { kind: ErrorKind::InvalidValue, message, context: vec![("value", text.to_owned())], source: None }
    }

    pub(crate) fn query(attempt: &str, sql: String, source: lake::sql::Error) -> Self {
        let context = vec![("sql", sql)];
        Self { kind: ErrorKind::Query, message: attempt.to_owned(), context, source: Some(source) }
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), context: Vec::new(), source: None }
    }

    pub(crate) fn not_proven(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotProven, message)
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        self.source.as_ref().is_some_and(lake::sql::Error::is_retryable)
    }

    /// Returns what the error is about, as pairs.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
