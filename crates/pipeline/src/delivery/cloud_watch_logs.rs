//! The log group of one trail: each record a log event, in the stream of its account.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use event::arn::AccountId;
use jiff::Timestamp;
use lake::{Expect, Kept};
use predicate::Rows;
use sink::{CloudWatchLogsSettings, Payload, Settings, Sink, SystemClock};
use trail::delivery::{ChannelState, State, TRAIL_CLOUD_WATCH_LOGS, TRAIL_DELIVERY, groups, log_stream};
use trail::model::{Millis, TRAIL, Trail};

use super::backoff::Backoff;
use super::channel::{Part, ROUND_BATCHES_MAX, Reading, Watched};
use super::course::Shared;
use super::destinations::{code, failed};
use super::notices::RETRY;
use super::records::{Note, Of, Write, apply, unkept};
use super::report::Delivered;
use super::selection::Selected;
use crate::error::{Error, ErrorKind, Result};

/// Streams that are held open at most; an organisation has one for each account.
const STREAMS_MAX: usize = 1_024;

/// The log group of one trail.
pub(super) struct CloudWatchLogs {
    shared: Arc<Shared>,
    arn: String,
    group_arn: String,
    streams: BTreeMap<AccountId, Sink>,
    retry: Backoff,
    pub(super) done: Delivered,
}

impl CloudWatchLogs {
    pub(super) fn new(shared: Arc<Shared>, arn: &str) -> CloudWatchLogs {
        CloudWatchLogs {
            shared,
            arn: arn.to_owned(),
            group_arn: String::new(),
            streams: BTreeMap::new(),
            retry: Backoff::of(format!("the log group of {arn}")),
            done: Delivered::default(),
        }
    }

    /// Sends what was stored since.
    pub(super) async fn round(&mut self, now: Timestamp) -> Result<()> {
        let attempted = self.attempt(now).await;
        if !matches!(attempted, Ok(false)) {
            self.retry.take(&attempted, now);
        }
        attempted.map(drop)
    }

    /// Sends what was stored since, and says whether it was time to.
    async fn attempt(&mut self, now: Timestamp) -> Result<bool> {
        let horizon = self.shared.last_seq().await?;
        let documents = &self.shared.settings.documents;
        let trail: Option<Kept<Trail>> = documents.read(TRAIL, &self.arn).map_err(unkept)?;
        let state: Option<Kept<State>> = documents.read(TRAIL_DELIVERY, &self.arn).map_err(unkept)?;
        let channel: Option<Kept<ChannelState>> = documents.read(TRAIL_CLOUD_WATCH_LOGS, &self.arn).map_err(unkept)?;
        let (Some(horizon), Some(Kept { value: trail, .. }), Some(channel)) = (horizon, trail, channel) else {
            self.retry.forget();
            return Ok(false);
        };
        let Some(watched) = Watched::new(trail, state.as_ref().map(|kept| &kept.value)) else { return Ok(false) };
        let Some(group) = &watched.trail.cloud_watch_logs else { return Ok(false) };
        if self.group_arn != group.log_group_arn {
            self.group_arn.clone_from(&group.log_group_arn);
            self.streams.clear();
            self.retry.try_at_once();
        }
        if self.retry.is_waiting(now) {
            return Ok(false);
        }
        if let Err(error) = self.send(watched, channel, (horizon, now)).await {
            self.streams.clear();
            let note = self.note(now, Some(code(&error)));
            apply(&self.shared.settings.documents, Vec::new(), Some(note)).await?;
            return Err(error);
        }
        Ok(true)
    }

