//! The log files and digests of one trail: one round after the other, each of which may be the last.
//!
//! What is delivered is told by a [`State`] that is kept: an offset, or a plan that is being carried out. Events that are
//! gathered for the next plan are in memory alone; after a crash they are read again. All that changes hands at once, an
//! offset, a chain, a notice, changes in one step of the documents.

mod adopt;
mod digests;
pub(super) mod gather;
mod put;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use event::arn::{AccountId, Region};
use jiff::{SignedDuration, Timestamp};
use lake::{Expect, Kept};
use trail::delivery::{Chain, DIGEST_CHAIN, Packer, State, TRAIL_DELIVERY};
use trail::model::{Millis, TRAIL, Trail};
use trail::selectors::Target;

use super::backoff::Backoff;
use super::course::Shared;
use super::destinations::code;
use super::records::{Note, Of, Write, apply, unkept};
use super::report::Delivered;
use super::step::{Step, reached};
use crate::error::{Error, ErrorKind, Result, chain};

/// How long a deleted trail is kept for what it could not deliver.
const DELETED_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long it is tried at least before a deleted trail is forgotten: one failure after a day without power is not enough.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How long a stop may take until it is stored, and with it said where the trail ends.
const SETTLING: SignedDuration = SignedDuration::from_mins(1);

/// The delivery of one trail.
pub(super) struct LogFiles {
    shared: Arc<Shared>,
    arn: String,
    is_loaded: bool,
    state: Option<Kept<State>>,
    chains: BTreeMap<(AccountId, Region), Chain>,
    target: Option<Arc<Target>>,
    gathering: Option<Gathering>,
    /// Packed files of the plan by their keys, until they are put.
    packed: HashMap<String, Bytes>,
    /// The last event that was stored when it was last looked whether the trail records.
    horizon: Option<i64>,
    /// When what its owner did could not be taken up.
    adopt_retry: Backoff,
    retry: Backoff,
    digests_retry: Backoff,
    pub(super) done: Delivered,
}

/// Events that wait to be delivered.
struct Gathering {
    packer: Packer,
    /// All up to this sequence number is gathered.
    position: i64,
    /// Since when the oldest waits.
    opened: Timestamp,
}

/// What a look at the trail came to.
enum Looked {
    /// It is taken up as it is.
    Taken(Option<Box<Kept<Trail>>>),
    /// It was stopped, and where is not said yet.
    Settling,
}

