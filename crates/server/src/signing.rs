//! The keys that digests and the results of queries are signed by, as they stand among the documents.

use std::sync::Arc;

use event::arn::Region;
use jiff::Timestamp;
use lake::{Change, Documents, Expect};
use trail::digest::SealError;
use trail::keys::{Keyring, RegionKey, SIGNING_KEY, signing_key};

use crate::fault::{Fault, Result};

/// The keys of all Regions.
#[derive(Clone)]
pub(crate) struct Keys(pub(crate) Arc<Documents>);

impl Keys {
    /// Returns the key of a time, which is made if there is none.
    ///
    /// # Errors
    /// If keys cannot be read, made or kept.
    pub(crate) async fn at(&self, region: &Region, time: Timestamp) -> Result<RegionKey> {
        let (keys, region) = (self.clone(), region.clone());
        let found = tokio::task::spawn_blocking(move || signing_key(&keys, &region, (time, time))).await;
        found.map_err(|error| Fault::internal("get a key to sign with", &error))?
    }
}

impl Keyring for Keys {
    type Error = Fault;

    fn keys(&self) -> Result<Vec<RegionKey>> {
        Ok(self.0.read_all::<RegionKey>(SIGNING_KEY)?.into_iter().map(|kept| kept.value).collect())
    }

    fn keep(&self, key: &RegionKey) -> Result<()> {
        let body = lake::to_body(key)?;
        self.0.apply(&[Change::Put { kind: SIGNING_KEY, id: &key.id(), body: &body, expect: Expect::Absent }])?;
        Ok(())
    }
}

impl From<SealError> for Fault {
    fn from(error: SealError) -> Fault {
        Fault::internal("make a key to sign with", &error)
    }
}
