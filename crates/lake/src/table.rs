//! One Delta table: its log, its live files, and the commit loop.
//!
//! The commit is our own small loop over the log store: the library's goes through all live files at each commit
//! (`docs/why/own-commit-loop.md`). Everything is ordinary Delta: any reader of the format reads it.

pub(crate) mod files;
pub(crate) mod provider;
pub(crate) mod widen;
pub(crate) mod write;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitData, TransactionError};
use deltalake_core::kernel::{Action, Remove, StructType, Transaction};
use deltalake_core::logstore::{self, CommitOrBytes, LogStoreRef};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::operations::vacuum::VacuumMode;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use object_store::{ObjectStore, ObjectStoreExt};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::location::{self, Location};
use files::{Files, LiveFile};

/// Commits between two checkpoints of the log.
const CHECKPOINT_EVERY: u64 = 20;

/// A table of the lake.
pub(crate) struct Table {
    pub name: &'static str,
    /// Columns in the files.
    pub schema: SchemaRef,
    /// True if partitioned by `eventdate`.
    pub partitioned: bool,
    log_store: LogStoreRef,
    folder: Option<PathBuf>,
    files: RwLock<Files>,
    /// The checkpoint being written in the background.
    checkpoint: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// What a table is made of.
#[derive(Clone)]
pub(crate) struct Definition {
    pub name: &'static str,
    pub schema: SchemaRef,
    pub partitioned: bool,
}

impl Definition {
    /// Returns the columns that queries find in the table: those of its files, and the one that it is partitioned by.
    pub(crate) fn columns(&self) -> SchemaRef {
        let partition = self.partitioned.then(|| Field::new("eventdate", DataType::Date32, true));
        let columns = self.schema.fields().iter().map(|field| field.as_ref().clone());
        Arc::new(Schema::new(columns.chain(partition).collect::<Vec<_>>()))
    }
}

/// What a commit does to the table.
pub(crate) struct Change {
    pub actions: Vec<Action>,
    pub operation: DeltaOperation,
    /// Application and batch number: what makes a repeat recognisable.
    pub transaction: Option<(String, i64)>,
    /// Paths that must still be live when the commit takes effect.
    pub must_be_live: Vec<String>,
}

impl Table {
    /// Opens a table, or returns `None` if there is none.
    pub(crate) async fn open(location: &Location, definition: Definition) -> Result<Option<Table>> {
        if let Some(folder) = location.table_folder(definition.name)
            && !folder.join("_delta_log").is_dir()
        {
            return Ok(None);
        }
        let log_store = location.log_store(definition.name)?;
        let failed =
            |error| Error::because(ErrorKind::Store, format!("read the log of the table `{}`", definition.name), error);
        if !log_store.is_delta_table_location().await.map_err(failed)? {
            return Ok(None);
        }
        let files = read_files(&log_store, definition.name).await?;
        let folder = location.table_folder(definition.name);
        Ok(Some(Table {
            name: definition.name,
            schema: definition.schema,
            partitioned: definition.partitioned,
            log_store,
            folder,
            files: RwLock::new(files),
            checkpoint: Mutex::new(None),
        }))
    }

    /// Opens a table for writing, making it if there is none. One of an older version gets the columns that it lacks.
    pub(crate) async fn open_or_create(location: &Location, definition: Definition) -> Result<Table> {
        if let Some(table) = Table::open(location, definition.clone()).await? {
            return table.widened(location, definition).await;
        }
        location.make_folders(definition.name)?;
        let name = definition.name;
        let failed =
            |error| Error::because(ErrorKind::Store, format!("make the table `{name}` at `{}`", location.uri()), error);
        let kernel: StructType =
            definition.schema.as_ref().try_into_kernel().map_err(|error| {
                Error::because(ErrorKind::Schema, format!("describe the columns of `{name}`"), error)
            })?;
        let mut columns: Vec<_> = kernel.fields().cloned().collect();
        if definition.partitioned {
            columns.push(deltalake_core::kernel::StructField::nullable(
                "eventdate",
                deltalake_core::kernel::DataType::DATE,
            ));
        }
        CreateBuilder::new()
            .with_log_store(location.log_store(name)?)
            .with_table_name(name)
            .with_columns(columns)
            .with_partition_columns(definition.partitioned.then_some("eventdate"))
            .with_save_mode(SaveMode::Ignore)
            .await
            .map_err(failed)?;
        let table = Table::open(location, definition).await?;
        table.ok_or_else(|| Error::new(ErrorKind::Store, format!("the table `{name}` was made and is not there")))
    }

