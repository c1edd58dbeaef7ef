//! Events in columns, seen row by row: the columns of an `EventBatch`, or those a reader of the lake asked for.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use event::time::EventTime;

use crate::error::{Error, ErrorKind};
use crate::record::{MEMBERS, Member, Record};

/// The columns of many events that this crate looks at. A column that is not there counts as null throughout.
#[derive(Debug)]
pub struct Columns<'a> {
    texts: Vec<Option<TextColumn<'a>>>,
    time: Option<&'a PrimitiveArray<TimestampMicrosecondType>>,
    rows: usize,
}

#[derive(Debug, Clone, Copy)]
enum TextColumn<'a> {
    Plain(&'a StringArray),
    View(&'a StringViewArray),
}

impl<'a> Columns<'a> {
    /// Finds the columns of a batch by their names.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`] where a column has another type than `event::schema` gives it.
    pub fn new(batch: &'a RecordBatch) -> Result<Columns<'a>, Error> {
        let mut texts = Vec::with_capacity(MEMBERS.len());
        for (_, name) in MEMBERS {
            texts.push(batch.column_by_name(name).map(|array| text_column(name, array)).transpose()?);
        }
        let time = batch.column_by_name("eventtime").map(time_column).transpose()?;
        Ok(Columns { texts, time, rows: batch.num_rows() })
    }

    /// Returns one of the events.
    pub fn row(&self, row: usize) -> Row<'_> {
        Row { columns: self, row }
    }

    /// Returns the events in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows).map(|row| self.row(row))
    }
}

/// One event among many.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a Columns<'a>,
    row: usize,
}

impl Record for Row<'_> {
    fn text(&self, member: Member) -> Option<&str> {
        match self.columns.texts.get(member as usize).copied().flatten()? {
            TextColumn::Plain(array) => {
                (self.row < array.len() && array.is_valid(self.row)).then(|| array.value(self.row))
            }
            TextColumn::View(array) => {
                (self.row < array.len() && array.is_valid(self.row)).then(|| array.value(self.row))
            }
        }
        .filter(|text| !member.is_json() || *text != "null")
    }

    fn time(&self) -> Option<EventTime> {
        let array = self.columns.time?;
        (self.row < array.len() && array.is_valid(self.row)).then(|| EventTime::from_micros(array.value(self.row)))
    }
}

fn text_column<'a>(name: &str, array: &'a ArrayRef) -> Result<TextColumn<'a>, Error> {
    match array.data_type() {
        DataType::Utf8 => Ok(TextColumn::Plain(array.as_string())),
        DataType::Utf8View => Ok(TextColumn::View(array.as_string_view())),
        other => Err(wrong_type(name, other)),
    }
}

fn time_column(array: &ArrayRef) -> Result<&PrimitiveArray<TimestampMicrosecondType>, Error> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => Ok(array.as_primitive()),
        other => Err(wrong_type("eventtime", other)),
    }
}

fn wrong_type(name: &str, found: &DataType) -> Error {
    Error::new(ErrorKind::Schema, format!("read identities of events: column `{name}` has the type `{found}`"))
}
