//! `trailkeep demo`: a sample organisation, collected, and a short tour of what can be found in it.

mod coverage;
mod findings;
mod proof;
mod tour;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use lake::location::Location;
use pipeline::collect::{Bounds, Collect, Progress, Report};
use source::{AwsOptions, Selection, Source, Uri};

use crate::command::collect;
use crate::command::collect::prove::Given;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::units::{bytes, counted, parse_bytes, seconds};

/// The organisation is the same for everybody, so that people can talk about it.
const SEED: u64 = 7;
/// Written last, beside the data folder, where every command finds it: its presence says that the demo is complete.
const CONFIG: &str = "trailkeep.toml";

/// Names of the sample organisation's accounts.
const ACCOUNTS: [(&str, &str); 5] = [
    ("111122223333", "management"),
    ("444455556666", "production"),
    ("123456789012", "staging"),
    ("777788889999", "tooling"),
    ("999988887777", "security"),
];

/// Make a sample organisation, collect it, and take a tour
///
/// Five accounts, six Regions, a week of work, and one night that went wrong. Nothing outside the folder is touched,
/// and nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(name = "demo")]
pub(crate) struct Demo {
    /// Folder to put it in
    #[arg(long, value_name = "DIR", default_value = "./trailkeep-demo")]
    dir: PathBuf,

    /// Size of the log files, inflated
    #[arg(long, value_name = "SIZE", default_value = "20MB", value_parser = parse_bytes)]
    bytes: u64,
}

/// Makes the demo if it is not there, and shows round.
pub(crate) async fn run(command: Demo, settings: &Settings) -> Result<Exit> {
    let dir = command.dir;
    let mut out = output::stdout();
    let data = dir.join("data");
    let location = Location::local(&data);
    if dir.join(CONFIG).is_file() {
        writeln!(out, "The demo is in `{}` already; here is the tour again.", dir.display())?;
        writeln!(out, "Remove the folder to start afresh.")?;
    } else {
        check_is_free(&dir)?;
        make(&dir, command.bytes, &location, &mut out).await?;
    }
    proof::show(&dir, &data, &mut out).await?;
    out.flush()?;
    let found = findings::find(&location, settings).await?;
    let lake = lake::Lake::open(&location).await?;
    let ctx = lake.session(&settings.session_options())?;
    coverage::show(&ctx, &data, settings, &mut out).await?;
    out.flush()?;
    findings::show(&ctx, found, &data, &mut out).await?;
    out.flush()?;
    tour::show(&ctx, &data, &mut out).await?;
    out.flush()?;
    Ok(Exit::Success)
}

/// Refuses a folder with content that is not ours.
fn check_is_free(dir: &Path) -> Result<()> {
    let fault = |error| Fault::new(format!("could not look into `{}`", dir.display())).because(error);
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fault(error)),
    };
    for entry in entries {
        let name = entry.map_err(fault)?.file_name();
        // An earlier run may have been interrupted: what it made is made again.
        if !["logs", "data", proof::KEYS, proof::METADATA].iter().any(|own| name == *own) {
            let found = name.to_string_lossy();
            return Err(Fault::new(format!("`{}` holds something else already, such as `{found}`", dir.display()))
                .help("choose another folder by `--dir DIR`"));
        }
    }
    Ok(())
}

async fn make(dir: &Path, size: u64, location: &Location, out: &mut dyn Write) -> Result<()> {
    let logs = dir.join("logs");
    let digests = Some(corpus::Digests { beside: dir.to_owned(), tampered: true });
    let config = corpus::Config { digests, ..corpus::Config::new(SEED, size) };
    let target = logs.clone();
    let made = tokio::task::spawn_blocking(move || corpus::generate(&config, &target)).await;
    let summary = made.map_err(|error| Fault::new("could not make the sample organisation").because(error))??;
    writeln!(
        out,
        "Made a sample organisation: {} in {},",
        counted(summary.records, "record"),
        counted(summary.files, "log file")
    )?;
    let (inflated, stored) = (bytes(summary.bytes), bytes(summary.gz_bytes));
    writeln!(out, "{inflated} of JSON, {stored} gzipped, as an organization trail delivers them to S3,")?;
    writeln!(out, "with {} that say what they must be.", counted(summary.digests, "signed digest file"))?;
    writeln!(out, "  {}", logs.display())?;
    out.flush()?;
    let report = fill(&logs, location).await?;
    let given = Given::read(&[dir.join(proof::KEYS)], &[dir.join(proof::METADATA)])?;
    given.prove_lake(location, Timestamp::now()).await?;
    writeln!(
        out,
        "Collected {} in {}, each byte for byte.",
        counted(report.stored + report.duplicates, "event"),
        seconds(report.seconds)
    )?;
    writeln!(out, "  {}", dir.join("data").display())?;
    let names: String = ACCOUNTS.iter().map(|(id, name)| format!("{id} = \"{name}\"\n")).collect();
    let text = format!(
        "# Settings of the sample organisation: found by every command with `--data` beside it.\n[accounts]\n{names}"
    );
    let path = dir.join(CONFIG);
    std::fs::write(&path, text)
        .map_err(|error| Fault::new(format!("could not write `{}`", path.display())).because(error))
}

async fn fill(logs: &Path, location: &Location) -> Result<Report> {
    let source = Source::open(Uri::Path(logs.to_owned()), &AwsOptions::default()).await?;
    let plan = Collect {
        sources: vec![source],
        selection: Selection::default(),
        bounds: Bounds::default(),
        workers: collect::workers(),
    };
    let progress = Arc::new(Progress::default());
    let report = collect::into_lake(location, plan, Timestamp::now(), progress.clone()).await?;
    if progress.stop.load(std::sync::atomic::Ordering::Relaxed) || !report.is_clean() {
        return Err(
            Fault::new("the sample organisation was not collected as a whole").help("run `trailkeep demo` again")
        );
    }
    Ok(report)
}
