//! The table of sessions: who issued credentials to whom, a row a call. A consumer fills it; the number of the last event
//! that it has read is committed with the rows, so that after a crash nothing is lost and nothing comes twice.
//!
//! Files of one append are written as they fill and take effect together. Their names follow from where the append began,
//! so that one that was interrupted is written over by its repeat.

use arrow::array::RecordBatch;
use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use event::schema::stored::SEQ;
use futures::{StreamExt, TryStreamExt};
use lineage::edge::Edge;
use lineage::sessions::Sessions;
use lineage::table as edges;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::append::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::location::Location;
use crate::reader::Lake;
use crate::table::files::LiveFile;
use crate::table::write::{DataFile, Picked, encode};
use crate::table::{Change, Definition, Table, append_operation, remove};

/// Name of the table of sessions.
pub const SESSIONS: &str = "sessions";
/// Under which name sessions are committed: the version is the number of the last event that was read.
pub(crate) const CONSUME_SESSIONS: &str = "trailkeep/sessions";

/// Rows of a file, about; what was pushed last may go beyond.
const FILE_ROWS_MAX: usize = 32_768;
/// Small files from which on they are merged by the next append.
const SMALL_FILES_MAX: usize = 32;
/// Rows that are merged at once at most: they are held in memory.
const MERGED_ROWS_MAX: u64 = 4 * FILE_ROWS_MAX as u64;
/// Bytes below which a file is a small one.
const SMALL_FILE_BYTES: u64 = 1 << 20;

pub(crate) fn definition() -> Definition {
    Definition { name: SESSIONS, schema: edges::schema(), partitioned: false }
}

/// The table of sessions, open for its consumer.
pub struct SessionsTable<'w> {
    writer: &'w Writer,
    table: Table,
}

/// Rows on their way into the table.
pub struct Appending<'t> {
    into: &'t SessionsTable<'t>,
    /// Columns take a quarter of the memory that rows do.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    files: Vec<DataFile>,
}

impl SessionsTable<'_> {
    /// Opens the table of the writer's lake, making it if there is none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open<'w>(location: &Location, writer: &'w Writer) -> Result<SessionsTable<'w>> {
        Ok(SessionsTable { writer, table: Table::open_or_create(location, definition()).await? })
    }

    /// Returns the number of the last event that was read; below 0 if none was.
    pub fn offset(&self) -> i64 {
        self.table.transaction(CONSUME_SESSIONS).unwrap_or(-1)
    }

    /// Begins an append.
    pub fn append(&self) -> Appending<'_> {
        Appending { into: self, waiting: Vec::new(), waiting_rows: 0, files: Vec::new() }
    }

    /// Waits for what runs in the background.
    pub async fn finish(&self) {
        self.table.finish().await;
    }

    async fn put(&self, batches: &[RecordBatch], name: String) -> Result<DataFile> {
        let order =
            batches.iter().enumerate().flat_map(|(nth, batch)| (0..batch.num_rows()).map(move |row| (nth, row)));
        let rows = Picked { batches: batches.iter().map(RecordBatch::columns).collect(), order: order.collect() };
        let file = encode(&edges::schema(), name, None, &rows)?;
        self.table.put_file(&file.path, file.bytes.clone()).await?;
        Ok(file)
    }
}

