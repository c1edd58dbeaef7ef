//! One writer per lake: a lock on a local file, and for a lake in a bucket a lease held by conditional writes.

use std::fs::{File, OpenOptions, TryLockError};
use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::location::{self, Location};

/// How long a lease holds after its last renewal; a writer that died is followed after this.
const LEASE_MS: i64 = 60_000;
/// How often a lease is renewed.
pub(crate) const RENEW_MS: u64 = 20_000;

/// The right to write, held until dropped.
pub(crate) struct Lock {
    /// Locked for as long as it is open.
    _file: File,
    pub lease: Option<Arc<Lease>>,
}

/// A lease on a lake in a bucket.
pub(crate) struct Lease {
    store: Arc<dyn ObjectStore>,
    path: Path,
    holder: String,
    version: tokio::sync::Mutex<UpdateVersion>,
}

#[derive(Serialize, Deserialize)]
struct LeaseDocument {
    holder: String,
    /// Milliseconds since 1970, UTC.
    expires_ms: i64,
}

impl Lock {
    /// Takes the right to write.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] while another process holds it, [`ErrorKind::Unsupported`] where the bucket's store
    /// knows no conditional writes.
    pub(crate) async fn take(location: &Location, now_ms: i64) -> Result<Lock> {
        location::make_private_folder(location.data())?;
        let path = location.data().join("lock");
        let failed =
            |error| Error::because(ErrorKind::Store, format!("open the lock file `{}`", path.display()), error);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        location::make_private_file(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!(
                    "another trailkeep writes to the lake at `{}`: wait for it to end, or end it if it serves",
                    location.data().display()
                );
                return Err(Error::new(ErrorKind::Locked, message));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let lease = match location.remote_root()? {
            Some((store, root)) => Some(Arc::new(
                Lease::take(store, root.join("_trailkeep").join("lease.json"), now_ms, &location.uri()).await?,
            )),
            None => None,
        };
        Ok(Lock { _file: file, lease })
    }
}

impl Lease {
    async fn take(store: Arc<dyn ObjectStore>, path: Path, now_ms: i64, uri: &str) -> Result<Lease> {
        let holder = Uuid::new_v4().to_string();
        let store_error =
            |error| Error::because(ErrorKind::Store, format!("take the writer's lease of the lake at `{uri}`"), error);
        let document = lease_document(&holder, now_ms)?;
        let version = match store.put_opts(&path, document.clone().into(), PutMode::Create.into()).await {
            Ok(result) => result.into(),
            Err(object_store::Error::AlreadyExists { .. }) => {
                let held = store.get(&path).await.map_err(store_error)?;
                let version = UpdateVersion { e_tag: held.meta.e_tag.clone(), version: held.meta.version.clone() };
                let bytes = held.bytes().await.map_err(store_error)?;
                if let Ok(found) = serde_json::from_slice::<LeaseDocument>(&bytes)
                    && found.expires_ms > now_ms
                {
                    let seconds = (found.expires_ms - now_ms + 999) / 1_000;
                    let message = format!(
                        "another trailkeep writes to the lake at `{uri}`: if it is gone its lease ends in {seconds} s"
                    );
                    return Err(Error::new(ErrorKind::Locked, message));
                }
                match store.put_opts(&path, document.into(), PutMode::Update(version).into()).await {
                    Ok(result) => result.into(),
                    Err(object_store::Error::Precondition { .. }) => {
                        return Err(Error::new(
                            ErrorKind::Locked,
                            format!("another trailkeep has just begun to write to the lake at `{uri}`"),
                        ));
                    }
                    Err(error) => return Err(store_error(error)),
                }
            }
            Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                let message = format!(
                    "the store of `{uri}` knows no conditional writes: two writers could not be told apart there"
                );
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            Err(error) => return Err(store_error(error)),
        };
        let lease = Lease { store, path, holder, version: tokio::sync::Mutex::new(version) };
        lease.probe(uri).await?;
        Ok(lease)
    }

    /// Asks the store once whether it really refuses a second creation: some only say that they do.
    async fn probe(&self, uri: &str) -> Result<()> {
        let document = lease_document(&self.holder, 0)?;
        match self.store.put_opts(&self.path, document.into(), PutMode::Create.into()).await {
            Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Ok(_) => {
                let message = format!(
                    "the store of `{uri}` overwrote an object that it was told to create: it keeps no conditional writes"
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            Err(error) => Err(Error::because(
                ErrorKind::Store,
                format!("probe the store of `{uri}` for conditional writes"),
                error,
            )),
        }
    }

    /// Holds the lease for longer.
    ///
    /// # Errors
    /// [`ErrorKind::Superseded`] if another process took it: nothing may be written any more.
    pub(crate) async fn renew(&self, now_ms: i64) -> Result<()> {
        let document = lease_document(&self.holder, now_ms)?;
        let mut version = self.version.lock().await;
        let options = PutOptions::from(PutMode::Update(version.clone()));
        match self.store.put_opts(&self.path, document.into(), options).await {
            Ok(result) => {
                *version = result.into();
                Ok(())
            }
            Err(object_store::Error::Precondition { .. }) => {
                // A store may do what it was told, lose its answer and be asked again.
                let failed = |error| Error::because(ErrorKind::Store, "look who holds the writer's lease", error);
                let held = self.store.get(&self.path).await.map_err(failed)?;
                let found = UpdateVersion { e_tag: held.meta.e_tag.clone(), version: held.meta.version.clone() };
                let document = serde_json::from_slice::<LeaseDocument>(&held.bytes().await.map_err(failed)?);
                if document.is_ok_and(|document| document.holder == self.holder) {
                    *version = found;
                    return Ok(());
                }
                Err(Error::new(ErrorKind::Superseded, "another trailkeep has taken the writer's lease of this lake"))
            }
            Err(error) => Err(Error::because(ErrorKind::Store, "renew the writer's lease", error)),
        }
    }

    /// Gives the lease back, so that the next writer need not wait.
    pub(crate) async fn release(&self) {
        let mut version = self.version.lock().await;
        let Ok(document) = lease_document(&self.holder, -LEASE_MS) else { return };
        match self.store.put_opts(&self.path, document.into(), PutMode::Update(version.clone()).into()).await {
            Ok(result) => *version = result.into(),
            // It runs out by itself.
            Err(error) => tracing::warn!(%error, "could not give the writer's lease back"),
        }
    }
}

fn lease_document(holder: &str, now_ms: i64) -> Result<Vec<u8>> {
    serde_json::to_vec(&LeaseDocument { holder: holder.to_owned(), expires_ms: now_ms + LEASE_MS })
        .map_err(|error| Error::because(ErrorKind::Store, "write the writer's lease", error))
}
