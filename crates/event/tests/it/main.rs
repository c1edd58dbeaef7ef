//! What goes in and what comes out, through the crate's door.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forms;
mod lossless;
mod reference;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;
use event::batch::EventBatch;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, Opener, Summary};
use event::reject::Reject;
use event::schema::COLUMNS;
use event::time::EventTime;

/// Everything that one object gave.
pub(crate) struct All {
    pub summary: Summary,
    pub batches: Vec<EventBatch>,
    pub rejects: Vec<Reject>,
}

pub(crate) fn open_within(content: Content<'_>, limits: Limits) -> All {
    let mut opener = Opener::new(FingerprintKey(42), limits);
    let (mut batches, mut rejects) = (Vec::new(), Vec::new());
    let summary = opener
        .open(content, &mut |mut opened| {
            batches.push(opened.events);
            rejects.append(&mut opened.rejects);
            Ok::<(), Error>(())
        })
        .unwrap();
    All { summary, batches, rejects }
}

pub(crate) fn open(bytes: &[u8]) -> All {
    open_within(Content::Bytes(bytes), Limits::default())
}

impl All {
    /// The records, rebuilt from shape and columns.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut records = Vec::new();
        for batch in &self.batches {
            let columns = &batch.columns;
            let shapes = StringArray::from_iter_values((0..batch.len()).map(|event| batch.shapes.text(event)));
            let rebuilt = event::shape::rebuild(&shapes, &columns.columns()[..COLUMNS.len()]).unwrap();
            records.extend(rebuilt.iter().map(|record| record.unwrap().to_owned()));
        }
        records
    }

    /// One column's values as text, `-` for null.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        for batch in &self.batches {
            let array = batch.columns.column_by_name(name).unwrap_or_else(|| panic!("column {name}"));
            for row in 0..array.len() {
                let value = match array.as_primitive_opt::<TimestampMicrosecondType>() {
                    Some(times) => EventTime::from_micros(times.value(row)).to_string(),
                    None => array_value_to_string(array, row).unwrap(),
                };
                values.push(if array.is_null(row) { "-".to_owned() } else { value });
            }
        }
        values
    }
}
