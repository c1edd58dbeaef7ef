//! What is about to be delivered, written down before the first object is put.

use aws_lc_rs::digest::{SHA256, digest};
use event::arn::OrganizationId;
use event::key::{FileName, Key, LogFileName};
use event::time::{EventTime, SECOND};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::{Group, PackedFile};
use crate::digest::Location;
use crate::model::{Millis, Trail};

/// How many letters and digits tell the log files of one minute apart.
const UNIQUE_CHARS: usize = 16;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Log files of the events between two sequence numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The trail as it was then: its selectors choose the events, its bucket and prefix are where files go.
    pub trail: Trail,
    /// The events are above this number ...
    pub after_seq: i64,
    /// ... and up to this one.
    pub until_seq: i64,
    /// The time in the files' names: the digest of the hour in which it lies lists them.
    pub delivered: Millis,
    /// The files.
    pub files: Vec<PlannedFile>,
}

/// A log file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// What its events have in common.
    pub group: Group,
    /// Which of the group's files it is.
    pub part: u32,
    /// Its key.
    pub key: String,
    /// SHA-256 of its content, in hex digits.
    pub hash: String,
    /// How many events it holds.
    pub events: u64,
    /// The time of its oldest event, as digests print it.
    pub oldest: String,
    /// The time of its newest event.
    pub newest: String,
}

impl Plan {
    /// Makes a plan for files.
    pub fn new(trail: &Trail, (after_seq, until_seq): (i64, i64), delivered: Timestamp, packed: &[PackedFile]) -> Plan {
        let mut plan = Plan {
            trail: trail.clone(),
            after_seq,
            until_seq,
            delivered: Millis(delivered.as_millisecond()),
            files: Vec::new(),
        };
        plan.files = packed.iter().map(|file| plan.planned(file)).collect();
        plan
    }

    /// Returns what the plan says of a file.
    pub fn planned(&self, file: &PackedFile) -> PlannedFile {
        PlannedFile {
            key: self.key(&file.group, file.part),
            group: file.group.clone(),
            part: file.part,
            hash: file.hash.to_string(),
            events: file.events,
            oldest: print_second(file.oldest),
            newest: print_second(file.newest),
        }
    }

    /// Sends the files elsewhere: to where the trail delivers by now. What they hold stays what it is.
    pub fn redirect(&mut self, trail: &Trail) {
        self.trail.s3_bucket_name.clone_from(&trail.s3_bucket_name);
        self.trail.s3_key_prefix.clone_from(&trail.s3_key_prefix);
        self.trail.kms_key_id.clone_from(&trail.kms_key_id);
        let keys: Vec<String> = self.files.iter().map(|file| self.key(&file.group, file.part)).collect();
        self.files.iter_mut().zip(keys).for_each(|(file, key)| file.key = key);
    }

    /// Returns the time in the files' names.
    pub fn delivered(&self) -> Timestamp {
        Timestamp::from_millisecond(self.delivered.0).unwrap_or_default()
    }

    /// Returns where a file of the plan goes.
    pub fn location(&self, file: &PlannedFile) -> Location {
        Location::new(&self.trail.s3_bucket_name, &file.key)
    }

    fn key(&self, group: &Group, part: u32) -> String {
        let delivered = self.delivered();
        let second = delivered.as_second();
        let minute = Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(delivered);
        let file = FileName::LogFile(LogFileName {
            account: group.account,
            folder: group.folder,
            region: group.region.clone(),
            delivered: minute,
            unique: self.unique(group, part),
            compressed: true,
        });
        key(&self.trail, file).to_string()
    }

    /// Follows from the plan, so that a file of it has one name whenever it is put.
    fn unique(&self, group: &Group, part: u32) -> String {
        let Plan { trail, after_seq, until_seq, delivered, .. } = self;
        let seed = format!("{}\n{after_seq}\n{until_seq}\n{}\n{group}\n{part}", trail.arn, delivered.0);
        let hash = digest(&SHA256, seed.as_bytes());
        // A byte modulo 62 favours a few letters; what counts is that names differ.
        let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).map(|letter| char::from(*letter));
        hash.as_ref().iter().take(UNIQUE_CHARS).filter_map(letter).collect()
    }
}

/// Returns whether two trails deliver to the same place in the same way.
pub fn is_same_place(one: &Trail, other: &Trail) -> bool {
    one.s3_bucket_name == other.s3_bucket_name
        && one.s3_key_prefix == other.s3_key_prefix
        && one.kms_key_id == other.kms_key_id
}

/// Returns the key of a file in a trail's bucket.
pub(crate) fn key(trail: &Trail, file: FileName) -> Key {
    let organization = trail.organization_id.as_deref().filter(|_| trail.is_organization_trail);
    Key {
        prefix: trail.s3_key_prefix.as_deref().unwrap_or_default().trim_matches('/').to_owned(),
        organization: organization.and_then(OrganizationId::parse),
        file,
    }
}

/// Prints a time as digests do: whole seconds, which sort as text.
fn print_second(time: EventTime) -> String {
    EventTime::from_micros(time.as_micros().div_euclid(SECOND) * SECOND).to_string()
}

/// Returns the first whole second at or after a time.
pub(crate) fn second_from(time: Timestamp) -> Timestamp {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    if whole < time { whole.saturating_add(SignedDuration::from_secs(1)).unwrap_or(whole) } else { whole }
}
