//! `trailkeep evidence EVENT_ID -o FILE` and `trailkeep evidence check FILE`: one event with all that proves it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use futures::StreamExt;
use inquiry::evidence::{Proven, check, find};
use source::{Body, Listed, Selection, Source, Uri};

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::bytes;
use crate::{open, output};

/// Largest bundle that is checked.
const BUNDLE_BYTES_MAX: u64 = 1 << 30;

/// Make or check evidence: one event with all that proves it
///
/// A bundle is one file with the event's record, its log file, the digest that lists it with AWS's signature and public
/// key, and a README that says how to check it by hand. The log file is read again from where it was collected.
/// `evidence check FILE` proves a bundle offline, to the last byte.
#[derive(Debug, Args)]
#[command(name = "evidence", subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    check: Option<Check>,

    /// ID of the event
    #[arg(value_name = "EVENT_ID", required = true)]
    event_id: Option<String>,

    /// File to write the bundle to, a tar archive; one that is there is replaced
    #[arg(short = 'o', long = "out", value_name = "FILE", required = true)]
    file: Option<PathBuf>,

    /// Account that recorded the event, by ID or name, where several have an event of this ID
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Prove a bundle by itself, offline
    ///
    /// Exit codes: 0 it holds, 1 it does not, 2 it cannot be read.
    Check {
        /// The bundle
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Makes or checks.
pub(crate) async fn run(command: Evidence, settings: &Settings) -> Result<Exit> {
    match (command.check, command.event_id, command.file) {
        (Some(Check::Check { file }), ..) => checked(&file, settings),
        (None, Some(event_id), Some(file)) => {
            let account = command.account.as_ref().map(|text| settings.accounts.find(text)).transpose()?;
            let (_lake, ctx) = open::session(settings).await?;
            let case = find(&ctx, &event_id, account.as_ref()).await?;
            let log_file = read(case.log_file(), settings).await?;
            let bundle = case.bundle(log_file)?;
            let proven = check(&bundle)?;
            let fault = |error| Fault::new(format!("could not write `{}`", file.display())).because(error);
            std::fs::write(&file, &bundle).map_err(fault)?;
            let done = format!("Wrote {} of evidence to {}.", bytes(bundle.len() as u64), file.display());
            show(&proven, &done, settings)?;
            Ok(Exit::Success)
        }
        // The command line asks for both.
        _ => Err(Fault::new("an event's ID and a file to write to are needed")),
    }
}

fn checked(file: &Path, settings: &Settings) -> Result<Exit> {
    let fault = |error: std::io::Error| Fault::new(format!("could not read `{}`", file.display())).because(error);
    let mut bundle = Vec::new();
    let opened = std::fs::File::open(file).map_err(fault)?;
    opened.take(BUNDLE_BYTES_MAX + 1).read_to_end(&mut bundle).map_err(fault)?;
    if bundle.len() as u64 > BUNDLE_BYTES_MAX {
        return Err(Fault::new(format!(
            "`{}` is no bundle: it has more than {}",
            file.display(),
            bytes(BUNDLE_BYTES_MAX)
        )));
    }
    match check(&bundle) {
        Ok(proven) => {
            show(&proven, "The evidence holds.", settings)?;
            Ok(Exit::Success)
        }
        Err(error) => {
            let mut stdout = output::stdout();
            match settings.format {
                Format::Json | Format::Jsonl => {
                    let object = serde_json::json!({ "holds": false, "reason": error.to_string() });
                    writeln!(stdout, "{object}")?;
                }
                _ => writeln!(stdout, "The evidence does not hold: {}.", visible(&error.to_string()))?,
            }
            stdout.flush()?;
            Ok(Exit::Findings)
        }
    }
}

/// Reads a log file again from where it was collected.
async fn read(uri: &str, settings: &Settings) -> Result<Vec<u8>> {
    let gone = || {
        Fault::new(format!("the log file `{uri}` is gone"))
            .help("evidence needs it as AWS delivered it: put it back there")
    };
    let parsed = Uri::parse(uri.as_ref())?;
    if parsed == Uri::Stdin {
        return Err(Fault::new("the event was collected from standard input, which cannot be read again")
            .help("collect its log file from a folder or a bucket"));
    }
    let source = Source::open(parsed, &settings.aws).await.map_err(|error| gone().because(error))?;
    let mut listing = source.list(&Selection::default());
    let object = match listing.next().await {
        Some(Listed::Object(object)) if object.uri == uri => object,
        Some(Listed::Failed { error, .. }) => return Err(gone().because(error)),
        _ => return Err(gone()),
    };
    match source.read(&object).await.map_err(|error| gone().because(error))?.body {
        Body::Whole(bytes) => Ok(bytes.to_vec()),
        Body::Stream(mut stream) => {
            let read = tokio::task::spawn_blocking(move || {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).map(|_| bytes)
            });
            let fault = || Fault::new(format!("could not read `{uri}`"));
            read.await.map_err(|error| fault().because(error))?.map_err(|error| fault().because(error))
        }
    }
}

fn show(proven: &Proven, first: &str, settings: &Settings) -> Result<()> {
    let mut stdout = output::stdout();
    let lines = [
        ("event", "event_id", &proven.event_id),
        ("name", "event_name", &proven.event_name),
        ("time", "event_time", &proven.event_time),
        ("account", "account", &proven.account),
        ("log file", "log_file", &proven.log_file),
        ("digest", "digest", &proven.digest),
        ("public key", "public_key_fingerprint", &proven.fingerprint),
    ];
    if matches!(settings.format, Format::Json | Format::Jsonl) {
        let members = lines.map(|(_, member, value)| (member.to_owned(), serde_json::Value::from(value.as_str())));
        let mut object = serde_json::Map::from_iter([("holds".to_owned(), serde_json::Value::Bool(true))]);
        object.extend(members);
        writeln!(stdout, "{}", serde_json::Value::Object(object))?;
        return Ok(stdout.flush()?);
    }
    writeln!(stdout, "{first}")?;
    for (name, _, value) in lines {
        writeln!(stdout, "  {name:<10} {}", visible(value))?;
    }
    writeln!(
        stdout,
        "Compare the key with what `aws cloudtrail list-public-keys` says: README.txt in the bundle tells how."
    )?;
    Ok(stdout.flush()?)
}
