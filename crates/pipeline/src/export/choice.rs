//! Which events are exported, read in the order of their numbers: all of them, or those that a query names.
//!
//! A query is asked window by window: a window is a range of numbers, and the more events of one are chosen, the smaller
//! is the next. So a query that chooses nearly all of a large lake never has to sort more than it can hold, and one
//! that chooses nearly none is soon through.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use event::schema::stored::SEQ;
use futures::TryStreamExt;
use lake::location::Location;
use lake::sql::SessionOptions;
use lake::{Lake, Tailing, tail};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind, Result};

/// Batches read ahead.
const BATCHES_AHEAD: usize = 1;

/// Numbers in the first window: those of one batch of the lake.
const WINDOW_FIRST: i64 = 1 << 20;

/// How many chosen events a window should hold, about.
const WINDOW_EVENTS: usize = 16_384;

/// Which events.
#[derive(Debug, Clone)]
pub enum Choice {
    /// All.
    All,
    /// Those that a query names.
    Query {
        /// A query whose answer has the column `seq`.
        sql: String,
        /// What it may use.
        session: SessionOptions,
    },
}

/// Checks that a query names events, so that what is wrong with it is said in terms of its own text.
pub(super) async fn check(location: &Location, choice: &Choice) -> Result<()> {
    let Choice::Query { sql, session } = choice else { return Ok(()) };
    let ctx = opened(location).await?.session(session)?;
    let (schema, _) = lake::sql::query(&ctx, sql).await?;
    if schema.column_with_name(SEQ).is_some_and(|(_, field)| *field.data_type() == DataType::Int64) {
        return Ok(());
    }
    let message = format!(
        "the answer to the query has no column `{SEQ}`, by which it would name events: write `SELECT * FROM events ...` \
         or `SELECT {SEQ} FROM events ...`; an answer with columns of its own is written by `trailkeep query --to FILE`"
    );
    Err(Error::new(ErrorKind::Query, message))
}

/// What was read.
pub(super) enum Part {
    /// Chosen events, with the columns of the table.
    Events(RecordBatch),
    /// Whatever is chosen up to this number was given.
    Until(i64),
}

/// Events that are being read, ahead of whoever takes them.
pub(super) struct Reading {
    parts: mpsc::Receiver<Result<Part>>,
    work: JoinSet<()>,
}

impl Reading {
    /// Begins to read what is chosen above a number, up to what is stored when it gets there.
    pub(super) fn begin(location: Location, choice: Choice, after: i64) -> Reading {
        let (sender, parts) = mpsc::channel(BATCHES_AHEAD);
        let mut work = JoinSet::new();
        work.spawn(async move {
            let read = match &choice {
                Choice::All => read_all(&location, after, &sender).await,
                Choice::Query { sql, session } => {
                    Windows { location: &location, sql, session }.read(after, &sender).await
                }
            };
            if let Err(error) = read {
                // If nobody takes it any more, nobody wants to know.
                sender.send(Err(error)).await.ok();
            }
        });
        Reading { parts, work }
    }

    /// Returns the next part, or nothing once all is read.
    pub(super) async fn next(&mut self) -> Result<Option<Part>> {
        if let Some(part) = self.parts.recv().await {
            return part.map(Some);
        }
        match self.work.join_next().await {
            Some(Err(ended)) => Err(Error::ended("the reading of the lake", Some(ended))),
            _ => Ok(None),
        }
    }
}

/// Whoever takes the parts may stop at any time, and that ends the reading without an error.
type Sender = mpsc::Sender<Result<Part>>;

async fn read_all(location: &Location, after: i64, sender: &Sender) -> Result<()> {
    let tailing = Tailing { after, ..Tailing::default() };
    let mut events = tail(location, tailing).await.map_err(unread)?;
    while let Some((until, batch)) = events.try_next().await.map_err(unread)? {
        if sender.send(Ok(Part::Events(batch))).await.is_err() || sender.send(Ok(Part::Until(until))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// A query that is asked window by window.
struct Windows<'a> {
    location: &'a Location,
    sql: &'a str,
    session: &'a SessionOptions,
}

impl Windows<'_> {
    async fn read(&self, mut after: i64, sender: &Sender) -> Result<()> {
        let lake = opened(self.location).await?;
        let Some(last) = self.last(&lake, after).await? else { return Ok(()) };
        let mut window = WINDOW_FIRST;
        while after < last {
            let until = after.saturating_add(window).min(last);
            lake.refresh().await.map_err(unread)?;
            let Some(events) = self.pass_on(&lake, (after, until), sender).await? else { return Ok(()) };
            if sender.send(Ok(Part::Until(until))).await.is_err() {
                return Ok(());
            }
            window = next_window(window, events);
            after = until;
        }
        Ok(())
    }

    /// Returns the greatest number above `after`.
    async fn last(&self, lake: &Lake, after: i64) -> Result<Option<i64>> {
        let ctx = lake.session(self.session)?;
        let sql = format!("SELECT max({SEQ}) AS {SEQ} FROM events_flat WHERE {SEQ} > {after}");
        let (_, stream) = lake::sql::query(&ctx, &sql).await?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(lake::sql::Error::from)?;
        let column = batches.first().and_then(|batch| batch.column_by_name(SEQ)?.as_primitive_opt::<Int64Type>());
        Ok(column.and_then(|numbers| numbers.iter().next().flatten()))
    }

    /// Gives the chosen events of a window, and returns how many they are, or nothing where nobody takes them any more.
    async fn pass_on(&self, lake: &Lake, (after, until): (i64, i64), sender: &Sender) -> Result<Option<usize>> {
        let ctx = lake.session(self.session)?;
        let within = format!("{SEQ} > {after} AND {SEQ} <= {until}");
        // A line of its own: the query may end in a comment.
        let sql = format!(
            "SELECT * FROM events_flat WHERE {within} AND {SEQ} IN (SELECT {SEQ} FROM (\n{}\n) AS chosen WHERE {within}) \
             ORDER BY {SEQ}",
            self.sql
        );
        let (_, mut stream): (SchemaRef, _) = lake::sql::query(&ctx, &sql).await?;
        let mut events = 0;
        while let Some(batch) = stream.try_next().await.map_err(lake::sql::Error::from)? {
            events += batch.num_rows();
            if batch.num_rows() > 0 && sender.send(Ok(Part::Events(batch))).await.is_err() {
                return Ok(None);
            }
        }
        Ok(Some(events))
    }
}

/// Returns how many numbers the next window has, after one of which so many events were chosen.
fn next_window(window: i64, events: usize) -> i64 {
    match events {
        events if events > WINDOW_EVENTS * 2 => (window / 2).max(1),
        events if events < WINDOW_EVENTS / 4 => window.saturating_mul(4),
        _ => window,
    }
}

async fn opened(location: &Location) -> Result<Lake> {
    Lake::open(location).await.map_err(unread)
}

fn unread(error: lake::error::Error) -> Error {
    Error::because(ErrorKind::Lake, "the export stopped: the lake could not be read", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_what_is_chosen() {
        let cases = [
            (1_000, WINDOW_EVENTS, 1_000),
            (1_000, 0, 4_000),
            (1_000, WINDOW_EVENTS * 3, 500),
            (1, usize::MAX, 1),
            (i64::MAX, 0, i64::MAX),
        ];
        for (window, events, expect) in cases {
            assert_eq!(next_window(window, events), expect, "{window} {events}");
        }
    }
}