    async fn send(
        &mut self,
        watched: Watched,
        mut channel: Kept<ChannelState>,
        (horizon, now): (i64, Timestamp),
    ) -> Result<()> {
        let range = (channel.value.offset, horizon);
        let reading = Reading::begin(&self.shared, range, std::slice::from_ref(&watched)).await?;
        let mut batches = 0;
        if let Some(mut reading) = reading {
            while let Some(Part { selected, last }) = reading.next().await? {
                let payloads = self.payloads(&watched.trail, &selected, &mut channel.value)?;
                let note = (!payloads.is_empty()).then(|| self.note(now, None));
                for (account, payloads) in payloads {
                    self.put(&watched.trail, account, &payloads, &mut channel.value).await?;
                }
                self.settle(&mut channel, last, note).await?;
                batches += 1;
                if batches >= ROUND_BATCHES_MAX {
                    self.done.is_behind = true;
                    return Ok(());
                }
            }
        }
        match watched.until() {
            // All that it recorded is sent; its end may have a number that no event has.
            Some(until) if channel.value.offset < until => self.settle(&mut channel, until, None).await,
            _ => Ok(()),
        }
    }

    async fn settle(&mut self, channel: &mut Kept<ChannelState>, offset: i64, note: Option<Note>) -> Result<()> {
        channel.value.offset = channel.value.offset.max(offset);
        let expect = Expect::Revision(channel.revision);
        let write = Write::put(TRAIL_CLOUD_WATCH_LOGS, &self.arn, &channel.value, expect)?;
        channel.revision = apply(&self.shared.settings.documents, vec![write], note).await?;
        Ok(())
    }

    /// Returns the log events of each account: those that are small enough, each one line.
    fn payloads(
        &mut self,
        trail: &Trail,
        selected: &Selected,
        channel: &mut ChannelState,
    ) -> Result<BTreeMap<AccountId, Vec<Payload>>> {
        let rows = Rows::of_stored(&selected.columns, &[])
            .map_err(|error| Error::because(ErrorKind::Event, "could not read events for a log group", error))?;
        let mut payloads: BTreeMap<AccountId, Vec<Payload>> = BTreeMap::new();
        for (group, of_group) in groups(trail, &rows) {
            for row in of_group {
                let Some(record) = selected.small_record(row, channel, &mut self.done) else { continue };
                let offset = selected.offset(row);
                let payload = Payload { id: offset.to_string(), offset, bytes: Bytes::from(one_line(record)) };
                payloads.entry(group.account).or_default().push(payload);
            }
        }
        payloads.values_mut().for_each(|payloads| payloads.sort_by_key(|payload| payload.offset));
        Ok(payloads)
    }

    async fn put(
        &mut self,
        trail: &Trail,
        account: AccountId,
        payloads: &[Payload],
        channel: &mut ChannelState,
    ) -> Result<()> {
        let attempted = "deliver to the log group";
        if self.streams.len() >= STREAMS_MAX && !self.streams.contains_key(&account) {
            self.streams.clear();
        }
        let stream = match self.streams.entry(account) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                let Some(aws) = self.shared.settings.destinations.aws().await else {
                    let message =
                        format!("there is no `{}`: buckets are folders here, and log groups need AWS", self.group_arn);
                    return Err(Error::new(ErrorKind::Delivery, message));
                };
                let settings = CloudWatchLogsSettings {
                    log_group_arn: self.group_arn.clone(),
                    log_stream: log_stream(trail, account),
                    aws: aws.clone(),
                    retry: RETRY,
                };
                let opened =
                    Sink::open(Settings::CloudWatchLogs(Box::new(settings)), None, Arc::new(SystemClock)).await;
                vacant.insert(opened.map_err(|error| failed(attempted, error))?)
            }
        };
        let outcome = stream.send(payloads).await.map_err(|error| failed(attempted, error))?;
        self.done.cloud_watch_logs += outcome.accepted + outcome.already_there;
        if let Some(refusal) = outcome.refused.first() {
            channel.refused += outcome.refused.len() as u64;
            tracing::error!(
                trail = self.arn,
                refused = outcome.refused.len(),
                reason = refusal.reason,
                "a log group refused records"
            );
        }
        Ok(())
    }

    fn note(&self, now: Timestamp, error: Option<String>) -> Note {
        Note { trail_arn: self.arn.clone(), of: Of::CloudWatchLogs, now: Millis(now.as_millisecond()), error }
    }
}

/// Between the tokens of JSON a line feed is white space, and inside of them there is none (RFC 8259, section 2).
fn one_line(record: &str) -> String {
    record.replace(['\n', '\r'], " ")
}
