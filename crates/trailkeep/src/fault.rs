//! What ends a command: one message, its causes, and what to do. Printed plainly, for people and for logs.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use lake::sql::Kind;
use miette::{Diagnostic, ReportHandler};

/// A result whose error ends the command.
pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// An error on its way to the door.
#[derive(Debug)]
pub(crate) struct Fault {
    message: String,
    help: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    is_broken_pipe: bool,
}

impl Fault {
    /// Makes an error from a message in lower case without a full stop.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, source: None, is_broken_pipe: false }
    }

    /// Adds what the reader can do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the error this one comes from.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns whether the reader of our output went away, which is no error.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.is_broken_pipe
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl Diagnostic for Fault {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

/// An error while writing the answer.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let is_broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { is_broken_pipe, ..Self::new("could not write the answer").because(error) }
    }
}

impl From<datafusion::error::DataFusionError> for Fault {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::from(lake::sql::Error::from(error))
    }
}

/// A query that cannot be run: what is wrong with its text is said by the message alone.
impl From<lake::sql::Error> for Fault {
    fn from(error: lake::sql::Error) -> Self {
        match error.kind() {
            Kind::Syntax | Kind::Name | Kind::Refused | Kind::Plan => Self::new(error.to_string()),
            // What lies below is about the insides of the engine.
            Kind::Resources => Self::new(error.to_string())
                .help("narrow the time range, name fewer columns, or raise the limit by `--memory-bytes-max`"),
            _ => Self { source: Some(Box::new(error)), ..Self::new("") },
        }
    }
}

/// Takes over an error that says all by itself: its message, then its causes.
macro_rules! passes_on {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self { source: Some(Box::new(error)), ..Self::new("") }
            }
        }
    )*};
}

passes_on!(
    source::Error,
    lake::error::Error,
    pipeline::error::Error,
    inquiry::Error,
    corpus::Error,
    arrow::error::ArrowError
);

/// Has every report print as `error: ...`, causes and help, a line each.
///
/// # Errors
/// If a way to print was chosen before.
pub(crate) fn print_plainly() -> Result<(), miette::InstallError> {
    miette::set_hook(Box::new(|_| Box::new(Plain)))
}

/// Prints in plain lines, without frames or colours.
struct Plain;

impl ReportHandler for Plain {
    fn debug(&self, error: &dyn Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = Vec::new();
        let mut next: Option<&dyn StdError> = Some(error);
        while let Some(cause) = next {
            let text = crate::terminal::visible(&cause.to_string()).into_owned();
            // Libraries repeat what lies below them; once is enough.
            if !text.is_empty() && !lines.iter().any(|line| line.contains(&text)) {
                lines.push(text);
            }
            next = cause.source();
        }
        write!(f, "error: {}", lines.first().map_or("", String::as_str))?;
        for cause in lines.iter().skip(1) {
            write!(f, "\n  because {cause}")?;
        }
        match error.help() {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}
