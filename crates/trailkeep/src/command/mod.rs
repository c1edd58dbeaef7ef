//! The commands: one file or folder each, its flags beside its work.

pub(crate) mod collect;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod lake;
pub(crate) mod lookup;
pub(crate) mod man;
pub(crate) mod query;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::fault::Result;
use crate::settings::Settings;

/// Runs what the command line asks for.
pub(crate) async fn run(cli: Cli) -> Result<Exit> {
    // These two need neither a lake nor a configuration that can be read.
    match &cli.command {
        Command::Completions(command) => return completions::run(command),
        Command::Man(command) => return man::run(command),
        _ => {}
    }
    let settings = Settings::resolve(cli.global)?;
    match cli.command {
        Command::Demo(command) => demo::run(command, &settings).await,
        Command::Collect(command) => collect::run(command, &settings).await,
        Command::Query(command) => query::run(command, &settings).await,
        Command::Lookup(command) => lookup::run(command, &settings).await,
        Command::Lake(command) => lake::run(command, &settings).await,
        Command::Completions(command) => completions::run(&command),
        Command::Man(command) => man::run(&command),
    }
}
