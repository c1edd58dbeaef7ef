//! A batch of events as a predicate sees it: columns first, and the record rebuilt only where no column has the answer.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use event::batch::EventBatch;
use event::schema::{self, COLUMNS, Kind, added, stored};
use event::shape::HOLE;
use event::time::EventTime;

use crate::address::{Address, At, Source};
use crate::check::Check;
use crate::compile::{Needs, category_column};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Record;
use crate::value::Base;

/// The events of a batch.
pub struct Rows<'a> {
    len: usize,
    /// The columns as they came, and as they are read: text in another form than ours is turned into ours on first use.
    arrays: Vec<Option<ArrayRef>>,
    columns: Vec<OnceCell<Column>>,
    unmapped: Option<StringArray>,
    shapes: Shapes<'a>,
    given: Given<'a>,
    /// The record rebuilt last, and whose it is.
    rebuilt: RefCell<Option<(usize, String)>>,
    /// What went wrong while a record was rebuilt; the first of it.
    failure: Cell<Option<Error>>,
}

/// Values beside the event, such as who stands behind a credential: for each number one value an event.
pub type Given<'a> = &'a [Vec<Option<String>>];

/// Where the shapes of the records are.
pub enum Shapes<'a> {
    /// In the batch that the opener gave.
    Batch(&'a event::batch::Shapes),
    /// In a column of text in any form: it is large, and read seldom.
    Column(ArrayRef),
    /// Not read: a predicate that needs one fails.
    None,
}

#[derive(Clone)]
enum Column {
    Missing,
    Text(StringArray),
    Boolean(BooleanArray),
    Time(TimestampMicrosecondArray),
}

