//! Reads a corpus back from disk with tools that share nothing with the generator; one 20 MB corpus serves most tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use corpus::{Config, Summary, generate};
use libdeflater::Decompressor;
use serde_json::Value;
use tempfile::TempDir;

/// Size of the corpus most tests look at, in bytes.
pub(crate) const BYTES: u64 = 20_000_000;

/// A log file, opened.
pub(crate) struct LogFile {
    /// Its path below the bucket, with `/`.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) gz_bytes: u64,
    pub(crate) records: Vec<Value>,
}

/// A corpus, read back.
pub(crate) struct Bucket {
    pub(crate) config: Config,
    pub(crate) summary: Summary,
    pub(crate) files: Vec<LogFile>,
}

/// The corpus of 20 MB.
pub(crate) static BUCKET: LazyLock<Bucket> = LazyLock::new(|| Bucket::generate(Config::new(7, BYTES)));

impl Bucket {
    /// Generates a corpus in a folder of its own and reads it back.
    pub(crate) fn generate(config: Config) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let summary = generate(&config, dir.path()).expect("the corpus is written");
        let mut files: Vec<LogFile> = paths(dir.path()).iter().map(|path| LogFile::open(dir.path(), path)).collect();
        files.sort_by(|a, b| a.key.cmp(&b.key));
        Self { config, summary, files }
    }

    /// All records with the file they are in.
    pub(crate) fn records(&self) -> impl Iterator<Item = (&LogFile, &Value)> {
        self.files.iter().flat_map(|file| file.records.iter().map(move |record| (file, record)))
    }
}

impl LogFile {
    fn open(dir: &Path, path: &Path) -> Self {
        let gz = fs::read(path).expect("a file just listed");
        let size = gz.last_chunk::<4>().map(|tail| u32::from_le_bytes(*tail)).expect("gzip ends in the size");
        let mut text = vec![0; size as usize];
        let length = Decompressor::new().gzip_decompress(&gz, &mut text).expect("one whole gzip member");
        assert_eq!(length, text.len(), "{}", path.display());
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        let mut body: Value = serde_json::from_str(&text).expect("a log file is one JSON object");
        let Value::Array(records) = body["Records"].take() else { panic!("no list of records in {}", path.display()) };
        let key = path.strip_prefix(dir).expect("listed below the folder").to_string_lossy().replace('\\', "/");
        Self { key, text, gz_bytes: gz.len() as u64, records }
    }

    /// The account, Region, day (`YYYY/MM/DD`) and name out of the key.
    pub(crate) fn place(&self) -> (&str, &str, String, &str) {
        let parts: Vec<&str> = self.key.split('/').collect();
        let [aws_logs, organization, account, cloud_trail, region, year, month, day, name] = parts[..] else {
            panic!("`{}` is not the key of an organization trail's log file", self.key)
        };
        assert_eq!((aws_logs, organization, cloud_trail), ("AWSLogs", "o-exampleorgid", "CloudTrail"), "{}", self.key);
        (account, region, format!("{year}/{month}/{day}"), name)
    }
}

/// The text of a member that must be there.
pub(crate) fn text<'a>(record: &'a Value, member: &str) -> &'a str {
    record[member].as_str().unwrap_or_else(|| panic!("no text `{member}` in {record}"))
}

/// All files below a folder.
pub(crate) fn paths(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() { found.extend(paths(&path)) } else { found.push(path) }
    }
    found
}