    async fn widened(self, location: &Location, definition: Definition) -> Result<Table> {
        let is_whole = self.read(|files| definition.schema.fields().iter().all(|field| files.has_column(field.name())));
        if is_whole {
            return Ok(self);
        }
        let name = definition.name;
        let Some(version) = widen::widen(&self.log_store, &definition).await? else { return Ok(self) };
        self.sync_log(version)?;
        tracing::info!(table = name, version, "the table was made by an older version and has new columns now");
        let table = Table::open(location, definition).await?;
        table.ok_or_else(|| Error::new(ErrorKind::Store, format!("the table `{name}` was widened and is not there")))
    }

    /// Returns the version that was last read.
    pub(crate) fn version(&self) -> u64 {
        self.read(|files| files.version)
    }

    /// Returns how many files were taken out with their rows since the table was opened.
    pub(crate) fn deleted_files(&self) -> u64 {
        self.read(|files| files.deleted)
    }

    /// Returns the live files, in the order of their paths.
    pub(crate) fn live_files(&self) -> Vec<Arc<LiveFile>> {
        self.read(|files| files.live.values().cloned().collect())
    }

    /// Returns the last batch that an application committed.
    pub(crate) fn transaction(&self, application: &str) -> Option<i64> {
        self.read(|files| files.transactions.get(application).copied())
    }

    pub(crate) fn is_live(&self, path: &str) -> bool {
        self.read(|files| files.live.contains_key(path))
    }

    /// Returns the store whose root is the table's.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        self.log_store.object_store(None)
    }

