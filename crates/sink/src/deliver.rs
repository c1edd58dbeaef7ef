//! The one loop by which payloads are sent to a destination that answers: batches, halves, repeats, and the count.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::BatchLimits;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Outcome, Payload, Position, shortened};
use crate::retry::{Patience, RetryLimits};

/// After how many exchanges in a row without an answer a request is halved. Servers that find a request too large often
/// close the connection instead of saying so, and slow ones run into our time-out.
const HALVE_AFTER_BROKEN: usize = 3;

/// A service that takes some payloads at a time and answers.
pub(crate) trait Destination: Send + Sync {
    /// Returns how the destination is called in errors, without secrets.
    fn name(&self) -> &str;

    /// Returns how many bytes of a request a payload takes.
    fn weight(&self, payload: &Payload) -> usize;

    /// Returns why a payload cannot be sent at all.
    fn objection(&self, payload: &Payload) -> Option<String>;

    /// Returns whether it is each payload by which the destination tells a repeat, and not the request as a whole. If
    /// it is the request, then the same payloads must come in the same requests, whatever happened in between.
    fn knows_payloads(&self) -> bool;

    /// Sends payloads, of which there is at least one.
    ///
    /// # Errors
    /// If nobody can be served before a person acts.
    fn post(&self, payloads: &[&Payload]) -> impl Future<Output = Result<Reply>> + Send;
}

/// What a destination makes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// One verdict for each payload, in their order.
    Each(Vec<Verdict>),
    /// The request as a whole is too large.
    TooLarge(String),
    /// Some payload spoils the request as a whole.
    Spoilt(String),
    /// Not now.
    Later {
        /// What was said.
        reason: String,
        /// After what time one may come again.
        after: Option<Duration>,
    },
    /// There was no answer that can be understood: what became of the request is not known.
    Broken(String),
}

/// What a destination makes of one payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It took it.
    Accepted,
    /// It had it before.
    AlreadyThere,
    /// It will never take it.
    Refused(String),
    /// It may take it later.
    Later(String),
    /// It failed at it. If it still does when patience ends, although it took others, then it is this payload that it
    /// cannot take.
    Failed(String),
}

/// How a destination is fed.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    pub(crate) batch: BatchLimits,
    pub(crate) retry: RetryLimits,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Sends payloads and moves the position over those that are settled.
pub(crate) async fn deliver<D: Destination>(
    destination: &D,
    pace: &mut Pace,
    payloads: &[Payload],
    position: &mut Position,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut rest = payloads;
    while !rest.is_empty() {
        let taken = pace.batch.take(rest, |payload| destination.weight(payload));
        let (batch, later) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
        match settle(destination, pace, batch).await {
            Ok(settled) => outcome.add(settled),
            Err(error) => return Err(error.after(outcome)),
        }
        position.offset = batch.last().map(|payload| payload.offset).or(position.offset);
        rest = later;
    }
    Ok(outcome)
}

/// Sends one batch until each of its payloads is settled.
async fn settle<D: Destination>(destination: &D, pace: &mut Pace, batch: &[Payload]) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut sendable = Vec::with_capacity(batch.len());
    for payload in batch {
        match destination.objection(payload) {
            Some(reason) => outcome.refuse(payload, &reason),
            None => sendable.push(payload),
        }
    }
    let clock = Arc::clone(&pace.clock);
    let mut patience = Patience::new(pace.retry, &*clock);
    let mut broken = 0;
    let mut groups = vec![sendable];
    while let Some(group) = groups.pop() {
        if group.is_empty() {
            continue;
        }
        let reply = destination.post(&group).await?;
        broken = if matches!(reply, Reply::Broken(_)) { broken + 1 } else { 0 };
        match reply {
            Reply::Each(verdicts) => {
                let unsettled = tally(&group, verdicts, &mut outcome);
                if unsettled.0.len() < group.len() {
                    patience.renew();
                }
                if !unsettled.0.is_empty() {
                    groups.extend(pause_for_some(destination, &mut patience, unsettled, &mut outcome).await?);
                }
            }
            Reply::TooLarge(reason) => {
                if group.len() > 1 && destination.knows_payloads() {
                    let weight: usize = group.iter().map(|payload| destination.weight(payload)).sum();
                    pace.batch.batch_bytes_max = pace.batch.batch_bytes_max.min(weight / 2);
                    let batch_bytes_max = pace.batch.batch_bytes_max;
                    tracing::debug!(destination = destination.name(), batch_bytes_max, "requests are made smaller");
                }
                groups.extend(halves(group, &reason, &mut outcome));
            }
            Reply::Spoilt(reason) => groups.extend(halves(group, &reason, &mut outcome)),
            Reply::Later { reason, after } => {
                pause(destination, &mut patience, &reason, after).await?;
                groups.push(group);
            }
            Reply::Broken(reason) => {
                pause(destination, &mut patience, &reason, None).await?;
                if broken >= HALVE_AFTER_BROKEN && group.len() > 1 && destination.knows_payloads() {
                    groups.extend(halves(group, &reason, &mut outcome));
                } else {
                    groups.push(group);
                }
            }
        }
    }
    outcome.refused.sort_by_key(|refusal| refusal.offset);
    Ok(outcome)
}

