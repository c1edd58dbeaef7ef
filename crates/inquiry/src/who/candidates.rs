//! What a bare word may mean: each kind of thing of that name that the lake has met.

use datafusion::execution::context::SessionContext;
use serde::Serialize;

use super::{Thing, ask, number_at};
use crate::error::Result;
use crate::lookup::sql::text;

/// Something of the name that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The thing, as it can be asked about.
    pub thing: String,
    /// Events that name it.
    pub events: u64,
}

/// Returns the things that a word may mean, those with most events first.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
pub async fn candidates(ctx: &SessionContext, word: &str) -> Result<Vec<(Thing, Candidate)>> {
    let word = word.trim();
    let things = [Thing::User(word.to_owned()), Thing::Role(word.to_owned()), Thing::Session(word.to_owned())];
    let mut sql: Vec<String> =
        things.iter().map(|thing| format!("count(CASE WHEN {} THEN 1 END)", thing.condition())).collect();
    let event = format!("count(CASE WHEN eventID = {} THEN 1 END)", text(word));
    sql.push(event);
    let resource = Thing::Resource(word.to_owned());
    sql.push(format!("count(CASE WHEN {} THEN 1 END)", resource.condition()));
    let columns: Vec<String> = sql.iter().enumerate().map(|(nth, count)| format!("{count} AS n{nth}")).collect();
    let sql = format!("SELECT {} FROM events", columns.join(", "));
    let mut found = Vec::new();
    let batches = ask(ctx, "look up what the word may mean", &sql).await?;
    let things = things.into_iter().chain([Thing::Event(word.to_owned()), resource]);
    for (nth, thing) in things.enumerate() {
        let events: i64 = batches
            .iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| number_at(batch, &format!("n{nth}"), 0))
            .sum();
        if events > 0 {
            let written = format!("{}:{}", thing.kind(), thing.value());
            found.push((thing, Candidate { thing: written, events: events.unsigned_abs() }));
        }
    }
    found.sort_by_key(|(_, candidate)| std::cmp::Reverse(candidate.events));
    Ok(found)
}
