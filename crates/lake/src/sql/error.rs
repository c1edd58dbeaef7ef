//! What can go wrong with a query, in the words of the person who wrote it.

use std::fmt;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::memory;

/// What kind of mistake or failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The text is no SQL.
    Syntax,
    /// A table, a column or a field does not exist.
    Name,
    /// The statement would write, set or read something else than the lake's tables.
    Refused,
    /// The statement is SQL, but cannot be planned or computed as written: types, functions, values, unsupported
    /// features.
    Plan,
    /// The limit on memory was reached and going on on disk did not help, or that on disk was.
    Resources,
    /// Reading or computing failed while the query ran.
    Execution,
}

/// A place in the query's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

/// A query that could not be planned or run.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    position: Option<Position>,
    source: Option<Box<DataFusionError>>,
}

impl Error {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), position: None, source: None }
    }

    pub(super) fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }

    pub(super) fn caused_by(mut self, source: DataFusionError) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns where in the query's text the mistake stands, if that is known.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Returns whether the same query may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        self.kind == Kind::Resources
    }

    /// Returns the message without the position.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => write!(f, "{} (line {line}, column {column})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        let root = error.find_root();
        if let DataFusionError::ArrowError(arrow, _) = root
            && let ArrowError::ParseError(message) | ArrowError::CastError(message) = arrow.as_ref()
        {
            let mut chars = message.chars();
            let lower: String = chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect();
            return Self::new(Kind::Plan, lower).caused_by(error);
        }
        let kind = match root {
            DataFusionError::ResourcesExhausted(_) => Kind::Resources,
            DataFusionError::SQL(..) => Kind::Syntax,
            DataFusionError::SchemaError(..) => Kind::Name,
            DataFusionError::Plan(_) | DataFusionError::NotImplemented(_) | DataFusionError::Configuration(_) => {
                Kind::Plan
            }
            _ => Kind::Execution,
        };
        let message = match kind {
            Kind::Resources => memory::told(&root.message()),
            _ => root.message().into_owned(),
        };
        Self::new(kind, message).caused_by(error)
    }
}