impl<'a> Rows<'a> {
    /// Takes the events of a batch that the opener gave.
    ///
    /// # Errors
    /// [`ErrorKind::Columns`] if a column has another type than the schema says.
    pub fn of_batch(batch: &'a EventBatch, given: Given<'a>) -> Result<Rows<'a>> {
        Rows::new(&batch.columns, Shapes::Batch(&batch.shapes), given)
    }

    /// Takes stored events: any of their columns, by name; the column of shapes where it is read.
    ///
    /// # Errors
    /// [`ErrorKind::Columns`] if a column has another type than the schema says.
    pub fn of_stored(batch: &RecordBatch, given: Given<'a>) -> Result<Rows<'a>> {
        let shapes = match batch.column_by_name(stored::SHAPE) {
            Some(array) if is_read_as_it_is(array.data_type()) => Shapes::Column(array.clone()),
            Some(array) => Shapes::Column(Arc::new(text_array(stored::SHAPE, array)?)),
            None => Shapes::None,
        };
        Rows::new(batch, shapes, given)
    }

    fn new(batch: &RecordBatch, shapes: Shapes<'a>, given: Given<'a>) -> Result<Rows<'a>> {
        let unmapped = batch.column_by_name(added::UNMAPPED).map(|array| text_array(added::UNMAPPED, array));
        Ok(Rows {
            len: batch.num_rows(),
            arrays: COLUMNS.iter().map(|column| batch.column_by_name(column.name).cloned()).collect(),
            columns: vec![OnceCell::new(); COLUMNS.len()],
            unmapped: unmapped.transpose()?,
            shapes,
            given,
            rebuilt: RefCell::new(None),
            failure: Cell::new(None),
        })
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there is no event.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the text of a column of [`COLUMNS`] for an event, if it is a text column and holds one.
    pub fn text(&self, column: usize, row: usize) -> Option<&str> {
        match self.column(column) {
            Some(Column::Text(array)) if row < array.len() && !array.is_null(row) => Some(array.value(row)),
            _ => None,
        }
    }

    /// Returns an event's time.
    pub fn time(&self, row: usize) -> Option<EventTime> {
        let time = schema::column_index("eventtime").and_then(|column| self.column(column));
        match time {
            Some(Column::Time(array)) if row < array.len() && !array.is_null(row) => {
                Some(EventTime::from_micros(array.value(row)))
            }
            _ => None,
        }
    }

    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.len as u32).collect()
    }

    pub(crate) fn event(&self, row: usize) -> Event<'_, 'a> {
        Event { rows: self, row }
    }

    /// Fails if something is read that the batch lacks.
    ///
    /// # Errors
    /// [`ErrorKind::Columns`] with the name of the first column that is missing.
    pub fn check(&self, needs: Needs) -> Result<()> {
        for (at, column) in COLUMNS.iter().enumerate() {
            let read = needs.record || needs.columns & (1 << at) != 0;
            if read && matches!(self.column(at), None | Some(Column::Missing)) {
                self.outcome()?;
                return Err(missing(column.name));
            }
        }
        if needs.unmapped && self.unmapped.is_none() {
            return Err(missing(added::UNMAPPED));
        }
        if needs.record && matches!(self.shapes, Shapes::None) {
            return Err(missing(stored::SHAPE));
        }
        Ok(())
    }

    /// Gives out what went wrong since this was asked last.
    pub(crate) fn outcome(&self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Keeps those of the selected rows whose values at an address pass.
    pub(crate) fn retain(&self, address: &Address, check: &Check, selection: &mut Vec<u32>) {
        if let (At::Column(column), true) = (address.at, address.rest.is_empty())
            && let Some(Column::Text(array)) = self.column(column)
            && COLUMNS.get(column).is_some_and(|column| column.kind == Kind::Text && column.name != DERIVED)
            && !matches!(check, Check::Null | Check::Present | Check::Field { .. })
        {
            // The loop that most rules come down to: one column, no closures, no paths.
            selection.retain(|row| {
                let row = *row as usize;
                if row >= array.len() || array.is_null(row) {
                    return false;
                }
                let text = array.value(row);
                match text.as_bytes().first() {
                    Some(b'[' | b'{') => check.holds(&self.event(row), address),
                    _ => check.passes(text),
                }
            });
            return;
        }
        selection.retain(|row| check.holds(&self.event(*row as usize), address));
    }

    /// Returns a column in the form in which it is read. One that cannot be read is a failure, and missing.
    fn column(&self, at: usize) -> Option<&Column> {
        let (cell, field) = (self.columns.get(at)?, COLUMNS.get(at)?);
        Some(cell.get_or_init(|| match self.arrays.get(at) {
            Some(Some(array)) => Column::of(field, array).unwrap_or_else(|error| {
                self.fail(error);
                Column::Missing
            }),
            _ => Column::Missing,
        }))
    }

    /// Keeps the first of what goes wrong, for [`Rows::outcome`].
    fn fail(&self, error: Error) {
        let first = self.failure.take();
        self.failure.set(Some(first.unwrap_or(error)));
    }

    fn shape(&self, row: usize) -> Option<&str> {
        match &self.shapes {
            Shapes::Batch(shapes) => Some(shapes.text(row)),
            Shapes::Column(array) => text_at(array, row),
            Shapes::None => None,
        }
    }

    /// Returns true if the shape says that the member's string is in its column: `"name":"` and a hole stand in it.
    fn is_plain_string(&self, row: usize, column: &schema::Column) -> bool {
        let [name] = column.path else { return false };
        let Some(shape) = self.shape(row) else { return false };
        let mut from = 0;
        while let Some(at) = shape.get(from..).and_then(|rest| rest.find(name)) {
            let end = from + at + name.len();
            let quoted = shape.get(..from + at).is_some_and(|before| before.ends_with('"'));
            let after = shape.get(end..).and_then(|rest| rest.strip_prefix("\":\""));
            if quoted && after.is_some_and(|after| after.starts_with(HOLE)) {
                return true;
            }
            from = end;
        }
        false
    }

    /// Returns true if the record may hold the member although its column is null.
    fn may_hold(&self, row: usize, column: &schema::Column) -> bool {
        let Some(shape) = self.shape(row) else { return false };
        let named = |name: &str| shape.contains(name);
        let alias = schema::ALIASES.iter().any(|(alias, of)| *of == column.name && named(alias));
        alias || column.path.last().is_some_and(|name| named(name)) || shape.contains('\\')
    }

    fn with_record<R>(&self, row: usize, then: impl FnOnce(Option<&str>) -> R) -> R {
        let known = self.rebuilt.borrow().as_ref().is_some_and(|(of, _)| *of == row);
        if !known {
            match self.rebuild(row) {
                Ok(record) => *self.rebuilt.borrow_mut() = Some((row, record)),
                Err(error) => {
                    self.fail(error);
                    return then(None);
                }
            }
        }
        let rebuilt = self.rebuilt.borrow();
        then(rebuilt.as_ref().map(|(_, record)| record.as_str()))
    }

    fn rebuild(&self, row: usize) -> Result<String> {
        let shape = self.shape(row).ok_or_else(|| missing(stored::SHAPE))?;
        let columns: Vec<ArrayRef> = COLUMNS
            .iter()
            .enumerate()
            .map(|(at, field)| match self.column(at).unwrap_or(&Column::Missing) {
                Column::Missing => match field.kind {
                    Kind::Text | Kind::Json => new_null_array(&DataType::Utf8, 1),
                    Kind::Boolean => new_null_array(&DataType::Boolean, 1),
                    Kind::Time => new_null_array(&schema::timestamp(), 1),
                },
                Column::Text(array) => Arc::new(array.slice(row, 1)) as ArrayRef,
                Column::Boolean(array) => Arc::new(array.slice(row, 1)),
                Column::Time(array) => Arc::new(array.slice(row, 1)),
            })
            .collect();
        let failed = |reason: &str| {
            Error::new(ErrorKind::Shape, format!("rebuild the record of event {row} of a batch: {reason}"))
        };
        let record = event::shape::rebuild(&StringArray::from_iter_values([shape]), &columns)
            .map_err(|error| failed(&error.to_string()))?;
        if record.is_empty() || record.is_null(0) {
            Err(failed("it has no shape"))
        } else {
            Ok(record.value(0).to_owned())
        }
    }
}

