//! Rows to a Parquet file, column by column: each column is put in order, encoded and forgotten before the next, so
//! that sorting costs the memory of one column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampMicrosecondType};
use bytes::Bytes;
use deltalake_core::kernel::{Action, Add};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{BloomFilterPosition, EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::table::files::print_date;

/// Rows of a row group: small enough to skip much, large enough for good dictionaries.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;

/// Columns that are looked up by value; a filter that is not needed folds to a few bytes.
const BLOOM_COLUMNS: &[&str] = &[
    "eventid",
    "useridentity_accesskeyid",
    "useridentity_arn",
    "useridentity_principalid",
    "sourceipaddress",
    "eventname",
    "eventsource",
];

/// Columns that grow from row to row, or nearly.
const GROWING_COLUMNS: &[&str] = &["eventtime", "seq", "log_number"];

/// Columns in which hardly a value comes twice.
const DISTINCT_COLUMNS: &[&str] = &["eventid", "requestid", "responseelements"];

/// Columns whose range the table's log tells. `eventid` is random: its range prunes nothing.
const BOUNDED_COLUMNS: &[&str] = &["eventtime", "seq", "recipientaccountid", "eventsource", "awsregion"];

/// Longest text that the log keeps as a bound.
const BOUND_BYTES_MAX: usize = 256;

/// A data file in memory, before it is written and committed.
pub(crate) struct DataFile {
    /// Path below the table's root.
    pub path: String,
    pub bytes: Bytes,
    pub rows: usize,
    stats: Value,
    date: Option<Option<i32>>,
}

/// The rows of a file, column by column, in the order of the schema.
pub(crate) trait Columns {
    /// Returns one column's values, in order.
    fn column(&self, index: usize) -> Result<ArrayRef>;
    fn rows(&self) -> usize;
}

/// Rows picked out of several batches of one schema, in a given order.
pub(crate) struct Picked<'a> {
    /// The batches' columns.
    pub batches: Vec<&'a [ArrayRef]>,
    /// Batch and row of each row.
    pub order: Vec<(usize, usize)>,
}

impl Columns for Picked<'_> {
    fn column(&self, index: usize) -> Result<ArrayRef> {
        let arrays: Option<Vec<&dyn Array>> =
            self.batches.iter().map(|batch| batch.get(index).map(|array| array.as_ref())).collect();
        let arrays =
            arrays.ok_or_else(|| Error::new(ErrorKind::Schema, format!("sort rows: column {index} is missing")))?;
        interleave(&arrays, &self.order)
            .map_err(|error| Error::because(ErrorKind::Schema, format!("sort rows by column {index}"), error))
    }

    fn rows(&self) -> usize {
        self.order.len()
    }
}

