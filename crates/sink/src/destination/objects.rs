//! Objects in a bucket, or in whatever else `object_store` can write to.
//!
//! A part is gathered in memory and put at once, under a key that ends with the offset of its first payload: a sink
//! that is opened again from its position puts the same objects under the same keys.

use std::sync::Arc;

use futures::StreamExt;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutPayload};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::part::{Framing, Part, PartLimits, extension};
use crate::payload::{Outcome, Payload, Position, shortened};
use crate::retry::{Patience, RetryLimits};

/// How large a part may be, as it lies in memory.
const PART_BYTES_MAX: u64 = 1 << 30;

/// How many digits the offset in a key has: as many as the largest number, so that keys sort as offsets do.
const OFFSET_DIGITS: usize = 20;

/// How many of the first objects below a prefix are looked at for one of our own.
const LISTED_MAX: usize = 10_000;

/// Where objects are put, and how large they are.
#[derive(Debug, Clone)]
pub struct ObjectsSettings {
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// How the bucket is called in errors, such as `s3://amzn-s3-demo-bucket`.
    pub place: String,
    /// The folder in it, empty for none.
    pub prefix: String,
    /// How the last part of keys begins.
    pub name: String,
    /// How it ends: what the payloads are, such as `jsonl`, `csv`.
    pub extension: String,
    /// Whether objects are compressed; their keys then end with `.gz`.
    pub gzip: bool,
    /// How payloads stand in them.
    pub framing: Framing,
    /// How much goes into one, at most 1 GiB.
    pub part: PartLimits,
    /// How often a request is repeated.
    pub retry: RetryLimits,
}

impl ObjectsSettings {
    /// Returns the settings for objects with keys like `PREFIX/NAME-00000000000000000001.jsonl.gz`, made of 64 MiB
    /// each.
    pub fn new(store: Arc<dyn ObjectStore>, place: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            store,
            place: place.into(),
            prefix: prefix.into(),
            name: "events".to_owned(),
            extension: "jsonl".to_owned(),
            gzip: true,
            framing: Framing::default(),
            part: PartLimits { part_bytes_max: 64 << 20, ..PartLimits::default() },
            retry: RetryLimits::default(),
        }
    }
}

/// The objects of one name below one prefix.
#[derive(Debug)]
pub(crate) struct Objects {
    settings: ObjectsSettings,
    prefix: Path,
    clock: Arc<dyn Clock>,
    open: Option<OpenObject>,
}

#[derive(Debug)]
struct OpenObject {
    key: Path,
    part: Part<Vec<u8>>,
}

impl Objects {
    pub(crate) async fn open(
        mut settings: ObjectsSettings,
        from: Option<Position>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        settings.part.part_bytes_max = settings.part.part_bytes_max.min(PART_BYTES_MAX);
        let prefix = Path::parse(&settings.prefix).map_err(|source| {
            let message = format!("objects cannot have the prefix `{}`", settings.prefix.escape_debug());
            Error::new(ErrorKind::Configuration, message)
                .advise("leave out empty parts, `.`, `..` and control characters")
                .because(source)
        })?;
        if settings.name.is_empty() || settings.name.contains('/') || settings.extension.contains('/') {
            let message = format!("objects cannot have the name `{}`", settings.name.escape_debug());
            return Err(Error::new(ErrorKind::Configuration, message).advise("give a name without slashes"));
        }
        let objects = Self { settings, prefix, clock, open: None };
        if from.is_none() {
            objects.check_free().await?;
        }
        Ok(objects)
    }

    /// Checks that no object of this name is there, as far as the bucket lets one look.
    async fn check_free(&self) -> Result<()> {
        let own = format!("{}-", self.settings.name);
        let mut listing = self.settings.store.list(Some(&self.prefix)).take(LISTED_MAX);
        while let Some(found) = listing.next().await {
            let key = match found {
                Ok(meta) => meta.location,
                // Whoever may only write is not kept from it.
                Err(source @ (StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. })) => {
                    let (place, error) = (&self.settings.place, shortened(&source.to_string()));
                    tracing::warn!(place, error, "the bucket cannot be listed: objects of the same key are replaced");
                    return Ok(());
                }
                Err(source) => return Err(self.fault("cannot list", &self.prefix, source)),
            };
            let is_beside = key.prefix_match(&self.prefix).is_some_and(|parts| parts.count() == 1);
            if is_beside && key.filename().is_some_and(|name| name.starts_with(&own)) {
                let message = format!("cannot begin to write: `{}/{key}` is there already", self.settings.place);
                return Err(Error::new(ErrorKind::Occupied, message)
                    .advise("go on from the stored position, or choose another prefix or name"));
            }
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, payloads: &[Payload], position: &mut Position) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for payload in payloads {
            if self.open.as_ref().is_some_and(|open| !open.part.takes(payload, &self.settings.part))
                && let Err(error) = self.flush(position).await
            {
                return Err(error.after(outcome));
            }
            let open = match &mut self.open {
                Some(open) => open,
                None => {
                    let key = self.key(payload.offset);
                    let part = Part::new(Vec::new(), self.settings.gzip, self.settings.framing.clone());
                    self.open.insert(OpenObject { key, part })
                }
            };
            if let Err(source) = open.part.write(payload) {
                let message = format!("cannot compress `{}/{}`", self.settings.place, open.key);
                return Err(Error::new(ErrorKind::Io, message).because(source).after(outcome));
            }
            outcome.accepted += 1;
        }
        Ok(outcome)
    }

    /// Puts the object that is being gathered, if there is one.
    pub(crate) async fn flush(&mut self, position: &mut Position) -> Result<()> {
        let Some(OpenObject { key, part }) = self.open.take() else { return Ok(()) };
        let offset = part.offset();
        let bytes = part.finish().map_err(|source| {
            let message = format!("cannot compress `{}/{key}`", self.settings.place);
            Error::new(ErrorKind::Io, message).because(source)
        })?;
        let content = PutPayload::from(bytes);
        let mut patience = Patience::new(self.settings.retry, &*self.clock);
        while let Err(source) = self.settings.store.put(&key, content.clone()).await {
            let error = self.fault("cannot put", &key, source);
            if !error.is_retryable() {
                return Err(error);
            }
            if let Err(given_up) = patience.wait(None).await {
                return Err(error.with("attempts", given_up.why()));
            }
        }
        *position = Position { offset: Some(offset), parts: position.parts + 1 };
        Ok(())
    }

    fn key(&self, offset: u64) -> Path {
        let extension = extension(&self.settings.extension, self.settings.gzip);
        self.prefix.clone().join(format!("{}-{offset:0OFFSET_DIGITS$}.{extension}", self.settings.name))
    }

    fn fault(&self, attempted: &str, key: &Path, source: StoreError) -> Error {
        let (kind, advice) = match &source {
            StoreError::NotFound { .. } => (ErrorKind::NotFound, "check the bucket's name"),
            StoreError::PermissionDenied { .. } => {
                (ErrorKind::PermissionDenied, "grant `s3:PutObject` on the objects, and the right to use its KMS key")
            }
            StoreError::Unauthenticated { .. } => (ErrorKind::Credentials, "check the profile and its credentials"),
            StoreError::Generic { .. } | StoreError::JoinError { .. } => (ErrorKind::Unavailable, "try again later"),
            _ => (ErrorKind::Unexpected, "check the bucket and its settings"),
        };
        Error::new(kind, format!("{attempted} `{}/{key}`", self.settings.place)).advise(advice).because(source)
    }
}