/// The column that holds a value although the record may have none.
const DERIVED: &str = "eventcategory";

fn missing(column: &str) -> Error {
    Error::new(
        ErrorKind::Columns,
        format!("evaluate a rule on a batch: it has no column `{column}`, which the rule reads"),
    )
}

/// Returns the text at a row of a column of text, be it plain, in views or in a dictionary.
fn text_at(array: &ArrayRef, row: usize) -> Option<&str> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    if let Some(array) = array.as_string_opt::<i32>() {
        return Some(array.value(row));
    }
    if let Some(array) = array.as_string_view_opt() {
        return Some(array.value(row));
    }
    let dictionary = array.as_dictionary_opt::<Int32Type>()?;
    let at = dictionary.key(row)?;
    dictionary.values().as_string_opt::<i32>().filter(|values| at < values.len()).map(|values| values.value(at))
}

/// Returns true if [`text_at`] reads a type.
fn is_read_as_it_is(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::Utf8View => true,
        DataType::Dictionary(key, value) => **key == DataType::Int32 && **value == DataType::Utf8,
        _ => false,
    }
}

fn text_array(name: &str, array: &ArrayRef) -> Result<StringArray> {
    let failed = |found: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Columns, format!("read column `{name}` as text: {found}"))
    };
    let array = match array.data_type() {
        DataType::Utf8 => array.clone(),
        _ => cast(array, &DataType::Utf8).map_err(|error| failed(&error))?,
    };
    array.as_any().downcast_ref::<StringArray>().cloned().ok_or_else(|| failed(array.data_type()))
}