fn properties(schema: &SchemaRef) -> Result<WriterProperties> {
    let level =
        ZstdLevel::try_new(1).map_err(|error| Error::because(ErrorKind::Schema, "set the compression", error))?;
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("trailkeep ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_bloom_filter_position(BloomFilterPosition::End);
    if let Some(position) = schema.fields().iter().position(|field| field.name() == "eventtime") {
        let by_time = SortingColumn { column_idx: position as i32, descending: false, nulls_first: false };
        properties = properties.set_sorting_columns(Some(vec![by_time]));
    }
    for column in BLOOM_COLUMNS.iter().filter(|name| schema.field_with_name(name).is_ok()) {
        let column = ColumnPath::from(*column);
        properties =
            properties.set_column_bloom_filter_enabled(column.clone(), true).set_column_bloom_filter_fpp(column, 0.01);
    }
    // Numbers that grow by small steps are kept as those steps.
    for column in GROWING_COLUMNS.iter().filter(|name| schema.field_with_name(name).is_ok()) {
        let column = ColumnPath::from(*column);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    // Where hardly a value comes twice a dictionary is made and thrown away.
    for column in DISTINCT_COLUMNS.iter().filter(|name| schema.field_with_name(name).is_ok()) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    // A shape is long and one of a few hundred: its least and greatest value are of no use to anybody.
    properties = properties.set_column_statistics_enabled(ColumnPath::from("shape"), EnabledStatistics::None);
    Ok(properties.build())
}

/// Encodes rows, sorted already, as a Parquet file.
///
/// `date` is the partition for a partitioned table: `Some(None)` is the partition of dates out of range.
pub(crate) fn encode(
    schema: &SchemaRef,
    path: String,
    date: Option<Option<i32>>,
    columns: &dyn Columns,
) -> Result<DataFile> {
    let failed = |error| Error::because(ErrorKind::Schema, format!("encode the file `{path}`"), error);
    let properties = Arc::new(properties(schema)?);
    let parquet_schema = ArrowSchemaConverter::new().convert(schema).map_err(failed)?;
    let mut writer =
        SerializedFileWriter::new(Vec::new(), parquet_schema.root_schema_ptr(), properties).map_err(failed)?;
    let factory = ArrowRowGroupWriterFactory::new(&writer, schema.clone());
    let rows = columns.rows();
    let mut bounds = Bounds::default();
    let groups = rows.div_ceil(ROW_GROUP_ROWS).max(1);
    // A column that spans row groups is put in order once and cut.
    let mut group_writers: Vec<_> =
        (0..groups).map(|group| factory.create_column_writers(group)).collect::<Result<_, _>>().map_err(failed)?;
    let mut chunks: Vec<Vec<_>> = (0..groups).map(|_| Vec::with_capacity(schema.fields().len())).collect();
    for (index, field) in schema.fields().iter().enumerate() {
        let array = columns.column(index)?;
        if BOUNDED_COLUMNS.contains(&field.name().as_str()) {
            bounds.add(field.name(), &array);
        }
        for (group, writers) in group_writers.iter_mut().enumerate() {
            let start = group * ROW_GROUP_ROWS;
            let part = array.slice(start, ROW_GROUP_ROWS.min(rows - start));
            let mut column_writer = writers.remove(0);
            for leaf in compute_leaves(field, &part).map_err(failed)? {
                column_writer.write(&leaf).map_err(failed)?;
            }
            if let Some(chunks) = chunks.get_mut(group) {
                chunks.push(column_writer.close().map_err(failed)?);
            }
        }
    }
    for group in chunks {
        let mut row_group = writer.next_row_group().map_err(failed)?;
        for chunk in group {
            chunk.append_to_row_group(&mut row_group).map_err(failed)?;
        }
        row_group.close().map_err(failed)?;
    }
    let bytes = Bytes::from(writer.into_inner().map_err(failed)?);
    Ok(DataFile { path, bytes, rows, stats: bounds.stats(rows), date })
}

impl DataFile {
    /// Returns the action that makes the file live.
    pub(crate) fn add(&self, modified_ms: i64, data_change: bool) -> Action {
        let partition_values = match self.date {
            Some(date) => HashMap::from([("eventdate".to_owned(), date.map(print_date))]),
            None => HashMap::new(),
        };
        Action::Add(Add {
            path: self.path.clone(),
            partition_values,
            size: self.bytes.len() as i64,
            modification_time: modified_ms,
            data_change,
            stats: Some(self.stats.to_string()),
            ..Add::default()
        })
    }
}

/// Folder of a partition, as Hive names it.
pub(crate) fn partition_folder(date: Option<i32>) -> String {
    match date {
        Some(date) => format!("eventdate={}", print_date(date)),
        None => "eventdate=__HIVE_DEFAULT_PARTITION__".to_owned(),
    }
}

/// Least and greatest values, in the form of Delta's statistics.
#[derive(Default)]
struct Bounds {
    min: Map<String, Value>,
    max: Map<String, Value>,
    nulls: Map<String, Value>,
}

impl Bounds {
    fn add(&mut self, name: &str, array: &ArrayRef) {
        let range = match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                arrow::compute::min_string(array)
                    .zip(arrow::compute::max_string(array))
                    .map(|(min, max)| (json!(min), json!(max)))
            }
            DataType::Int64 => {
                let array = array.as_primitive::<Int64Type>();
                arrow::compute::min(array).zip(arrow::compute::max(array)).map(|(min, max)| (json!(min), json!(max)))
            }
            DataType::Timestamp(..) => {
                let array = array.as_primitive::<TimestampMicrosecondType>();
                let range = arrow::compute::min(array).zip(arrow::compute::max(array));
                // Delta's timestamps have milliseconds: down for the least, up for the greatest.
                range.map(|(min, max)| (millis_text(min.div_euclid(1_000)), millis_text(-(-max).div_euclid(1_000))))
            }
            _ => None,
        };
        self.nulls.insert(name.to_owned(), json!(array.null_count()));
        // The log keeps what it is told for ever, and holds it in memory.
        let fits = |bound: &Value| bound.as_str().is_none_or(|text| text.len() <= BOUND_BYTES_MAX);
        if let Some((min, max)) = range.filter(|(min, max)| fits(min) && fits(max)) {
            self.min.insert(name.to_owned(), min);
            self.max.insert(name.to_owned(), max);
        }
    }

    fn stats(self, rows: usize) -> Value {
        json!({"numRecords": rows, "minValues": self.min, "maxValues": self.max, "nullCount": self.nulls})
    }
}

fn millis_text(millis: i64) -> Value {
    let seconds = event::time::EventTime::from_micros(millis.div_euclid(1_000) * event::time::SECOND).to_string();
    json!(format!("{}.{:03}Z", seconds.trim_end_matches('Z'), millis.rem_euclid(1_000)))
}