    /// Returns where a live file can be read by other programs.
    pub(crate) fn file_uri(&self, path: &str) -> String {
        match &self.folder {
            Some(folder) => {
                std::path::absolute(folder.join(path)).unwrap_or_else(|_| folder.join(path)).display().to_string()
            }
            None => format!("{}/{path}", self.log_store.root_url().as_str().trim_end_matches('/')),
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Files) -> T) -> T {
        look(&self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn apply(&self, version: u64, actions: &[Action]) -> Result<()> {
        self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner).apply(version, actions)
    }

    /// Learns of commits that others have made since.
    pub(crate) async fn refresh(&self) -> Result<()> {
        loop {
            let next = self.read(|files| files.version) + 1;
            match self.read_commit(next).await? {
                Some(actions) => self.apply(next, &actions)?,
                None => return Ok(()),
            }
        }
    }

    async fn read_commit(&self, version: u64) -> Result<Option<Vec<Action>>> {
        let failed = |error| {
            Error::because(ErrorKind::Store, format!("read version {version} of the log of `{}`", self.name), error)
        };
        match self.log_store.read_commit_entry(version).await.map_err(failed)? {
            Some(bytes) => Ok(Some(logstore::get_actions(version, &bytes).map_err(failed)?)),
            None => Ok(None),
        }
    }

    /// Writes a data file; on a local disk it is open to its owner alone and not yet synced.
    pub(crate) async fn put_file(&self, path: &str, bytes: Bytes) -> Result<()> {
        let target = object_store::path::Path::from(path);
        self.store().put(&target, bytes.into()).await.map_err(|error| {
            Error::because(ErrorKind::Store, format!("write the file `{path}` of the table `{}`", self.name), error)
        })?;
        if let Some(folder) = &self.folder {
            let file = folder.join(path);
            location::make_private_file(&file).map_err(|error| {
                Error::because(ErrorKind::Store, format!("close `{}` to others", file.display()), error)
            })?;
        }
        Ok(())
    }

    /// Reads a data file as a whole.
    pub(crate) async fn read_file(&self, path: &str) -> Result<Bytes> {
        let failed = |error| {
            Error::because(ErrorKind::Store, format!("read the file `{path}` of the table `{}`", self.name), error)
        };
        let found = self.store().get(&object_store::path::Path::from(path)).await.map_err(failed)?;
        found.bytes().await.map_err(failed)
    }

    /// Removes a file that is not live: one of ours that no commit took up.
    pub(crate) async fn delete_orphan(&self, path: &str) -> Result<()> {
        if self.is_live(path) {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("`{path}` is live in `{}` and must not be removed", self.name),
            ));
        }
        if let Some(folder) = &self.folder {
            remove_staged(&folder.join(path));
        }
        match self.store().delete(&object_store::path::Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::because(
                ErrorKind::Store,
                format!("remove the unused file `{path}` of `{}`", self.name),
                error,
            )),
        }
    }

    /// Makes data files safe against power loss: themselves, then the folders that name them.
    pub(crate) fn sync_files(&self, paths: impl IntoIterator<Item = String>) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut parents = std::collections::BTreeSet::new();
        for path in paths {
            let file = folder.join(path);
            location::sync(&file)?;
            parents.extend(file.parent().map(PathBuf::from));
        }
        parents.iter().try_for_each(|parent| location::sync(parent))?;
        location::sync(folder)
    }

    /// Makes the last commit safe against power loss.
    pub(crate) fn sync_log(&self, version: u64) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let log = folder.join("_delta_log");
        location::sync(&log.join(format!("{version:020}.json")))?;
        location::sync(&log)
    }

    /// Commits a change and returns the version it became.
    ///
    /// # Errors
    /// [`ErrorKind::Superseded`] if another writer has committed under the same application, or a file that must be
    /// live is gone. After any other error the outcome is unknown: open the table anew and look.
    pub(crate) async fn commit(&self, change: Change) -> Result<u64> {
        if let Some((application, batch)) = &change.transaction
            && self.transaction(application).is_some_and(|last| last >= *batch)
        {
            let message = format!("batch {batch} of `{application}` is already in the table `{}`", self.name);
            return Err(Error::new(ErrorKind::Superseded, message));
        }
        let transactions = change
            .transaction
            .iter()
            .map(|(application, batch)| Transaction::new(application.clone(), *batch))
            .collect();
        let data = CommitData::new(change.actions, change.operation, HashMap::new(), transactions);
        let failed = |error| Error::because(ErrorKind::Store, format!("commit to the table `{}`", self.name), error);
        let bytes = data.get_bytes().map_err(failed)?;
        let unread =
            |error| Error::because(ErrorKind::Store, format!("look who committed to the table `{}`", self.name), error);
        let version = loop {
            self.check_live(&change.must_be_live)?;
            let version = self.read(|files| files.version) + 1;
            match self
                .log_store
                .write_commit_entry(version, CommitOrBytes::LogBytes(bytes.clone()), Uuid::new_v4())
                .await
            {
                Ok(()) => break version,
                Err(TransactionError::VersionAlreadyExists(_)) => {
                    // A store may do what it was told, lose its answer and be asked again.
                    if self
                        .log_store
                        .read_commit_entry(version)
                        .await
                        .map_err(unread)?
                        .is_some_and(|found| found == bytes)
                    {
                        break version;
                    }
                    self.follow(version, &change.transaction).await?;
                }
                Err(error) => {
                    return Err(Error::because(
                        ErrorKind::Store,
                        format!("commit version {version} of the table `{}`", self.name),
                        error,
                    ));
                }
            }
        };
        self.apply(version, &data.actions)?;
        if version % CHECKPOINT_EVERY == 0 {
            self.checkpoint_in_background(version);
        }
        Ok(version)
    }

    fn check_live(&self, paths: &[String]) -> Result<()> {
        match paths.iter().find(|path| !self.is_live(path)) {
            Some(gone) => Err(Error::new(
                ErrorKind::Superseded,
                format!("`{gone}` is no longer live in the table `{}`", self.name),
            )),
            None => Ok(()),
        }
    }

    /// Looks at the commit that took our version.
    async fn follow(&self, version: u64, transaction: &Option<(String, i64)>) -> Result<()> {
        let actions = self.read_commit(version).await?.unwrap_or_default();
        let ours =
            |found: &Transaction| transaction.as_ref().is_some_and(|(application, _)| *application == found.app_id);
        if actions.iter().any(|action| matches!(action, Action::Txn(found) if ours(found))) {
            let message = format!(
                "another writer has committed version {version} of the table `{}`: stop it, then run again",
                self.name
            );
            return Err(Error::new(ErrorKind::Superseded, message));
        }
        self.apply(version, &actions)
    }

    fn checkpoint_in_background(&self, version: u64) {
        let (log_store, name) = (self.log_store.clone(), self.name);
        let mut running = self.checkpoint.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if running.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        *running = Some(tokio::spawn(async move {
            if let Err(error) = write_checkpoint(log_store).await {
                // Nothing is lost: readers go through more commits until the next one succeeds.
                tracing::warn!(table = name, version, %error, "checkpoint failed");
            }
        }));
    }

    /// Removes files that the log took out over a week ago, and log entries that a checkpoint has made needless.
    /// Files that no commit ever took up are left alone: they are their writer's.
    pub(crate) async fn clean(&self) -> Result<usize> {
        let failed = |error| Error::because(ErrorKind::Store, format!("clean the table `{}` up", self.name), error);
        let mut table = deltalake_core::DeltaTable::new(self.log_store.clone());
        table.load().await.map_err(failed)?;
        let (table, metrics) = table.vacuum().with_mode(VacuumMode::Lite).await.map_err(failed)?;
        deltalake_core::checkpoints::cleanup_metadata(&table, None).await.map_err(failed)?;
        self.refresh().await?;
        Ok(metrics.files_deleted.len())
    }

    /// Waits for what runs in the background.
    pub(crate) async fn finish(&self) {
        let task = self.checkpoint.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::warn!(table = self.name, %error, "checkpoint task ended early");
        }
    }
}

