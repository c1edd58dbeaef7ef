//! `trailkeep verify URI...`: all digests and log files of a copy of a trail's bucket, held against each other.

mod report;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use event::arn::Region;
use jiff::Timestamp;
use pipeline::progress::Progress;
use pipeline::verify::{Verification, Verified, digest_times, verify};
use source::{AwsOptions, CloudTrail, Selection, Source, Uri};
use trail::audit::{Evidence, Scope};
use trail::digest::{MetadataFile, PublicKeys};

use crate::cli::Format;
use crate::command::collect;
use crate::command::collect::prove::KEYS_AROUND;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::progress::{Bar, Pace};
use crate::settings::Settings;

/// Verify that log files are all there and unchanged, by their digest files
///
/// Every account, Region and trail below the given places at once: folders, mirrored or renamed, and buckets. Listed are
/// digest and log files that are missing, changed, damaged or too many, and the times that no digest covers. Where the
/// signatures of digests are lost, as in a copied folder, `--metadata` brings them back; else each digest's signature is
/// taken from the one after it, and the newest is counted as unsigned.
///
/// Exit codes: 0 all is as it was delivered, 1 something is not, 2 could not finish.
#[derive(Debug, Args)]
#[command(name = "verify")]
pub(crate) struct VerifyArgs {
    /// A folder, a file, or `s3://bucket/prefix`
    #[arg(value_name = "URI", required = true)]
    uris: Vec<OsString>,

    /// File with the public keys, as `aws cloudtrail list-public-keys` prints them; repeat for several [default: CloudTrail
    /// is asked in each Region]
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,

    /// File with the metadata that S3 keeps with each digest: an object of JSON from `bucket/key` to `signature` and
    /// `signature-algorithm`; repeat for several
    #[arg(long, value_name = "FILE")]
    metadata: Vec<PathBuf>,

    /// Only what was delivered since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only what was delivered before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Only this account, by ID or name; repeat for several
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Only events in this Region; repeat for several. The bucket's own Region is `--aws-region`
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,

    /// Threads that read and hash [default: one for each processor]
    #[arg(long, value_name = "N", env = "TRAILKEEP_WORKERS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
}

/// Verifies and reports.
pub(crate) async fn run(command: VerifyArgs, settings: &Settings) -> Result<Exit> {
    let verification = plan(&command, settings, Timestamp::now()).await?;
    let started = std::time::Instant::now();
    let progress = Arc::new(Progress::default());
    let bar = Bar::start(progress.clone(), Pace::Files);
    let verified = verify(verification, progress).await;
    bar.finish().await;
    let verified = verified?;
    show(&verified, started.elapsed().as_secs_f64(), settings)?;
    if verified.failed_total > 0 {
        return Ok(Exit::Error);
    }
    let total = verified.findings.total();
    if total.digests() + total.digests_missing == 0 {
        return Err(Fault::new("no digest files were found there, so nothing can be verified").help(
            "they lie in `CloudTrail-Digest` beside `CloudTrail`; name the folder above both, and see whether the trail \
             has log file validation switched on",
        ));
    }
    Ok(if verified.findings.is_clean() { Exit::Success } else { Exit::Findings })
}

/// Verifies a folder by keys and signatures from files, without a bar.
pub(crate) async fn folder(logs: &Path, keys: &Path, metadata: &Path, now: Timestamp) -> Result<Verified> {
    let source = Source::open(Uri::Path(logs.to_owned()), &AwsOptions::default()).await?;
    let verification = Verification {
        sources: vec![source],
        selection: Selection::default(),
        scope: Scope { since: None, until: None, now },
        evidence: Evidence { keys: read_keys(keys)?, metadata: read_metadata(&[metadata.to_owned()])? },
        workers: collect::workers(),
    };
    Ok(verify(verification, Arc::new(Progress::default())).await?)
}

