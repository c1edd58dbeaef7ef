//! Batches of events as rows of flat columns: those of the lake, as CSV or as JSON lines.

use arrow::array::{Array, AsArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use event::schema::{COLUMNS, Kind, added};
use event::time::EventTime;

use crate::csv;
use crate::error::{Error, Result};
use crate::json;

/// Columns behind those of the record: with them nothing of a record is lost.
const ADDED: [&str; 3] = [added::UNMAPPED, added::CWL_TIME, added::ENVELOPE];

/// Returns the names of the columns, in order.
pub fn columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|column| column.name).chain(ADDED)
}

/// Appends the header of a CSV file.
pub fn write_csv_header(out: &mut Vec<u8>) {
    csv::write_line(columns().map(Some), out);
}

/// The columns of a batch, ready to be written row by row.
pub struct Rows<'b> {
    columns: Vec<Column<'b>>,
    /// The names as they stand in a JSON object, with what is around them.
    names: Vec<String>,
    length: usize,
}

enum Column<'b> {
    Text(&'b StringArray),
    /// The record's own text of a value.
    Json(&'b StringArray),
    Boolean(&'b BooleanArray),
    Time(&'b PrimitiveArray<TimestampMicrosecondType>),
}

impl<'b> Rows<'b> {
    /// Looks for the columns in a batch, by name.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`](crate::error::ErrorKind::Schema) where one is missing or of another type.
    pub fn new(batch: &'b RecordBatch) -> Result<Self> {
        let column = |name: &str| {
            let array = batch.column_by_name(name);
            let array = array.ok_or_else(|| Error::schema(format!("write rows: the batch has no column `{name}`")))?;
            let is_text = COLUMNS.iter().any(|column| column.name == name && column.kind != Kind::Json);
            let text = array.as_string_opt().map(if is_text { Column::Text } else { Column::Json });
            let boolean = || array.as_boolean_opt().map(Column::Boolean);
            let time = || array.as_primitive_opt().map(Column::Time);
            text.or_else(boolean).or_else(time).ok_or_else(|| {
                Error::schema(format!("write rows: column `{name}` has the type `{}`", array.data_type()))
            })
        };
        let name = |(nth, name)| format!("{}\"{name}\":", if nth == 0 { '{' } else { ',' });
        Ok(Rows {
            columns: columns().map(column).collect::<Result<_>>()?,
            names: columns().enumerate().map(name).collect(),
            length: batch.num_rows(),
        })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends a row as a line of CSV. A row that is not there is one of empty cells. Line breaks between the tokens of
    /// JSON are left out.
    pub fn write_csv(&self, row: usize, out: &mut Vec<u8>) {
        for (nth, column) in self.columns.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            match column.value(row) {
                Value::Null => {}
                Value::Text(text) => csv::write_cell(text, out),
                // No string of JSON holds a line break, so those of its text say nothing.
                Value::Json(text) if text.contains(BREAKS) => csv::write_cell(&text.replace(BREAKS, ""), out),
                Value::Json(text) => csv::write_cell(text, out),
                Value::Boolean(is) => out.extend_from_slice(boolean(is)),
                Value::Time(time) => out.extend_from_slice(time.to_string().as_bytes()),
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends a row as a JSON object and a line break. Columns that hold JSON hold it as text, as in the lake.
    pub fn write_json(&self, row: usize, out: &mut Vec<u8>) {
        for (column, name) in self.columns.iter().zip(&self.names) {
            out.extend_from_slice(name.as_bytes());
            match column.value(row) {
                Value::Null => out.extend_from_slice(b"null"),
                Value::Text(text) | Value::Json(text) => json::write_text(text, out),
                Value::Boolean(is) => out.extend_from_slice(boolean(is)),
                Value::Time(time) => out.extend_from_slice(format!("\"{time}\"").as_bytes()),
            }
        }
        out.extend_from_slice(b"}\n");
    }
}

fn boolean(is: bool) -> &'static [u8] {
    if is { b"true" } else { b"false" }
}

const BREAKS: [char; 2] = ['\n', '\r'];

enum Value<'b> {
    Null,
    Text(&'b str),
    Json(&'b str),
    Boolean(bool),
    Time(EventTime),
}

impl<'b> Column<'b> {
    fn value(&self, row: usize) -> Value<'b> {
        match self {
            Column::Text(array) if is_there(*array, row) => Value::Text(array.value(row)),
            Column::Json(array) if is_there(*array, row) => Value::Json(array.value(row)),
            Column::Boolean(array) if is_there(*array, row) => Value::Boolean(array.value(row)),
            Column::Time(array) if is_there(*array, row) => Value::Time(EventTime::from_micros(array.value(row))),
            _ => Value::Null,
        }
    }
}

fn is_there(array: &dyn Array, row: usize) -> bool {
    row < array.len() && !array.is_null(row)
}
