//! `cargo xtask soak`: the tests that take hours: a thousand kills, and a bomb of 10 GiB.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use libdeflater::{CompressionLvl, Compressor};
use serde::Deserialize;

use crate::checkout::{Checkout, Profile};
use crate::command::{self, Usage, cargo};
use crate::error::{Error, Kind, Result};

/// The variable by which the binary's tests know that they may take hours. It holds the number of kills.
const SOAK: &str = "TRAILKEEP_SOAK";
/// Kills at full length.
const KILLS: u64 = 1_000;

/// The tests that have a full length.
const TESTS: &[&str] = &["kill::", "export::kills::all_arrive_once_through_kills"];

/// Content of the bomb beside its records.
const BOMB_BYTES: u64 = 10 << 30;
/// Content of each of the members that the bomb is made of.
const MEMBER_BYTES: usize = 64 << 20;
/// Largest object that a collection reads to its end, unless told otherwise.
const OBJECT_BYTES_MAX: u64 = 4 << 30;
/// Memory that collecting a bomb may take.
const PEAK_BYTES_MAX: u64 = 400 << 20;

/// Good records, before anything goes wrong.
const RECORDS: [&str; 2] = [
    r#"{"eventTime":"2026-03-01T10:00:00Z","eventName":"DeleteBucket","eventID":"a","recipientAccountId":"111122223333"}"#,
    r#"{"eventTime":"2026-03-02T10:00:00Z","eventName":"ListBuckets","eventID":"b","recipientAccountId":"111122223333"}"#,
];

/// Runs the long tests on a release build.
///
/// # Errors
/// When a test fails.
pub fn run(checkout: &Checkout) -> Result<()> {
    command::run(cargo().args(["build", "--release", "--package", "trailkeep"]).current_dir(checkout.root()))?;
    bombs(checkout, Profile::Release)?;
    let kills = match std::env::var(SOAK) {
        Ok(text) => {
            text.parse().map_err(|_| Error::new(Kind::Answer, format!("`{SOAK}={text}`: write a number of kills")))?
        }
        Err(_) => KILLS,
    };
    let mut test = cargo();
    test.args(["test", "--release", "--package", "trailkeep", "--test", "it", "--", "--nocapture"])
        .args(TESTS)
        .env(SOAK, kills.to_string())
        .current_dir(checkout.root());
    println!("{SOAK}={kills} {}", command::line(&test));
    command::run(&mut test)
}

/// What `collect --output json` reports; other members are none of our business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Report {
    stored: u64,
    rejects: u64,
    content_bytes: u64,
}

/// Collects the bomb twice: within the default limit, where it is cut, and within a larger one, where it is read to its
/// end.
fn bombs(checkout: &Checkout, profile: Profile) -> Result<()> {
    let folder = checkout.target("soak");
    match fs::remove_dir_all(&folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("remove", &folder, source));
        }
        _ => fs::create_dir_all(&folder).map_err(|source| Error::file("make", &folder, source))?,
    }
    let bomb = folder.join("bomb.json.gz");
    let content_bytes = make_bomb(&bomb)?;
    let packed_bytes = fs::metadata(&bomb).map_err(|source| Error::file("look at", &bomb, source))?.len();
    println!("bomb: {content_bytes} bytes in {packed_bytes} bytes of gzip");
    let stored = RECORDS.len() as u64;
    let cases = [
        (None, Report { stored, rejects: 1, content_bytes: OBJECT_BYTES_MAX }, "too large\n"),
        (Some("11GiB"), Report { stored, rejects: 0, content_bytes }, ""),
    ];
    for (limit, expected, reasons) in cases {
        let lake =
            Lake { binary: checkout.binary("trailkeep", profile), data: folder.join(limit.unwrap_or("default")) };
        let (usage, report) = lake.collect(&bomb, limit)?;
        println!(
            "bomb, limit {}: {report:?}, peak memory {} MiB, {:.1} s",
            limit.unwrap_or("4GiB"),
            usage.peak_bytes >> 20,
            usage.wall.as_secs_f64()
        );
        check("report", &report, &expected)?;
        check("reasons of rejects", &lake.query_raw("select reason from rejects")?, &reasons.to_owned())?;
        let records = RECORDS.map(|record| format!("{record}\n")).concat();
        check("records", &lake.query_raw("select record from events order by eventid")?, &records)?;
        if usage.peak_bytes > PEAK_BYTES_MAX {
            let message = format!("the bomb took {} bytes of memory, at most {PEAK_BYTES_MAX}", usage.peak_bytes);
            return Err(Error::new(Kind::Answer, message));
        }
    }
    fs::remove_dir_all(&folder).map_err(|source| Error::file("remove", &folder, source))
}

fn check<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::new(Kind::Answer, format!("bomb, {what}: found {found:?}, expected {expected:?}")))
}

/// Writes a gzip file that begins with good records and goes on with blanks, and returns the bytes of its content.
///
/// The members after the first are all the same, so one is packed and written as often as it takes.
fn make_bomb(path: &Path) -> Result<u64> {
    let failed = |source| Error::file("write", path, source);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let records = RECORDS.map(|record| format!("{record}\n")).concat();
    file.write_all(&packed(records.as_bytes())?).map_err(failed)?;
    let member = packed(&vec![b' '; MEMBER_BYTES])?;
    let members = BOMB_BYTES / MEMBER_BYTES as u64;
    for _ in 0..members {
        file.write_all(&member).map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok(records.len() as u64 + members * MEMBER_BYTES as u64)
}

fn packed(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor
        .gzip_compress(content, &mut packed)
        .map_err(|source| Error::new(Kind::Answer, "could not pack a member of the bomb").caused_by(source))?;
    packed.truncate(length);
    Ok(packed)
}

/// A lake of this run's own.
struct Lake {
    binary: PathBuf,
    data: PathBuf,
}

impl Lake {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(&self.data);
        command
    }

    fn collect(&self, file: &Path, limit: Option<&str>) -> Result<(Usage, Report)> {
        let mut collect = self.command();
        collect.args(["collect", "--output", "json"]).arg(file);
        if let Some(limit) = limit {
            collect.args(["--object-bytes-max", limit]);
        }
        let (usage, printed) = command::measure(&mut collect, &[0, 1])?;
        let report = serde_json::from_str(&printed).map_err(|source| {
            let message = format!("could not read the report of `{}`", command::line(&collect));
            Error::new(Kind::Answer, message).caused_by(source)
        })?;
        Ok((usage, report))
    }

    fn query_raw(&self, sql: &str) -> Result<String> {
        let printed = command::capture(self.command().args(["query", "--output", "raw", sql]))?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_give_back_what_was_packed() {
        for content in [&b""[..], b" ", &[b' '; 70_000]] {
            let packed = packed(content).unwrap();
            let mut found = vec![1; content.len()];
            let length = libdeflater::Decompressor::new().gzip_decompress(&packed, &mut found).unwrap();
            assert_eq!((length, &found[..]), (content.len(), content));
        }
    }
}
