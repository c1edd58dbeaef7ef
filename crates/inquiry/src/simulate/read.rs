//! Stored events, some dates at a time, the earliest first: so that windows of rules can be asked at the end of each.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{BooleanArray, RecordBatch};
use event::schema::{COLUMNS, added, stored};
use futures::TryStreamExt;
use lake::Lake;
use lake::sql::SessionOptions;
use lineage::credential::IDENTITY;
use predicate::{Needs, Rows};
use trail::selectors::{Target, route};

use crate::error::{Error, ErrorKind, Result};
use crate::lookup::Lookup;
use crate::lookup::sql::conditions;

/// Events of some dates that are looked at together, about: one date at least, more where dates are short.
const STRETCH_EVENTS: u64 = 1 << 20;

/// What comes next.
pub(super) enum Next {
    /// Some events.
    Events(RecordBatch),
    /// All events of some dates have come.
    End,
}

/// Gives out the events that are asked about, with the columns that are read.
pub(super) async fn each(
    lake: &Lake,
    options: &SessionOptions,
    events: &Lookup,
    needs: Needs,
    take: &mut impl FnMut(Next) -> Result<()>,
) -> Result<()> {
    // Files are read in one order, so that the answer is the same again.
    let options = SessionOptions { target_partitions: 1, ..options.clone() };
    let failed = |sql: &str, error| Error::query("replay the stored events", sql.to_owned(), error);
    let ctx = lake.session(&options).map_err(|error| failed("", error))?;
    // Of the filters those by time, account and Region are conditions on columns of the flat table, too.
    let filters = Lookup {
        accounts: events.accounts.clone(),
        regions: events.regions.clone(),
        since: events.since,
        until: events.until,
        ..Lookup::default()
    };
    let filters = conditions(&filters);
    for stretch in stretches(lake) {
        let all = [stretch.as_str()].into_iter().chain(filters.iter().map(String::as_str)).collect::<Vec<_>>();
        let sql = format!("SELECT {} FROM events_flat WHERE {}", columns(needs).join(", "), all.join(" AND "));
        let (_, mut rows) = lake::sql::query(&ctx, &sql).await.map_err(|error| failed(&sql, error))?;
        while let Some(batch) = rows.try_next().await.map_err(|error| failed(&sql, error.into()))? {
            if batch.num_rows() > 0 {
                take(Next::Events(batch))?;
            }
        }
        take(Next::End)?;
    }
    Ok(())
}

/// Returns which events each target records.
pub(super) fn routed(targets: &[Target], events: &RecordBatch) -> Result<Vec<BooleanArray>> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::InvalidValue, format!("find out what a trail records of stored events: {error}"))
    };
    let rows = Rows::of_stored(events, &[]).map_err(|error| failed(&error))?;
    route(targets, &rows).map_err(|error| failed(&error))
}

/// Returns a condition for each stretch of dates. Times out of range have no date, and come last.
fn stretches(lake: &Lake) -> Vec<String> {
    let mut events: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for file in lake.live_files() {
        *events.entry(file.date).or_default() += file.rows;
    }
    let has_undated = events.remove(&None).is_some();
    let mut stretches: Vec<(String, String, u64)> = Vec::new();
    for (date, events) in events.into_iter().filter_map(|(date, events)| Some((date?, events))) {
        match stretches.last_mut() {
            Some((_, last, before)) if *before + events <= STRETCH_EVENTS => {
                *last = date;
                *before += events;
            }
            _ => stretches.push((date.clone(), date, events)),
        }
    }
    let dated =
        stretches.iter().map(|(first, last, _)| format!("eventdate >= DATE '{first}' AND eventdate <= DATE '{last}'"));
    dated.chain(has_undated.then(|| "eventdate IS NULL".to_owned())).collect()
}

/// Returns the columns that are read: what is asked for, and what origins rest on.
fn columns(needs: Needs) -> Vec<&'static str> {
    let mut names: BTreeSet<&'static str> = IDENTITY.iter().map(|member| member.column()).collect();
    names.extend(["eventtime", added::LOG_NUMBER, stored::SEQ, stored::LOG_FILE]);
    for (at, column) in COLUMNS.iter().enumerate() {
        if needs.record || needs.columns & (1 << at) != 0 {
            names.insert(column.name);
        }
    }
    if needs.unmapped {
        names.insert(added::UNMAPPED);
    }
    if needs.record {
        names.insert(stored::SHAPE);
    }
    names.into_iter().collect()
}
