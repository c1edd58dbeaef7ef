//! `trailkeep man`: the manual page of every command, in one roff document or as files.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::exit::Exit;
use crate::fault::{Fault, Result};

/// Print the manual page, or write the pages of all commands to a folder
///
/// For example: `trailkeep man | man -l -`
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write `trailkeep.1` and a page for each command here
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(crate) fn run(command: &Man) -> Result<Exit> {
    let cli = Cli::command();
    match &command.dir {
        Some(dir) => {
            let fault =
                |error| Fault::new(format!("could not write manual pages to `{}`", dir.display())).because(error);
            std::fs::create_dir_all(dir).map_err(fault)?;
            clap_mangen::generate_to(cli, dir).map_err(fault)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(cli).render(&mut page)?;
            std::io::stdout().write_all(&page)?;
        }
    }
    Ok(Exit::Success)
}
