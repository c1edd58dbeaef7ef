//! Rows of log files as columns of a data file, and back as far as they are needed to be known again.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use event::fingerprint::{Fingerprint, FingerprintKey};
use event::schema::timestamp;
use event::time::EventTime;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, ErrorKind, Result};
use crate::log_files::{LogFile, LogFileKind};
use crate::schema;
use crate::table::Table;
use crate::table::write::Columns;

/// The rows of a data file, in order.
pub(crate) struct Rows<'a> {
    pub rows: Vec<&'a LogFile>,
    pub first_seq: i64,
    pub collected_at: EventTime,
}

impl Rows<'_> {
    fn text(&self, value: impl Fn(&LogFile) -> Option<&str>) -> ArrayRef {
        Arc::new(self.rows.iter().map(|row| value(row)).collect::<StringArray>())
    }

    fn integer(&self, value: impl Fn(&LogFile) -> Option<u64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter(self.rows.iter().map(|row| value(row).map(|value| value as i64))))
    }

    fn time(&self, value: impl Fn(&LogFile) -> Option<EventTime>) -> ArrayRef {
        let times = self.rows.iter().map(|row| value(row).map(EventTime::as_micros));
        Arc::new(TimestampMicrosecondArray::from_iter(times).with_data_type(timestamp()))
    }
}

impl Columns for Rows<'_> {
    fn column(&self, index: usize) -> Result<ArrayRef> {
        Ok(match schema::log_files_schema().field(index).name().as_str() {
            "seq" => Arc::new(Int64Array::from_iter_values((0..self.rows() as i64).map(|row| self.first_seq + row))),
            "kind" => self.text(|row| Some(row.kind.as_str())),
            "uri" => self.text(|row| Some(&row.uri)),
            "bucket" => self.text(|row| row.bucket.as_deref()),
            "key" => self.text(|row| row.key.as_deref()),
            "file_name" => self.text(|row| row.file_name.as_deref()),
            "account" => self.text(|row| row.account.as_deref()),
            "region" => self.text(|row| row.region.as_deref()),
            "delivered_at" => self.time(|row| row.delivered_at),
            "etag" => self.text(|row| row.etag.as_deref()),
            "bytes" => self.integer(|row| row.bytes),
            "events" => self.integer(|row| row.events),
            "rejects" => self.integer(|row| row.rejects),
            "sha256" => self.text(|row| row.sha256.as_deref()),
            "digest" => self.text(|row| row.digest.as_deref()),
            "digest_sha256" => self.text(|row| row.digest_sha256.as_deref()),
            "start_time" => self.time(|row| row.start_time),
            "end_time" => self.time(|row| row.end_time),
            "oldest_event_time" => self.time(|row| row.oldest_event_time),
            "newest_event_time" => self.time(|row| row.newest_event_time),
            "fingerprint" => self.text(|row| row.fingerprint.as_deref()),
            "signature" => self.text(|row| row.signature.as_deref()),
            "signature_algorithm" => self.text(|row| row.signature_algorithm.as_deref()),
            "signed" => self.text(|row| row.signed.as_deref()),
            "previous_digest" => self.text(|row| row.previous_digest.as_deref()),
            "standing" => self.text(|row| row.standing.as_deref()),
            "reason" => self.text(|row| row.reason.as_deref()),
            "content" => {
                let mut builder = BinaryBuilder::new();
                self.rows.iter().for_each(|row| builder.append_option(row.content.as_deref()));
                Arc::new(builder.finish())
            }
            "collected_at" => self.time(|_| Some(self.collected_at)),
            other => return Err(Error::new(ErrorKind::Schema, format!("the column `{other}` has no values"))),
        })
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// Returns the fingerprints of all rows of a data file.
pub(crate) async fn fingerprints(table: &Table, path: &str, key: FingerprintKey) -> Result<Vec<Fingerprint>> {
    let failed = |error: parquet::errors::ParquetError| {
        Error::because(ErrorKind::Store, format!("read the file `{path}` of the table `{}`", table.name), error)
    };
    let bytes = table.read_file(path).await?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build()).map_err(failed)?;
    let mut found = Vec::new();
    for batch in reader {
        let batch =
            batch.map_err(|error| Error::because(ErrorKind::Store, format!("read the file `{path}`"), error))?;
        for row in 0..batch.num_rows() {
            found.push(known_by(&batch, row).map(|row| row.fingerprint(key)).ok_or_else(|| {
                Error::new(
                    ErrorKind::Corrupt,
                    format!("the file `{path}` of the table `{}` lacks a column", table.name),
                )
            })?);
        }
    }
    Ok(found)
}

/// Reads the parts of a row by which it is known.
fn known_by(batch: &RecordBatch, row: usize) -> Option<LogFile> {
    let text = |name: &str| -> Option<Cow<'_, str>> {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| Cow::Borrowed(column.value(row)))
    };
    let owned = |name: &str| text(name).map(Cow::into_owned);
    use LogFileKind::{Collected, Digest, Key, Promised, Proof};
    let kinds = [Collected, Digest, Promised, Proof, Key];
    let kind = text("kind")?;
    Some(LogFile {
        kind: kinds.into_iter().find(|known| known.as_str() == kind)?,
        uri: owned("uri")?,
        bucket: owned("bucket"),
        key: owned("key"),
        etag: owned("etag"),
        sha256: owned("sha256"),
        digest_sha256: owned("digest_sha256"),
        fingerprint: owned("fingerprint"),
        signature: owned("signature"),
        standing: owned("standing"),
        ..LogFile::default()
    })
}
