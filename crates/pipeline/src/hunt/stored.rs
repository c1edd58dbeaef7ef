//! Hunting through what is stored, stretch by stretch: the files of some dates are read as they lie, and their windows are
//! asked at the end, so that nothing need be sorted. Findings that replace each other within a stretch go out as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use detect::detector::Events;
use event::schema::{self, added, stored};
use event::time::{EventTime, SECOND};
use futures::TryStreamExt;
use lake::Lake;
use lake::sql::SessionOptions;
use lineage::credential::IDENTITY;
use lineage::sessions::Sessions;
use predicate::Needs;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::hunt::hunter::Hunter;
use crate::hunt::{Found, Hunt, Tally, sight};

/// How far before the time that is asked for events are looked at, so that windows are full and what was seen before is
/// known: 90 days. Nothing of it is given out.
pub const LEAD_DAYS: i32 = 90;
/// Events of a stretch, about: one date at least, and more dates where they are short.
const STRETCH_EVENTS: u64 = 1 << 20;
/// Findings held to the end of their stretch, at most. Beyond, they go out as they are, and replace each other later.
const HELD_MAX: usize = 1 << 16;
/// Events that a finding of several matches lists, the latest.
const LISTED_MAX: usize = 100;
/// Batches read ahead of the look at them.
const BATCHES_AHEAD: usize = 4;

/// What is to be done, on the thread that looks.
enum Next {
    Look(RecordBatch),
    /// A stretch is at its end.
    End,
}

/// Looks at stored events, and gives out what is found, in the order of the events' dates. Suppressions are heeded.
/// Nobody taking the findings any more ends it.
///
/// # Errors
/// If the lake cannot be read.
pub async fn in_lake(
    hunt: Hunt,
    (lake, options): (&Lake, &SessionOptions),
    sessions: Arc<Sessions>,
    found: mpsc::Sender<Vec<Found>>,
) -> Result<Tally> {
    let (edges, refused) = (sessions.len() as u64, sessions.refused());
    let hunter = Hunter::new(hunt.clone(), sessions, true);
    let columns = columns(hunter.needs()).join(", ");
    // Files are read in one order, so that a hunt finds the same again.
    let ctx = lake.session(&SessionOptions { target_partitions: 1, ..options.clone() })?;
    let (batches, to_look) = mpsc::channel(BATCHES_AHEAD);
    let look = tokio::task::spawn_blocking(move || look(hunter, to_look, &found));
    let mut failed = None;
    'stretches: for stretch in stretches(lake, &hunt) {
        let sql = format!("SELECT {columns} FROM events_flat WHERE {}", stretch.condition(hunt.scope.until));
        let (_, mut rows) = lake::sql::query(&ctx, &sql).await?;
        loop {
            let next = match rows.try_next().await {
                Ok(Some(batch)) => Next::Look(batch),
                Ok(None) => Next::End,
                Err(error) => {
                    failed = Some(lake::sql::Error::from(error));
                    break 'stretches;
                }
            };
            let is_end = matches!(next, Next::End);
            if batches.send(next).await.is_err() {
                // The one who looks has ended, and says why.
                break 'stretches;
            }
            if is_end {
                break;
            }
        }
    }
    drop(batches);
    let mut tally = look.await.map_err(|error| Error::ended("the look at events", Some(error)))??;
    if let Some(error) = failed {
        return Err(error.into());
    }
    tally.edges = edges;
    tally.bounded.edges = refused;
    Ok(tally)
}

/// Looks at batches until none come.
fn look(mut hunter: Hunter, mut batches: mpsc::Receiver<Next>, found: &mpsc::Sender<Vec<Found>>) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut held = Held::default();
    while let Some(next) = batches.blocking_recv() {
        let part = match next {
            Next::Look(batch) => {
                tally.events += batch.num_rows() as u64;
                held.take(hunter.look(Events::Stored(&batch), None)?);
                if held.found.len() > HELD_MAX { held.give() } else { Vec::new() }
            }
            Next::End => {
                held.take(hunter.end_stretch());
                held.give()
            }
        };
        if !part.is_empty() && found.blocking_send(part).is_err() {
            break;
        }
    }
    tally.bounded = hunter.bounded();
    Ok(tally)
}

/// Findings of a stretch, by their keys.
#[derive(Default)]
struct Held {
    found: Vec<Found>,
    places: HashMap<u128, usize>,
}

impl Held {
    fn take(&mut self, part: Vec<Found>) {
        for found in part {
            let key = found.finding.key();
            match self.places.get(&key).and_then(|at| self.found.get_mut(*at)) {
                Some(before) => replace(before, found),
                None => {
                    self.places.insert(key, self.found.len());
                    self.found.push(found);
                }
            }
        }
    }

