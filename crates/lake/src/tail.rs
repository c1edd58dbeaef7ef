//! The events of a lake in the order of their sequence numbers, from any number on: how a consumer reads.
//!
//! A sequence number is given once and stays with its event when files are merged, and numbers grow in the order of
//! commits. So what a consumer has read is told by one number, and whatever was merged meanwhile, what is above it is
//! what it has not read. The lake is read window by window: a window is a range of numbers that holds about so many
//! events as the table's log tells of its files, those files alone are read, and only its events are held and sorted.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use event::schema::stored::SEQ;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream};

use crate::error::{Error, ErrorKind, Result};
use crate::location::Location;
use crate::schema;
use crate::table::Table;
use crate::table::files::LiveFile;

/// Rows of a batch that is handed over, at most.
const BATCH_ROWS: usize = 4_096;

/// Where a tail begins, and what it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tailing {
    /// Events above this sequence number come; those of all when it is below 0.
    pub after: i64,
    /// Events that are read and sorted together, about.
    pub window_rows: usize,
    /// Memory for sorting, in bytes; a window that needs more is sorted on disk.
    pub memory_bytes_max: usize,
}

impl Default for Tailing {
    fn default() -> Tailing {
        Tailing { after: -1, window_rows: 16_384, memory_bytes_max: 64 << 20 }
    }
}

/// Events with the number of the last of them: once they are dealt with, the offset to go on from.
pub type Tailed = (i64, RecordBatch);

/// Returns the stored events above a sequence number, in the order of the numbers: the columns of the table, then
/// `eventdate`.
///
/// The stream takes up what is committed while it is read and ends when nothing is left; call again with the last
/// number for what comes later. Appending and merging beside it change nothing of what it gives. Events that retention
/// deletes before they are reached do not come.
///
/// # Errors
/// [`ErrorKind::NotFound`] where there is no lake, [`ErrorKind::Store`] where a file cannot be read: after either, and
/// after any error of the stream, call again with the last number.
pub async fn tail(location: &Location, tailing: Tailing) -> Result<BoxStream<'static, Result<Tailed>>> {
    let missing = || Error::new(ErrorKind::NotFound, format!("there is no lake at `{}`", location.uri()));
    let events = Table::open(location, schema::events()).await?.ok_or_else(missing)?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(tailing.memory_bytes_max)))
        .build_arc()
        .map_err(|error| Error::because(ErrorKind::Store, "make room for reading the lake in order", error))?;
    let reader = Reader { events, runtime, tailing, after: tailing.after, window: None };
    let batches = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Ok(next.map(|next| (next, reader)))
    });
    Ok(Box::pin(batches))
}

struct Reader {
    events: Table,
    runtime: Arc<RuntimeEnv>,
    tailing: Tailing,
    /// All up to here is handed over.
    after: i64,
    window: Option<Window>,
}

struct Window {
    rows: SendableRecordBatchStream,
    /// The last number of the window, whether there is an event of it or not.
    until: i64,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Tailed>> {
        loop {
            if let Some(window) = &mut self.window {
                let until = window.until;
                let batch = window.rows.try_next().await;
                match batch.map_err(|error| failed(self.after, error))? {
                    Some(batch) if batch.num_rows() == 0 => {}
                    Some(batch) => {
                        self.after = last_seq(&batch)?;
                        return Ok(Some((self.after, batch)));
                    }
                    None => (self.after, self.window) = (until, None),
                }
                continue;
            }
            self.events.refresh().await?;
            let files = self.events.live_files();
            let Some(until) = window_end(&files, self.after, self.tailing.window_rows) else { return Ok(None) };
            let rows = read(&self.events, self.runtime.clone(), (self.after, until)).await;
            self.window = Some(Window { rows: rows.map_err(|error| failed(self.after, error))?, until });
        }
    }
}

