//! What the owner of a trail did since the last round: begun, stopped, changed, deleted.

use jiff::Timestamp;
use lake::{Expect, Kept};
use trail::delivery::{
    Chain, ChannelState, DIGEST_CHAIN, State, TRAIL_CLOUD_WATCH_LOGS, TRAIL_DELIVERY, is_same_place,
};
use trail::model::{Millis, TRAIL, TRAIL_STATUS, Trail};

use super::super::records::{Write, apply, unkept};
use super::{LogFiles, is_given_up};
use crate::error::Result;

impl LogFiles {
    /// Takes up what the trail is now.
    pub(super) async fn adopt(&mut self, kept: Option<Kept<Trail>>, now: Timestamp) -> Result<()> {
        let Some(found) = kept.as_ref().map(|kept| kept.value.clone()) else { return self.adopt_gone(now).await };
        let has_begun = found.logging.is_on || found.logging.until_seq.is_some();
        let state = self.state.as_ref().map(|kept| kept.value.clone());
        match state {
            Some(state) if state.is_stretch_of(&found) && !state.is_ended => self.change(state, found, now).await,
            Some(state) if !state.is_ended => {
                // The stop itself was not seen. What it was is not kept anywhere but in where the next stretch begins.
                let is_same_trail = state.trail.created == found.created;
                let until = if is_same_trail { found.logging.after_seq } else { self.position(&state) };
                self.end_unseen(state, until, now).await
            }
            Some(state) if has_begun && !state.is_stretch_of(&found) => self.begin(found, now).await,
            None if has_begun => self.begin(found, now).await,
            _ if found.deleted.is_some() && (self.is_log_group_done()? || is_given_up(&found, now)) => {
                self.forget(kept).await
            }
            _ => Ok(()),
        }
    }

    /// The trail itself is gone: what it recorded until now is delivered still.
    async fn adopt_gone(&mut self, now: Timestamp) -> Result<()> {
        let Some(state) = self.state.as_ref().map(|kept| kept.value.clone()) else { return Ok(()) };
        if state.is_ended {
            return self.forget(None).await;
        }
        let until = self.shared.last_seq().await?.unwrap_or(state.offset);
        self.end_unseen(state, until, now).await
    }

    /// Forgets all that is kept of the trail, and the trail itself if it was deleted and is still the one that was read.
    pub(super) async fn forget(&mut self, trail: Option<Kept<Trail>>) -> Result<()> {
        let mut writes: Vec<Write> =
            self.chains.values().map(|chain| Write::delete(DIGEST_CHAIN, &chain.id(), Expect::Any)).collect();
        for kind in [TRAIL_DELIVERY, TRAIL_CLOUD_WATCH_LOGS, TRAIL_STATUS] {
            writes.push(Write::delete(kind, &self.arn, Expect::Any));
        }
        if let Some(kept) = trail.filter(|kept| kept.value.deleted.is_some()) {
            writes.push(Write::delete(TRAIL, &self.arn, Expect::Revision(kept.revision)));
        }
        apply(&self.shared.settings.documents, writes, None).await?;
        self.chains.clear();
        self.packed.clear();
        (self.state, self.gathering, self.target) = (None, None, None);
        self.retry.forget();
        self.digests_retry.forget();
        Ok(())
    }

    /// Begins the stretch that the trail is in.
    async fn begin(&mut self, trail: Trail, now: Timestamp) -> Result<()> {
        let state = match &self.state {
            Some(before) => State::begin_after(&before.value, &trail, now),
            None => State::begin(&trail, now),
        };
        let mut writes = Vec::new();
        if trail.cloud_watch_logs.is_some() && self.channel()?.is_none() {
            let channel = ChannelState::begin(state.offset);
            writes.push(Write::put(TRAIL_CLOUD_WATCH_LOGS, &self.arn, &channel, Expect::Any)?);
        }
        if let Some(base) = state.validation_base() {
            writes.push(self.begin_home_chain(&trail, base)?);
        }
        (self.gathering, self.target) = (None, None);
        self.packed.clear();
        self.retry.try_at_once();
        self.digests_retry.try_at_once();
        self.save(state, writes, None).await
    }

