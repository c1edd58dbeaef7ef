//! Files opened as for the lake: events in columns, and what is none, in their order.

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::Int64Type;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, ContentKind, Opened, Opener};
use event::reject::Reject;
use event::schema::{COLUMNS, added};
use event::shape;

use super::Tally;
use super::input::Input;
use crate::fault::{Fault, Result};

impl From<event::error::Error> for Fault {
    fn from(error: event::error::Error) -> Self {
        Fault::new("could not make columns of the records").because(error)
    }
}

/// Makes an opener; it is cheaper to use one for many files.
pub(super) fn opener() -> Opener {
    let limits = Limits::default();
    // A reject has to be whole to be given on, and nothing is compared by its fingerprint here.
    let limits = Limits { reject_bytes_max: limits.record_bytes_max, ..limits };
    Opener::new(FingerprintKey(0), limits)
}

/// Opens a content and hands its parts on.
pub(super) fn open(
    opener: &mut Opener,
    name: &str,
    mut input: Input,
    tally: &mut Tally,
    take: &mut dyn FnMut(&Opened, &mut Tally) -> Result<()>,
) -> Result<()> {
    let content = match &mut input {
        Input::Bytes(bytes) => Content::Bytes(bytes),
        Input::Stream(reader) => Content::Stream(Box::new(reader)),
    };
    let summary = opener.open(content, &mut |opened| take(&opened, tally))?;
    if let Some(message) = summary.read_failed {
        tally.damage(name, &message);
    }
    if summary.digests > 0 {
        tally.leave_out(name, "a digest file, which holds no events");
    }
    if summary.kind == ContentKind::NotCloudTrail {
        tally.leave_out(name, "all of it, for no JSON begins anywhere in it");
    }
    Ok(())
}

/// An event with its place in the batch, or what is none.
pub(super) enum Part<'o> {
    Event(&'o str, usize),
    Reject(&'o Reject),
}

/// Goes through events and rejects in the order in which they stand in their file.
pub(super) fn in_order(opened: &Opened, take: &mut dyn FnMut(Part<'_>) -> Result<()>) -> Result<()> {
    let batch = &opened.events;
    let shapes: StringArray = (0..batch.len()).map(|row| Some(batch.shapes.text(row))).collect();
    let columns = batch.columns.columns().get(..COLUMNS.len()).unwrap_or_default();
    let texts = shape::rebuild(&shapes, columns)?;
    let numbers = batch.columns.column_by_name(added::LOG_NUMBER);
    let numbers = numbers.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let mut rejects = opened.rejects.iter().peekable();
    for (row, text) in texts.iter().enumerate() {
        let number = numbers.map_or(i64::MAX, |numbers| numbers.value(row));
        while let Some(reject) = rejects.next_if(|reject| reject.number < number) {
            take(Part::Reject(reject))?;
        }
        take(Part::Event(text.unwrap_or_default(), row))?;
    }
    rejects.try_for_each(|reject| take(Part::Reject(reject)))
}
