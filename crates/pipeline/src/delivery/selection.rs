//! The events of a batch that a trail records, with their records given back.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{and, filter_record_batch, or_kleene};
use arrow::datatypes::Int64Type;
use event::schema::COLUMNS;
use event::schema::stored::{SEQ, SHAPE};
use event::shape;
use predicate::Rows;
use trail::delivery::{Packer, groups};
use trail::model::Trail;
use trail::selectors::{Target, route};

use crate::error::{Error, ErrorKind, Result};

/// Sequence numbers above the first and up to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) after: i64,
    pub(super) until: Option<i64>,
}

impl Bounds {
    fn contain(self, seq: i64) -> bool {
        seq > self.after && self.until.is_none_or(|until| seq <= until)
    }
}

/// Events that were chosen.
pub(super) struct Selected {
    pub(super) columns: RecordBatch,
    pub(super) records: StringArray,
}

/// Chooses the events that any of some trails records within its bounds.
pub(super) fn select(batch: &RecordBatch, targets: &[(&Target, Bounds)]) -> Result<Selected> {
    let missing = |name: &str| Error::new(ErrorKind::Event, format!("stored events have no column `{name}`"));
    let seqs = batch.column_by_name(SEQ).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let seqs = seqs.ok_or_else(|| missing(SEQ))?;
    let rows = Rows::of_stored(batch, &[]).map_err(|error| unchosen("read events for a trail", error))?;
    let mut chosen = BooleanArray::from(vec![false; batch.num_rows()]);
    for (target, bounds) in targets {
        let within: BooleanArray = seqs.values().iter().map(|seq| Some(bounds.contain(*seq))).collect();
        if within.true_count() == 0 {
            continue;
        }
        let masks = route(std::slice::from_ref(*target), &rows)
            .map_err(|error| unchosen("choose events for a trail", error))?;
        for mask in masks {
            let both = and(&mask, &within).map_err(|error| unchosen("choose events for a trail", error))?;
            chosen = or_kleene(&chosen, &both).map_err(|error| unchosen("choose events for a trail", error))?;
        }
    }
    let columns = match chosen.true_count() == batch.num_rows() {
        true => batch.clone(),
        false => filter_record_batch(batch, &chosen).map_err(|error| unchosen("take events for a trail", error))?,
    };
    let named = |name: &'static str| columns.column_by_name(name).ok_or_else(|| missing(name));
    let of_record = COLUMNS.iter().map(|column| named(column.name).cloned()).collect::<Result<Vec<ArrayRef>>>()?;
    let shapes = named(SHAPE)?.as_string_opt::<i32>().ok_or_else(|| missing(SHAPE))?;
    let records = shape::rebuild(shapes, &of_record).map_err(|error| unchosen("give records back", error))?;
    Ok(Selected { columns, records })
}

/// Gathers the chosen events into log files.
pub(super) fn gather(
    batch: &RecordBatch,
    trail: &Trail,
    target: &Target,
    bounds: Bounds,
    to: &mut Packer,
) -> Result<()> {
    let selected = select(batch, &[(target, bounds)])?;
    let rows = Rows::of_stored(&selected.columns, &[]).map_err(|error| unchosen("read events for a trail", error))?;
    for (group, of_group) in groups(trail, &rows) {
        for row in of_group {
            if let Some(time) = rows.time(row).filter(|_| selected.records.is_valid(row)) {
                to.add(&group, selected.records.value(row), time);
            }
        }
    }
    Ok(())
}

fn unchosen(attempted: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(ErrorKind::Event, format!("could not {attempted}"), error)
}
