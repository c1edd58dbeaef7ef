//! Compaction: the small files of a date merged into few, sorted by time.
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
use crate::schema;
use crate::table::Change;
use crate::table::files::{LiveFile, print_date};
use crate::table::write::{DataFile, Picked, encode, partition_folder};

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
        let mut report = CompactReport::default();
        for (date, mut files) in by_date {
            files.sort_by_key(|file| file.times());
            let mut merged = 0;
            for group in groups(&files, compaction) {
                self.merge(date, group, &mut report).await?;
                merged += 1;
            }
            report.dates += u64::from(merged > 0);
        }
        self.events.clean().await?;
        Ok(report)
    }

    async fn merge(&self, date: Option<i32>, files: &[Arc<LiveFile>], report: &mut CompactReport) -> Result<()> {
        let number = self.take_number();
        self.wait_for_turn(number).await?;
        let result = self.merge_as(number, date, files, report).await;
        // A merge that failed has changed nothing; the batches behind it may go on.
        self.end_turn(number, true);
        result
    }

    async fn merge_as(
        &self,
        number: i64,
        date: Option<i32>,
        files: &[Arc<LiveFile>],
        report: &mut CompactReport,
    ) -> Result<()> {
        let mut batches = Vec::new();
        for file in files {
            batches.extend(self.read_rows(file).await?);
        }
        let new = write_sorted(&self.control.writer, number, date, &batches)?;
        drop(batches);
        let path = new.path.clone();
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        if new.rows as u64 != rows {
            let message = format!(
                "merging {} files of {} gave {} events instead of {rows}",
                files.len(),
                partition_folder(date),
                new.rows
            );
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        self.control.begin(&Intent { batch: number, files: vec![format!("{}/{path}", schema::EVENTS)] }, &[])?;
        report.files_before += files.len() as u64;
        report.files_after += 1;
        report.events += rows;
        report.bytes_before += files.iter().map(|file| file.bytes).sum::<u64>();
        report.bytes_after += new.bytes.len() as u64;
        self.events.put_file(&path, new.bytes.clone()).await?;
        self.events.sync_files([path])?;
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
        let version = self.events.commit(change).await?;
        self.events.sync_log(version)?;
        self.control.done(number)?;
        Ok(())
    }

    async fn read_rows(&self, file: &LiveFile) -> Result<Vec<RecordBatch>> {
        let failed = |error| Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error);
        let bytes = self.events.read_file(&file.path).await?;
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build()).map_err(failed)?;
        let rows: Result<Vec<_>, _> = reader.collect();
        rows.map_err(|error| Error::because(ErrorKind::Store, format!("read the file `{}`", file.path), error))
    }
}

/// Cuts the files of a date, in order of time, into groups that make one file each.
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

fn write_sorted(writer: &str, number: i64, date: Option<i32>, batches: &[RecordBatch]) -> Result<DataFile> {
    let schema = schema::events().schema;
    let mut batches_columns: Vec<Vec<ArrayRef>> = Vec::with_capacity(batches.len());
    let mut order = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let missing = |name: &str| {
            Error::new(ErrorKind::Corrupt, format!("a file of {} has no column `{name}`", partition_folder(date)))
        };
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            columns.push(batch.column_by_name(field.name()).cloned().ok_or_else(|| missing(field.name()))?);
        }
        let times = columns[0].as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| missing("eventtime"))?;
        let seqs = batch
            .column_by_name("seq")
            .and_then(|column| column.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| missing("seq"))?;
        order.extend((0..batch.num_rows()).map(|row| (times.value(row), seqs.value(row), at, row)));
        batches_columns.push(columns);
    }
    order.sort_unstable();
    let picked = Picked {
        batches: batches_columns.iter().map(Vec::as_slice).collect(),
        order: order.iter().map(|(_, _, batch, row)| (*batch, *row)).collect(),
    };
    encode(
        &schema,
        format!("{}/part-{writer}-{number:08}-compact.parquet", partition_folder(date)),
        Some(date),
        &picked,
    )
}
