//! Any object of any bucket by its name, as digests name log files: read with its metadata, or not there.
//!
//! This is for whoever follows names from bucket to bucket; walking a whole bucket is what [`Source`](crate::Source) does.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::sync::{Mutex, Semaphore};

use crate::error::{Error, ErrorKind, Result};
use crate::s3::fault::{Action, fault};
use crate::s3::{AwsOptions, s3_store, user_metadata};

/// Bytes that may be held at once, over all reads; one larger object is read alone.
const HELD_BYTES_MAX: u64 = 128 << 20;
/// Largest object that is read. CloudTrail's own are at most 50 MB (AWS CloudTrail user guide, "CloudTrail log file name
/// format").
const OBJECT_BYTES_MAX: u64 = 256 << 20;
/// Bytes asked for in one request.
const RANGE_BYTES: u64 = 8 << 20;

/// The buckets that these credentials can read. Cheap to clone; each bucket's client is made once.
#[derive(Debug, Clone)]
pub struct Buckets {
    aws: AwsOptions,
    stores: Arc<Mutex<HashMap<String, Arc<dyn ObjectStore>>>>,
    room: Arc<Semaphore>,
}

/// An object that was read.
#[derive(Debug)]
pub struct Stored {
    /// All its bytes.
    pub bytes: Bytes,
    /// Its user metadata: names in lower case, without `x-amz-meta-`.
    pub metadata: Vec<(String, String)>,
    /// The room that its bytes take up, given back when this is dropped.
    _held: tokio::sync::OwnedSemaphorePermit,
}

impl Buckets {
    /// Opens buckets as they are asked for.
    pub fn new(aws: AwsOptions) -> Buckets {
        let room = Arc::new(Semaphore::new((HELD_BYTES_MAX >> 10) as usize));
        Buckets { aws, stores: Arc::default(), room }
    }

    /// Takes `store` for a bucket.
    pub async fn with_store(self, bucket: &str, store: Arc<dyn ObjectStore>) -> Buckets {
        self.stores.lock().await.insert(bucket.to_owned(), store);
        self
    }

    /// Lists the keys below a folder that come behind `after` and before `end`, in order.
    ///
    /// # Errors
    /// As [`Source::read`](crate::Source::read); a bucket that does not exist is [`ErrorKind::NotFound`].
    pub async fn keys(&self, bucket: &str, folder: &str, after: &str, end: &str) -> Result<Vec<String>> {
        let store = self.store(bucket).await?;
        let (Some(prefix), Some(after)) = (path(bucket, folder)?, path(bucket, after)?) else { return Ok(Vec::new()) };
        let mut listing = store.list_with_offset(Some(&prefix), &after);
        let mut keys = Vec::new();
        while let Some(meta) = listing.try_next().await.map_err(|source| fault(Action::List, bucket, folder, source))? {
            if meta.location.as_ref() >= end {
                break;
            }
            keys.push(meta.location.into());
        }
        keys.sort_unstable();
        Ok(keys)
    }

    /// Lists the names of the folders right below a folder.
    ///
    /// # Errors
    /// As [`Buckets::keys`].
    pub async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>> {
        let store = self.store(bucket).await?;
        let Some(prefix) = path(bucket, folder)? else { return Ok(Vec::new()) };
        let found = store.list_with_delimiter(Some(&prefix)).await;
        let found = found.map_err(|source| fault(Action::List, bucket, folder, source))?;
        Ok(found.common_prefixes.iter().filter_map(|folder| folder.filename().map(str::to_owned)).collect())
    }

