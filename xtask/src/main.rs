//! The door of `cargo xtask`: turns the command line into one call of a chore.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program's own output")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::bench::{self, Bytes, What};
use xtask::checkout::Checkout;
use xtask::error::Result;
use xtask::setup::{self, Tools};
use xtask::{inflate, soak, suite, tidy};

/// The chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Fetch the pinned outside tools into the target folder; the only step with network.
    Setup,
    /// Run everything a change must pass.
    Test {
        /// Folder of the acceptance data, which is not part of the project.
        #[arg(long, env = "TRAILKEEP_ACCEPTANCE")]
        acceptance: Option<OsString>,
    },
    /// Check what neither the compiler nor clippy checks: the house, file sizes, words.
    Tidy,
    /// Measure us, DuckDB and ClickHouse on one generated corpus; the result goes to `bench/runs`.
    Bench {
        /// What to measure.
        #[arg(default_value = "all")]
        what: What,
        /// How much JSON to generate, such as 200MB or 1GB.
        #[arg(long, default_value = "1GB")]
        bytes: Bytes,
        /// Seed of the generated corpus.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Leave the corpus and what each program stored in the target folder.
        #[arg(long)]
        keep: bool,
    },
    /// Collect the acceptance data with a release build and compare it with what is known about it.
    Acceptance {
        /// Folder of the acceptance data.
        #[arg(long, env = "TRAILKEEP_ACCEPTANCE")]
        dir: PathBuf,
    },
    /// Run the long tests: a thousand seeded kills, inputs of many gigabytes.
    Soak,
    /// Inflate every log file below a folder and do nothing else: the floor that no collector can pass.
    #[command(hide = true)]
    InflateFloor {
        /// Folder of `.json.gz` files.
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs one chore; false means that it ran and found something wrong.
fn run(chore: Chore) -> Result<bool> {
    let checkout = Checkout::open;
    match chore {
        Chore::Setup => setup::setup(&checkout()?, Tools::Peers).map(|_| true),
        Chore::Test { acceptance } => {
            // An empty variable is how a shell says "none".
            let folder = acceptance.filter(|folder| !folder.is_empty()).map(PathBuf::from);
            Ok(suite::run(&checkout()?, folder.as_deref()))
        }
        Chore::Tidy => {
            let problems = tidy::check(&checkout()?)?;
            problems.iter().for_each(|problem| println!("{problem}"));
            println!("tidy: {} problems", problems.len());
            Ok(problems.is_empty())
        }
        Chore::Bench { what, bytes, seed, keep } => {
            let plan = bench::Plan { what, bytes: bytes.0, seed, keep };
            bench::run(&checkout()?, &plan).map(|()| true)
        }
        Chore::Acceptance { dir } => suite::accept(&checkout()?, &dir).map(|()| true),
        Chore::Soak => soak::run(&checkout()?).map(|()| true),
        // It is measured itself, so it asks cargo nothing.
        Chore::InflateFloor { dir } => {
            println!("{}", inflate::floor(&dir)?);
            Ok(true)
        }
    }
}