/// Counts the verdicts, and returns the payloads that need another request, with the verdict on each.
fn tally<'a>(group: &[&'a Payload], verdicts: Vec<Verdict>, outcome: &mut Outcome) -> (Vec<&'a Payload>, Vec<Verdict>) {
    debug_assert_eq!(group.len(), verdicts.len(), "a destination gives one verdict for each payload");
    let mut unsettled = (Vec::new(), Vec::new());
    for (payload, verdict) in group.iter().zip(verdicts) {
        match verdict {
            Verdict::Accepted => outcome.accepted += 1,
            Verdict::AlreadyThere => outcome.already_there += 1,
            Verdict::Refused(reason) => outcome.refuse(payload, &reason),
            Verdict::Later(_) | Verdict::Failed(_) => {
                unsettled.0.push(*payload);
                unsettled.1.push(verdict);
            }
        }
    }
    unsettled
}

/// Waits for the next request for some payloads of the last one. Those that the destination has failed at to the end
/// are refused, if they are all that is left and it took others: one payload that brings it down must not stop all.
async fn pause_for_some<'a, D: Destination>(
    destination: &D,
    patience: &mut Patience<'_>,
    (payloads, verdicts): (Vec<&'a Payload>, Vec<Verdict>),
    outcome: &mut Outcome,
) -> Result<Option<Vec<&'a Payload>>> {
    let took_others = outcome.accepted + outcome.already_there > 0;
    let reason = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Later(reason) => Some(reason.as_str()),
        Verdict::Failed(reason) if !took_others => Some(reason.as_str()),
        _ => None,
    });
    if let Some(reason) = reason {
        pause(destination, patience, reason, None).await?;
        return Ok(Some(payloads));
    }
    if patience.wait(None).await.is_ok() {
        return Ok(Some(payloads));
    }
    for (payload, verdict) in payloads.iter().zip(&verdicts) {
        if let Verdict::Failed(reason) = verdict {
            outcome.refuse(payload, reason);
        }
    }
    Ok(None)
}

async fn pause<D: Destination>(
    destination: &D,
    patience: &mut Patience<'_>,
    reason: &str,
    after: Option<Duration>,
) -> Result<()> {
    let reason = shortened(reason);
    tracing::debug!(destination = destination.name(), reason, "a request is to be repeated");
    patience.wait(after).await.map_err(|given_up| {
        let message = format!("cannot send to `{}`: {}", destination.name(), given_up.why());
        Error::new(ErrorKind::Unavailable, message)
            .with("last", reason)
            .advise("start again once it is back: what it has already is not sent twice")
    })
}

/// Returns the halves of a group, the first one last, as a stack wants them. One payload alone is refused.
fn halves<'a>(group: Vec<&'a Payload>, reason: &str, outcome: &mut Outcome) -> Vec<Vec<&'a Payload>> {
    if let [payload] = group[..] {
        outcome.refuse(payload, reason);
        return Vec::new();
    }
    let mut first = group;
    let second = first.split_off(first.len() / 2);
    vec![second, first]
}

#[cfg(test)]
mod tests;
