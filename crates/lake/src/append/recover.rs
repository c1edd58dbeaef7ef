//! After a crash: finding out what became of the batches that were meant, and undoing what is half done.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use event::batch::Fingerprinter;
use event::schema::COLUMNS;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::append::prepare::shelf;
use crate::control::{Control, Intent};
use crate::error::{Error, ErrorKind, Result};
use crate::fingerprints::Fingerprints;
use crate::schema::{EVENTS, REJECTS};
use crate::table::files::LiveFile;
use crate::table::{Change, Table};

/// Settles every intent of which it is not known what became of it, and returns the batches that are undone: their
/// intents are to be struck off once their fingerprints are gone too.
pub(super) async fn settle(control: &Control, events: &Table, rejects: &Table) -> Result<Vec<i64>> {
    let mut undone = Vec::new();
    for intent in control.open_intents()? {
        if is_committed(&intent, events, rejects) {
            control.done(intent.batch)?;
            continue;
        }
        tracing::warn!(batch = intent.batch, "a batch was begun and never stored: its objects are read again");
        for file in &intent.files {
            match file.split_once('/') {
                Some((EVENTS, path)) => events.delete_orphan(path).await?,
                Some((REJECTS, path)) if rejects.is_live(path) => take_back(rejects, path).await?,
                Some((REJECTS, path)) => rejects.delete_orphan(path).await?,
                _ => {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        format!("the intent of batch {} names `{file}`, which is in no table", intent.batch),
                    ));
                }
            }
        }
        undone.push(intent.batch);
    }
    Ok(undone)
}

/// A batch is in the lake once its events are; one without events once its rejects are; one without either at once.
///
/// What took effect is told by its files, for batches and merges alike: nothing is committed between a crash and this
/// look, so a file that became live still is.
fn is_committed(intent: &Intent, events: &Table, rejects: &Table) -> bool {
    let paths = |table: &'static str| {
        intent
            .files
            .iter()
            .filter_map(move |file| file.split_once('/').filter(|(first, _)| *first == table).map(|(_, path)| path))
    };
    let in_table = |table: &Table, name: &'static str| paths(name).any(|path| table.is_live(path));
    if paths(EVENTS).next().is_some() {
        in_table(events, EVENTS)
    } else if paths(REJECTS).next().is_some() {
        in_table(rejects, REJECTS)
    } else {
        true
    }
}

/// Takes rejects back whose events were never stored: both come again together.
async fn take_back(rejects: &Table, path: &str) -> Result<()> {
    let live = rejects.live_files();
    let Some(file) = live.iter().find(|file| file.path == path) else { return Ok(()) };
    let change = Change {
        actions: vec![Action::Remove(crate::table::remove(file, file.modified_ms, true))],
        operation: DeltaOperation::Delete { predicate: None },
        transaction: None,
        must_be_live: vec![path.to_owned()],
    };
    let version = rejects.commit(change).await?;
    rejects.sync_log(version)
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
            batch.column_by_name(name).cloned().ok_or_else(missing)
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
