//! Objects in a bucket of S3, or of a store that speaks its protocol.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use event::key::{FileName, Key};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, GetRange, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::chunk::{Body, WHOLE_BYTES_MAX};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Listed, Object, Place, identity};
use crate::walk::{Child, Entry, Level, Tree};

mod credentials;
pub(crate) mod fault;
mod owner;
mod ranges;
mod store;

pub use store::{AwsOptions, s3_store, s3_store_for_owner};
pub(crate) use store::{configured_endpoint, credentials as sdk_credentials, sdk_config};

use fault::{Action, fault};

/// How often a listing is asked for in all when its answer breaks off. The client itself repeats requests that are
/// refused or time out, but not answers it could not read to their end. A listing that its reader left alone for long
/// finds its requests timed out as well.
const LISTING_ATTEMPTS: usize = 3;

/// The objects of a bucket at or below a key.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    bucket: Arc<str>,
    key: Arc<str>,
}

impl Bucket {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, bucket: &str, key: &str) -> Self {
        Self { store, bucket: bucket.into(), key: key.into() }
    }

    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Reads an object that was listed: its bytes and, where the bucket keeps versions, its version ID.
    pub(crate) async fn read(&self, object: &Object, key: &Path) -> Result<(Body, Option<String>)> {
        if object.bytes > WHOLE_BYTES_MAX {
            return Ok((Body::Stream(Box::new(ranges::Reader::open(self.clone(), object.clone(), key.clone()))), None));
        }
        if object.bytes <= ranges::RANGE_BYTES {
            let (bytes, version) = self.part(object, key, None).await?;
            return Ok((Body::Whole(bytes), version));
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(object.bytes).unwrap_or(0));
        let mut found = None;
        for range in ranges::ranges(object.bytes) {
            let (bytes, version) = self.part(object, key, Some(range)).await?;
            whole.extend_from_slice(&bytes);
            found = version;
        }
        Ok((Body::Whole(whole.freeze()), found))
    }

    /// Reads a part of an object, or all of it, and checks that it is still the object that was listed.
    async fn part(
        &self,
        object: &Object,
        key: &Path,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<(Bytes, Option<String>)> {
        let wanted = range.as_ref().map_or(object.bytes, |range| range.end - range.start);
        // Asking for a version takes a right of its own, `s3:GetObjectVersion`; the ETag does as well.
        let version = if object.etag.is_none() { object.version.clone() } else { None };
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            if_match: object.etag.clone(),
            version,
            ..GetOptions::default()
        };
        let fail = |source| fault(Action::Get, &self.bucket, key.as_ref(), source);
        let answer = self.store.get_opts(key, options).await.map_err(fail)?;
        let meta = answer.meta.clone();
        // Not every store of this protocol knows the condition above.
        let is_other = object.etag.as_ref().is_some_and(|etag| meta.e_tag.as_ref().is_some_and(|found| found != etag));
        if is_other || meta.size != object.bytes {
            return Err(fault::changed(&self.bucket, key.as_ref()));
        }
        let bytes = answer.bytes().await.map_err(fail)?;
        if bytes.len() as u64 != wanted {
            let message = format!("cannot read `{}`: {} of {wanted} bytes came", object.uri, bytes.len());
            return Err(Error::new(ErrorKind::Interrupted, message).with("bucket", &self.bucket).with("key", key));
        }
        Ok((bytes, meta.version))
    }

    /// Reads an object that was listed, with its user metadata: names in lower case, without `x-amz-meta-`.
    pub(crate) async fn read_described(&self, object: &Object, key: &Path) -> Result<(Body, Vec<(String, String)>)> {
        let options = GetOptions { if_match: object.etag.clone(), ..GetOptions::default() };
        let fail = |source| fault(Action::Get, &self.bucket, key.as_ref(), source);
        let answer = self.store.get_opts(key, options).await.map_err(fail)?;
        if answer.meta.size != object.bytes {
            return Err(fault::changed(&self.bucket, key.as_ref()));
        }
        let metadata = user_metadata(&answer.attributes);
        if object.bytes > ranges::RANGE_BYTES {
            // The body would take longer than one request may.
            return Ok((self.read(object, key).await?.0, metadata));
        }
        Ok((Body::Whole(answer.bytes().await.map_err(fail)?), metadata))
    }

    async fn list_level(&self, folder: &Path) -> Result<ListResult> {
        let mut attempt = 1;
        loop {
            let error = match self.store.list_with_delimiter(Some(folder)).await {
                Ok(found) => return Ok(found),
                Err(source) => fault(Action::List, &self.bucket, folder.as_ref(), source),
            };
            if attempt == LISTING_ATTEMPTS || !error.is_retryable() {
                return Err(error);
            }
            tracing::warn!(%error, attempt, "listing again");
            attempt += 1;
        }
    }

    /// Lists all below a folder. A listing that breaks off goes on after the last object seen.
    fn list_flat(&self, folder: Path) -> impl futures::Stream<Item = Result<ObjectMeta>> + Send + use<> {
        let first = self.store.list(Some(&folder));
        stream::unfold((self.clone(), Some(first), None::<Path>, 1), move |(bucket, listing, last, attempt)| {
            let folder = folder.clone();
            async move {
                let (mut listing, mut attempt) = (listing?, attempt);
                loop {
                    let error = match listing.try_next().await {
                        Ok(Some(meta)) => {
                            let last = Some(meta.location.clone());
                            return Some((Ok(meta), (bucket, Some(listing), last, attempt)));
                        }
                        Ok(None) => return None,
                        Err(source) => fault(Action::List, &bucket.bucket, folder.as_ref(), source),
                    };
                    if attempt == LISTING_ATTEMPTS || !error.is_retryable() {
                        return Some((Err(error), (bucket, None, last, attempt)));
                    }
                    tracing::warn!(%error, attempt, "listing again");
                    attempt += 1;
                    listing = match &last {
                        Some(last) => bucket.store.list_with_offset(Some(&folder), last),
                        None => bucket.store.list(Some(&folder)),
                    };
                }
            }
        })
    }

    fn entry(&self, folder: &Path, found: Result<ObjectMeta>) -> Entry {
        match found {
            Ok(meta) => Entry { path: below(folder, &meta.location).to_owned(), listed: self.listed(meta) },
            Err(error) => {
                let uri = self.uri(folder.as_ref());
                Entry { path: String::new(), listed: Listed::Failed { uri, error } }
            }
        }
    }

    fn listed(&self, meta: ObjectMeta) -> Listed {
        let uri = self.uri(meta.location.as_ref());
        let is_marker = meta.size == 0 && meta.location.filename().is_none_or(|name| FileName::parse(name).is_none());
        if is_marker {
            return Listed::Skipped { uri, why: "an empty object; consoles make them to show a folder".to_owned() };
        }
        let nanosecond = i32::try_from(meta.last_modified.timestamp_subsec_nanos()).unwrap_or(0);
        let modified = Timestamp::new(meta.last_modified.timestamp(), nanosecond).ok();
        Listed::Object(Object {
            identity: identity(&uri, meta.size, meta.e_tag.as_deref(), meta.version.as_deref(), modified),
            uri,
            bytes: meta.size,
            etag: meta.e_tag,
            version: meta.version,
            modified,
            key: Key::parse(meta.location.as_ref()),
            place: Place::Key(meta.location),
        })
    }
}

