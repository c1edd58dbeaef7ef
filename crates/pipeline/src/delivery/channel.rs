//! Reading for a side channel: the events that trails record, batch by batch, from an offset on.

use std::sync::Arc;

use futures::TryStreamExt;
use futures::stream::BoxStream;
use lake::{Tailed, Tailing, tail};
use trail::delivery::ChannelState;
use trail::model::Trail;
use trail::selectors::Target;

use super::Shared;
use super::log_files::gather::compile;
use super::selection::{Bounds, Selected, select};
use crate::error::{Error, ErrorKind, Result};

/// Batches that one round of a side channel sends at most.
pub(super) const ROUND_BATCHES_MAX: usize = 64;

/// Reads what is new for a side channel.
pub(super) struct Reading {
    batches: BoxStream<'static, lake::error::Result<Tailed>>,
    targets: Arc<Vec<(Target, Bounds)>>,
    channel: ChannelState,
}

/// Events of a batch, and the number up to which they are all that is wanted.
pub(super) struct Part {
    pub(super) selected: Selected,
    pub(super) last: i64,
}

impl Reading {
    /// Begins behind the channel's offset; `None` where nothing is new.
    pub(super) async fn begin(shared: &Shared, channel: &ChannelState, trails: &[Trail]) -> Result<Option<Reading>> {
        if shared.last_seq().await?.is_none_or(|last| last <= channel.offset) {
            return Ok(None);
        }
        let target = |trail: &Trail| {
            let logging = &trail.logging;
            let until = logging.until_seq.filter(|_| !logging.is_on);
            compile(trail).map(|target| (target, Bounds { after: logging.after_seq, until }))
        };
        let targets = trails.iter().map(target).collect::<Result<Vec<_>>>()?;
        let tailing = Tailing { after: channel.offset, ..Tailing::default() };
        let batches = tail(&shared.settings.location, tailing).await.map_err(unread)?;
        Ok(Some(Reading { batches, targets: Arc::new(targets), channel: channel.clone() }))
    }

    /// Returns the next batch's events; `None` once nothing is left.
    pub(super) async fn next(&mut self) -> Result<Option<Part>> {
        let Some((last, batch)) = self.batches.try_next().await.map_err(unread)? else { return Ok(None) };
        let (targets, channel) = (Arc::clone(&self.targets), self.channel.clone());
        let work = move || {
            let targets: Vec<(&Target, Bounds)> = targets.iter().map(|(target, bounds)| (target, *bounds)).collect();
            select(&batch, &targets, |seq| channel.is_open(seq))
        };
        let selected = tokio::task::spawn_blocking(work).await;
        let selected = selected.map_err(|error| Error::ended("a thread that chooses events", Some(error)))??;
        Ok(Some(Part { selected, last }))
    }
}

fn unread(error: lake::error::Error) -> Error {
    Error::because(ErrorKind::Lake, "could not read events for a trail", error)
}
