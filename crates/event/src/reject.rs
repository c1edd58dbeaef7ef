//! Input that is no event, kept with the place it came from, so that nothing is lost in silence.

use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256};

/// A piece of input that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// 1-based place in its file, counted together with the events.
    pub number: i64,
    /// Byte range in the file's inflated content.
    pub range: Range<u64>,
    /// Why it is no event.
    pub reason: RejectReason,
    /// The reason in words, with the offset of what does not fit.
    pub message: String,
    /// The first bytes, at most [`Limits::reject_bytes_max`](crate::limits::Limits::reject_bytes_max).
    pub bytes: Vec<u8>,
    /// SHA-256 of all its bytes.
    pub sha256: [u8; 32],
}

/// The kind of a reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// The text is not JSON, or ends inside a record.
    NotJson,
    /// JSON, but no object.
    NotObject,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// An object without a time that can be read.
    NoTime,
    /// Longer than `record_bytes_max`.
    RecordTooLarge,
    /// The object inflates to more than `object_bytes_max`; what came before is kept.
    ObjectTooLarge,
    /// Nested deeper than [`DEPTH_MAX`](crate::scan::DEPTH_MAX).
    TooDeep,
    /// The gzip stream ends early.
    TruncatedGzip,
    /// The gzip stream is damaged, or other bytes follow it.
    DamagedGzip,
    /// An envelope whose content is not what its kind promises.
    Envelope,
    /// The object could not be read to its end.
    ReadFailed,
}

impl RejectReason {
    /// Returns the reason's name as the lake and the reports show it.
    pub fn as_str(self) -> &'static str {
        match self {
            RejectReason::NotJson => "not json",
            RejectReason::NotObject => "not an object",
            RejectReason::NotUtf8 => "not utf-8",
            RejectReason::NoTime => "no time",
            RejectReason::RecordTooLarge => "record too large",
            RejectReason::ObjectTooLarge => "too large",
            RejectReason::TooDeep => "too deep",
            RejectReason::TruncatedGzip => "truncated gzip",
            RejectReason::DamagedGzip => "damaged gzip",
            RejectReason::Envelope => "envelope",
            RejectReason::ReadFailed => "read failed",
        }
    }
}

/// Gathers a reject whose bytes may come in several pieces.
pub(crate) struct Gathering {
    start: u64,
    length: u64,
    bytes: Vec<u8>,
    bytes_max: usize,
    digest: Context,
}

impl Gathering {
    pub(crate) fn new(start: u64, bytes_max: usize) -> Gathering {
        Gathering { start, length: 0, bytes: Vec::new(), bytes_max, digest: Context::new(&SHA256) }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes_max.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.digest.update(bytes);
        self.length += bytes.len() as u64;
    }

    pub(crate) fn finish(self, number: i64, reason: RejectReason, message: String) -> Reject {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        Reject { number, range: self.start..self.start + self.length, reason, message, bytes: self.bytes, sha256 }
    }
}
