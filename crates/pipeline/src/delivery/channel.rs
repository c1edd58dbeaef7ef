//! Reading for a side channel: the events that trails record, batch by batch, from an offset on.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use event::schema::stored::SEQ;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use lake::{Tailed, Tailing, tail};
use trail::delivery::{ChannelState, EVENT_BYTES_MAX, State};
use trail::model::Trail;
use trail::selectors::Target;

use super::course::Shared;
use super::log_files::gather::compile;
use super::report::Delivered;
use super::selection::{Bounds, Selected, select};
use crate::error::{Error, ErrorKind, Result};

/// Batches that one round of a side channel sends at most.
pub(super) const ROUND_BATCHES_MAX: usize = 64;

/// A trail as a side channel sees it.
pub(super) struct Watched {
    pub(super) trail: Trail,
    /// Above which numbers and up to which ones it records.
    stretches: Vec<(i64, Option<i64>)>,
}

impl Watched {
    /// Puts a trail together with what its log files know of its past; `None` while they have not caught up with what its
    /// owner did: then it cannot be said what it records. The trail must have been read before the state.
    pub(super) fn new(trail: Trail, state: Option<&State>) -> Option<Watched> {
        let state = state?;
        if trail.unsettled().is_some() && !(state.is_stretch_of(&trail) && state.until_seq().is_some()) {
            // It was stopped, and where is not said yet.
            return None;
        }
        let logging = &trail.logging;
        let now = (logging.after_seq, logging.until_seq.filter(|_| !logging.is_on));
        let stretches = match state {
            state if state.is_stretch_of(&trail) => {
                let past = state.past.iter().map(|(after, until)| (*after, Some(*until)));
                // One that was deleted without a stop was ended by us.
                past.chain([(now.0, now.1.or_else(|| state.until_seq()))]).collect()
            }
            state if state.trail.created != trail.created => vec![now],
            state => {
                state.until_seq()?;
                state.stretches().into_iter().chain([now]).collect()
            }
        };
        Some(Watched { trail, stretches })
    }

    /// Returns the number up to which it recorded, if it does not record any more.
    pub(super) fn until(&self) -> Option<i64> {
        self.stretches.last().and_then(|(_, until)| *until)
    }
}

/// Reads what is new for a side channel.
pub(super) struct Reading {
    batches: BoxStream<'static, lake::error::Result<Tailed>>,
    targets: Arc<Vec<(Arc<Target>, Bounds)>>,
    horizon: i64,
    is_done: bool,
}

/// Events of a batch, and the number up to which they are all that is wanted.
pub(super) struct Part {
    pub(super) selected: Selected,
    pub(super) last: i64,
}

impl Reading {
    /// Begins behind one number and ends with another; `None` where nothing lies between. The second one was the last
    /// stored before the trails were read: what came later may lie behind a stop that was not seen.
    pub(super) async fn begin(
        shared: &Shared,
        (offset, horizon): (i64, i64),
        watched: &[Watched],
    ) -> Result<Option<Reading>> {
        if horizon <= offset {
            return Ok(None);
        }
        let mut targets = Vec::new();
        for Watched { trail, stretches } in watched {
            let target = Arc::new(compile(trail)?);
            for (after, until) in stretches.iter().filter(|(_, until)| until.is_none_or(|until| until > offset)) {
                let until = Some(until.unwrap_or(horizon).min(horizon));
                targets.push((Arc::clone(&target), Bounds { after: (*after).max(offset), until }));
            }
        }
        let tailing = Tailing { after: offset, ..Tailing::default() };
        let batches = tail(&shared.settings.location, tailing).await.map_err(unread)?;
        Ok(Some(Reading { batches, targets: Arc::new(targets), horizon, is_done: false }))
    }

    /// Returns the next batch's events; `None` once nothing is left.
    pub(super) async fn next(&mut self) -> Result<Option<Part>> {
        if self.is_done {
            return Ok(None);
        }
        let Some((last, batch)) = self.batches.try_next().await.map_err(unread)? else { return Ok(None) };
        self.is_done = last >= self.horizon;
        let targets = Arc::clone(&self.targets);
        let work = move || {
            let targets: Vec<(&Target, Bounds)> = targets.iter().map(|(target, bounds)| (&**target, *bounds)).collect();
            select(&batch, &targets)
        };
        let selected = tokio::task::spawn_blocking(work).await;
        let selected = selected.map_err(|error| Error::ended("a thread that chooses events", Some(error)))??;
        Ok(Some(Part { selected, last: last.min(self.horizon) }))
    }
}

impl Selected {
    /// Returns the record of an event, if it is small enough for a side channel; counts it where it is not.
    pub(super) fn small_record(&self, row: usize, channel: &mut ChannelState, done: &mut Delivered) -> Option<&str> {
        let record = self.records.is_valid(row).then(|| self.records.value(row))?;
        if record.len() > EVENT_BYTES_MAX {
            channel.oversized += 1;
            done.oversized += 1;
            return None;
        }
        Some(record)
    }

    /// Returns the sequence number of an event, as the offset of a payload.
    pub(super) fn offset(&self, row: usize) -> u64 {
        let seqs = self.columns.column_by_name(SEQ).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let seq = seqs.and_then(|seqs| seqs.values().get(row).copied());
        seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or_default()
    }
}

fn unread(error: lake::error::Error) -> Error {
    Error::because(ErrorKind::Lake, "could not read events for a trail", error)
}
