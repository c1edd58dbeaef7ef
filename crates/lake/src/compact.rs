//! Compaction: the small files of a date merged into few, sorted by time; those of rejects and log files, which have no
//! dates, as they were written.
//!
//! Rows are read, put in order and written anew; the commit takes the old files out and puts the new ones in without
//! changing data, and only while every old file is still live. Sequence numbers stay with their events.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::append::{COMPACT, Writer};
use crate::control::Intent;
use crate::error::{Error, ErrorKind, Result};
use crate::table::files::{Bound, LiveFile, print_date};
use crate::table::write::{DataFile, Picked, encode, partition_folder};
use crate::table::{Change, Table, widen};

/// What to merge.
#[derive(Debug, Clone, Copy)]
pub struct Compaction {
    /// Files of a date from which on they are merged.
    pub files_min: usize,
    /// Files of at least this size are left as they are, in bytes.
    pub file_bytes_max: u64,
}

impl Default for Compaction {
    fn default() -> Compaction {
        Compaction { files_min: 4, file_bytes_max: 64 << 20 }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Dates whose files were merged.
    pub dates: u64,
    /// Files taken out.
    pub files_before: u64,
    /// Files put in.
    pub files_after: u64,
    /// Events moved.
    pub events: u64,
    /// Bytes of the files taken out.
    pub bytes_before: u64,
    /// Bytes of the files put in.
    pub bytes_after: u64,
    /// The same of the tables `rejects` and `log_files`.
    pub other_tables: Merged,
}

/// What merging files came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Files taken out.
    pub files_before: u64,
    /// Files put in.
    pub files_after: u64,
    /// Rows moved.
    pub rows: u64,
    /// Bytes of the files taken out.
    pub bytes_before: u64,
    /// Bytes of the files put in.
    pub bytes_after: u64,
}

impl Writer {
    /// Merges small files, date by date.
    ///
    /// # Errors
    /// Those of the store. What was merged before the error stays merged.
    pub async fn compact(&self, compaction: Compaction) -> Result<CompactReport> {
        let mut by_date: BTreeMap<Option<i32>, Vec<Arc<LiveFile>>> = BTreeMap::new();
        for file in self.events.live_files() {
            if file.bytes < compaction.file_bytes_max {
                by_date.entry(file.date).or_default().push(file);
            }
        }
        let (mut report, mut merged) = (CompactReport::default(), Merged::default());
        for (date, mut files) in by_date {
            files.sort_by_key(|file| file.times());
            let groups = groups(&files, compaction);
            for group in &groups {
                self.merge(&Merge { table: &self.events, date, files: group }, &mut merged).await?;
            }
            report.dates += u64::from(!groups.is_empty());
        }
        for table in [&self.rejects, &self.log_files] {
            let mut files = table.live_files();
            files.retain(|file| file.bytes < compaction.file_bytes_max);
            files.sort_by_key(|file| first_seq(file));
            for group in groups(&files, compaction) {
                self.merge(&Merge { table, date: None, files: group }, &mut report.other_tables).await?;
            }
        }
        for table in [&self.events, &self.rejects, &self.log_files] {
            table.clean().await?;
        }
        let Merged { files_before, files_after, rows, bytes_before, bytes_after } = merged;
        Ok(CompactReport { files_before, files_after, events: rows, bytes_before, bytes_after, ..report })
    }

    async fn merge(&self, merge: &Merge<'_>, merged: &mut Merged) -> Result<()> {
        let number = self.take_number();
        self.wait_for_turn(number).await?;
        let result = self.merge_as(number, merge, merged).await;
        // A merge that failed has changed nothing; the batches behind it may go on.
        self.end_turn(number, true);
        result
    }

