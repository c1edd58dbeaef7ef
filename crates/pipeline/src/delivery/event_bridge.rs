//! The webhook: each event that some trail records, once, in the envelope of EventBridge.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use event::schema::column_index;
use event::time::EventTime;
use jiff::Timestamp;
use lake::{Expect, Kept};
use predicate::Rows;
use sink::{Payload, Settings, Sink, SystemClock};
use trail::delivery::{ChannelState, EVENT_BRIDGE, EventFields, State, TRAIL_DELIVERY, event_bridge};
use trail::model::{TRAIL, Trail};

use super::backoff::Backoff;
use super::channel::{Part, ROUND_BATCHES_MAX, Reading, Watched};
use super::course::Shared;
use super::destinations::failed;
use super::notices::RETRY;
use super::records::{Write, apply, unkept};
use super::report::Delivered;
use super::selection::Selected;
use crate::error::{Error, ErrorKind, Result};

/// There is one webhook.
const ID: &str = "webhook";

/// The webhook.
pub(super) struct EventBridge {
    shared: Arc<Shared>,
    sink: Option<Sink>,
    retry: Backoff,
    pub(super) done: Delivered,
}

impl EventBridge {
    pub(super) fn new(shared: Arc<Shared>) -> EventBridge {
        EventBridge { shared, sink: None, retry: Backoff::of("the webhook"), done: Delivered::default() }
    }

    /// Sends what was stored since. The first round begins with what is stored after it.
    pub(super) async fn round(&mut self, now: Timestamp) -> Result<()> {
        if self.retry.is_waiting(now) {
            return Ok(());
        }
        let attempted = self.attempt().await;
        if !matches!(attempted, Ok(false)) {
            self.retry.take(&attempted, now);
        }
        if attempted.is_err() {
            self.sink = None;
        }
        attempted.map(drop)
    }

    /// Sends what was stored since, and says whether it can be said what that is.
    async fn attempt(&mut self) -> Result<bool> {
        let documents = Arc::clone(&self.shared.settings.documents);
        let horizon = self.shared.last_seq().await?;
        let kept: Option<Kept<ChannelState>> = documents.read(EVENT_BRIDGE, ID).map_err(unkept)?;
        let Some(channel) = kept else {
            let channel = ChannelState::begin(horizon.unwrap_or(-1));
            let write = Write::put(EVENT_BRIDGE, ID, &channel, Expect::Absent)?;
            return apply(&documents, vec![write], None).await.map(|_| false);
        };
        let (Some(horizon), Some(watched)) = (horizon, self.watched()?) else { return Ok(false) };
        self.send(&watched, channel, horizon).await.map(|()| true)
    }

    /// Returns the trails that have recorded; `None` while it cannot be said of all of them what.
    fn watched(&self) -> Result<Option<Vec<Watched>>> {
        let documents = &self.shared.settings.documents;
        let trails: Vec<Kept<Trail>> = documents.read_all(TRAIL).map_err(unkept)?;
        let states: Vec<Kept<State>> = documents.read_all(TRAIL_DELIVERY).map_err(unkept)?;
        let states: HashMap<&str, &State> =
            states.iter().map(|kept| (kept.value.trail.arn.as_str(), &kept.value)).collect();
        let trails = trails.into_iter().map(|kept| kept.value).filter(has_recorded);
        Ok(trails
            .map(|trail| {
                let state = states.get(trail.arn.as_str()).copied();
                Watched::new(trail, state)
            })
            .collect())
    }

    async fn send(&mut self, watched: &[Watched], mut channel: Kept<ChannelState>, horizon: i64) -> Result<()> {
        let reading = Reading::begin(&self.shared, (channel.value.offset, horizon), watched).await?;
        let Some(mut reading) = reading else { return Ok(()) };
        let mut batches = 0;
        while let Some(Part { selected, last }) = reading.next().await? {
            let payloads = self.payloads(&selected, &mut channel.value)?;
            self.post(&payloads, &mut channel.value).await?;
            channel.value.offset = last;
            let write = Write::put(EVENT_BRIDGE, ID, &channel.value, Expect::Revision(channel.revision))?;
            channel.revision = apply(&self.shared.settings.documents, vec![write], None).await?;
            batches += 1;
            if batches >= ROUND_BATCHES_MAX {
                self.done.is_behind = true;
                return Ok(());
            }
        }
        Ok(())
    }

    fn payloads(&mut self, selected: &Selected, channel: &mut ChannelState) -> Result<Vec<Payload>> {
        let rows = Rows::of_stored(&selected.columns, &[])
            .map_err(|error| Error::because(ErrorKind::Event, "could not read events for the webhook", error))?;
        let column = |name: &str| column_index(name).unwrap_or(usize::MAX);
        let [event_id, event_type, source, region] = ["eventid", "eventtype", "eventsource", "awsregion"].map(column);
        let [recipient, caller] = ["recipientaccountid", "useridentity_accountid"].map(column);
        let mut payloads = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let Some(record) = selected.small_record(row, channel, &mut self.done) else { continue };
            let fields = EventFields {
                event_id: rows.text(event_id, row),
                event_type: rows.text(event_type, row),
                event_source: rows.text(source, row),
                region: rows.text(region, row),
                account: rows.text(recipient, row).or_else(|| rows.text(caller, row)),
                time: rows.time(row).unwrap_or(EventTime::from_micros(0)),
            };
            let offset = selected.offset(row);
            let bytes = Bytes::from(event_bridge(record, fields));
            payloads.push(Payload { id: offset.to_string(), offset, bytes });
        }
        Ok(payloads)
    }

    async fn post(&mut self, payloads: &[Payload], channel: &mut ChannelState) -> Result<()> {
        let Some(settings) = self.shared.settings.event_bridge.clone().filter(|_| !payloads.is_empty()) else {
            return Ok(());
        };
        let attempted = "send events to the webhook";
        let sink = match &mut self.sink {
            Some(sink) => sink,
            none => {
                let settings = sink::WebhookSettings { retry: RETRY, ..settings };
                let opened = Sink::open(Settings::Webhook(settings), None, Arc::new(SystemClock)).await;
                none.insert(opened.map_err(|error| failed(attempted, error))?)
            }
        };
        let outcome = sink.send(payloads).await.map_err(|error| failed(attempted, error))?;
        self.done.event_bridge += outcome.accepted + outcome.already_there;
        if let Some(refusal) = outcome.refused.first() {
            channel.refused += outcome.refused.len() as u64;
            tracing::error!(refused = outcome.refused.len(), reason = refusal.reason, "the webhook refused events");
        }
        Ok(())
    }
}

fn has_recorded(trail: &Trail) -> bool {
    trail.logging.stretch > 0
}
