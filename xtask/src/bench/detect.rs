//! `cargo xtask bench detect`: what rules cost beside collecting, and how fast they go through what is stored.
//!
//! Detection is a reader of the lake: what it adds to a collection is one look at the new events. So its CPU time is held
//! against that of collecting the same log files. Public rules take part where `TRAILKEEP_ACCEPTANCE` names their folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Zoned;
use serde::Deserialize;

use super::corpus::Corpus;
use super::{Plan, machine, page};
use crate::checkout::{Checkout, Profile};
use crate::command::{self, Usage, cargo};
use crate::error::{Error, Kind, Result};

/// Rules that are generated.
const GENERATED: usize = 800;

/// Names of calls that rules of people ask for, common ones and rare ones.
const NAMES: [&str; 40] = [
    "AssumeRole",
    "GetObject",
    "PutObject",
    "DeleteObject",
    "ListBuckets",
    "GetBucketAcl",
    "DescribeInstances",
    "RunInstances",
    "TerminateInstances",
    "DescribeRegions",
    "CreateUser",
    "CreateAccessKey",
    "AttachUserPolicy",
    "PutUserPolicy",
    "CreateLoginProfile",
    "UpdateAssumeRolePolicy",
    "ConsoleLogin",
    "GetSecretValue",
    "GetParameter",
    "GetParameters",
    "Decrypt",
    "GenerateDataKey",
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "DeleteFlowLogs",
    "DeleteDetector",
    "ModifySnapshotAttribute",
    "ModifyImageAttribute",
    "AuthorizeSecurityGroupIngress",
    "CreateRoute",
    "DeleteNetworkAcl",
    "PutBucketPolicy",
    "PutBucketLifecycle",
    "DeletePublicAccessBlock",
    "AddPermission20150331v2",
    "LeaveOrganization",
    "GetFederationToken",
    "DeactivateMFADevice",
];

/// What our report says of a collection.
#[derive(Deserialize)]
struct Report {
    stored: u64,
}

/// One measurement.
struct Measured {
    what: String,
    usage: Usage,
}

/// Measures and writes the page.
///
/// # Errors
/// When a build or one of the runs fails.
pub fn run(checkout: &Checkout, plan: &Plan) -> Result<()> {
    command::run(
        cargo()
            .args(["build", "--release", "--package", "trailkeep", "--package", "corpus", "--package", "xtask"])
            .current_dir(checkout.root()),
    )?;
    let folder = checkout.target("bench");
    let corpus = Corpus::generate(checkout, plan, &folder)?;
    let work = folder.join("detect");
    if work.exists() {
        super::remove(&work)?;
    }
    let rules = work.join("rules");
    write_rules(&rules)?;
    let ours = |words: &[&str]| {
        let mut command = Command::new(checkout.binary("trailkeep", Profile::Release));
        command.arg("--data").arg(work.join("data")).args(words);
        command
    };
    println!("detect: collecting");
    let (ingest, printed) = command::measure(ours(&["collect", "--output", "json"]).arg(&corpus.folder), &[0, 1])?;
    let report: Report = serde_json::from_str(&printed)
        .map_err(|source| Error::new(Kind::Answer, "could not read the report of `collect`").caused_by(source))?;
    let mut measured = Vec::new();
    let mut look = |what: &str, words: &[&str], rules: Option<&Path>, from: Option<&Path>| -> Result<()> {
        println!("detect: {what}");
        let mut command = ours(&["detect", "--no-store", "--output", "jsonl"]);
        command.args(words);
        if let Some(rules) = rules {
            command.arg("--rules").arg(rules);
        }
        command.args(from);
        let (usage, _) = command::measure(&mut command, &[0, 1])?;
        measured.push(Measured { what: what.to_owned(), usage });
        Ok(())
    };
    let public = std::env::var_os("TRAILKEEP_ACCEPTANCE").map(|data| PathBuf::from(data).join("sigma/rules"));
    look("the rules that ship", &[], None, None)?;
    look("800 generated rules", &["--no-builtin"], Some(&rules), None)?;
    if let Some(public) = &public {
        look("57 public rules", &["--no-builtin"], Some(public), None)?;
        look("public rules and those that ship", &[], Some(public), None)?;
    }
    look("the rules that ship, from gzip files", &[], None, Some(&corpus.folder))?;
    let date = Zoned::now().date();
    let path = page::free_path(&checkout.root().join("bench/runs"), &format!("{date}-detect"));
    let size = corpus.size;
    let head = format!(
        "# Benchmark: detect, {date}\n\n* command: `cargo xtask bench detect --bytes {} --seed {}`\n\
         * corpus: `{}`: {} bytes of JSON in {} gzip files\n{}* {}\n\n",
        plan.bytes,
        plan.seed,
        corpus.command,
        size.bytes,
        size.files,
        machine::describe(),
        machine::said(Command::new(checkout.binary("trailkeep", Profile::Release)).arg("--version")),
    );
    let text = head + &section(&ingest, report.stored, &measured);
    fs::write(&path, &text).map_err(|source| Error::file("write", &path, source))?;
    if !plan.keep {
        super::remove(&work)?;
    }
    println!("\n{text}\nwritten to {}", path.display());
    Ok(())
}

fn section(ingest: &Usage, events: u64, measured: &[Measured]) -> String {
    let mut text = String::from(
        "Whole processes, their start included. Looks go through the lake unless they say otherwise; what they find is \
         printed and not kept.\n\n\
         | | CPU s | wall s | events per s | events per CPU s | peak MiB | CPU against collecting |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let whole = ingest.cpu.as_secs_f64();
    let mut row = |name: &str, usage: &Usage| {
        let (cpu, wall) = (usage.cpu.as_secs_f64(), usage.wall.as_secs_f64());
        let peak = usage.peak_bytes as f64 / f64::from(1 << 20);
        let (per_wall, per_cpu) = (events as f64 / wall, events as f64 / cpu);
        text.push_str(&format!(
            "| {name} | {cpu:.2} | {wall:.2} | {per_wall:.0} | {per_cpu:.0} | {peak:.0} | {:.0} % |\n",
            100.0 * cpu / whole
        ));
    };
    row(&format!("collecting {events} events"), ingest);
    measured.iter().for_each(|measured| row(&measured.what, &measured.usage));
    text
}

/// Writes rules, each for two names of calls and with conditions on text and on JSON.
fn write_rules(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|source| Error::file("make", folder, source))?;
    for nth in 0..GENERATED {
        let name = |at: usize| NAMES.get(at % NAMES.len()).copied().unwrap_or("GetObject");
        let text = format!(
            "title: Generated {nth}\nid: generated-{nth}\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n  \
             selection:\n    eventName: [{}, {}]\n    userAgent|contains: [curl, 'python-requests/{nth}']\n    \
             requestParameters.name{nth}|startswith: 'prod-'\n  filter:\n    userIdentity.arn|endswith: 'user/{nth}'\n  \
             condition: selection and not filter\nlevel: low\n",
            name(nth),
            name(nth * 7 + 1)
        );
        let path = folder.join(format!("{nth}.yml"));
        fs::write(&path, text).map_err(|source| Error::file("write", &path, source))?;
    }
    Ok(())
}
