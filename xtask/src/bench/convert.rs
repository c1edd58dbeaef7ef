//! `cargo xtask bench convert`: the generated corpus, converted to each format; the cost of inflating it is told apart.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Zoned;

use super::corpus::Corpus;
use super::{Plan, machine, page};
use crate::checkout::{Checkout, Profile};
use crate::command::{self, Usage, cargo};
use crate::error::{Error, Result};

/// Format, further flags, and how many MB of records it should do in a CPU second.
const FORMATS: &[(&str, &[&str], u32)] = &[
    ("ecs", &["--tag", "preserve_original_event", "--tag", "actor_target_mapping"], 100),
    ("snare", &[], 200),
    ("csv", &[], 200),
    ("jsonl", &[], 200),
];

/// Bytes of file names that are given to one process; the system's bound is about 2 MB.
const ARGUMENTS_BYTES_MAX: usize = 512 << 10;

/// Measures and writes the page.
///
/// # Errors
/// When a build or one of the programs fails.
pub fn run(checkout: &Checkout, plan: &Plan) -> Result<()> {
    command::run(
        cargo()
            .args(["build", "--release", "--package", "trailkeep", "--package", "corpus", "--package", "xtask"])
            .current_dir(checkout.root()),
    )?;
    let folder = checkout.target("bench");
    let corpus = Corpus::generate(checkout, plan, &folder)?;
    let mut files = Vec::new();
    list(&corpus.folder, &mut files)?;
    files.sort();
    let mut text = format!(
        "{} bytes of JSON in {} gzip files. CPU of the whole process, its start and the inflating included; the last \
         column leaves out what inflating alone costs.\n\n\
         | | CPU s | wall s | peak MiB | MB of JSON per CPU s | without inflating | aim |\n|---|---|---|---|---|---|---|\n",
        corpus.size.bytes, corpus.size.files
    );
    text.push_str(&row("inflating alone (libdeflate)", &corpus.floor, &corpus, "-"));
    for (format, flags, aim) in FORMATS {
        println!("convert: {format}");
        let usage = measure(checkout, format, flags, &files)?;
        text.push_str(&row(format, &usage, &corpus, &aim.to_string()));
    }
    let date = Zoned::now().date();
    let head = format!(
        "# Benchmark: convert, {date}\n\n* command: `cargo xtask bench convert --bytes {} --seed {}`\n* corpus: `{}`\n{}\n",
        plan.bytes,
        plan.seed,
        corpus.command,
        machine::describe()
    );
    let path = page::free_path(&checkout.root().join("bench/runs"), &format!("{date}-convert"));
    fs::write(&path, head + &text).map_err(|source| Error::file("write", &path, source))?;
    if !plan.keep {
        super::remove(&folder)?;
    }
    println!("\n{text}\nwritten to {}", path.display());
    Ok(())
}

/// Converts all files, in as few processes as their names allow.
fn measure(checkout: &Checkout, format: &str, flags: &[&str], files: &[PathBuf]) -> Result<Usage> {
    let mut sum = Usage { wall: Duration::ZERO, cpu: Duration::ZERO, peak_bytes: 0 };
    let mut rest = files;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|file| {
            bytes += file.as_os_str().len() + 1;
            bytes <= ARGUMENTS_BYTES_MAX
        });
        let (now, later) = rest.split_at(fits.count().max(1));
        rest = later;
        // The rows go nowhere: to read them would be the larger part of the work.
        let mut convert = Command::new("sh");
        convert.args(["-c", "exec \"$@\" > /dev/null", "sh"]).arg(checkout.binary("trailkeep", Profile::Release));
        convert.args(["convert", "--to", format, "--read-at", "2026-01-02T03:04:05.000Z"]).args(flags);
        convert.args(now.iter().map(OsString::from));
        let (usage, _) = command::measure(&mut convert, &[0, 1])?;
        sum.wall += usage.wall;
        sum.cpu += usage.cpu;
        sum.peak_bytes = sum.peak_bytes.max(usage.peak_bytes);
    }
    Ok(sum)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|source| Error::file("list", folder, source))? {
        let path = entry.map_err(|source| Error::file("list", folder, source))?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn row(name: &str, usage: &Usage, corpus: &Corpus, aim: &str) -> String {
    let megabytes = corpus.size.bytes as f64 / 1e6;
    let (cpu, wall) = (usage.cpu.as_secs_f64(), usage.wall.as_secs_f64());
    let beyond = cpu - corpus.floor.cpu.as_secs_f64();
    let alone = if beyond > 0.0 { format!("{:.0}", megabytes / beyond) } else { "-".to_owned() };
    let peak = usage.peak_bytes as f64 / f64::from(1 << 20);
    format!("| {name} | {cpu:.2} | {wall:.2} | {peak:.0} | {:.0} | {alone} | {aim} |\n", megabytes / cpu)
}