    /// There is a chain for the trail's own account and Region from the beginning, also without a log file.
    pub(super) fn begin_home_chain(&mut self, trail: &Trail, base: Timestamp) -> Result<Write> {
        let place = (trail.account, trail.home_region.clone());
        let chain = Chain::begin(trail, place.clone(), base, base);
        let write = Write::put(DIGEST_CHAIN, &chain.id(), &chain, Expect::Any)?;
        self.chains.insert(place, chain);
        Ok(write)
    }

    /// Takes up what changed within a stretch. What was gathered is delivered as it would have been before.
    async fn change(&mut self, mut state: State, trail: Trail, now: Timestamp) -> Result<()> {
        let trail = self.ended_if_deleted(&state, trail, now).await?;
        if state.trail == trail {
            return Ok(());
        }
        let is_other_choice = chooses_otherwise(&state.trail, &trail);
        let is_other_place = !is_same_place(&state.trail, &trail);
        if (is_other_choice || is_other_place) && state.plan.is_none() {
            self.plan(&mut state, now).await?;
        }
        let mut writes = Vec::new();
        match (&state.trail.cloud_watch_logs, &trail.cloud_watch_logs) {
            (None, Some(_)) => {
                let offset = self.shared.last_seq().await?.unwrap_or(state.offset);
                let channel = ChannelState::begin(offset);
                writes.push(Write::put(TRAIL_CLOUD_WATCH_LOGS, &self.arn, &channel, Expect::Any)?);
            }
            (Some(_), None) => writes.push(Write::delete(TRAIL_CLOUD_WATCH_LOGS, &self.arn, Expect::Any)),
            _ => {}
        }
        state.trail = trail;
        if is_other_place {
            self.retry.try_at_once();
            self.digests_retry.try_at_once();
        }
        self.target = None;
        self.save(state, writes, None).await
    }

    /// Whoever deletes or stops a trail says where it ends; where that was forgotten, it ends with what is stored now.
    async fn ended_if_deleted(&self, state: &State, trail: Trail, now: Timestamp) -> Result<Trail> {
        let is_unended = trail.unsettled().is_some();
        let mut found = State { trail, ..state.clone() };
        if is_unended {
            let until = match state.until_seq() {
                Some(until) => until,
                None => self.shared.last_seq().await?.unwrap_or(state.offset),
            };
            found.trail.logging.stopped = found.trail.logging.stopped.or(state.trail.logging.stopped);
            found.end_at(until, now);
        }
        Ok(found.trail)
    }

    /// Returns how far the log group has come, if there is one.
    fn channel(&self) -> Result<Option<ChannelState>> {
        let kept = self.shared.settings.documents.read(TRAIL_CLOUD_WATCH_LOGS, &self.arn).map_err(unkept)?;
        Ok(kept.map(|kept: Kept<ChannelState>| kept.value))
    }

    /// Returns whether the log group has got all that the trail recorded.
    fn is_log_group_done(&self) -> Result<bool> {
        let until = self.state.as_ref().and_then(|kept| kept.value.until_seq());
        let channel = self.channel()?;
        Ok(channel.zip(until).is_none_or(|(channel, until)| channel.offset >= until))
    }

    async fn end_unseen(&mut self, mut state: State, until: i64, now: Timestamp) -> Result<()> {
        if state.until_seq().is_some() {
            return Ok(());
        }
        state.end_at(until, now);
        self.save(state, Vec::new(), None).await
    }

    /// Returns how far events are read.
    fn position(&self, state: &State) -> i64 {
        self.gathering.as_ref().map_or(state.offset, |gathering| gathering.position)
    }
}

/// Returns whether two readings of a trail record other events, or put them into other files.
fn chooses_otherwise(one: &Trail, other: &Trail) -> bool {
    let comparable = |trail: &Trail| Trail {
        logging: Default::default(),
        tags: Vec::new(),
        deleted: None,
        created: Millis(0),
        sns_topic_arn: None,
        cloud_watch_logs: None,
        log_file_validation_enabled: false,
        ..trail.clone()
    };
    comparable(one) != comparable(other)
}