impl Column {
    fn of(column: &schema::Column, array: &ArrayRef) -> Result<Column> {
        let failed = || {
            let message = format!("read column `{}`: its type is {}", column.name, array.data_type());
            Error::new(ErrorKind::Columns, message)
        };
        Ok(match column.kind {
            Kind::Text | Kind::Json => Column::Text(text_array(column.name, array)?),
            Kind::Boolean => Column::Boolean(array.as_any().downcast_ref().cloned().ok_or_else(failed)?),
            Kind::Time => Column::Time(array.as_any().downcast_ref().cloned().ok_or_else(failed)?),
        })
    }
}

/// One event of a batch.
pub(crate) struct Event<'r, 'a> {
    rows: &'r Rows<'a>,
    row: usize,
}

impl Event<'_, '_> {
    /// What stands in a column, or in the record where the column cannot say it exactly.
    fn column<R>(&self, at: usize, exact: bool, then: impl FnOnce(Base<'_>) -> R) -> R {
        let (Some(column), Some(field)) = (self.rows.column(at), COLUMNS.get(at)) else {
            return then(Base::Absent);
        };
        let (row, rows) = (self.row, self.rows);
        let from_record = |then| rows.with_record(row, |record| of_record(record, at, then));
        let is_null = match column {
            Column::Missing => true,
            Column::Text(array) => row >= array.len() || array.is_null(row),
            Column::Boolean(array) => row >= array.len() || array.is_null(row),
            Column::Time(array) => row >= array.len() || array.is_null(row),
        };
        if is_null {
            // A column of text or JSON holds whatever is not null.
            let known = matches!(field.kind, Kind::Text | Kind::Json) && !exact;
            return if !known && rows.may_hold(row, field) { from_record(then) } else { then(Base::Absent) };
        }
        match column {
            Column::Missing => then(Base::Absent),
            Column::Text(array) if field.kind == Kind::Json => then(Base::Json(array.value(row))),
            Column::Text(array) => {
                let text = array.value(row);
                // Text that looks like a container may be one; a derived value is not the record's.
                let doubtful = field.name == DERIVED || matches!(text.as_bytes().first(), Some(b'[' | b'{'));
                if doubtful && !rows.is_plain_string(row, field) { from_record(then) } else { then(Base::Text(text)) }
            }
            Column::Boolean(array) => then(Base::Text(if array.value(row) { "true" } else { "false" })),
            Column::Time(array) => {
                if rows.is_plain_string(row, field) {
                    then(Base::Text(&EventTime::from_micros(array.value(row)).to_string()))
                } else {
                    from_record(then)
                }
            }
        }
    }
}

fn of_record<R>(record: Option<&str>, column: usize, then: impl FnOnce(Base<'_>) -> R) -> R {
    match record {
        Some(text) => Record::trusted(text).base(At::Column(column), then),
        None => then(Base::Absent),
    }
}

impl Source for Event<'_, '_> {
    fn base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R {
        match at {
            At::Column(column) => self.column(column, false, then),
            At::Unmapped => match &self.rows.unmapped {
                Some(array) if self.row < array.len() && !array.is_null(self.row) => {
                    then(Base::Json(array.value(self.row)))
                }
                _ => then(Base::Absent),
            },
            At::Record | At::Anywhere => {
                self.rows.with_record(self.row, |record| then(record.map_or(Base::Absent, Base::Json)))
            }
            At::Given(number) => {
                let given = self.rows.given.get(number).and_then(|values| values.get(self.row));
                then(given.and_then(Option::as_deref).map_or(Base::Absent, Base::Text))
            }
            At::Category => {
                let category = self.rows.text(category_column(), self.row);
                then(category.map_or(Base::Absent, Base::Text))
            }
            At::Element => then(Base::Absent),
        }
    }

    fn exact_base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R {
        match at {
            At::Column(column) => self.column(column, true, then),
            at => self.base(at, then),
        }
    }
}
