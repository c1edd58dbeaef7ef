//! What an audit came to.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// An account and a Region. Either is empty where a file's place says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
}

/// What was found in one account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub name: GroupName,
    /// How much.
    pub counts: Counts,
    /// The start of the first digest and the end of the last.
    pub covered: Option<(Timestamp, Timestamp)>,
}

/// How many files came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Digests whose signature holds.
    pub digests_valid: u64,
    /// Digests for which no signature is to be had. They prove nothing, and nothing speaks against them.
    pub digests_unsigned: u64,
    /// Digests that count for nothing.
    pub digests_invalid: u64,
    /// Digests that must have been there.
    pub digests_missing: u64,
    /// Log files whose content is the one that was delivered.
    pub log_files_valid: u64,
    /// Of these, files that a digest without a signature names.
    pub log_files_unsigned: u64,
    /// Of these, files that bear another name than they were delivered by.
    pub log_files_renamed: u64,
    /// Of these, files that somebody has packed anew, or inflated.
    pub log_files_repacked: u64,
    /// Log files with another content than was delivered.
    pub log_files_changed: u64,
    /// Log files that cannot be read as what they must be: no gzip, cut short, something behind it ...
    pub log_files_damaged: u64,
    /// Log files that a digest names and that are not there.
    pub log_files_missing: u64,
    /// Files in an hour whose digest does not name them.
    pub log_files_extra: u64,
    /// Log files that only a digest names that counts for nothing.
    pub log_files_disowned: u64,
    /// Log files of hours of which there is no digest.
    pub log_files_uncovered: u64,
    /// Second and further copies of proven files.
    pub copies: u64,
    /// Bytes of proven content.
    pub content_bytes: u64,
}

impl Counts {
    /// Adds another group's counts.
    pub fn add(&mut self, other: &Counts) {
        self.digests_valid += other.digests_valid;
        self.digests_unsigned += other.digests_unsigned;
        self.digests_invalid += other.digests_invalid;
        self.digests_missing += other.digests_missing;
        self.log_files_valid += other.log_files_valid;
        self.log_files_unsigned += other.log_files_unsigned;
        self.log_files_renamed += other.log_files_renamed;
        self.log_files_repacked += other.log_files_repacked;
        self.log_files_changed += other.log_files_changed;
        self.log_files_damaged += other.log_files_damaged;
        self.log_files_missing += other.log_files_missing;
        self.log_files_extra += other.log_files_extra;
        self.log_files_disowned += other.log_files_disowned;
        self.log_files_uncovered += other.log_files_uncovered;
        self.copies += other.copies;
        self.content_bytes += other.content_bytes;
    }

    /// Returns how many digests were found, in whatever state.
    pub fn digests(&self) -> u64 {
        self.digests_valid + self.digests_unsigned + self.digests_invalid
    }
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A digest.
    Digest,
    /// A log file.
    LogFile,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// It must be there and is not.
    Missing,
    /// Its content is another one.
    Changed,
    /// It cannot be read, or its signature does not hold: see [`Problem::code`].
    Invalid,
    /// Nobody has promised it.
    Extra,
}

/// Something that is not as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Whose.
    pub group: GroupName,
    /// Of what.
    pub subject: Subject,
    /// In one word.
    pub kind: ProblemKind,
    /// Where it is, or where it must be.
    pub uri: String,
    /// The reason in short, for programs.
    pub code: &'static str,
    /// The reason in words.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.uri, self.detail)
    }
}

/// A time without digests between two chains of one trail: it was switched off. A fact, not a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where.
    pub group: GroupName,
    /// Whose chain.
    pub trail: String,
    /// The end of the digest before.
    pub from: Timestamp,
    /// The start of the digest after.
    pub until: Timestamp,
}

/// What an audit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Each account and Region, by name.
    pub groups: Vec<Group>,
    /// All that is wrong, by account, Region, kind of file and place.
    pub problems: Vec<Problem>,
    /// Times without digests.
    pub gaps: Vec<Gap>,
    /// Proven files that somebody has packed anew, or inflated; the first hundred of each group.
    pub repacked: Vec<String>,
    /// Proven files under another name than they were delivered by: where they are, and what they were called.
    pub renamed: Vec<(String, String)>,
    /// Digests without a signature.
    pub unsigned: Vec<String>,
    /// Files that are neither log files nor digests.
    pub other_files: u64,
}

impl Findings {
    /// Returns the counts of all groups together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.groups.iter().for_each(|group| total.add(&group.counts));
        total
    }

    /// Returns whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The counts while they grow.
pub(crate) type Tally = BTreeMap<GroupName, Counts>;
