//! How often a call was made, in time: what Insights look at.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::common::DataFusionError;
use datafusion::execution::context::SessionContext;
use event::schema::timestamp;
use event::time::EventTime;

use super::{Category, Scope, read, sql};
use crate::error::{Error, Result};
use crate::lookup::sql::text;

/// Which calls are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Management calls that may change something.
    Writes,
    /// Data calls.
    DataCalls,
    /// Management calls that ended in an error of this code.
    Errors(String),
    /// Data calls that ended in an error of this code.
    DataErrors(String),
}

/// A question for how often a call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Whose calls.
    pub scope: Scope,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// Which of the calls.
    pub counted: Counted,
    /// The earliest time, inclusive.
    pub from: EventTime,
    /// The latest time, exclusive.
    pub until: EventTime,
    /// Seconds that are counted together; each such period begins at a multiple of them since 1970.
    pub period_seconds: u32,
}

/// Counts calls, period by period, the oldest first. Periods without a call are left out.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
pub async fn rate(ctx: &SessionContext, rate: &Rate) -> Result<Vec<(EventTime, i64)>> {
    let sql = select(rate);
    let failed = |error| Error::query("count calls", sql.clone(), DataFusionError::from(error).into());
    let mut counts = Vec::new();
    for batch in read::batches(ctx, &sql).await? {
        let [periods, calls] = batch.columns() else { continue };
        let periods = cast(periods, &timestamp()).map_err(failed)?;
        let calls = cast(calls, &DataType::Int64).map_err(failed)?;
        let (periods, calls) = (periods.as_primitive::<TimestampMicrosecondType>(), calls.as_primitive::<Int64Type>());
        let times = periods.values().iter().map(|micros| EventTime::from_micros(*micros));
        counts.extend(times.zip(calls.values().iter().copied()));
    }
    Ok(counts)
}

fn select(rate: &Rate) -> String {
    let (category, more) = match &rate.counted {
        Counted::Writes => (sql::category(&Category::Management), "coalesce(readonly, FALSE) = FALSE".to_owned()),
        Counted::DataCalls => (sql::DATA, "TRUE".to_owned()),
        Counted::Errors(code) => (sql::category(&Category::Management), format!("errorcode = {}", text(code))),
        Counted::DataErrors(code) => (sql::DATA, format!("errorcode = {}", text(code))),
    };
    let mut all = vec![
        format!("eventtime >= {}", sql::time(rate.from)),
        format!("eventtime < {}", sql::time(rate.until)),
        format!("eventsource = {}", text(&rate.event_source)),
        format!("eventname = {}", text(&rate.event_name)),
        category.to_owned(),
        more,
    ];
    all.extend(sql::scope(&rate.scope));
    let conditions = all.join(" AND ");
    format!(
        "SELECT date_bin(INTERVAL '{}' SECOND, eventtime) AS period, count(*) AS calls FROM events_flat \
         WHERE {conditions} GROUP BY 1 ORDER BY 1",
        rate.period_seconds
    )
}
