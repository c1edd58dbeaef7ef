//! The digests of one trail in one account and Region, by the end of their hour.

use std::collections::BTreeMap;

use event::key::{DigestFileName, FileName, Key};
use jiff::Timestamp;

use crate::audit::findings::GroupName;
use crate::digest::{ContentHash, Location, LogFileEntry, Pending};

/// Which chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChainName {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) trail: String,
    pub(super) home_region: String,
    /// Backfill digests have a chain of their own, without an hour each.
    pub(super) is_backfill: bool,
}

impl ChainName {
    pub(super) fn of(name: &DigestFileName) -> ChainName {
        ChainName {
            account: name.account.to_string(),
            region: name.region.to_string(),
            trail: name.trail.clone(),
            home_region: name.home_region.to_string(),
            is_backfill: name.backfill,
        }
    }

    pub(super) fn group(&self) -> GroupName {
        GroupName { account: self.account.clone(), region: self.region.clone() }
    }
}

/// A chain while its digests come in.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Digests by their end.
    pub(super) links: BTreeMap<Timestamp, Link>,
    /// Signatures of digests that have not come in yet, as the digests after them repeat them.
    pub(super) awaited: BTreeMap<Timestamp, Repeated>,
    /// The key of some digest, from which those of others follow.
    pub(super) template: Option<Key>,
}

impl Chain {
    /// Notes that a digest is there which counts for nothing: it is not missing.
    pub(super) fn broken(&mut self, end: Timestamp) {
        self.links.entry(end).or_insert_with(|| Link {
            start: end,
            uri: String::new(),
            location: None,
            hash: None,
            previous: None,
            standing: Standing::Invalid,
            pending: None,
            misfit: None,
            log_files: Vec::new(),
        });
    }

    /// Returns where the digest of another hour lies; `None` before any digest told how keys are built here.
    pub(super) fn location(&self, end: Timestamp) -> Option<Location> {
        let mut key = self.template.clone()?;
        if let FileName::DigestFile(name) = &mut key.file {
            name.end = end;
        }
        let bucket = self.links.values().find_map(|link| link.location.as_ref())?.bucket.clone();
        Some(Location { bucket, key: key.to_string() })
    }
}

/// A digest's signature as the digest after it repeats it.
#[derive(Debug, Clone)]
pub(super) struct Repeated {
    /// The signature.
    pub(super) signature: String,
    /// The end of the digest that repeats it.
    pub(super) by: Timestamp,
}

/// How far a digest is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its signature has not been found yet.
    Pending,
    /// Its signature holds; it is not counted yet.
    Valid,
    /// Counted among the valid ones.
    Counted,
    /// There is no signature to be had.
    Unsigned,
    /// It counts for nothing.
    Invalid,
}

/// A digest in its chain.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) start: Timestamp,
    /// Where it is now.
    pub(super) uri: String,
    /// Where it says it lies; `None` where it says nothing.
    pub(super) location: Option<Location>,
    pub(super) hash: Option<ContentHash>,
    /// The digest before, and the hash of its content.
    pub(super) previous: Option<(Location, Option<String>)>,
    pub(super) standing: Standing,
    pub(super) pending: Option<Pending>,
    /// A signature that does not fit, repeated by a digest that is not proven itself: one of the two was changed.
    pub(super) misfit: Option<Repeated>,
    /// What it promises, until it is judged.
    pub(super) log_files: Vec<LogFileEntry>,
}

impl Link {
    /// Returns the end of the digest before, by its name.
    pub(super) fn previous_end(&self) -> Option<Timestamp> {
        let (location, _) = self.previous.as_ref()?;
        match FileName::parse(location.file_name())? {
            FileName::DigestFile(name) => Some(name.end),
            FileName::LogFile(_) => None,
        }
    }

    /// Returns whether what the digest says may be believed, as far as anybody knows.
    pub(super) fn is_trusted(&self) -> bool {
        matches!(self.standing, Standing::Counted | Standing::Unsigned)
    }
}
