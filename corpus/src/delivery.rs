//! Puts log files where CloudTrail puts them: the true layout, the true names, gzip of `{"Records":[…]}`
//! ("CloudTrail log file examples", "Finding your CloudTrail log files").
//!
//! This is the one place that sees the content, the key and the times of every file: all that a digest promises.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use libdeflater::{CompressionLvl, Compressor};

use crate::digests::hex;
use crate::error::Error;
use crate::organisation::{ACCOUNTS, ORGANIZATION_ID, REGIONS};
use crate::record::{compact_minute, iso};

const GZIP_LEVEL: i32 = 6;
const OPENING: &str = "{\"Records\":[";

/// Records on their way to one file.
#[derive(Debug)]
pub(crate) struct LogFile {
    account: usize,
    region: usize,
    text: String,
    records: u64,
}

impl LogFile {
    /// Returns an empty file of an account and Region.
    pub(crate) fn new(account: usize, region: usize) -> Self {
        Self { account, region, text: OPENING.to_owned(), records: 0 }
    }

    /// Returns the number of records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Adds one record: `write` appends its JSON. Returns the number of bytes added.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut String)) -> u64 {
        let before = self.text.len();
        if self.records > 0 {
            self.text.push(',');
        }
        write(&mut self.text);
        self.records += 1;
        (self.text.len() - before) as u64
    }
}

/// Sizes of what was delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) files: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) gz_bytes: u64,
}

impl Totals {
    /// Adds the sizes of another part.
    pub(crate) fn add(&mut self, other: Totals) {
        self.files += other.files;
        self.records += other.records;
        self.bytes += other.bytes;
        self.gz_bytes += other.gz_bytes;
    }
}

/// One thread's way to the disk; keeps its buffers, so that memory stays flat whatever the size of the corpus.
pub(crate) struct Delivery {
    dir: PathBuf,
    compressor: Compressor,
    gz: Vec<u8>,
    made: HashSet<PathBuf>,
    /// What digests will promise; `None` where none are made.
    delivered: Option<Vec<Delivered>>,
}

/// A log file as its digest will promise it.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) account: usize,
    pub(crate) region: usize,
    pub(crate) at: i64,
    pub(crate) key: String,
    /// SHA-256 of the JSON, in hex digits.
    pub(crate) hash: String,
    /// Times of the newest and the oldest event.
    pub(crate) newest: String,
    pub(crate) oldest: String,
}

impl Delivery {
    /// Returns a delivery into a folder, which stands for the bucket.
    pub(crate) fn new(dir: &Path, has_digests: bool) -> Self {
        let level = CompressionLvl::new(GZIP_LEVEL).expect("gzip knows the levels 0 to 12");
        Self {
            dir: dir.to_owned(),
            compressor: Compressor::new(level),
            gz: Vec::new(),
            made: HashSet::new(),
            delivered: has_digests.then(Vec::new),
        }
    }

    /// Returns what was delivered, if digests are to be made of it.
    pub(crate) fn into_delivered(self) -> Vec<Delivered> {
        self.delivered.unwrap_or_default()
    }

    /// Writes the file as delivered at a time, empties it, and returns its sizes. `random` ends its name.
    pub(crate) fn put(&mut self, file: &mut LogFile, at: i64, random: &str) -> Result<Totals, Error> {
        file.text.push_str("]}");
        let bound = self.compressor.gzip_compress_bound(file.text.len());
        self.gz.resize(bound, 0);
        let length = self
            .compressor
            .gzip_compress(file.text.as_bytes(), &mut self.gz)
            .expect("the buffer has the size the compressor asked for");
        let folder = self.dir.join(folder(file.account, file.region, at));
        if !self.made.contains(&folder) {
            fs::create_dir_all(&folder).map_err(|source| Error::write(&folder, source))?;
            self.made.insert(folder.clone());
        }
        let path = folder.join(name(file.account, file.region, at, random));
        if let Some(delivered) = &mut self.delivered {
            delivered.push(Delivered::of(file, at, random));
        }
        fs::write(&path, &self.gz[..length]).map_err(|source| Error::write(&path, source))?;
        let totals = Totals { files: 1, records: file.records, bytes: file.text.len() as u64, gz_bytes: length as u64 };
        file.text.clear();
        file.text.push_str(OPENING);
        file.records = 0;
        Ok(totals)
    }

    /// Forgets which folders exist, once a day is over and they will not be used again.
    pub(crate) fn end_day(&mut self) {
        self.made.clear();
    }
}

impl Delivered {
    fn of(file: &LogFile, at: i64, random: &str) -> Self {
        let LogFile { account, region, .. } = *file;
        let times = || file.text.split(EVENT_TIME).skip(1).filter_map(|rest| rest.split('"').next());
        Self {
            account,
            region,
            at,
            key: format!("{}/{}", folder(account, region, at), name(account, region, at, random)),
            hash: hex(digest(&SHA256, file.text.as_bytes()).as_ref()),
            newest: times().max().unwrap_or_default().to_owned(),
            oldest: times().min().unwrap_or_default().to_owned(),
        }
    }
}

const EVENT_TIME: &str = "\"eventTime\":\"";

fn folder(account: usize, region: usize, at: i64) -> String {
    let mut day = String::new();
    iso(&mut day, at);
    let (account, region) = (ACCOUNTS[account].id, REGIONS[region].name);
    format!("AWSLogs/{ORGANIZATION_ID}/{account}/CloudTrail/{region}/{}/{}/{}", &day[..4], &day[5..7], &day[8..10])
}

fn name(account: usize, region: usize, at: i64, random: &str) -> String {
    let mut name = format!("{}_CloudTrail_{}_", ACCOUNTS[account].id, REGIONS[region].name);
    compact_minute(&mut name, at);
    name.push('_');
    name.push_str(random);
    name.push_str(".json.gz");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_name_are_those_of_an_organization_trail() {
        let at = 1_772_446_500;
        assert_eq!(
            format!("{}/{}", folder(1, 2, at), name(1, 2, at, "AbCdEfGhIjKlMnOp")),
            "AWSLogs/o-exampleorgid/444455556666/CloudTrail/eu-west-1/2026/03/02/\
             444455556666_CloudTrail_eu-west-1_20260302T1015Z_AbCdEfGhIjKlMnOp.json.gz"
        );
    }
}
