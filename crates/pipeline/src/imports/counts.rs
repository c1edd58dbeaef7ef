//! How many objects of a folder were collected, and what was in them: those of earlier collections count as well.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use lake::Lake;
use lake::sql::SessionOptions;
use trail::model::{Import, Millis};

use crate::error::Result;
use crate::imports::folders::Folder;
use crate::keeper::Keeper;

/// Objects that have rejects and are named, of one folder.
const NAMED_MAX: usize = 1_000;

/// What was collected of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Objects that were read to their end.
    pub files: u64,
    /// Events in them.
    pub events: u64,
    /// Objects that hold something which is no event, each with how many of that.
    pub with_rejects: Vec<(String, u64)>,
}

/// Counts what lies in a folder within the times of an import.
///
/// # Errors
/// If the lake cannot be read.
pub(super) async fn count(
    keeper: &Keeper,
    options: &SessionOptions,
    folder: &Folder,
    import: &Import,
) -> Result<Counts> {
    let lake = Lake::open(keeper.location()).await?;
    let session = lake.session(options)?;
    // The newest row of an object is that of its present content.
    let objects = format!(
        "SELECT uri, max_by(events, seq) AS events, max_by(rejects, seq) AS rejects FROM log_files \
         WHERE kind = 'collected' AND starts_with(uri, '{}'){} GROUP BY uri",
        folder.uri.replace('\'', "''"),
        within(import),
    );
    let mut counts = Counts::default();
    let totals = format!("SELECT count(*), coalesce(sum(events), 0) FROM ({objects}) t");
    let (_, mut rows) = lake::sql::query(&session, &totals).await?;
    while let Some(batch) = rows.try_next().await.map_err(lake::sql::Error::from)? {
        let number = |column: usize| {
            let values = batch.columns().get(column).and_then(|values| values.as_primitive_opt::<Int64Type>());
            values.filter(|values| !values.is_empty()).map_or(0, |values| values.value(0).unsigned_abs())
        };
        (counts.files, counts.events) = (number(0), number(1));
    }
    let broken = format!("SELECT uri, rejects FROM ({objects}) t WHERE rejects > 0 ORDER BY uri LIMIT {NAMED_MAX}");
    let (_, mut rows) = lake::sql::query(&session, &broken).await?;
    while let Some(batch) = rows.try_next().await.map_err(lake::sql::Error::from)? {
        let (Some(uris), Some(rejects)) = (
            batch.columns().first().and_then(|uris| uris.as_string_opt::<i32>()),
            batch.columns().get(1).and_then(|rejects| rejects.as_primitive_opt::<Int64Type>()),
        ) else {
            continue;
        };
        let rows = uris.iter().zip(rejects.values());
        counts.with_rejects.extend(rows.filter_map(|(uri, rejects)| Some((uri?.to_owned(), rejects.unsigned_abs()))));
    }
    Ok(counts)
}

/// Files whose names say no time belong to every import.
fn within(import: &Import) -> String {
    let bound = |time: Option<Millis>, operator: &str| {
        let time = time.and_then(|time| jiff::Timestamp::from_millisecond(time.0).ok());
        let time = time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        time.map_or_else(String::new, |time| {
            format!(" AND (delivered_at IS NULL OR delivered_at {operator} TIMESTAMP '{time}')")
        })
    };
    bound(import.start_event_time, ">=") + &bound(import.end_event_time, "<=")
}
