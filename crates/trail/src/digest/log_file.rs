//! Whether a log file is what its digest says it is.

use std::fmt;

use crate::digest::file::NO_HASH;
use crate::digest::{Content, Damage, LogFileEntry, read_content};

/// What a log file that a digest names came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFileStatus {
    /// The content is the one that was delivered. The packing may differ.
    Valid(Content),
    /// The content is another one.
    Changed,
    /// The file is not there.
    Missing,
    /// The digest lists the file without a hash, so that nothing can be said of its content.
    Unjudged,
    /// The file is no gzip, cut short, too large ...; see [`Damage`].
    Damaged(Damage),
}

impl LogFileStatus {
    /// Returns whether the file is proven.
    pub fn is_valid(&self) -> bool {
        matches!(self, LogFileStatus::Valid(_))
    }
}

/// Holds a log file's bytes against what the digest says. `scratch` is reused from file to file.
pub fn check_log_file(bytes: &[u8], entry: &LogFileEntry, scratch: &mut Vec<u8>) -> LogFileStatus {
    judge(read_content(bytes, scratch), entry)
}

fn judge(content: Result<Content, Damage>, entry: &LogFileEntry) -> LogFileStatus {
    match content {
        Ok(_) if entry.hash == NO_HASH => LogFileStatus::Unjudged,
        Ok(content) if content.hash.to_string() == entry.hash => LogFileStatus::Valid(content),
        Ok(_) => LogFileStatus::Changed,
        Err(damage) => LogFileStatus::Damaged(damage),
    }
}

impl Damage {
    /// Returns a short name of the damage, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Damage::NotGzip => "not-gzip",
            Damage::Truncated => "truncated",
            Damage::Damaged => "damaged-gzip",
            Damage::TrailingData => "trailing-data",
            Damage::TooLarge => "too-large",
            Damage::ReadFailed => "unreadable",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::NotGzip => "it is not gzip",
            Damage::Truncated => "its gzip stream is cut short",
            Damage::Damaged => "its gzip stream is damaged",
            Damage::TrailingData => "a second gzip stream or other bytes follow the first",
            Damage::TooLarge => "it inflates to more than a log file may have",
            Damage::ReadFailed => "it could not be read to its end",
        })
    }
}
