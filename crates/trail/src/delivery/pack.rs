//! Records to log files: gathered group by group, cut where a file is full, packed as gzip.

use std::collections::BTreeMap;

use event::time::EventTime;
use libdeflater::CompressionLvl;

use crate::delivery::Group;
use crate::digest::{ContentHash, SealError, gzip};

/// Most bytes of a log file's content. A gzip of it is smaller than the 50 MB that a log file may have (AWS CloudTrail
/// user guide, "CloudTrail log file name format"), and readers inflate it in one go.
pub const CONTENT_BYTES_MAX: usize = 32 << 20;

/// How hard the compressor tries: as little as it can, so that delivery keeps up with ingest.
const EFFORT: i32 = 1;

const BEGIN: &[u8] = br#"{"Records":["#;
const END: &[u8] = b"]}";

/// Gathers records into contents of log files. The same records in the same order make the same contents.
#[derive(Debug)]
pub struct Packer {
    content_bytes_max: usize,
    open: BTreeMap<Group, Content>,
    full: Vec<Content>,
    bytes: usize,
}

/// The content of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What its events have in common.
    pub group: Group,
    /// Which of the group's files of one plan it is, from 0.
    pub part: u32,
    /// `{"Records":[...]}`.
    pub bytes: Vec<u8>,
    /// How many events it holds.
    pub events: u64,
    /// The time of the oldest.
    pub oldest: EventTime,
    /// The time of the newest.
    pub newest: EventTime,
}

impl Packer {
    /// Makes an empty packer whose contents have at most so many bytes; one record that has more gets a file of its own.
    pub fn new(content_bytes_max: usize) -> Packer {
        Packer { content_bytes_max, open: BTreeMap::new(), full: Vec::new(), bytes: 0 }
    }

    /// Returns the bytes gathered, of all groups.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether nothing is gathered.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Adds a record as it is.
    pub fn add(&mut self, group: &Group, record: &str, time: EventTime) {
        let added = record.len() + 1;
        self.bytes += added;
        match self.open.get_mut(group) {
            Some(content) if content.bytes.len() + added + END.len() <= self.content_bytes_max => {
                content.add(record, time);
            }
            Some(content) => {
                let next = Content::begin(group.clone(), content.part.saturating_add(1), record, time);
                self.full.push(std::mem::replace(content, next));
            }
            None => drop(self.open.insert(group.clone(), Content::begin(group.clone(), 0, record, time))),
        }
    }

    /// Returns the contents, in the order of their groups and parts.
    pub fn finish(self) -> Vec<Content> {
        let mut contents: Vec<Content> = self.full.into_iter().chain(self.open.into_values()).collect();
        contents.iter_mut().for_each(|content| content.bytes.extend_from_slice(END));
        contents.sort_by(|a, b| (&a.group, a.part).cmp(&(&b.group, b.part)));
        contents
    }
}

impl Content {
    fn begin(group: Group, part: u32, record: &str, time: EventTime) -> Content {
        let bytes = [BEGIN, record.as_bytes()].concat();
        Content { group, part, bytes, events: 1, oldest: time, newest: time }
    }

    fn add(&mut self, record: &str, time: EventTime) {
        self.bytes.push(b',');
        self.bytes.extend_from_slice(record.as_bytes());
        self.events += 1;
        self.oldest = self.oldest.min(time);
        self.newest = self.newest.max(time);
    }
}

/// A log file that is ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// What its events have in common.
    pub group: Group,
    /// Which of the group's files of one plan it is.
    pub part: u32,
    /// The hash of its content.
    pub hash: ContentHash,
    /// The object's bytes.
    pub bytes: Vec<u8>,
    /// How many events it holds.
    pub events: u64,
    /// The time of its oldest event.
    pub oldest: EventTime,
    /// The time of its newest event.
    pub newest: EventTime,
}

/// Packs and hashes a content. Takes a few milliseconds for each megabyte.
///
/// # Errors
/// If the compressor fails, which it does only for want of memory.
pub fn pack(content: &Content) -> Result<PackedFile, SealError> {
    let level = CompressionLvl::new(EFFORT).unwrap_or_default();
    Ok(PackedFile {
        group: content.group.clone(),
        part: content.part,
        hash: ContentHash::of(&content.bytes),
        bytes: gzip(&content.bytes, level)?,
        events: content.events,
        oldest: content.oldest,
        newest: content.newest,
    })
}
