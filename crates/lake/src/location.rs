//! Where a lake lies: its tables in a folder or a bucket, its control documents always in a local folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::table::builder::DeltaTableBuilder;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// Where a lake lies.
#[derive(Debug, Clone)]
pub struct Location {
    data: PathBuf,
    tables: Tables,
}

#[derive(Debug, Clone)]
enum Tables {
    Folder(PathBuf),
    /// A store whose root is the bucket, and the URL of the lake in it.
    Store {
        store: Arc<dyn ObjectStore>,
        url: Url,
    },
}

impl Location {
    /// A lake in a local folder: tables below `data/lake`, control documents in `data`.
    pub fn local(data: impl Into<PathBuf>) -> Location {
        let data = data.into();
        let tables = Tables::Folder(data.join("lake"));
        Location { data, tables }
    }

    /// A lake in an object store whose root is the bucket; `url` is that of the lake, `s3://bucket/prefix`.
    /// Control documents stay in `data`.
    pub fn remote(data: impl Into<PathBuf>, store: Arc<dyn ObjectStore>, url: Url) -> Location {
        Location { data: data.into(), tables: Tables::Store { store, url } }
    }

    /// Returns the local folder of the control documents.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Returns the lake's URI, as messages show it.
    pub fn uri(&self) -> String {
        match &self.tables {
            Tables::Folder(folder) => folder.display().to_string(),
            Tables::Store { url, .. } => url.to_string(),
        }
    }

    /// Returns the store and the path of the lake in it, where the lake is in a bucket.
    pub(crate) fn remote_root(&self) -> Result<Option<(Arc<dyn ObjectStore>, object_store::path::Path)>> {
        match &self.tables {
            Tables::Folder(_) => Ok(None),
            Tables::Store { store, url } => Ok(Some((store.clone(), path_in_bucket(url)?))),
        }
    }

    /// Returns the folder of a table, where the lake is local.
    pub(crate) fn table_folder(&self, table: &str) -> Option<PathBuf> {
        match &self.tables {
            Tables::Folder(folder) => Some(folder.join(table)),
            Tables::Store { .. } => None,
        }
    }

    /// Makes the local folders, for their owner alone.
    pub(crate) fn make_folders(&self, table: &str) -> Result<()> {
        make_private_folder(&self.data)?;
        match self.table_folder(table) {
            Some(folder) => make_private_folder(&folder),
            None => Ok(()),
        }
    }

    /// Opens the log of a table; the table need not exist.
    pub(crate) fn log_store(&self, table: &str) -> Result<LogStoreRef> {
        let failed =
            |error| Error::because(ErrorKind::Store, format!("open the table `{table}` at `{}`", self.uri()), error);
        match &self.tables {
            Tables::Folder(folder) => {
                let absolute = std::path::absolute(folder.join(table)).map_err(|error| {
                    Error::because(ErrorKind::Store, format!("find the folder `{}`", folder.display()), error)
                })?;
                let url = Url::from_directory_path(&absolute).map_err(|()| {
                    Error::new(ErrorKind::Store, format!("`{}` is no folder that has a URL", absolute.display()))
                })?;
                DeltaTableBuilder::from_url(url).and_then(|builder| builder.build_storage()).map_err(failed)
            }
            Tables::Store { store, url } => {
                let mut url = url.clone();
                url.set_path(&format!("{}/{table}", url.path().trim_end_matches('/')));
                let prefix = path_in_bucket(&url)?;
                // The library knows only stores that it makes itself by their scheme; any store that keeps conditional
                // writes will do, which the writer's lease has proved.
                let prefixed = Arc::new(PrefixStore::new(store.clone(), prefix));
                Ok(default_logstore(prefixed, store.clone(), &url, &StorageConfig::default()))
            }
        }
    }
}

/// The path that a URL names in its bucket.
fn path_in_bucket(url: &Url) -> Result<object_store::path::Path> {
    object_store::path::Path::from_url_path(url.path())
        .map_err(|error| Error::because(ErrorKind::Store, format!("find the path of `{url}` in its bucket"), error))
}

/// Makes a folder and those above it; new ones are closed to everybody but the owner.
pub(crate) fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Error::because(ErrorKind::Store, format!("make the folder `{}`", folder.display()), error))
}

/// Closes a file to everybody but its owner.
pub(crate) fn make_private_file(file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Writes what the system still holds of a file or folder to the disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::because(ErrorKind::Store, format!("sync `{}` to disk", path.display()), error))
}
