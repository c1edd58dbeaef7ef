//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended when no error stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well; an empty answer is one, too.
    Success,
    /// Finished, and something needs a look: rejects, skips or conflicts.
    Findings,
    /// Could not finish.
    Error,
    /// Could not finish, in the words and with the exit status of the AWS CLI, which a drop-in must keep.
    AwsError,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        match exit {
            Exit::Success => ExitCode::SUCCESS,
            Exit::Findings => ExitCode::from(1),
            Exit::Error => ExitCode::from(2),
            Exit::AwsError => ExitCode::from(255),
        }
    }
}
