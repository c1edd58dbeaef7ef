//! A source of log files: opened by its URI, listed, and read object by object.

use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::ObjectStore;

use crate::chunk::Chunk;
use crate::error::{Error, ErrorKind, Result};
use crate::folder::{self, Folders};
use crate::object::{Listed, Object, Place};
use crate::s3::{AwsOptions, Bucket, s3_store};
use crate::selection::Selection;
use crate::stream as pipe;
use crate::uri::Uri;
use crate::walk::walk;

/// Where bytes live. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    uri: Uri,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Stdin,
    File(PathBuf),
    Folders(Folders),
    Bucket(Bucket),
}

impl Source {
    /// Opens the source that `uri` names.
    ///
    /// A local path is looked at; a bucket is not: whether it can be read shows when it is listed. `aws` is used for
    /// `s3://` only.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a path that does not exist, [`ErrorKind::Configuration`] for AWS settings that cannot
    /// be used.
    pub async fn open(uri: Uri, aws: &AwsOptions) -> Result<Self> {
        let kind = match &uri {
            Uri::Stdin => Kind::Stdin,
            Uri::S3 { bucket, key } => Kind::Bucket(Bucket::new(s3_store(bucket, aws).await?, bucket, key)),
            Uri::Path(path) => {
                let metadata = tokio::fs::metadata(path).await;
                let metadata = metadata.map_err(|source| Error::io("cannot look at", &uri.to_string(), source))?;
                if metadata.is_dir() { Kind::Folders(Folders::new(path)) } else { Kind::File(path.clone()) }
            }
        };
        Ok(Self { uri, kind })
    }

    /// Returns the source of the objects of `store` whose keys are `key` or lie below it, as if the store were this
    /// bucket of S3.
    pub fn with_store(store: Arc<dyn ObjectStore>, bucket: &str, key: &str) -> Self {
        let uri = Uri::S3 { bucket: bucket.to_owned(), key: key.to_owned() };
        Self { uri, kind: Kind::Bucket(Bucket::new(store, bucket, key)) }
    }

    /// Returns the URI the source was opened by.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Lists the objects within a selection.
    ///
    /// In the layout of a trail's bucket, objects come by date of delivery, then by account, Region and folder, digest
    /// files among them; other objects come first, in path order. Up to sixteen folders are listed side by side. The
    /// stream ends when all is listed; dropping it ends the work. A file or stream that is named by itself is listed
    /// whatever the selection.
    pub fn list(&self, selection: &Selection) -> BoxStream<'static, Listed> {
        match &self.kind {
            Kind::Stdin => stream::once(async { Listed::Object(pipe::stdin_object()) }).boxed(),
            Kind::File(path) => stream::once(list_file(path.clone())).boxed(),
            Kind::Folders(folders) => walk(folders.clone(), selection.clone()),
            Kind::Bucket(bucket) => walk(bucket.clone(), selection.clone()),
        }
    }

    /// Reads an object that this source listed.
    ///
    /// Objects up to [`WHOLE_BYTES_MAX`](crate::WHOLE_BYTES_MAX) bytes come whole; see [`Body::Stream`](crate::Body::Stream) for the rest.
    ///
    /// # Errors
    /// Any kind but [`ErrorKind::InvalidUri`]. [`ErrorKind::Changed`] says that the object was replaced after it was
    /// listed. S3 was asked several times before an error that [is retryable](Error::is_retryable) is returned.
    pub async fn read(&self, object: &Object) -> Result<Chunk> {
        let mut object = object.clone();
        let body = match (&object.place, &self.kind) {
            (Place::Key(key), Kind::Bucket(bucket)) => {
                let key = key.clone();
                let (body, version) = bucket.read(&object, &key).await?;
                object.version = object.version.or(version);
                body
            }
            (Place::Stdin, _) => pipe::read_stdin(),
            (Place::Path(path), _) => blocking(path.clone(), |path| folder::read(&path)).await?,
            (Place::Pipe(path), _) => blocking(path.clone(), |path| pipe::read_pipe(&path)).await?,
            (Place::Key(_), _) => {
                let message = format!("cannot read `{}`: it lies in a bucket that `{}` is not", object.uri, self.uri);
                return Err(Error::new(ErrorKind::NotFound, message).advise("read it with the source that listed it"));
            }
        };
        Ok(Chunk { object, body })
    }
}

impl Source {
    /// Reads an object with its user metadata, which only objects in a bucket have: names in lower case, without
    /// `x-amz-meta-`.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub async fn read_described(&self, object: &Object) -> Result<(Chunk, Vec<(String, String)>)> {
        match (&object.place, &self.kind) {
            (Place::Key(key), Kind::Bucket(bucket)) => {
                let (body, metadata) = bucket.read_described(object, key).await?;
                Ok((Chunk { object: object.clone(), body }, metadata))
            }
            _ => Ok((self.read(object).await?, Vec::new())),
        }
    }

    /// Reads a local file on the calling thread, which costs far less than a change of threads for each of many small
    /// files. Returns `None` for objects that are not local files.
    pub fn read_local(object: &Object) -> Option<Result<Chunk>> {
        let Place::Path(path) = &object.place else { return None };
        Some(folder::read(path).map(|body| Chunk { object: object.clone(), body }))
    }
}

async fn list_file(path: PathBuf) -> Listed {
    let uri = crate::uri::of_path(&path);
    match blocking(path, |path| folder::object_at(&path)).await {
        Ok(object) => Listed::Object(object),
        Err(error) => Listed::Failed { uri, error },
    }
}

/// Runs file system work on a thread that may block.
fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(PathBuf) -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> + Send {
    tokio::task::spawn_blocking(move || work(path)).map(|done| {
        done.unwrap_or_else(|ended| {
            Err(Error::new(ErrorKind::Io, "cannot read a file: its thread ended").because(ended))
        })
    })
}
