//! The keys that digests are signed by, kept among the documents.

use std::collections::HashMap;
use std::sync::Arc;

use event::arn::Region;
use jiff::Timestamp;
use lake::{Change, Documents, Expect, to_body};
use tokio::sync::Mutex;
use trail::digest::{SealError, SigningKey};
use trail::keys::{Keyring, RegionKey, SIGNING_KEY, overlapping, signing_key};

use super::records::unkept;
use crate::error::{Error, ErrorKind, Result};

/// The keys of all Regions. They are made when they are needed and replaced before they end.
pub struct SigningKeys {
    ring: Ring,
    /// Keys that are read already, by fingerprint. Held while a key is made, so that one is made.
    known: Mutex<HashMap<String, Arc<SigningKey>>>,
}

impl SigningKeys {
    /// Takes the documents that the keys are kept among.
    pub fn new(documents: Arc<Documents>) -> SigningKeys {
        SigningKeys { ring: Ring(documents), known: Mutex::default() }
    }

    /// Returns the keys of a Region that were good at some moment from the first time to the second, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] if the documents cannot be read.
    pub fn list(&self, region: &Region, range: (Timestamp, Timestamp)) -> Result<Vec<RegionKey>> {
        Ok(overlapping(&self.ring.keys()?, region, range).into_iter().cloned().collect())
    }

    /// Returns the key that signs what is of `now`. It is made if there is none, or if the last one ends soon.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] if the documents cannot be read or written, [`ErrorKind::Delivery`] if no key can be made.
    pub async fn current(&self, region: &Region, now: Timestamp) -> Result<Arc<SigningKey>> {
        self.at(region, now, now).await
    }

    /// Returns the key that signs what is of a time, which may be long past.
    pub(super) async fn at(&self, region: &Region, time: Timestamp, now: Timestamp) -> Result<Arc<SigningKey>> {
        let mut known = self.known.lock().await;
        let (ring, of_region) = (self.ring.clone(), region.clone());
        let found = tokio::task::spawn_blocking(move || signing_key(&ring, &of_region, (time, now))).await;
        let key = found.map_err(|error| Error::ended("a thread that makes keys", Some(error)))??;
        if let Some(found) = known.get(&key.fingerprint) {
            return Ok(Arc::clone(found));
        }
        let read = Arc::new(key.signing_key()?);
        known.insert(key.fingerprint, Arc::clone(&read));
        Ok(read)
    }
}

/// The keys as they stand among the documents.
#[derive(Clone)]
struct Ring(Arc<Documents>);

impl Keyring for Ring {
    type Error = Error;

    fn keys(&self) -> Result<Vec<RegionKey>> {
        let kept = self.0.read_all(SIGNING_KEY).map_err(unkept)?;
        Ok(kept.into_iter().map(|kept| kept.value).collect())
    }

    fn keep(&self, key: &RegionKey) -> Result<()> {
        let body = to_body(key).map_err(unkept)?;
        let put = Change::Put { kind: SIGNING_KEY, id: &key.id(), body: &body, expect: Expect::Absent };
        self.0.apply(&[put]).map_err(unkept)?;
        tracing::info!(region = %key.region, fingerprint = key.fingerprint, "made a key to sign digests with");
        Ok(())
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Error {
        Error::because(ErrorKind::Delivery, "could not get a key to sign digests with", error)
    }
}