/// Reads what lies above one number, up to another.
async fn read(
    events: &Table,
    runtime: Arc<RuntimeEnv>,
    (after, until): (i64, i64),
) -> datafusion::common::Result<SendableRecordBatchStream> {
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(BATCH_ROWS);
    let parquet = &mut config.options_mut().execution.parquet;
    // The numbers are looked at first, and of the other columns only what belongs to the window is read.
    parquet.pushdown_filters = true;
    parquet.schema_force_view_types = false;
    let ctx = SessionContext::new_with_config_rt(config, runtime);
    let provider = events.provider()?;
    provider.register(&ctx);
    let within = col(SEQ).gt(lit(after)).and(col(SEQ).lt_eq(lit(until)));
    ctx.read_table(Arc::new(provider))?.filter(within)?.sort(vec![col(SEQ).sort(true, false)])?.execute_stream().await
}

fn failed(after: i64, error: datafusion::error::DataFusionError) -> Error {
    let message = format!("read the events above {after} in order: call again with that number");
    Error::because(ErrorKind::Store, message, error)
}

fn last_seq(batch: &RecordBatch) -> Result<i64> {
    let seqs = batch.column_by_name(SEQ).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let last = seqs.and_then(|seqs| seqs.values().last().copied());
    last.ok_or_else(|| Error::new(ErrorKind::Corrupt, "events were read without their sequence numbers"))
}

/// The numbers that a file's events may have, and how many events those are.
struct Span {
    least: i64,
    greatest: i64,
    rows: f64,
}

impl Span {
    fn of(file: &LiveFile) -> Span {
        // The log need not tell: then the file may hold any.
        let (least, greatest) = file.seqs().unwrap_or((0, i64::MAX));
        Span { least, greatest, rows: file.rows as f64 }
    }

    /// Returns how many of its events have a number up to `until`, if they lie evenly.
    fn rows_up_to(&self, until: i64) -> f64 {
        let part = |number: i64| number as f64 - self.least as f64 + 1.0;
        match until {
            until if until < self.least => 0.0,
            until if until >= self.greatest => self.rows,
            until => self.rows * part(until) / part(self.greatest),
        }
    }
}

/// Returns the last number of the window that begins above `after`, or nothing where no file holds more.
fn window_end(files: &[Arc<LiveFile>], after: i64, window_rows: usize) -> Option<i64> {
    let spans: Vec<Span> = files.iter().map(|file| Span::of(file)).filter(|span| span.greatest > after).collect();
    let start = spans.iter().map(|span| span.least.max(after.saturating_add(1))).min()?;
    let end = spans.iter().map(|span| span.greatest).max()?;
    let before: f64 = spans.iter().map(|span| span.rows_up_to(after)).sum();
    let rows = |until: i64| spans.iter().map(|span| span.rows_up_to(until)).sum::<f64>() - before;
    let (mut low, mut high) = (start, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if rows(middle) >= window_rows as f64 { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(least: i64, greatest: i64, rows: u64) -> Arc<LiveFile> {
        let stats = format!(
            r#"{{"numRecords":{rows},"minValues":{{"seq":{least}}},"maxValues":{{"seq":{greatest}}},"nullCount":{{}}}}"#
        );
        Arc::new(LiveFile::new(format!("{least}.parquet"), 1, 0, None, Some(&stats)).unwrap())
    }

    #[test]
    fn windows_hold_about_as_many_events_as_they_may() {
        let dense = [file(0, 99, 100), file(1 << 20, (1 << 20) + 49, 50)];
        let merged = [file(0, (5 << 20) - 1, 5_000), file(5 << 20, (5 << 20) + 9, 10)];
        let unknown = [Arc::new(LiveFile::new("x.parquet".to_owned(), 1, 0, None, None).unwrap())];
        type Case<'a> = (&'a [Arc<LiveFile>], i64, usize, Option<i64>);
        let cases: [Case<'_>; 9] = [
            (&[], -1, 10, None),
            (&dense, -1, 10, Some(9)),
            (&dense, 9, 10, Some(19)),
            (&dense, 94, 10, Some((1 << 20) + 4)),
            (&dense, 99, 1_000, Some((1 << 20) + 49)),
            (&dense, (1 << 20) + 49, 10, None),
            (&merged, -1, 1_000, Some((1 << 20) - 1)),
            (&merged, (5 << 20) - 1, 1_000, Some((5 << 20) + 9)),
            (&unknown, 7, 10, Some(i64::MAX)),
        ];
        for (files, after, rows, expect) in cases {
            assert_eq!(window_end(files, after, rows), expect, "{} files after {after}, {rows} rows", files.len());
        }
    }
}
