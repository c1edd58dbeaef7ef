//! `trailkeep`: the self-hosted home of AWS CloudTrail events. This is the door: flags in, answers and exit codes out.

mod cli;
mod command;
mod config;
mod exit;
mod fault;
mod interrupt;
mod open;
mod output;
mod progress;
mod settings;
mod stop;
mod terminal;
mod units;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::fault::Fault;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version go to standard output and are a success, mistakes to standard error with code 2.
        Err(answer) => {
            let code = u8::try_from(answer.exit_code()).unwrap_or(2);
            return answer.print().map_or(ExitCode::SUCCESS, |()| ExitCode::from(code));
        }
    };
    fault::print_plainly().expect("nobody else chooses how errors print");
    start_logging();
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(fault) if fault.is_broken_pipe() => ExitCode::SUCCESS,
        Err(fault) => {
            // Nobody is left to tell when standard error is gone as well.
            match writeln!(std::io::stderr(), "{:?}", miette::Report::new(fault)) {
                Ok(()) | Err(_) => Exit::Error.into(),
            }
        }
    }
}

fn run(cli: Cli) -> Result<Exit, Fault> {
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Fault::new("could not start threads").because(error))?;
    let exit = runtime.block_on(command::run(cli));
    // A read of standard input or a listing may still be under way; nobody waits for it any more.
    runtime.shutdown_background();
    exit
}

/// What is logged where nobody asks for more: warnings. Ways to a Region or to credentials that lead nowhere are tried by the
/// dozen, and none is news: where all of them do, an error says so.
const LOGGED: &str = "warn,aws_config=error";

/// Sends the log to standard error: warnings, or what `TRAILKEEP_LOG` asks for, such as `debug` or `source=trace`. Files and
/// pipes get it without colours, and so do terminals.
fn start_logging() {
    let asked = std::env::var("TRAILKEEP_LOG").unwrap_or_default();
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .parse_lossy(if asked.is_empty() { LOGGED } else { &asked });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(false).without_time().init();
}