    /// Reads an object; `None` if there is none of this key.
    ///
    /// # Errors
    /// As [`Source::read`](crate::Source::read); a bucket that does not exist is [`ErrorKind::NotFound`].
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Stored>> {
        let store = self.store(bucket).await?;
        let Some(path) = path(bucket, key)? else { return Ok(None) };
        let fail = |source| fault(Action::Get, bucket, key, source);
        let answer = match store.get_opts(&path, GetOptions::default()).await {
            Ok(answer) => answer,
            Err(source) => {
                let error = fail(source);
                let no_bucket = error.context().any(|pair| pair == ("code", "NoSuchBucket"));
                return if error.kind() == ErrorKind::NotFound && !no_bucket { Ok(None) } else { Err(error) };
            }
        };
        let (size, etag) = (answer.meta.size, answer.meta.e_tag.clone());
        if size > OBJECT_BYTES_MAX {
            let message = format!("cannot read `s3://{bucket}/{key}`: it has {size} bytes, {OBJECT_BYTES_MAX} at most");
            return Err(Error::new(ErrorKind::Unexpected, message));
        }
        let metadata = user_metadata(&answer.attributes);
        if size <= RANGE_BYTES {
            let held = self.hold(size).await?;
            return Ok(Some(Stored { bytes: answer.bytes().await.map_err(fail)?, metadata, _held: held }));
        }
        // The body waits on the line; it would time out while others hold the room.
        drop(answer);
        let held = self.hold(size).await?;
        let mut bytes = BytesMut::with_capacity(usize::try_from(size).unwrap_or(0));
        while (bytes.len() as u64) < size {
            let from = bytes.len() as u64;
            let range = Some(GetRange::Bounded(from..size.min(from + RANGE_BYTES)));
            let options = GetOptions { range, if_match: etag.clone(), ..GetOptions::default() };
            let part = store.get_opts(&path, options).await.map_err(fail)?.bytes().await.map_err(fail)?;
            if part.is_empty() {
                let message = format!("cannot read `s3://{bucket}/{key}`: {from} of {size} bytes came");
                return Err(Error::new(ErrorKind::Interrupted, message));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Some(Stored { bytes: bytes.freeze(), metadata, _held: held }))
    }

    async fn hold(&self, bytes: u64) -> Result<tokio::sync::OwnedSemaphorePermit> {
        let weight = (bytes.min(HELD_BYTES_MAX - 1024) >> 10) as u32 + 1;
        let held = Arc::clone(&self.room).acquire_many_owned(weight).await;
        held.map_err(|closed| Error::new(ErrorKind::Io, "cannot read: the program is ending").because(closed))
    }

    async fn store(&self, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        // Held while a client is made, so that many reads at once make one.
        let mut stores = self.stores.lock().await;
        if let Some(store) = stores.get(bucket) {
            return Ok(Arc::clone(store));
        }
        let store = s3_store(bucket, &self.aws).await?;
        stores.insert(bucket.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

/// Returns a key as a path; `None` for one that begins with `/` or has a part `.` or `..`: it must not be followed.
fn path(bucket: &str, key: &str) -> Result<Option<Path>> {
    if key.starts_with('/') || key.split('/').any(|part| matches!(part, "." | "..")) {
        return Ok(None);
    }
    match Path::parse(key) {
        Ok(path) => Ok(Some(path)),
        Err(source) => {
            let message =
                format!("cannot ask for `s3://{bucket}/{key}`: a part of the key is empty or a control character");
            Err(Error::new(ErrorKind::Unexpected, message).because(source))
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{Attribute, Attributes, PutOptions};

    use super::*;

    async fn buckets() -> Buckets {
        let store = InMemory::new();
        for (key, size) in [("a/1", 3), ("a/2", 3), ("a/b/3", 3), ("c/4", RANGE_BYTES as usize * 2 + 1)] {
            let attributes: Attributes = [(Attribute::Metadata("signature".into()), "00ff")].into_iter().collect();
            let options = PutOptions { attributes, ..PutOptions::default() };
            store.put_opts(&Path::from(key), vec![7; size].into(), options).await.unwrap();
        }
        Buckets::new(AwsOptions::default()).with_store("logs", Arc::new(store)).await
    }

    #[tokio::test]
    async fn objects_come_with_their_metadata_or_not_at_all() {
        let buckets = buckets().await;
        let sizes =
            [("a/1", Some(3)), ("c/4", Some(RANGE_BYTES * 2 + 1)), ("a/9", None), ("a/../a/1", None), ("/a/1", None)];
        for (key, size) in sizes {
            let stored = buckets.read("logs", key).await.unwrap();
            assert_eq!(stored.as_ref().map(|stored| stored.bytes.len() as u64), size, "{key}");
            let signature = ("signature".to_owned(), "00ff".to_owned());
            assert!(stored.is_none_or(|stored| stored.metadata == [signature]), "{key}");
        }
        assert!(buckets.read("logs", "a//1").await.is_err(), "a key that cannot be asked for is not a missing one");
    }

    #[tokio::test]
    async fn listings_begin_and_end_where_they_are_told() {
        let buckets = buckets().await;
        assert_eq!(buckets.keys("logs", "a", "a/1", "b").await.unwrap(), ["a/2", "a/b/3"]);
        assert_eq!(buckets.keys("logs", "a", "a/0", "a/2").await.unwrap(), ["a/1"]);
        assert_eq!(buckets.folders("logs", "a").await.unwrap(), ["b"]);
    }
}
