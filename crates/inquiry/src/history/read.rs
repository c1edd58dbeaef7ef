//! Asking the lake, and reading its answers.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::common::DataFusionError;
use datafusion::execution::context::SessionContext;
use event::time::EventTime;
use futures::TryStreamExt;

use super::facts::Facts;
use super::recent::{Coder, Ground, Traits};
use super::{Place, sql};
use crate::error::{Error, Result};

/// Columns in front of those of the record: time, sequence number and shape.
const BEFORE_RECORD: usize = 3;

/// Reads places.
pub(super) async fn places(ctx: &SessionContext, sql: &str) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for batch in batches(ctx, sql).await? {
        places.extend((0..batch.num_rows()).filter_map(|row| place(&batch, row)));
    }
    Ok(places)
}

/// Reads what is told of the events at some places, in the order of the places.
pub(super) async fn events(ctx: &SessionContext, places: &[Place]) -> Result<Vec<Facts>> {
    let Some(sql) = sql::events(places) else { return Ok(Vec::new()) };
    let mut events = Vec::with_capacity(places.len());
    for batch in batches(ctx, &sql).await? {
        let records = records(&batch).map_err(|error| Error::query("rebuild records", sql.clone(), external(error)))?;
        let columns = Columns(&batch);
        events.extend((0..batch.num_rows()).filter_map(|row| {
            let record = records.is_valid(row).then(|| records.value(row).to_owned())?;
            let text = |name: &str| columns.text(name, row);
            Some(Facts::of(place(&batch, row)?, &text, columns.boolean("readonly", row), record))
        }));
    }
    events.sort_by_key(|facts| std::cmp::Reverse(facts.event.place));
    Ok(events)
}

/// Reads what events are looked up by.
pub(super) async fn traits(ctx: &SessionContext, coder: &Coder, sql: &str) -> Result<Vec<(Place, Traits)>> {
    let failed = |source| Error::query("look up event history", sql.to_owned(), source);
    let (_, mut stream) = lake::sql::query(ctx, sql).await.map_err(failed)?;
    let mut rows = Vec::new();
    while let Some(batch) = stream.try_next().await.map_err(|error| failed(error.into()))? {
        let columns = Columns(&batch);
        rows.extend((0..batch.num_rows()).filter_map(|row| {
            let text = |name: &str| columns.text(name, row);
            let place = place(&batch, row)?;
            let facts = Facts::of(place, &text, columns.boolean("readonly", row), String::new());
            let ground = Ground { owner: facts.owner.as_deref(), region: facts.region.as_deref() };
            Some((place, coder.traits(&facts.event, ground)))
        }));
    }
    Ok(rows)
}

/// Rebuilds the records of events that were read with their shapes.
fn records(batch: &RecordBatch) -> event::error::Result<StringArray> {
    let empty = StringArray::new_null(batch.num_rows());
    let shapes = batch.columns().get(BEFORE_RECORD - 1).and_then(|shapes| shapes.as_string_opt::<i32>());
    event::shape::rebuild(shapes.unwrap_or(&empty), batch.columns().get(BEFORE_RECORD..).unwrap_or_default())
}

fn external(error: event::error::Error) -> lake::sql::Error {
    DataFusionError::External(Box::new(error)).into()
}

/// Runs a query and gathers its answer.
pub(super) async fn batches(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    let failed = |source| Error::query("look up event history", sql.to_owned(), source);
    let (_, stream) = lake::sql::query(ctx, sql).await.map_err(failed)?;
    stream.try_collect().await.map_err(|error| failed(error.into()))
}

/// The first two columns are time and sequence number.
fn place(batch: &RecordBatch, row: usize) -> Option<Place> {
    let time = batch.columns().first()?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let seq = batch.columns().get(1)?.as_primitive_opt::<Int64Type>()?;
    Some(Place { time: EventTime::from_micros(time.value(row)), seq: seq.value(row) })
}

struct Columns<'b>(&'b RecordBatch);

impl<'b> Columns<'b> {
    fn text(&self, name: &str, row: usize) -> Option<&'b str> {
        let texts = self.0.column_by_name(name)?.as_string_opt::<i32>()?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    fn boolean(&self, name: &str, row: usize) -> Option<bool> {
        let values = self.0.column_by_name(name)?.as_boolean_opt()?;
        values.is_valid(row).then(|| values.value(row))
    }
}
