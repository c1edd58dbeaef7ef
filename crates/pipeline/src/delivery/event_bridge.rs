//! The webhook: each event that some trail records, once, in the envelope of EventBridge.

use std::sync::Arc;

use arrow::array::Array;
use bytes::Bytes;
use event::schema::column_index;
use event::time::EventTime;
use jiff::Timestamp;
use lake::{Expect, Kept};
use predicate::Rows;
use sink::{Payload, Settings, Sink, SystemClock};
use trail::delivery::{ChannelState, EVENT_BRIDGE, EVENT_BYTES_MAX, EventFields, event_bridge};
use trail::model::{TRAIL, Trail};

use super::backoff::Backoff;
use super::channel::{Part, ROUND_BATCHES_MAX, Reading};
use super::destinations::failed;
use super::notices::RETRY;
use super::records::{Write, apply, unkept};
use super::selection::Selected;
use super::{Delivered, Shared};
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
        EventBridge { shared, sink: None, retry: Backoff::default(), done: Delivered::default() }
    }

    /// Sends what was stored since. The first round begins with what is stored after it.
    pub(super) async fn round(&mut self, now: Timestamp) -> Result<()> {
        if self.retry.is_waiting(now) {
            return Ok(());
        }
        let documents = Arc::clone(&self.shared.settings.documents);
        let kept: Option<Kept<ChannelState>> = documents.read(EVENT_BRIDGE, ID).map_err(unkept)?;
        let Some(channel) = kept else {
            let channel = ChannelState::begin(self.shared.last_seq().await?.unwrap_or(-1));
            let write = Write::put(EVENT_BRIDGE, ID, &channel, Expect::Absent)?;
            return apply(&documents, vec![write], None).await.map(drop);
        };
        let trails: Vec<Kept<Trail>> = documents.read_all(TRAIL).map_err(unkept)?;
        let trails: Vec<Trail> = trails.into_iter().map(|kept| kept.value).filter(has_recorded).collect();
        let sent = self.send(&trails, channel).await;
        match &sent {
            Ok(()) => self.retry.reset(),
            Err(_) => {
                self.sink = None;
                self.retry.fail(now);
            }
        }
        sent
    }

    async fn send(&mut self, trails: &[Trail], mut channel: Kept<ChannelState>) -> Result<()> {
        let Some(mut reading) = Reading::begin(&self.shared, &channel.value, trails).await? else { return Ok(()) };
        for nth in 1.. {
            let Some(Part { selected, last }) = reading.next().await? else { return Ok(()) };
            let payloads = self.payloads(&selected, &mut channel.value)?;
            self.post(&payloads, &mut channel.value).await?;
            channel.value.settle(last);
            let write = Write::put(EVENT_BRIDGE, ID, &channel.value, Expect::Revision(channel.revision))?;
            channel.revision = apply(&self.shared.settings.documents, vec![write], None).await?;
            if nth >= ROUND_BATCHES_MAX {
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
            if selected.records.is_null(row) {
                continue;
            }
            let record = selected.records.value(row);
            if record.len() > EVENT_BYTES_MAX {
                channel.oversized += 1;
                self.done.oversized += 1;
                continue;
            }
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
    trail.logging.is_on || trail.logging.until_seq.is_some()
}
