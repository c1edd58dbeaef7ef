//! `trailkeep completions SHELL`: a script that completes commands and flags.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::fault::Result;

/// Print a script that completes commands and flags
///
/// For example: `trailkeep completions bash > ~/.local/share/bash-completion/completions/trailkeep`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to complete in
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(command: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Cli::command(), "trailkeep", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Success)
}
