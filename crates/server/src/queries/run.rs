//! A query that runs: its rows go to disk as they come, until it ends, is cancelled, or its time is up.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use lake::sql::{self, Planned, Reading};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use trail::model::Millis;

use super::engine::{Running, Step};
use super::rows::{Rows, TooMany};
use super::{Queries, Status, delivery, text};

/// A length of time that no query runs.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 30);
/// Rows that are written as text at a time.
const ROWS_AT_ONCE: usize = 64;
/// Most letters of a message that is kept. Source: the API's model, `ErrorMessage`.
const MESSAGE_MAX: usize = 1_000;

/// What to do about a query that needs more memory than it may use.
pub(super) const WHEN_OUT_OF_MEMORY: &str = "Ask for a shorter time, fewer columns or fewer groups, or raise the limit by \
                                             `trailkeep serve --memory-bytes-max`.";

/// How a query ended.
enum End {
    Finished,
    /// With the length of time that was up, as people read it.
    TimedOut(String),
    Cancelled,
    Failed(String),
}

/// Runs a query, and delivers its rows where that was asked for. Whatever happens is told in its document.
pub(super) async fn run(
    queries: Arc<Queries>,
    id: String,
    planned: Planned,
    (cancelled, place): (watch::Receiver<bool>, OwnedSemaphorePermit),
) {
    let told = carry_out(&queries, &id, (planned, place), cancelled.clone()).await;
    let delivered = match told {
        Ok(Some(query)) if query.is_delivering() => delivery::deliver(&queries, query, cancelled).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = delivered {
        tracing::error!(query = id, %error, "the state of a query could not be written");
    }
    queries.running().remove(&id);
}

async fn carry_out(
    queries: &Queries,
    id: &str,
    (planned, place): (Planned, OwnedSemaphorePermit),
    cancelled: watch::Receiver<bool>,
) -> lake::error::Result<Option<super::Query>> {
    let started = Millis::from(queries.clock.now());
    queries.change(id, |query| {
        if !query.status.is_final() {
            (query.status, query.started) = (Status::Running, Some(started));
        }
    })?;
    let reading = planned.reading();
    let (end, rows) = match queries.engine.run(planned, place) {
        Some(running) => drain(queries, id, running, cancelled).await,
        None => (End::Cancelled, 0),
    };
    queries.change(id, |query| tell(query, &end, rows, (&reading, Millis::from(queries.clock.now()))))
}

/// Writes down how a query ended, unless it was cancelled before.
fn tell(query: &mut super::Query, end: &End, rows: u64, (reading, now): (&Reading, Millis)) {
    let read = reading.now();
    query.events_scanned = read.events;
    query.events_matched = read.events_matched;
    query.bytes_scanned = read.bytes;
    if query.status.is_final() {
        return;
    }
    query.ended = Some(now);
    query.rows = rows;
    query.status = match end {
        End::Finished => Status::Finished,
        End::TimedOut(_) => Status::TimedOut,
        End::Cancelled => Status::Cancelled,
        End::Failed(_) => Status::Failed,
    };
    match end {
        End::Finished => {}
        End::TimedOut(limit) => {
            query.error = Some(format!(
                "The query ran for {limit}, which is the longest that a query may. The rows that were found by then are there. \
                 Ask for a shorter time or for less, or let queries run longer by `trailkeep serve --query-timeout`."
            ));
        }
        End::Cancelled => query.cancel_delivery(),
        End::Failed(message) => query.error = Some(message.chars().take(MESSAGE_MAX).collect()),
    }
    if query.status != Status::Finished {
        query.fail_delivery();
    }
}

/// Writes rows to disk as they come, and returns how many there are.
async fn drain(queries: &Queries, id: &str, mut running: Running, mut cancelled: watch::Receiver<bool>) -> (End, u64) {
    let mut rows = match Rows::create(&queries.folder, id, queries.limits.query_result_bytes_max) {
        Ok(rows) => rows,
        Err(error) => return (unwritten(&error), 0),
    };
    let mut count = 0;
    let limit = Duration::from_secs(queries.limits.query_seconds_max);
    // A limit beyond all time is none.
    let until = Instant::now().checked_add(limit).unwrap_or_else(|| Instant::now() + FOREVER);
    let end = loop {
        let batch = tokio::select! {
            biased;
            // An error says that nobody can cancel any more: the service is gone.
            _ = cancelled.wait_for(|cancelled| *cancelled) => break End::Cancelled,
            batch = tokio::time::timeout_at(until, running.next()) => batch,
        };
        let batch = match batch {
            // Where batches come without a pause, nobody else looks at the clock.
            _ if Instant::now() >= until => break timed_out(limit),
            Err(_) => break timed_out(limit),
            Ok(Step::Rows(batch)) => batch,
            Ok(Step::End) => break End::Finished,
            Ok(Step::Failed(error)) => break End::Failed(told(&error)),
            Ok(Step::Gone) => break unwritten(&std::io::Error::other("the query ended before its time")),
        };
        let written = tokio::task::spawn_blocking(move || {
            let written = write(&batch, &mut rows);
            (written, rows, batch.num_rows() as u64)
        });
        let written = match written.await {
            Ok(written) => written,
            Err(error) => return (unwritten(&error), count),
        };
        rows = written.1;
        match written.0 {
            Ok(()) => count += written.2,
            Err(error) => break unwritten(&error),
        }
    };
    drop(running);
    match rows.finish() {
        Ok(()) => (end, count),
        Err(error) => (unwritten(&error), 0),
    }
}

/// Writes the rows of a batch, some at a time: as text they can be many times as large.
fn write(batch: &RecordBatch, rows: &mut Rows) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for from in (0..batch.num_rows()).step_by(ROWS_AT_ONCE) {
        lines.clear();
        let some = batch.slice(from, ROWS_AT_ONCE.min(batch.num_rows() - from));
        text::lines(&some, &mut lines).map_err(std::io::Error::other)?;
        rows.add(&lines)?;
    }
    Ok(())
}

fn timed_out(limit: Duration) -> End {
    let limit =
        jiff::SignedDuration::try_from(limit).map_or_else(|_| "all that time".to_owned(), |limit| format!("{limit:#}"));
    End::TimedOut(limit)
}

/// What its owner is told of a query that failed while it ran.
fn told(error: &sql::Error) -> String {
    match error.kind() {
        sql::Kind::Resources => {
            format!("The query could not be computed: {error}. {WHEN_OUT_OF_MEMORY}")
        }
        sql::Kind::Execution => {
            tracing::error!(%error, "a query failed");
            "The query could not be run to its end. The log of the service says why.".to_owned()
        }
        _ => format!("The query could not be computed: {error}."),
    }
}

fn unwritten(error: &(dyn std::error::Error + 'static)) -> End {
    let limit = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    if let Some(limit) = limit.and_then(|inner| inner.downcast_ref::<TooMany>()) {
        return End::Failed(format!("The query has too many results: {limit}."));
    }
    tracing::error!(%error, "the results of a query could not be written");
    End::Failed("The results of the query could not be written. The log of the service says why.".to_owned())
}
