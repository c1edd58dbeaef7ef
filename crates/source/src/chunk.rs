//! The bytes of one object, on their way from a source to the parser.

use std::fmt;
use std::io::Read;

use bytes::Bytes;

use crate::object::Object;

/// Largest object, in bytes as stored, that is read whole. CloudTrail's own log files are at most 50 MB (AWS CloudTrail
/// user guide, "CloudTrail log file name format") and nearly always far below this.
pub const WHOLE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The bytes of one object and where they come from.
#[derive(Debug)]
pub struct Chunk {
    /// Where the bytes come from.
    pub object: Object,
    /// The bytes as they are stored: compressed or not.
    pub body: Body,
}

/// The bytes of an object, whole or as a stream.
pub enum Body {
    /// All bytes, up to [`WHOLE_BYTES_MAX`].
    Whole(Bytes),
    /// A blocking reader for larger objects and for streams. It must be read on a thread of its own, such as
    /// `tokio::task::spawn_blocking` gives: on a worker of the async runtime it panics instead of blocking it.
    Stream(Box<dyn Read + Send>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}
