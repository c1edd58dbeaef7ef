//! What is wrong with selectors, in the words of the API.

use std::fmt;

/// A result whose error is this module's own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Selectors that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A text that is no JSON, or not that of selectors.
    Json,
    /// Selectors of both kinds in one call, or basic ones for an event data store.
    Kind,
    /// No selector, or more than there may be.
    Selectors,
    /// More data resources or more values than there may be.
    Values,
    /// A `ReadWriteType` that is none.
    ReadWriteType,
    /// A type of data resources that basic selectors do not know.
    ResourceType,
    /// A value of a data resource that is no ARN of that type, nor the beginning of one where that may be.
    ResourceValue,
    /// Management events that are left out although none are recorded, or of a service that cannot be left out.
    ExcludedSource,
    /// A selector that records nothing.
    Nothing,
    /// A name that is too long.
    Name,
    /// A field that is none, that the category does not have, or that is named twice.
    Field,
    /// A field that the category must have and that is missing.
    MissingField,
    /// An operator that the field does not have, or none at all.
    Operator,
    /// A value that the field cannot have.
    Value,
    /// A condition that cannot be evaluated because it is too large.
    Limit,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the code that the API gives with the message.
    pub fn code(&self) -> &'static str {
        "InvalidEventSelectorsException"
    }

    /// Returns true if the same call may succeed later: never, for nothing here depends on the world.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// The message goes to the client as it is: spelled as the API spells its own, with a capital and full stops.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<predicate::error::Error> for Error {
    fn from(error: predicate::error::Error) -> Error {
        Error::new(ErrorKind::Limit, format!("The event selectors cannot be evaluated: {error}."))
    }
}
