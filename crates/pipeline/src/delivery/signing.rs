//! The keys that digests are signed by, kept among the documents.

use std::collections::HashMap;
use std::sync::Arc;

use event::arn::Region;
use jiff::Timestamp;
use lake::{Documents, Expect};
use tokio::sync::Mutex;
use trail::digest::SigningKey;
use trail::keys::{RegionKey, SIGNING_KEY, is_renewal_due, key_at, overlapping};

use super::records::{Write, apply, unkept};
use crate::error::{Error, ErrorKind, Result};

/// The keys of all Regions. They are made when they are needed and replaced before they end.
pub struct SigningKeys {
    documents: Arc<Documents>,
    /// Keys that are read already, by fingerprint. Held while a key is made, so that one is made.
    known: Mutex<HashMap<String, Arc<SigningKey>>>,
}

impl SigningKeys {
    /// Takes the documents that the keys are kept among.
    pub fn new(documents: Arc<Documents>) -> SigningKeys {
        SigningKeys { documents, known: Mutex::default() }
    }

    /// Returns the keys of a Region that were good at some moment from the first time to the second, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] if the documents cannot be read.
    pub fn list(&self, region: &Region, range: (Timestamp, Timestamp)) -> Result<Vec<RegionKey>> {
        Ok(overlapping(&self.all()?, region, range).into_iter().cloned().collect())
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
        let mut keys = self.all()?;
        if is_renewal_due(&keys, region, now) {
            keys.push(self.make(region, now).await?);
        }
        if key_at(&keys, region, time).is_none() {
            keys.push(self.make(region, time).await?);
        }
        let key = key_at(&keys, region, time);
        let key = key.ok_or_else(|| Error::new(ErrorKind::Delivery, format!("there is no key for `{region}`")))?;
        if let Some(found) = known.get(&key.fingerprint) {
            return Ok(Arc::clone(found));
        }
        let read = Arc::new(key.signing_key().map_err(unmade)?);
        known.insert(key.fingerprint.clone(), Arc::clone(&read));
        Ok(read)
    }

    async fn make(&self, region: &Region, valid_from: Timestamp) -> Result<RegionKey> {
        let region = region.clone();
        let made = tokio::task::spawn_blocking(move || RegionKey::generate(region, valid_from)).await;
        let key = made.map_err(|error| Error::ended("a thread that makes keys", Some(error)))?.map_err(unmade)?;
        let write = Write::put(SIGNING_KEY, &key.id(), &key, Expect::Absent)?;
        apply(&self.documents, vec![write], None).await?;
        tracing::info!(region = %key.region, fingerprint = key.fingerprint, "made a key to sign digests with");
        Ok(key)
    }

    fn all(&self) -> Result<Vec<RegionKey>> {
        let kept = self.documents.read_all(SIGNING_KEY).map_err(unkept)?;
        Ok(kept.into_iter().map(|kept| kept.value).collect())
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}

fn unmade(error: trail::digest::SealError) -> Error {
    Error::because(ErrorKind::Delivery, "could not get a key to sign digests with", error)
}
