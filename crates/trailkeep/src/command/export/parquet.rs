//! The lake's columns as Parquet: files of bounded size, each of them one payload, or one stream without an end in sight.

use std::io::{self, Write};
use std::mem;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use normalize::rows;
use pipeline::export::{Events, Format, FormatError};
use sink::Payload;

use super::Limits;

/// Rows of a group.
const GROUP_ROWS: usize = 131_072;

/// Bytes that a group may take up in memory while it is streamed; a larger one ends before its rows are full.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// Bytes of the records in a file where nothing else is said.
const PART_BYTES_MAX: u64 = 64 << 20;

/// Gathers events until they make a file.
///
/// Where a file ends follows from its records alone, and a file is written from one batch: the same events give the
/// same bytes, however they were read.
pub(super) struct Parts {
    bytes_max: u64,
    events_max: u64,
    /// The rows of the file that is being gathered.
    gathered: Vec<RecordBatch>,
    events: u64,
    bytes: u64,
    offset: u64,
}

impl Parts {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes_max: limits.part_bytes_max.unwrap_or(PART_BYTES_MAX),
            events_max: limits.part_events_max.unwrap_or(u64::MAX),
            gathered: Vec::new(),
            events: 0,
            bytes: 0,
            offset: 0,
        }
    }

    fn end(&mut self, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        let gathered = mem::take(&mut self.gathered);
        (self.events, self.bytes) = (0, 0);
        let Some(first) = gathered.first() else { return Ok(()) };
        let whole = concat_batches(&first.schema(), &gathered)?;
        let mut writer = writer(Vec::new(), whole.schema())?;
        writer.write(&whole)?;
        let bytes = writer.into_inner()?;
        payloads.push(Payload { id: self.offset.to_string(), offset: self.offset, bytes: bytes.into() });
        Ok(())
    }
}

impl Format for Parts {
    fn take(&mut self, events: &Events, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        let columns = columns(events)?;
        let mut start = 0;
        for (row, record) in events.records().enumerate() {
            let bytes = self.bytes.saturating_add(record.len() as u64);
            if self.events > 0 && (bytes > self.bytes_max || self.events >= self.events_max) {
                self.gather(&columns, start, row);
                self.end(payloads)?;
                start = row;
            }
            self.bytes = self.bytes.saturating_add(record.len() as u64);
            self.events += 1;
            self.offset = events.offset(row);
        }
        self.gather(&columns, start, columns.num_rows());
        Ok(())
    }

    fn finish(&mut self, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        self.end(payloads)
    }

    fn reset(&mut self) {
        self.gathered.clear();
        (self.events, self.bytes) = (0, 0);
    }
}

impl Parts {
    fn gather(&mut self, columns: &RecordBatch, start: usize, end: usize) {
        if start < end {
            self.gathered.push(columns.slice(start, end - start));
        }
    }
}

/// Writes one file to standard output as events come. There are no payloads: nobody could go on within a file.
#[derive(Default)]
pub(super) struct Stream {
    writer: Option<ArrowWriter<io::Stdout>>,
}

impl Format for Stream {
    fn take(&mut self, events: &Events, _: &mut Vec<Payload>) -> Result<(), FormatError> {
        let columns = columns(events)?;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(writer(io::stdout(), columns.schema())?),
        };
        writer.write(&columns)?;
        if writer.in_progress_size() > GROUP_BYTES_MAX {
            writer.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<Payload>) -> Result<(), FormatError> {
        match self.writer.take() {
            Some(writer) => Ok(writer.into_inner()?.flush()?),
            None => Ok(()),
        }
    }

    fn reset(&mut self) {}
}

/// Returns the columns that the other formats of rows have as well.
fn columns(events: &Events) -> Result<RecordBatch, FormatError> {
    let batch = events.columns();
    let places = rows::columns().map(|name| batch.schema_ref().index_of(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(batch.project(&places)?)
}

fn writer<W: Write + Send>(to: W, schema: SchemaRef) -> Result<ArrowWriter<W>, FormatError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by(concat!("trailkeep ", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(ArrowWriter::try_new(to, schema, Some(properties.build()))?)
}
