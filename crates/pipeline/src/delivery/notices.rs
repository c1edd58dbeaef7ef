//! Topics are told of log files: one message each, after the file is put.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use jiff::Timestamp;
use lake::{Expect, Kept};
use sink::{Payload, RetryLimits, Settings, Sink, SnsSettings, SystemClock};
use trail::delivery::{Notice, TRAIL_NOTICE, message};
use trail::model::Millis;

use super::backoff::Backoff;
use super::course::Shared;
use super::destinations::{code, failed};
use super::records::{Note, Of, Write, apply, unkept};
use super::report::Delivered;
use crate::error::{Error, ErrorKind, Result, chain};

/// Notices that wait at most, each of one plan; of a topic that is gone for longer the oldest are given up.
const NOTICES_MAX: usize = 10_000;
/// A few attempts at once; longer pauses are those of the course.
pub(super) const RETRY: RetryLimits =
    RetryLimits { attempts_max: 3, delay_ms_min: 200, delay_ms_max: 2_000, retry_after_s_max: 5 };

/// The notices of all trails.
pub(super) struct Notices {
    shared: Arc<Shared>,
    topics: BTreeMap<String, Topic>,
    retry: Backoff,
    pub(super) done: Delivered,
}

struct Topic {
    sink: Option<Sink>,
    /// Offsets of payloads grow; messages have no number of their own.
    sent: u64,
    retry: Backoff,
}

impl Notices {
    pub(super) fn new(shared: Arc<Shared>) -> Notices {
        Notices { shared, topics: BTreeMap::new(), retry: Backoff::of("notices"), done: Delivered::default() }
    }

    /// Sends what waits, topic by topic, side by side.
    pub(super) async fn round(&mut self, now: Timestamp) -> Result<()> {
        let attempted = self.attempt(now).await;
        self.retry.take(&attempted, now);
        attempted
    }

    async fn attempt(&mut self, now: Timestamp) -> Result<()> {
        let mut waiting: Vec<Kept<Notice>> = self.shared.settings.documents.read_all(TRAIL_NOTICE).map_err(unkept)?;
        if waiting.len() > NOTICES_MAX {
            let given_up: Vec<_> = waiting.drain(..waiting.len() - NOTICES_MAX).collect();
            tracing::error!(notices = given_up.len(), "topics are not told of log files: too many notices wait");
            let deleted = given_up.iter().map(|kept| Write::delete(TRAIL_NOTICE, &kept.value.id(), Expect::Any));
            apply(&self.shared.settings.documents, deleted.collect(), None).await?;
        }
        let mut by_topic: BTreeMap<String, Vec<Notice>> = BTreeMap::new();
        for Kept { value, .. } in waiting {
            by_topic.entry(value.topic_arn.clone()).or_default().push(value);
        }
        self.topics.retain(|arn, _| by_topic.contains_key(arn));
        for arn in by_topic.keys() {
            self.topics.entry(arn.clone()).or_insert_with(|| Topic::new(arn));
        }
        let shared = &self.shared;
        let sending = self.topics.iter_mut().filter(|(_, topic)| !topic.retry.is_waiting(now)).map(|(arn, topic)| {
            let notices = by_topic.remove(arn).unwrap_or_default();
            topic.send(shared, notices, now)
        });
        for (sent, failure) in join_all(sending).await {
            self.done.notices += sent;
            self.done.failures.extend(failure.as_ref().map(|error| chain(error)));
        }
        Ok(())
    }
}

impl Topic {
    fn new(arn: &str) -> Topic {
        Topic { sink: None, sent: 0, retry: Backoff::of(format!("notices to {arn}")) }
    }

    /// Sends notices in their order until one fails. Each is forgotten once it is sent.
    async fn send(&mut self, shared: &Shared, notices: Vec<Notice>, now: Timestamp) -> (u64, Option<Error>) {
        let mut sent = 0;
        for notice in notices {
            let note = |error| Note {
                trail_arn: notice.trail_arn.clone(),
                of: Of::Notifications,
                now: Millis(now.as_millisecond()),
                error,
            };
            let failure = match self.publish(shared, &notice).await {
                Ok(()) => {
                    let deleted = Write::delete(TRAIL_NOTICE, &notice.id(), Expect::Any);
                    sent += notice.keys.len() as u64;
                    apply(&shared.settings.documents, vec![deleted], Some(note(None))).await.err()
                }
                Err(error) => {
                    let noted = apply(&shared.settings.documents, Vec::new(), Some(note(Some(code(&error))))).await;
                    Some(noted.err().unwrap_or(error))
                }
            };
            if let Some(error) = failure {
                self.sink = None;
                self.retry.fail(&error, now);
                return (sent, Some(error));
            }
        }
        self.retry.succeed();
        (sent, None)
    }

    async fn publish(&mut self, shared: &Shared, notice: &Notice) -> Result<()> {
        let attempted = "tell the topic of log files";
        let Some(aws) = shared.settings.destinations.aws().await else {
            let message = format!("there is no `{}`: buckets are folders here, and topics need AWS", notice.topic_arn);
            return Err(Error::new(ErrorKind::Delivery, message));
        };
        if self.sink.is_none() {
            let mut settings = SnsSettings::new(&notice.topic_arn, aws.config().clone());
            settings.endpoint_url = aws.endpoint_url().map(str::to_owned);
            settings.retry = RETRY;
            let opened = Sink::open(Settings::Sns(Box::new(settings)), None, Arc::new(SystemClock)).await;
            self.sink = Some(opened.map_err(|error| failed(attempted, error))?);
            self.sent = 0;
        }
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let mut payloads = Vec::with_capacity(notice.keys.len());
        for key in &notice.keys {
            self.sent += 1;
            let bytes = Bytes::from(message(&notice.bucket, key));
            payloads.push(Payload { id: key.clone(), offset: self.sent, bytes });
        }
        let outcome = sink.send(&payloads).await.map_err(|error| failed(attempted, error))?;
        if let Some(refusal) = outcome.refused.first() {
            tracing::error!(
                topic = notice.topic_arn,
                refused = outcome.refused.len(),
                reason = refusal.reason,
                "a topic refused notices of log files"
            );
        }
        Ok(())
    }
}
