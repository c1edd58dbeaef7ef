//! How far chains must reach: as far as the log files of their account and Region, and as far as the trail's other Regions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::audit::chain::{Chain, ChainName};
use crate::audit::examine::FoundFile;
use crate::audit::files::group;
use crate::audit::findings::GroupName;
use crate::digest::DIGEST_INTERVAL;

/// How long after its hour a digest may still be on its way.
const DIGEST_DELAY_MAX: SignedDuration = SignedDuration::from_hours(2);
/// The names of log files have whole minutes.
const NAME_PRECISION: SignedDuration = SignedDuration::from_secs(59);
const BY_FILES: &str = "log files were delivered in its hour or later, and it is not there";
const BY_REGIONS: &str = "the trail has digests of this hour in other Regions, and it is not there";

/// What speaks for digests before the first one and after the last.
pub(super) struct Extents {
    now: Timestamp,
    /// First and last delivery among the files that no digest names.
    unnamed: BTreeMap<GroupName, (Timestamp, Timestamp)>,
    /// The last digest of a trail in an account, whatever the Region.
    newest: BTreeMap<(String, String, String), Timestamp>,
    groups: BTreeSet<GroupName>,
    missed: BTreeSet<(ChainName, Timestamp)>,
}

impl Extents {
    pub(super) fn new<'a>(
        files: &[FoundFile],
        chains: impl Iterator<Item = (&'a ChainName, &'a Chain)>,
        now: Timestamp,
    ) -> Extents {
        let mut extents = Extents {
            now,
            unnamed: BTreeMap::new(),
            newest: BTreeMap::new(),
            groups: BTreeSet::new(),
            missed: BTreeSet::new(),
        };
        for file in files {
            let Some(delivered) = file.name.as_ref().map(event::key::FileName::time) else { continue };
            let extent = extents.unnamed.entry(group(file)).or_insert((delivered, delivered));
            *extent = (extent.0.min(delivered), extent.1.max(delivered));
            extents.groups.insert(group(file));
        }
        for (name, chain) in chains {
            extents.groups.insert(name.group());
            let Some(end) = chain.links.keys().next_back().filter(|_| !name.is_backfill) else { continue };
            let newest = extents.newest.entry(trail_of(name)).or_insert(*end);
            *newest = (*newest).max(*end);
        }
        extents
    }

    /// Returns the first delivery of a file that no digest names.
    pub(super) fn first_file(&self, name: &ChainName) -> Option<Timestamp> {
        self.unnamed.get(&name.group()).map(|(first, _)| *first)
    }

    /// Returns the ends of the hours after the newest digest of which there must be one, and why.
    pub(super) fn after(&self, name: &ChainName, newest: Timestamp) -> Vec<(Timestamp, &'static str)> {
        let due = self.now.saturating_sub(DIGEST_DELAY_MAX).unwrap_or(Timestamp::MIN);
        let last_file = self.unnamed.get(&name.group()).map(|(_, last)| *last);
        let last_region = self.newest.get(&trail_of(name)).copied();
        let mut missing = Vec::new();
        let mut start = newest;
        while let Ok(end) = start.checked_add(DIGEST_INTERVAL) {
            let by_files = last_file.is_some_and(|last| last >= start) && end <= due;
            let by_regions = last_region.is_some_and(|last| end <= last);
            match (by_files, by_regions) {
                (true, _) => missing.push((end, BY_FILES)),
                (_, true) => missing.push((end, BY_REGIONS)),
                _ => break,
            }
            start = end;
        }
        missing
    }

    /// Notes that a digest is missing.
    pub(super) fn miss(&mut self, name: &ChainName, end: Timestamp) {
        self.missed.insert((name.clone(), end));
    }

    /// Returns whether a digest is known to be missing.
    pub(super) fn is_missed(&self, name: &ChainName, end: Timestamp) -> bool {
        self.missed.contains(&(name.clone(), end))
    }

    /// Returns whether anything of the account and Region was found.
    pub(super) fn is_met(&self, name: &ChainName) -> bool {
        self.groups.contains(&name.group())
    }
}

fn trail_of(name: &ChainName) -> (String, String, String) {
    (name.account.clone(), name.trail.clone(), name.home_region.clone())
}

impl Chain {
    /// Returns whether a digest that may be believed lists the files delivered in a minute.
    pub(super) fn covers(&self, delivered: Timestamp) -> bool {
        let last = delivered.saturating_add(NAME_PRECISION).unwrap_or(delivered);
        let covers = |time: Timestamp| {
            let next = self.links.range((std::ops::Bound::Excluded(time), std::ops::Bound::Unbounded)).next();
            next.is_some_and(|(_, link)| link.start <= time && link.is_trusted())
        };
        covers(delivered) && covers(last)
    }

    /// Returns the start of the first digest and the end of the last.
    pub(super) fn extent(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.links.values().find(|link| link.location.is_some())?;
        Some((first.start, *self.links.keys().next_back()?))
    }
}
