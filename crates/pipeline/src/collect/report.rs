//! What a collection came to.

use event::reject::Reject;
use lake::Counts;
use serde::{Deserialize, Serialize};

/// Most places named in a report; the rest is counted.
pub(super) const NAMED_MAX: usize = 1_000;
/// Most rejects shown in a report; the rest is in the table `rejects`.
const SAMPLES_MAX: usize = 20;

/// What a collection came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Objects listed, and places that were skipped while listing.
    pub files_seen: u64,
    /// Objects read to their end in this run.
    pub files_read: u64,
    /// Objects that an earlier run had read.
    pub files_known: u64,
    /// Events stored.
    pub stored: u64,
    /// Events that were stored already.
    pub duplicates: u64,
    /// Events stored that contradict a stored event of the same eventID and account.
    pub conflicts: u64,
    /// Pieces of input that are no event.
    pub rejects: u64,
    /// Digest files met.
    pub digests: u64,
    /// Bytes read, as they lie at the source.
    pub bytes: u64,
    /// Bytes of content, inflated.
    pub content_bytes: u64,
    /// Places that hold nothing for us; at most [`NAMED_MAX`] are named.
    pub skipped: Vec<Skipped>,
    /// How many places were skipped.
    pub skipped_total: u64,
    /// Places that could not be read; at most [`NAMED_MAX`] are named.
    pub failed: Vec<Failed>,
    /// How many places could not be read.
    pub failed_total: u64,
    /// The first rejects: place and reason.
    pub reject_samples: Vec<(String, String)>,
    /// How long it took.
    pub seconds: f64,
}

/// A place that holds nothing for us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The place.
    pub uri: String,
    /// Why it was skipped.
    pub why: String,
}

/// A place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The place.
    pub uri: String,
    /// What went wrong.
    pub message: String,
}

impl Report {
    pub(super) fn skip(&mut self, uri: String, why: String) {
        self.skipped_total += 1;
        if self.skipped.len() < NAMED_MAX {
            self.skipped.push(Skipped { uri, why });
        }
    }

    pub(super) fn fail(&mut self, uri: String, message: String) {
        self.failed_total += 1;
        if self.failed.len() < NAMED_MAX {
            self.failed.push(Failed { uri, message });
        }
    }

    pub(super) fn sample(&mut self, uri: &str, rejects: &[Reject]) {
        for reject in rejects {
            if self.reject_samples.len() >= SAMPLES_MAX {
                return;
            }
            let place =
                format!("{uri}, record {} (bytes {} to {})", reject.number, reject.range.start, reject.range.end);
            self.reject_samples.push((place, format!("{}: {}", reject.reason.as_str(), reject.message)));
        }
    }

    /// Takes up what the lake counted.
    pub(super) fn count(&mut self, counts: Counts) {
        self.stored += counts.stored;
        self.duplicates += counts.duplicates;
        self.conflicts += counts.conflicts;
        self.rejects += counts.rejects;
    }

    pub(super) fn add(&mut self, mut part: Report) {
        self.files_seen += part.files_seen;
        self.files_read += part.files_read;
        self.files_known += part.files_known;
        self.digests += part.digests;
        self.bytes += part.bytes;
        self.content_bytes += part.content_bytes;
        self.skipped_total += part.skipped_total;
        self.failed_total += part.failed_total;
        self.skipped.append(&mut part.skipped);
        self.skipped.truncate(NAMED_MAX);
        self.failed.append(&mut part.failed);
        self.failed.truncate(NAMED_MAX);
        self.reject_samples.append(&mut part.reject_samples);
        self.reject_samples.truncate(SAMPLES_MAX);
    }

    /// Returns true if every object was stored as a whole and nothing contradicts.
    pub fn is_clean(&self) -> bool {
        self.rejects == 0 && self.conflicts == 0 && self.skipped_total == 0 && self.failed_total == 0
    }
}
