//! What is refused of a rule file, and what is accepted with a word of warning: always with its place.

use std::fmt;

/// A place in a rule file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// A rule, or a file, that does not run, or runs otherwise than its author may think.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file's name, as it was given.
    pub file: String,
    /// Where in the file.
    pub mark: Mark,
    /// The title or id of the rule, where that much is known.
    pub rule: Option<String>,
    /// What was found, and what to do.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.mark.line, self.mark.column)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule `{rule}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Why a part of a file is refused: a [`Refusal`] that does not know its file yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub mark: Mark,
    pub reason: String,
}

/// A result that may be a fault.
pub(crate) type Parsed<T> = Result<T, Fault>;

impl Fault {
    pub(crate) fn new(mark: Mark, reason: impl Into<String>) -> Fault {
        Fault { mark, reason: reason.into() }
    }

    pub(crate) fn in_file(self, file: &str, rule: Option<&str>) -> Refusal {
        Refusal { file: file.to_owned(), mark: self.mark, rule: rule.map(str::to_owned), reason: self.reason }
    }
}
