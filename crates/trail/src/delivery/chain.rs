//! The digests of one account and Region, hour by hour.

use std::collections::HashSet;

use event::arn::{AccountId, Region};
use event::key::{DigestFileName, FileName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::plan::{key, second_from};
use crate::delivery::{Plan, PlannedFile};
use crate::digest::{DIGEST_INTERVAL, DigestFile, Location, LogFileEntry, Previous, Sealed};
use crate::model::{Millis, Trail};

/// The kind of document that holds a [`Chain`]; its id is [`Chain::id`].
pub const DIGEST_CHAIN: &str = "digest-chain";

/// A chain of digests that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// The trail's ARN.
    pub trail_arn: String,
    /// The account whose log files are listed.
    pub account: AccountId,
    /// The Region whose log files are listed.
    pub region: Region,
    /// When the hour that runs began, in whole seconds.
    hour_start: Millis,
    /// The last digest; none before the first.
    previous: Option<Link>,
    /// What was delivered since.
    pending: Vec<Listed>,
}

/// What the next digest says of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    bucket: String,
    key: String,
    hash: Option<String>,
    signature: Option<String>,
}

/// A log file that a digest is going to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// SHA-256 of its content, in hex digits.
    pub hash: String,
    /// The time of its oldest event.
    pub oldest: String,
    /// The time of its newest event.
    pub newest: String,
    /// When it was delivered.
    pub delivered: Millis,
}

impl Listed {
    /// Returns what a digest lists of a file of a plan.
    pub fn of(plan: &Plan, file: &PlannedFile) -> Listed {
        Listed {
            bucket: plan.trail.s3_bucket_name.clone(),
            key: file.key.clone(),
            hash: file.hash.clone(),
            oldest: file.oldest.clone(),
            newest: file.newest.clone(),
            delivered: plan.delivered,
        }
    }
}

impl Chain {
    /// Begins a chain. Its first hour is the one of `time` among the hours that begin at `base`, when validation was
    /// switched on: all chains of a trail have their hours in common.
    pub fn begin(trail: &Trail, (account, region): (AccountId, Region), base: Timestamp, time: Timestamp) -> Chain {
        let hours = time.duration_since(base).as_secs().div_euclid(DIGEST_INTERVAL.as_secs()).max(0);
        let since = SignedDuration::from_secs(hours * DIGEST_INTERVAL.as_secs());
        let start = base.saturating_add(since).unwrap_or(base);
        let hour_start = Millis(start.as_second() * 1_000);
        Chain { trail_arn: trail.arn.clone(), account, region, hour_start, previous: None, pending: Vec::new() }
    }

    /// Returns the id under which the chain is kept.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.trail_arn, self.account, self.region)
    }

    /// Returns when the hour that runs ends.
    pub fn hour_end(&self) -> Timestamp {
        self.hour_start().saturating_add(DIGEST_INTERVAL).unwrap_or(Timestamp::MAX)
    }

    /// Takes up a file that was delivered.
    pub fn add(&mut self, listed: Listed) {
        self.pending.push(listed);
    }

    /// Returns the digest of the hour that ran, if it is over at `now`.
    pub fn hourly(&self, trail: &Trail, now: Timestamp) -> Option<DigestFile> {
        let end = self.hour_end();
        (end <= now).then(|| self.digest(trail, end, |listed| listed.delivered.0 < end.as_millisecond()))
    }

    /// Returns the digest that ends the chain at `now`: it lists all that no digest lists yet.
    pub fn last(&self, trail: &Trail, now: Timestamp) -> DigestFile {
        let least = self.hour_start().saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
        self.digest(trail, second_from(now).max(least), |_| true)
    }

    /// Goes on behind a digest that was delivered.
    pub fn advance(&mut self, sealed: &Sealed) {
        let previous = sealed.as_previous();
        self.hour_start = Millis(sealed.file.end.as_second() * 1_000);
        let listed: HashSet<&str> = sealed.file.log_files.iter().map(|entry| entry.location.key.as_str()).collect();
        self.pending.retain(|pending| !listed.contains(pending.key.as_str()));
        self.previous = Some(Link {
            bucket: previous.location.bucket,
            key: previous.location.key,
            hash: previous.hash,
            signature: previous.signature,
        });
    }

    fn hour_start(&self) -> Timestamp {
        Timestamp::from_millisecond(self.hour_start.0).unwrap_or_default()
    }

    fn digest(&self, trail: &Trail, end: Timestamp, is_listed: impl Fn(&Listed) -> bool) -> DigestFile {
        let name = FileName::DigestFile(DigestFileName {
            account: self.account,
            region: self.region.clone(),
            trail: trail.name.clone(),
            home_region: trail.home_region.clone(),
            end,
            backfill: false,
            compressed: true,
        });
        let listed: Vec<&Listed> = self.pending.iter().filter(|listed| is_listed(listed)).collect();
        DigestFile {
            account_id: self.account.to_string(),
            start: self.hour_start(),
            end,
            location: Location::new(&trail.s3_bucket_name, key(trail, name).to_string()),
            fingerprint: String::new(),
            newest_event_time: listed.iter().map(|listed| listed.newest.clone()).max(),
            oldest_event_time: listed.iter().map(|listed| listed.oldest.clone()).min(),
            previous: self.previous.as_ref().map(|link| Previous {
                location: Location::new(&link.bucket, &link.key),
                hash: link.hash.clone(),
                signature: link.signature.clone(),
            }),
            log_files: listed.into_iter().map(entry).collect(),
        }
    }
}

fn entry(listed: &Listed) -> LogFileEntry {
    LogFileEntry {
        location: Location::new(&listed.bucket, &listed.key),
        hash: listed.hash.clone(),
        newest_event_time: Some(listed.newest.clone()),
        oldest_event_time: Some(listed.oldest.clone()),
    }
}