/// Returns the user metadata among an object's attributes.
pub(crate) fn user_metadata(attributes: &Attributes) -> Vec<(String, String)> {
    let user = attributes.iter().filter_map(|(attribute, value)| match attribute {
        Attribute::Metadata(name) => Some((name.to_string(), value.to_string())),
        _ => None,
    });
    user.collect()
}

/// Returns the part of a key below a folder.
fn below<'a>(folder: &Path, key: &'a Path) -> &'a str {
    key.as_ref().strip_prefix(folder.as_ref()).unwrap_or(key.as_ref()).trim_start_matches('/')
}

#[async_trait]
impl Tree for Bucket {
    type Folder = Path;

    fn root(&self) -> (Path, Vec<String>) {
        // A `Uri` holds no key that cannot be a path; a key given by hand that cannot names no object.
        let folder = Path::parse(&*self.key).unwrap_or_else(|_| Path::from(&*self.key));
        let names = folder.parts().map(|name| name.as_ref().to_owned()).collect();
        (folder, names)
    }

    async fn level(&self, folder: Path) -> Level<Path> {
        let found = match self.list_level(&folder).await {
            Ok(found) => found,
            Err(error) => {
                let failed = self.entry(&folder, Err(error));
                return Level { folders: Vec::new(), entries: stream::iter([failed]).boxed() };
            }
        };
        let (mut folders, mut nameless) = (Vec::new(), None);
        for child in found.common_prefixes {
            let (name, uri) = (below(&folder, &child).to_owned(), format!("{}/", self.uri(child.as_ref())));
            if name.is_empty() {
                // A key that begins with `/` lies in a folder without a name: listing it would list this one again.
                let why =
                    "a folder without a name; its keys begin with `/`, which this client cannot ask for".to_owned();
                nameless = Some(Entry { path: String::new(), listed: Listed::Skipped { uri, why } });
            } else {
                folders.push(Child { name, uri, folder: child });
            }
        }
        let bucket = self.clone();
        let entries = found.objects.into_iter().map(move |meta| bucket.entry(&folder, Ok(meta)));
        Level { folders, entries: stream::iter(nameless.into_iter().chain(entries)).boxed() }
    }

    fn flat(&self, folder: Path) -> Option<BoxStream<'static, Entry>> {
        let bucket = self.clone();
        Some(self.list_flat(folder.clone()).map(move |found| bucket.entry(&folder, found)).boxed())
    }

    async fn alone(&self) -> Option<Listed> {
        let (key, _) = self.root();
        if key.as_ref().is_empty() {
            return None;
        }
        let uri = self.uri(&self.key);
        if self.key.ends_with('/') {
            let message = format!("nothing lies below `{uri}`");
            let error = Error::new(ErrorKind::NotFound, message).advise("check the bucket and the prefix");
            return Some(Listed::Failed { uri, error });
        }
        Some(match self.store.head(&key).await {
            Ok(meta) => self.listed(meta),
            Err(source) => {
                let error = fault(Action::Head, &self.bucket, key.as_ref(), source);
                Listed::Failed { uri, error }
            }
        })
    }

    fn is_alone_first(&self) -> bool {
        [".gz", ".json", ".ndjson", ".jsonl"].iter().any(|ending| self.key.ends_with(ending))
    }
}

#[cfg(test)]
mod tests;
