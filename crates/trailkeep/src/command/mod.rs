//! The commands: one file or folder each, its flags beside its work. Flags that two of them share have a file too.

pub(crate) mod collect;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod coverage;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod filters;
pub(crate) mod keys;
pub(crate) mod lake;
pub(crate) mod lookup;
pub(crate) mod man;
pub(crate) mod query;
pub(crate) mod rules;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod validate_logs;
pub(crate) mod verify;
pub(crate) mod who;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;

/// Runs what the command line asks for.
pub(crate) async fn run(cli: Cli) -> Result<Exit> {
    // These need neither a lake nor a configuration that can be read.
    match &cli.command {
        Command::Export(command) if command.is_about_template() => return export::print_template(command),
        Command::Completions(command) => return completions::run(command),
        Command::Man(command) => return man::run(command),
        _ => {}
    }
    let mut global = cli.global;
    // As in the AWS CLI, the endpoint of this one command is CloudTrail's and not that of S3.
    let is_cloudtrail = matches!(cli.command, Command::ValidateLogs(_));
    let cloudtrail_endpoint = if is_cloudtrail { global.endpoint_url.take() } else { None };
    let settings = Settings::resolve(global)?;
    if settings.is_parquet && !matches!(cli.command, Command::Query(_)) {
        return Err(Fault::new("only `query` gives its answer as Parquet").help(
            "choose `table`, `json`, `jsonl`, `csv` or `raw` by `--output`; events go out by `export --format parquet`",
        ));
    }
    match cli.command {
        Command::Demo(command) => demo::run(command, &settings).await,
        Command::Collect(command) => collect::run(command, &settings).await,
        Command::Query(command) => query::run(command, &settings).await,
        Command::Lookup(command) => lookup::run(command, &settings).await,
        Command::Who(command) => who::run(command, &settings).await,
        Command::Detect(command) => detect::run(command, &settings).await,
        Command::Rules(command) => rules::run(command, &settings).await,
        Command::Verify(command) => verify::run(command, &settings).await,
        Command::ValidateLogs(command) => validate_logs::run(command, cloudtrail_endpoint, &settings).await,
        Command::Coverage(command) => coverage::run(command, &settings).await,
        Command::Evidence(command) => evidence::run(command, &settings).await,
        Command::Simulate(command) => simulate::run(*command, &settings).await,
        Command::Convert(command) => convert::run(command, &settings).await,
        Command::Export(command) => export::run(*command, &settings).await,
        Command::Serve(command) => serve::run(command, &settings).await,
        Command::Keys(command) => keys::run(command, &settings),
        Command::Lake(command) => lake::run(command, &settings).await,
        Command::Completions(command) => completions::run(&command),
        Command::Man(command) => man::run(&command),
    }
}