    /// Gives all out, in the order of their time.
    fn give(&mut self) -> Vec<Found> {
        self.places.clear();
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|found| found.finding.window.end);
        found
    }
}

/// Puts a finding in the place of an earlier one. Where each is about one match they are counted together; a window counts
/// what it holds itself.
fn replace(before: &mut Found, mut found: Found) {
    let is_later = found.finding.window.end >= before.finding.window.end;
    if !found.finding.rule.is_stateful() {
        let (old, new) = (&mut before.finding, &mut found.finding);
        let total = old.events_total + new.events_total;
        let mut events = std::mem::take(&mut old.events);
        events.append(&mut new.events);
        events.sort_by_key(|event| event.time);
        events.drain(..events.len().saturating_sub(LISTED_MAX));
        (old.events, old.events_total) = (events.clone(), total);
        (new.events, new.events_total) = (events, total);
    }
    if is_later {
        *before = found;
    }
}

/// Dates that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stretch {
    /// From one to another, both included.
    Dates(String, String),
    /// Times out of range, which have no date.
    NoDate,
}

impl Stretch {
    fn condition(&self, until: Option<EventTime>) -> String {
        let mut condition = match self {
            Stretch::Dates(first, last) => format!("eventdate >= DATE '{first}' AND eventdate <= DATE '{last}'"),
            Stretch::NoDate => "eventdate IS NULL".to_owned(),
        };
        if let Some(until) = until {
            condition.push_str(&format!(" AND eventtime < TIMESTAMP '{until}'"));
        }
        condition
    }
}

/// Returns what is to be looked at, the earliest first.
fn stretches(lake: &Lake, hunt: &Hunt) -> Vec<Stretch> {
    let since = hunt.scope.since.map(|since| {
        let lead = if hunt.rules.rules().any(|rule| rule.is_stateful()) { LEAD_DAYS } else { 0 };
        date_text(EventTime::from_micros(since.as_micros() - i64::from(lead) * 24 * 3600 * SECOND))
    });
    let until = hunt.scope.until.map(date_text);
    let mut events: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for file in lake.live_files() {
        *events.entry(file.date).or_default() += file.rows;
    }
    // What has no date in range may have any time.
    events.retain(|date, _| {
        let Some(date) = date else { return true };
        since.as_ref().is_none_or(|since| date >= since) && until.as_ref().is_none_or(|until| date <= until)
    });
    together(events)
}

/// Puts short dates together.
fn together(events: BTreeMap<Option<String>, u64>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut open: Option<(String, String, u64)> = None;
    for (date, events) in events {
        let Some(date) = date else {
            stretches.push(Stretch::NoDate);
            continue;
        };
        open = Some(match open.take() {
            Some((first, _, before)) if before + events <= STRETCH_EVENTS => (first, date, before + events),
            full => {
                stretches.extend(full.map(|(first, last, _)| Stretch::Dates(first, last)));
                (date.clone(), date, events)
            }
        });
    }
    stretches.extend(open.map(|(first, last, _)| Stretch::Dates(first, last)));
    stretches
}

fn date_text(time: EventTime) -> String {
    time.to_string().get(..10).unwrap_or_default().to_owned()
}

/// Returns the columns that are read: what rules ask for, what origins rest on, and what is shown.
fn columns(needs: Needs) -> Vec<&'static str> {
    let mut names: BTreeSet<&'static str> = IDENTITY.iter().map(|member| member.column()).collect();
    names.extend(sight::COLUMNS);
    names.extend([added::LOG_NUMBER, stored::SEQ, stored::LOG_FILE]);
    for (at, column) in schema::COLUMNS.iter().enumerate() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_dates_are_looked_at_together() {
        let half = STRETCH_EVENTS / 2;
        let dates = |first: &str, last: &str| Stretch::Dates(first.to_owned(), last.to_owned());
        type Case<'a> = (&'a [(Option<&'a str>, u64)], Vec<Stretch>);
        let cases: [Case<'_>; 4] = [
            (&[], vec![]),
            (&[(None, 5)], vec![Stretch::NoDate]),
            (
                &[(None, 5), (Some("2026-01-01"), half), (Some("2026-01-03"), half), (Some("2026-01-04"), 1)],
                vec![Stretch::NoDate, dates("2026-01-01", "2026-01-03"), dates("2026-01-04", "2026-01-04")],
            ),
            (
                &[(Some("2026-01-01"), 1), (Some("2026-01-02"), 9 * half), (Some("2026-01-03"), 1)],
                vec![
                    dates("2026-01-01", "2026-01-01"),
                    dates("2026-01-02", "2026-01-02"),
                    dates("2026-01-03", "2026-01-03"),
                ],
            ),
        ];
        for (events, expect) in cases {
            let events = events.iter().map(|(date, events)| (date.map(str::to_owned), *events)).collect();
            assert_eq!(together(events), expect);
        }
    }
}
