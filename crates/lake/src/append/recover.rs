//! After a crash: finding out what became of the batches that were meant, and undoing what is half done.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use event::batch::Fingerprinter;
use event::schema::COLUMNS;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::append::INGEST_LOG_FILES;
use crate::append::prepare::shelf;
use crate::control::{Control, Intent};
use crate::error::{Error, ErrorKind, Result};
use crate::fingerprints::{Fingerprints, LISTED};
use crate::schema::EVENTS;
use crate::table::files::LiveFile;
use crate::table::{Change, Table, widen};

/// Settles every intent of which it is not known what became of it, and returns the batches that are undone: their
/// intents are to be struck off once their fingerprints are gone too.
///
/// `tables` are those that a batch is committed to, the last one first.
pub(super) async fn settle(control: &Control, tables: &[&Table]) -> Result<Vec<i64>> {
    let mut undone = Vec::new();
    for intent in control.open_intents()? {
        if is_committed(&intent, tables) {
            control.done(intent.batch)?;
            continue;
        }
        tracing::warn!(batch = intent.batch, "a batch was begun and never stored: its objects are read again");
        for file in &intent.files {
            let found = file.split_once('/').and_then(|(name, path)| {
                let table = tables.iter().find(|table| table.name == name)?;
                Some((*table, path))
            });
            let Some((table, path)) = found else {
                return Err(Error::new(
                    ErrorKind::Corrupt,
                    format!("the intent of batch {} names `{file}`, which is in no table", intent.batch),
                ));
            };
            match table.name != EVENTS && table.is_live(path) {
                true => take_back(table, path).await?,
                false => table.delete_orphan(path).await?,
            }
        }
        undone.push(intent.batch);
    }
    Ok(undone)
}

/// A batch is in the lake once it is in the last of the tables that it was meant for; one that was meant for none at
/// once.
///
/// What took effect is told by its files, for batches and merges alike: nothing is committed between a crash and this
/// look, so a file that became live still is.
fn is_committed(intent: &Intent, tables: &[&Table]) -> bool {
    let paths = |table: &Table| {
        let below = |file: &'_ String| {
            file.split_once('/').filter(|(name, _)| *name == table.name).map(|(_, path)| path.to_owned())
        };
        intent.files.iter().filter_map(below).collect::<Vec<_>>()
    };
    let meant = tables.iter().map(|table| (table, paths(table))).find(|(_, paths)| !paths.is_empty());
    meant.is_none_or(|(table, paths)| paths.iter().any(|path| table.is_live(path)))
}

/// Takes rows back whose events were never stored: both come again together.
async fn take_back(table: &Table, path: &str) -> Result<()> {
    let live = table.live_files();
    let Some(file) = live.iter().find(|file| file.path == path) else { return Ok(()) };
    let change = Change {
        actions: vec![Action::Remove(crate::table::remove(file, file.modified_ms, true))],
        operation: DeltaOperation::Delete { predicate: None },
        transaction: None,
        must_be_live: vec![path.to_owned()],
    };
    let version = table.commit(change).await?;
    table.sync_log(version)
}

/// Makes the fingerprints of all stored events anew, one event date after the other.
/// They become those of the last batch that is stored, `stored`.
pub(super) async fn rebuild_fingerprints(events: &Table, stored: i64, fingerprints: &mut Fingerprints) -> Result<()> {
    let mut by_date: BTreeMap<Option<i32>, Vec<_>> = BTreeMap::new();
    for file in events.live_files() {
        by_date.entry(file.date).or_default().push(file);
    }
    if by_date.is_empty() {
        return Ok(());
    }
    tracing::warn!(dates = by_date.len(), "the fingerprints of stored events are gone: making them anew");
    for (date, files) in by_date {
        let shelf = shelf(date);
        for file in files {
            let found = read_fingerprints(events, &file, fingerprints).await?;
            fingerprints.sort_out(&shelf, stored, &found)?;
        }
        fingerprints.write_runs(stored)?;
        fingerprints.commit(stored)?;
    }
    Ok(())
}

/// Makes the fingerprints of what is known of log files anew, as those of the last batch that brought any.
pub(super) async fn rebuild_listed(log_files: &Table, fingerprints: &mut Fingerprints) -> Result<()> {
    let Some(last) = log_files.transaction(INGEST_LOG_FILES) else { return Ok(()) };
    for file in log_files.live_files() {
        let found = crate::log_files::fingerprints(log_files, &file.path, fingerprints.key()).await?;
        fingerprints.sort_out(LISTED, last, &found)?;
    }
    fingerprints.write_runs(last)?;
    fingerprints.commit(last)
}

async fn read_fingerprints(
    events: &Table,
    file: &LiveFile,
    fingerprints: &Fingerprints,
) -> Result<Vec<event::fingerprint::Fingerprint>> {
    let failed = |error: parquet::errors::ParquetError| {
        Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error)
    };
    let bytes = events.read_file(&file.path).await?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build()).map_err(failed)?;
    let mut fingerprinter = Fingerprinter::new(fingerprints.key());
    let mut found = Vec::with_capacity(file.rows as usize);
    for batch in reader {
        let batch =
            batch.map_err(|error| Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error))?;
        let column = |name: &str| {
            let missing = || Error::new(ErrorKind::Corrupt, format!("the file `{}` has no column `{name}`", file.path));
            let field = events.schema.field_with_name(name).map_err(|_| missing())?;
            widen::column(&batch, field).ok_or_else(missing)
        };
        let columns = COLUMNS.iter().map(|field| column(field.name)).collect::<Result<Vec<_>>>()?;
        let shape = column(event::schema::stored::SHAPE)?;
        let records = event::shape::rebuild(shape.as_string::<i32>(), &columns)?;
        for record in records.iter().flatten() {
            let fingerprint = fingerprinter.fingerprint(record);
            found.push(fingerprint.ok_or_else(|| {
                Error::new(ErrorKind::Corrupt, format!("a record in the file `{}` is not JSON", file.path))
            })?);
        }
    }
    Ok(found)
}