impl Appending<'_> {
    /// Takes rows in. They are written as files fill, and count once all is committed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn push(&mut self, edges: Vec<Edge>) -> Result<()> {
        if edges.is_empty() {
            return Ok(());
        }
        self.take(edges::to_batch(edges)).await
    }

    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch);
        if self.waiting_rows < FILE_ROWS_MAX { Ok(()) } else { self.write().await }
    }

    /// Writes what waits as a file.
    async fn write(&mut self) -> Result<()> {
        if self.waiting_rows == 0 {
            return Ok(());
        }
        // Planned so that a repeat after a crash takes the place of what was left.
        let name = format!("part-{}-{}.parquet", self.into.offset() + 1, self.files.len());
        self.files.push(self.into.put(&self.waiting, name).await?);
        self.waiting.clear();
        self.waiting_rows = 0;
        failpoint::hit("sessions-written");
        Ok(())
    }

    /// Commits all rows with the number of the last event that was read for them, and returns how many rows there are.
    ///
    /// # Errors
    /// Those of the store. The outcome is then unknown: open the table anew and ask for its offset.
    pub async fn commit(mut self, last_seq: i64) -> Result<u64> {
        let table = &self.into.table;
        let added = self.waiting_rows as u64 + self.files.iter().map(|file| file.rows as u64).sum::<u64>();
        let small = if self.waiting_rows == 0 { Vec::new() } else { small_files(table) };
        for file in &small {
            for batch in read_batches(table, &file.path).await? {
                self.take(batch).await?;
            }
        }
        self.write().await?;
        table.sync_files(self.files.iter().map(|file| file.path.clone()))?;
        let now_ms = self.into.writer.now_ms();
        let mut actions: Vec<Action> = self.files.iter().map(|file| file.add(now_ms, true)).collect();
        actions.extend(small.iter().map(|file| Action::Remove(remove(file, now_ms, true))));
        let change = Change {
            actions,
            operation: operation(!small.is_empty()),
            transaction: Some((CONSUME_SESSIONS.to_owned(), last_seq)),
            must_be_live: small.iter().map(|file| file.path.clone()).collect(),
        };
        let version = table.commit(change).await?;
        failpoint::hit("sessions-committed");
        table.sync_log(version)?;
        Ok(added)
    }
}

fn operation(merges: bool) -> DeltaOperation {
    if merges {
        DeltaOperation::Optimize { predicate: None, target_size: SMALL_FILE_BYTES as i64 }
    } else {
        append_operation()
    }
}

/// Returns the small files, once there are so many that they are better merged.
fn small_files(table: &Table) -> Vec<std::sync::Arc<LiveFile>> {
    let mut small = table.live_files();
    small.retain(|file| file.bytes < SMALL_FILE_BYTES);
    let mut rows = 0;
    small.retain(|file| {
        rows += file.rows;
        rows <= MERGED_ROWS_MAX
    });
    if small.len() >= SMALL_FILES_MAX { small } else { Vec::new() }
}

async fn read_file(table: &Table, path: &str) -> Result<Vec<Edge>> {
    let parts: Vec<Vec<Edge>> = read_batches(table, path).await?.iter().map(of_batch).collect::<Result<_>>()?;
    Ok(parts.concat())
}

async fn read_batches(table: &Table, path: &str) -> Result<Vec<RecordBatch>> {
    let bytes = table.read_file(path).await?;
    let failed = |error: parquet::errors::ParquetError| {
        Error::because(ErrorKind::Store, format!("read the file `{path}` of the table `{SESSIONS}`"), error)
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build()).map_err(failed)?;
    let read = |error| Error::because(ErrorKind::Store, format!("read the file `{path}` of `{SESSIONS}`"), error);
    reader.map(|batch| batch.map_err(read)).collect()
}

fn of_batch(batch: &RecordBatch) -> Result<Vec<Edge>> {
    edges::from_batch(batch)
        .map_err(|error| Error::because(ErrorKind::Corrupt, format!("read rows of the table `{SESSIONS}`"), error))
}

/// Reads a table of sessions into memory, where they can be followed.
pub(crate) async fn load(table: Option<&Table>, edges_max: usize) -> Result<Sessions> {
    let mut sessions = Sessions::new(edges_max);
    let Some(table) = table else { return Ok(sessions) };
    let files = table.live_files();
    let mut read = futures::stream::iter(files)
        .map(|file| async move { read_file(table, &file.path).await })
        // In flight against a bucket; on a disk it does no harm.
        .buffered(4);
    while let Some(edges) = read.try_next().await? {
        for edge in edges {
            // A full store counts what it refuses.
            sessions.insert(edge).is_new();
        }
    }
    Ok(sessions)
}

impl Lake {
    /// Reads who issued credentials to whom, so that it can be followed. At most `edges_max` calls are taken in.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the table `sessions` cannot be read. A lake without one gives no sessions.
    pub async fn sessions(&self, edges_max: usize) -> Result<Sessions> {
        load(self.sessions_table(), edges_max).await
    }

    /// Returns the number of the last event that is stored; below 0 if there is none.
    pub fn last_seq(&self) -> i64 {
        self.greatest(SEQ).unwrap_or(-1)
    }
}