async fn write_checkpoint(log_store: LogStoreRef) -> deltalake_core::DeltaResult<()> {
    let mut table = deltalake_core::DeltaTable::new(log_store);
    table.load().await?;
    deltalake_core::checkpoints::create_checkpoint(&table, None).await
}

/// Reads the live files of the latest version.
async fn read_files(log_store: &LogStoreRef, name: &str) -> Result<Files> {
    let failed = |error| Error::because(ErrorKind::Store, format!("read the log of the table `{name}`"), error);
    let mut table = deltalake_core::DeltaTable::new(log_store.clone());
    table.load().await.map_err(failed)?;
    let snapshot = table.snapshot().map_err(failed)?;
    let columns = snapshot.schema().fields().map(|field| field.name().clone()).collect();
    let mut files = Files { version: snapshot.version(), columns, ..Files::default() };
    for file in snapshot.log_data().iter() {
        let date = file.partition_values_map().remove("eventdate").flatten();
        let file = LiveFile::new(
            file.path().into_owned(),
            file.size(),
            file.modification_time(),
            date.as_deref(),
            file.stats().as_deref(),
        )?;
        files.live.insert(file.path.clone(), Arc::new(file));
    }
    for application in crate::append::APPLICATIONS {
        if let Some(version) = snapshot.transaction_version(log_store.as_ref(), *application).await.map_err(failed)? {
            files.transactions.insert((*application).to_owned(), version);
        }
    }
    Ok(files)
}

/// Removes what an interrupted write left beside a file: the local store writes to `NAME#1` and renames.
fn remove_staged(file: &std::path::Path) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return };
    let staged = format!("{}#", name.to_string_lossy());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&staged)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(%error, file = %entry.path().display(), "an interrupted write's file could not be removed");
        }
    }
}

/// The action that takes a file out of a table.
pub(crate) fn remove(file: &LiveFile, deleted_ms: i64, data_change: bool) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(deleted_ms),
        extended_file_metadata: Some(true),
        partition_values: Some(match file.date {
            Some(date) => HashMap::from([("eventdate".to_owned(), Some(files::print_date(date)))]),
            None if file.path.starts_with("eventdate=") => HashMap::from([("eventdate".to_owned(), None)]),
            None => HashMap::new(),
        }),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    }
}

/// The operation that the log shows for an append.
pub(crate) fn append_operation() -> DeltaOperation {
    DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None }
}