async fn plan(command: &VerifyArgs, settings: &Settings, now: Timestamp) -> Result<Verification> {
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    let accounts = command.account.iter().map(|text| settings.accounts.find(text));
    let selection = Selection {
        since: time(&command.since)?,
        until: time(&command.until)?,
        accounts: accounts.collect::<Result<_>>()?,
        regions: command.region.clone(),
    };
    let metadata = read_metadata(&command.metadata)?;
    let mut keys = PublicKeys::default();
    let files = if command.keys.is_empty() { &settings.keys } else { &command.keys };
    for path in files {
        keys.merge(read_keys(path)?);
    }
    let mut sources = Vec::new();
    for uri in &command.uris {
        let uri = Uri::parse(uri)?;
        if uri == Uri::Stdin {
            return Err(Fault::new("a stream cannot be verified").help("name a folder or `s3://bucket/prefix`"));
        }
        sources.push(Source::open(uri, &settings.aws).await?);
    }
    if files.is_empty() {
        keys = ask_for_keys(&sources, &selection, &settings.aws).await?;
    }
    Ok(Verification {
        scope: Scope { since: selection.since, until: selection.until, now },
        sources,
        selection,
        evidence: Evidence { keys, metadata },
        workers: command.workers.map_or_else(collect::workers, usize::from),
    })
}

/// Asks CloudTrail in each Region of which there are digests: each has keys of its own.
async fn ask_for_keys(sources: &[Source], selection: &Selection, aws: &AwsOptions) -> Result<PublicKeys> {
    let mut keys = PublicKeys::default();
    for (region, (first, last)) in digest_times(sources, selection).await {
        // The endpoint in the options is that of S3.
        let options = AwsOptions { region: Some(region.clone()), endpoint_url: None, ..aws.clone() };
        let from = first.saturating_sub(KEYS_AROUND).unwrap_or(Timestamp::MIN);
        let until = last.saturating_add(KEYS_AROUND).unwrap_or(Timestamp::MAX);
        let found = CloudTrail::open(&options).await?.public_keys(from, until).await.map_err(|error| {
            Fault::new(format!("could not get the public keys of `{region}`")).because(error).help(
                "without a way to AWS, save them once by `aws cloudtrail list-public-keys > keys.json` and give \
                 `--keys keys.json`",
            )
        })?;
        found.into_iter().for_each(|key| keys.add(key.fingerprint, &key.der));
    }
    Ok(keys)
}

fn read(path: &Path, what: &str) -> Result<String> {
    let fault = |error| Fault::new(format!("could not read {what} from `{}`", path.display())).because(error);
    std::fs::read_to_string(path).map_err(fault)
}

fn read_keys(path: &Path) -> Result<PublicKeys> {
    let fault = || Fault::new(format!("could not understand the keys in `{}`", path.display()));
    let keys = PublicKeys::parse_json(&read(path, "public keys")?).map_err(|error| fault().because(error))?;
    if keys.is_empty() {
        let fault = Fault::new(format!("there is no public key in `{}`", path.display()));
        return Err(fault.help("give `aws cloudtrail list-public-keys` the Region and the time of the digests"));
    }
    Ok(keys)
}

fn read_metadata(paths: &[PathBuf]) -> Result<MetadataFile> {
    let mut all = MetadataFile::default();
    for path in paths {
        let fault = |error| Fault::new(format!("could not understand `{}`", path.display())).because(error);
        all.merge(MetadataFile::parse_json(&read(path, "signatures")?).map_err(fault)?);
    }
    Ok(all)
}

fn show(verified: &Verified, seconds: f64, settings: &Settings) -> Result<()> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Table => report::for_people(verified, seconds, &settings.accounts, &mut stdout)?,
        Format::Json | Format::Jsonl => {
            report::for_people(verified, seconds, &settings.accounts, &mut std::io::stderr())?;
            report::for_programs(verified, &mut stdout)?;
        }
        Format::Csv | Format::Raw => {
            report::for_people(verified, seconds, &settings.accounts, &mut std::io::stderr())?;
        }
    }
    Ok(stdout.flush()?)
}
