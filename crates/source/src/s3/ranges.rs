//! Large objects, read range by range ahead of a blocking reader.

use std::io::{self, Read};
use std::ops::Range;

use bytes::{Buf, Bytes};
use object_store::path::Path;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::error::{Error, ErrorKind, Result};
use crate::object::Object;
use crate::s3::Bucket;

/// Bytes asked for in one request. A request has its time limit, so this also says how slow a line may be.
pub(super) const RANGE_BYTES: u64 = 8 * 1024 * 1024;

/// How many ranges wait for the reader, besides the one that is on its way.
const RANGES_AHEAD: usize = 2;

/// Returns the ranges that make up an object of this size.
pub(super) fn ranges(bytes: u64) -> impl Iterator<Item = Range<u64>> {
    (0..bytes.div_ceil(RANGE_BYTES)).map(move |nth| nth * RANGE_BYTES..bytes.min((nth + 1) * RANGE_BYTES))
}

/// A blocking reader of an object. A task of its own fetches ahead; it ends with the reader.
pub(super) struct Reader {
    parts: mpsc::Receiver<Result<Bytes>>,
    part: Bytes,
    /// Bytes that did not come yet.
    missing: u64,
    is_failed: bool,
    fetching: AbortHandle,
}

impl Reader {
    /// Starts to fetch. Must be called within a tokio runtime.
    pub(super) fn open(bucket: Bucket, object: Object, key: Path) -> Self {
        let (sender, parts) = mpsc::channel(RANGES_AHEAD);
        let missing = object.bytes;
        let fetching = tokio::spawn(async move {
            for range in ranges(object.bytes) {
                let part = bucket.part(&object, &key, Some(range)).await.map(|(bytes, _version)| bytes);
                let is_last = part.is_err();
                // A reader that is gone wants neither the bytes nor the error.
                if sender.send(part).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self { parts, part: Bytes::new(), missing, is_failed: false, fetching: fetching.abort_handle() }
    }
}

impl Reader {
    /// Fails now and at every later call. The cause stays within reach of the `io::Error`'s `downcast`.
    fn fail<T>(&mut self, error: Error) -> io::Result<T> {
        self.is_failed = true;
        Err(io::Error::other(error))
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_failed {
            return Err(io::Error::other("the object could not be read to its end"));
        }
        if self.part.is_empty() {
            match self.parts.blocking_recv() {
                Some(Ok(part)) => {
                    self.missing = self.missing.saturating_sub(part.len() as u64);
                    self.part = part;
                }
                Some(Err(error)) => return self.fail(error),
                None if self.missing == 0 => return Ok(0),
                None => {
                    let message = format!("the reading of an object ended {} bytes early", self.missing);
                    return self.fail(Error::new(ErrorKind::Interrupted, message));
                }
            }
        }
        let length = into.len().min(self.part.len());
        self.part.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.fetching.abort();
    }
}
