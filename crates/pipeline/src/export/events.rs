//! Some stored events, with their records given back: what a format is given.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use event::schema::COLUMNS;
use event::schema::stored::{SEQ, SHAPE};
use event::shape;
use sink::Payload;

use super::identity;
use crate::error::{Error, ErrorKind, Result};

/// What payloads are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// By the content of the record, the same in every lake: for destinations that tell a repeat by the name.
    Content,
    /// By the number of the event in this lake, for those that do not.
    Seq,
}

/// Some events.
#[derive(Debug)]
pub struct Events {
    columns: RecordBatch,
    records: StringArray,
    seqs: Int64Array,
    ids: Ids,
}

impl Events {
    /// Takes rows of the table of events.
    pub(super) fn new(columns: RecordBatch, ids: Ids) -> Result<Events> {
        let missing = |name: &str| Error::new(ErrorKind::Event, format!("stored events have no column `{name}`"));
        let named = |name: &'static str| columns.column_by_name(name).ok_or_else(|| missing(name));
        let of_record = COLUMNS.iter().map(|column| named(column.name).cloned()).collect::<Result<Vec<ArrayRef>>>()?;
        let shapes = named(SHAPE)?.as_string_opt::<i32>().ok_or_else(|| missing(SHAPE))?;
        let records = shape::rebuild(shapes, &of_record).map_err(|error| {
            Error::because(ErrorKind::Event, "the export stopped: a record could not be rebuilt", error)
        })?;
        let seqs = named(SEQ)?.as_primitive_opt().cloned().ok_or_else(|| missing(SEQ))?;
        Ok(Events { columns, records, seqs, ids })
    }

    /// Returns the columns of the table.
    pub fn columns(&self) -> &RecordBatch {
        &self.columns
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.columns.num_rows()
    }

    /// Returns true if there is no event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the record of each event, byte for byte as it was collected, in the order of the rows.
    pub fn records(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(Option::unwrap_or_default)
    }

    /// Returns the payload that stands for one event. A row that is not there has an empty record and the number 0.
    pub fn payload(&self, row: usize, bytes: impl Into<Bytes>) -> Payload {
        let id = match self.ids {
            Ids::Content => identity::of(if row < self.records.len() { self.records.value(row) } else { "" }),
            Ids::Seq => self.offset(row).to_string(),
        };
        Payload { id, offset: self.offset(row), bytes: bytes.into() }
    }

    /// Returns the number of an event, as the offset of a payload.
    pub fn offset(&self, row: usize) -> u64 {
        self.seqs.values().get(row).map_or(0, |seq| u64::try_from(*seq).unwrap_or_default())
    }
}