    async fn merge_as(&self, number: i64, merge: &Merge<'_>, merged: &mut Merged) -> Result<()> {
        let Merge { table, date, files } = *merge;
        let mut batches = Vec::new();
        for file in files {
            batches.extend(read_rows(table, file).await?);
        }
        let new = write_sorted(&self.control.writer, number, merge, &batches)?;
        drop(batches);
        let path = new.path.clone();
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        if new.rows as u64 != rows {
            let message =
                format!("merging {} files of {} gave {} rows instead of {rows}", files.len(), merge.folder(), new.rows);
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        self.control.begin(&Intent { batch: number, files: vec![format!("{}/{path}", table.name)] }, &[])?;
        merged.files_before += files.len() as u64;
        merged.files_after += 1;
        merged.rows += rows;
        merged.bytes_before += files.iter().map(|file| file.bytes).sum::<u64>();
        merged.bytes_after += new.bytes.len() as u64;
        table.put_file(&path, new.bytes.clone()).await?;
        table.sync_files([path])?;
        let now_ms = self.now_ms();
        let mut actions: Vec<Action> =
            files.iter().map(|file| Action::Remove(crate::table::remove(file, now_ms, false))).collect();
        actions.push(new.add(now_ms, false));
        let change = Change {
            actions,
            operation: DeltaOperation::Optimize {
                predicate: date.map(|date| format!("eventdate = '{}'", print_date(date))),
                target_size: 0,
            },
            transaction: Some((COMPACT.to_owned(), number)),
            must_be_live: files.iter().map(|file| file.path.clone()).collect(),
        };
        let version = table.commit(change).await?;
        table.sync_log(version)?;
        self.control.done(number)
    }
}

/// Files that become one.
struct Merge<'a> {
    table: &'a Table,
    /// Their partition, in a table that has partitions.
    date: Option<i32>,
    files: &'a [Arc<LiveFile>],
}

impl Merge<'_> {
    /// Returns the folder of the files, for messages.
    fn folder(&self) -> String {
        match self.table.partitioned {
            true => partition_folder(self.date),
            false => self.table.name.to_owned(),
        }
    }
}

async fn read_rows(table: &Table, file: &LiveFile) -> Result<Vec<RecordBatch>> {
    let failed = |error| Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error);
    let bytes = table.read_file(&file.path).await?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build()).map_err(failed)?;
    let rows: Result<Vec<_>, _> = reader.collect();
    rows.map_err(|error| Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error))
}

/// Returns the least sequence number of a file; files that tell none come first.
fn first_seq(file: &LiveFile) -> i64 {
    match file.bounds.get("seq") {
        Some((Bound::Integer(first), _)) => *first,
        _ => i64::MIN,
    }
}

/// Cuts files, in order, into groups that make one file each.
fn groups(files: &[Arc<LiveFile>], compaction: Compaction) -> Vec<&[Arc<LiveFile>]> {
    let mut groups = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, file) in files.iter().enumerate() {
        bytes += file.bytes;
        if bytes >= compaction.file_bytes_max || at + 1 == files.len() {
            groups.push(&files[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    groups.retain(|group| group.len() >= compaction.files_min.max(2));
    groups
}

/// Writes rows by their time, where they have one, and in the order in which they were stored.
fn write_sorted(writer: &str, number: i64, merge: &Merge<'_>, batches: &[RecordBatch]) -> Result<DataFile> {
    let schema = merge.table.schema.clone();
    let mut batches_columns: Vec<Vec<ArrayRef>> = Vec::with_capacity(batches.len());
    let mut order = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let missing =
            |name: &str| Error::new(ErrorKind::Corrupt, format!("a file of {} has no column `{name}`", merge.folder()));
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            columns.push(widen::column(batch, field).ok_or_else(|| missing(field.name()))?);
        }
        let times = batch
            .column_by_name("eventtime")
            .map(|times| times.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| missing("eventtime")));
        let times = times.transpose()?;
        let seqs = batch
            .column_by_name("seq")
            .and_then(|column| column.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| missing("seq"))?;
        let time = |row: usize| times.map_or(0, |times| times.value(row));
        order.extend((0..batch.num_rows()).map(|row| (time(row), seqs.value(row), at, row)));
        batches_columns.push(columns);
    }
    order.sort_unstable();
    let picked = Picked {
        batches: batches_columns.iter().map(Vec::as_slice).collect(),
        order: order.iter().map(|(_, _, batch, row)| (*batch, *row)).collect(),
    };
    let name = format!("part-{writer}-{number:08}-compact.parquet");
    match merge.table.partitioned {
        true => encode(&schema, format!("{}/{name}", partition_folder(merge.date)), Some(merge.date), &picked),
        false => encode(&schema, name, None, &picked),
    }
}