impl LogFiles {
    pub(super) fn new(shared: Arc<Shared>, arn: &str) -> LogFiles {
        LogFiles {
            shared,
            arn: arn.to_owned(),
            is_loaded: false,
            state: None,
            chains: BTreeMap::new(),
            target: None,
            gathering: None,
            packed: HashMap::new(),
            horizon: None,
            adopt_retry: Backoff::of(format!("changes of the trail {arn}")),
            retry: Backoff::of(format!("log files of {arn}")),
            digests_retry: Backoff::of(format!("digests of {arn}")),
            done: Delivered::default(),
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    /// The first thing that went wrong. All that was kept by then holds, and the next round goes on from there.
    pub(super) async fn round(&mut self, now: Timestamp) -> Result<()> {
        if self.adopt_retry.is_waiting(now) {
            return Ok(());
        }
        let looked = self.look(now).await;
        self.adopt_retry.take(&looked, now);
        let Looked::Taken(trail) = looked? else { return Ok(()) };
        if self.state.is_none() || self.retry.is_waiting(now) {
            return Ok(());
        }
        let done = self.deliver_due(now).await;
        self.retry.take(&done, now);
        let has_failed = |retry: &Backoff| retry.has_failed_for(GIVEN_UP_AFTER, now);
        if (has_failed(&self.retry) || has_failed(&self.digests_retry))
            && trail.as_ref().is_some_and(|kept| is_given_up(&kept.value, now))
        {
            tracing::error!(trail = self.arn, "a deleted trail is forgotten, some of its files undelivered");
            self.forget(trail.map(|kept| *kept)).await?;
        }
        done
    }

    /// Looks what is stored, what the trail is, and takes that up, unless its end is still on its way: what is stored by now may lie
    /// behind it, and what was stored last before it.
    async fn look(&mut self, now: Timestamp) -> Result<Looked> {
        self.load()?;
        // First what is stored, then the trail: what is stored later may lie behind a stop.
        self.horizon = self.shared.last_seq().await?;
        let trail: Option<Kept<Trail>> = self.shared.settings.documents.read(TRAIL, &self.arn).map_err(unkept)?;
        if trail.as_ref().is_some_and(|kept| is_settling(&kept.value, now)) {
            return Ok(Looked::Settling);
        }
        self.adopt(trail.clone(), now).await?;
        Ok(Looked::Taken(trail.map(Box::new)))
    }

    async fn deliver_due(&mut self, now: Timestamp) -> Result<()> {
        self.finish_plan(now).await?;
        let are_digests_waiting = self.digests_retry.is_waiting(now);
        let digests = self.digests(now).await;
        if digests.as_ref().is_err_and(|error| error.kind() == ErrorKind::Ended) {
            return digests;
        }
        // Log files go on where digests cannot.
        let gathered = self.gather(now).await;
        if gathered.is_err() && digests.is_err() {
            self.digests_retry.take(&digests, now);
        }
        let is_at_end = gathered?;
        let ended = match digests {
            Ok(()) if is_at_end => self.end(now).await,
            other => other,
        };
        if !are_digests_waiting || ended.is_err() {
            self.digests_retry.take(&ended, now);
        }
        match ended {
            Err(error) if error.kind() != ErrorKind::Ended => {
                self.done.failures.push(chain(&error));
                Ok(())
            }
            other => other,
        }
    }

    /// Reads what was kept by an earlier run.
    fn load(&mut self) -> Result<()> {
        if self.is_loaded {
            return Ok(());
        }
        self.state = self.shared.settings.documents.read(TRAIL_DELIVERY, &self.arn).map_err(unkept)?;
        let chains: Vec<Kept<Chain>> = self.shared.settings.documents.read_all(DIGEST_CHAIN).map_err(unkept)?;
        let chains = chains.into_iter().map(|kept| kept.value).filter(|chain| chain.trail_arn == self.arn);
        self.chains = chains.map(|chain| ((chain.account, chain.region.clone()), chain)).collect();
        self.is_loaded = true;
        Ok(())
    }

    /// Keeps a state, and other things with it.
    async fn save(&mut self, state: State, mut writes: Vec<Write>, note: Option<Note>) -> Result<()> {
        let expect = self.state.as_ref().map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
        writes.push(Write::put(TRAIL_DELIVERY, &self.arn, &state, expect)?);
        let revision =
            apply(&self.shared.settings.documents, writes, note).await.inspect_err(|_| self.is_loaded = false)?;
        self.state = Some(Kept { revision, value: state });
        Ok(())
    }

    /// Notes in the status that something failed, and returns the error.
    async fn note_failure(&self, of: Of, error: Error, now: Timestamp) -> Error {
        match apply(&self.shared.settings.documents, Vec::new(), Some(self.note(of, now, Some(code(&error))))).await {
            Ok(_) => error,
            Err(unkept) => unkept,
        }
    }

    fn note(&self, of: Of, now: Timestamp, error: Option<String>) -> Note {
        Note { trail_arn: self.arn.clone(), of, now: Millis(now.as_millisecond()), error }
    }

    fn reached(&self, step: Step) -> Result<()> {
        reached(step, self.shared.settings.interrupt.as_ref())
    }

    fn state(&self) -> Result<&State> {
        let state = self.state.as_ref().map(|kept| &kept.value);
        state.ok_or_else(|| Error::new(ErrorKind::Delivery, "a trail that never recorded has nothing to deliver"))
    }
}

/// Returns whether the trail was stopped only now. An end that is never said, for want of power, does not hold it up for ever.
fn is_settling(trail: &Trail, now: Timestamp) -> bool {
    let settling = i64::try_from(SETTLING.as_millis()).unwrap_or(i64::MAX);
    // A clock that was set back does not hold it up either.
    trail.unsettled().is_some_and(|ended| (0..settling).contains(&now.as_millisecond().saturating_sub(ended.0)))
}

/// A deleted trail whose bucket is gone as well would be tried for ever.
fn is_given_up(trail: &Trail, now: Timestamp) -> bool {
    let kept = i64::try_from(DELETED_KEPT.as_millis()).unwrap_or(i64::MAX);
    trail.deleted.is_some_and(|deleted| now.as_millisecond().saturating_sub(deleted.0) > kept)
}
