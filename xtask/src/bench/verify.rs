//! `cargo xtask bench verify`: one chain of digests with its log files, validated by the AWS CLI and by us through the same
//! endpoint, and by us from a folder.

use std::fs;

use jiff::Zoned;
use serde::Deserialize;

use super::{Plan, machine, page};
use crate::checkout::{Checkout, Profile};
use crate::command::{self, cargo};
use crate::error::{Error, Kind, Result};
use crate::setup::{self, Tools};

/// The size of a corpus with 2,000 log files in the account and Region that is validated.
const BYTES_MIN: u64 = 1_250_000_000;

/// What the script measured.
#[derive(Deserialize)]
struct Report {
    log_files: u64,
    digests: u64,
    bytes: u64,
    summary: Vec<String>,
    aws: Used,
    endpoint: Used,
    folder: Used,
}

/// What one run used.
#[derive(Deserialize)]
struct Used {
    wall: f64,
    cpu: f64,
    peak_bytes: f64,
}

/// Measures and writes the page.
///
/// # Errors
/// When a build, a tool or one of the programs fails.
pub fn run(checkout: &Checkout, plan: &Plan) -> Result<()> {
    let peers = setup::setup(checkout, Tools::Peers)?;
    command::run(
        cargo()
            .args(["build", "--release", "--package", "trailkeep", "--package", "corpus"])
            .current_dir(checkout.root()),
    )?;
    let work = checkout.target("bench").join("verify");
    if work.exists() {
        super::remove(&work)?;
    }
    fs::create_dir_all(&work).map_err(|source| Error::file("make", &work, source))?;
    let mut script = peers.program("python");
    script.arg(checkout.root().join("xtask/peers/validate.py")).arg("--measure");
    script.arg("--trailkeep").arg(checkout.binary("trailkeep", Profile::Release));
    script.arg("--corpus").arg(checkout.binary("corpus", Profile::Release)).arg("--work").arg(&work);
    let size = plan.bytes.max(BYTES_MIN).to_string();
    script.args(["--bytes", &size, "--seed", &plan.seed.to_string()]);
    let printed = command::capture(&mut script)?;
    let report: Report = serde_json::from_slice(&printed).map_err(|source| {
        Error::new(Kind::Answer, format!("could not read what `{}` printed", command::line(&script))).caused_by(source)
    })?;
    let aws = machine::said(peers.program("aws").arg("--version"));
    let ours =
        machine::said(std::process::Command::new(checkout.binary("trailkeep", Profile::Release)).arg("--version"));
    let date = Zoned::now().date();
    let path = page::free_path(&checkout.root().join("bench/runs"), &format!("{date}-verify"));
    let head = format!(
        "# Benchmark: verify, {date}\n\n* command: `cargo xtask bench verify --bytes {size} --seed {}`\n{}* {ours}\n* {aws}\n\n",
        plan.seed,
        machine::describe()
    );
    fs::write(&path, head + &report.text()).map_err(|source| Error::file("write", &path, source))?;
    if !plan.keep {
        super::remove(&work)?;
    }
    println!("\n{}", fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?);
    println!("written to {}", path.display());
    Ok(())
}

impl Report {
    fn text(&self) -> String {
        let Self { log_files, digests, bytes, summary, aws, endpoint, folder } = self;
        let objects = (log_files + digests) as f64;
        let row = |name: &str, used: &Used| {
            let (cpu_rate, peak) = (objects / used.cpu, used.peak_bytes / f64::from(1 << 20));
            let (wall, cpu) = (used.wall, used.cpu);
            let (faster, cheaper) = (aws.wall / wall, aws.cpu / cpu);
            format!("| {name} | {wall:.2} | {cpu:.2} | {cpu_rate:.0} | {peak:.0} | {faster:.1} | {cheaper:.1} |\n")
        };
        format!(
            "One account and Region of the corpus: {log_files} log files and {digests} digests, {bytes} bytes gzipped, in a \
             moto server on the loopback interface. `validate-logs` on both sides, the same arguments and the same words: \
             {}.\n\n\
             | | wall s | CPU s | objects per CPU s | peak MiB | wall, times faster | CPU, times less |\n\
             |---|---|---|---|---|---|---|\n{}{}{}",
            summary.join("; "),
            row("AWS CLI", aws),
            row("trailkeep, the same endpoint", endpoint),
            row("trailkeep, from a folder", folder)
        )
    }
}
