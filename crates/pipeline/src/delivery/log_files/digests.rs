//! Digests: one an hour and chain, the last ones when a stretch ends or validation is switched off.

use event::arn::{AccountId, Region};
use jiff::Timestamp;
use lake::Expect;
use trail::delivery::{Chain, DIGEST_CHAIN, State};
use trail::digest::DigestFile;
use trail::model::{Millis, Trail};

use super::super::records::{Of, Write, apply};
use super::super::step::Step;
use super::LogFiles;
use crate::error::{Error, ErrorKind, Result};

/// Digests that one round makes at most: after a long pause the hours are made up in several.
const ROUND_DIGESTS_MAX: usize = 256;

impl LogFiles {
    /// Makes the digests that are due, and begins or ends chains as validation was switched on or off. No plan is open.
    pub(super) async fn digests(&mut self, now: Timestamp) -> Result<()> {
        let state = self.state()?;
        if self.digests_retry.is_waiting(now) || state.is_ended {
            return Ok(());
        }
        let is_enabled = state.trail.log_file_validation_enabled;
        match (is_enabled, state.validation_base()) {
            (true, None) => {
                let mut state = state.clone();
                state.validate_from(now);
                let base = state.validation_base().unwrap_or(now);
                let write = self.begin_home_chain(&state.trail.clone(), base)?;
                self.save(state, vec![write], None).await
            }
            (false, Some(_)) => self.close(now).await.map(drop),
            (true, Some(_)) if state.closing.is_some() => self.close(now).await.map(drop),
            (true, Some(_)) => self.hourly(now).await.map(drop),
            (false, None) => Ok(()),
        }
    }

    /// Ends the stretch: all of it is delivered, the last digests follow.
    pub(super) async fn end(&mut self, now: Timestamp) -> Result<()> {
        let state = self.state()?;
        if state.plan.is_some() || state.is_ended {
            return Ok(());
        }
        if state.validation.is_some() && !self.close(now).await? {
            return Ok(());
        }
        let state = State { is_ended: true, ..self.state()?.clone() };
        self.save(state, Vec::new(), None).await?;
        self.gathering = None;
        self.reached(Step::Ended)
    }

    /// Ends all chains, and says whether that is done.
    async fn close(&mut self, now: Timestamp) -> Result<bool> {
        if self.digests_retry.is_waiting(now) {
            return Ok(false);
        }
        let mut state = self.state()?.clone();
        let closing = match state.closing.and_then(|closing| Timestamp::from_millisecond(closing.0).ok()) {
            Some(closing) => closing,
            None => {
                state.closing = Some(Millis(now.as_millisecond()));
                self.save(state, Vec::new(), None).await?;
                now
            }
        };
        if !self.hourly(closing).await? {
            return Ok(false);
        }
        let trail = self.state()?.trail.clone();
        let places: Vec<_> = self.chains.keys().cloned().collect();
        for place in places {
            let Some(chain) = self.chains.get(&place) else { continue };
            let digest = chain.last(&trail, closing);
            self.make(&place, digest, &trail, (now, true)).await?;
        }
        let mut state = self.state()?.clone();
        (state.validation, state.closing) = (None, None);
        self.save(state, Vec::new(), None).await?;
        Ok(true)
    }

    /// Makes the digests of all hours that are over, hour by hour, and says whether none is left.
    async fn hourly(&mut self, now: Timestamp) -> Result<bool> {
        let trail = self.state()?.trail.clone();
        let places: Vec<_> = self.chains.keys().cloned().collect();
        let mut made = 0;
        loop {
            let before = made;
            for place in &places {
                let digest = self.chains.get(place).and_then(|chain| chain.hourly(&trail, now));
                let Some(digest) = digest else { continue };
                if made >= ROUND_DIGESTS_MAX {
                    self.done.is_behind = true;
                    return Ok(false);
                }
                self.make(place, digest, &trail, (now, false)).await?;
                made += 1;
            }
            if made == before {
                return Ok(true);
            }
        }
    }

    /// Signs and puts one digest, and has the chain go on behind it, or end.
    async fn make(
        &mut self,
        place: &(AccountId, Region),
        digest: DigestFile,
        trail: &Trail,
        (now, is_last): (Timestamp, bool),
    ) -> Result<()> {
        let key = self.shared.keys.at(&place.1, digest.end, now).await?;
        let sealed = key.seal(digest).map_err(|error| {
            Error::because(ErrorKind::Delivery, format!("could not sign a digest of `{}`", self.arn), error)
        })?;
        if let Err(error) = self.put_digest(&sealed, trail.kms_key_id.as_deref()).await {
            return Err(self.note_failure(Of::Digests, error, now).await);
        }
        self.reached(Step::DigestPut)?;
        let Some(mut chain) = self.chains.get(place).cloned() else { return Ok(()) };
        chain.advance(&sealed);
        let write = next(&chain, is_last)?;
        apply(&self.shared.settings.documents, vec![write], Some(self.note(Of::Digests, now, None))).await?;
        if is_last {
            self.chains.remove(place);
        } else {
            self.chains.insert(place.clone(), chain);
        }
        self.done.digests += 1;
        self.reached(Step::DigestChained)
    }
}

fn next(chain: &Chain, is_last: bool) -> Result<Write> {
    match is_last {
        true => Ok(Write::delete(DIGEST_CHAIN, &chain.id(), Expect::Any)),
        false => Write::put(DIGEST_CHAIN, &chain.id(), chain, Expect::Any),
    }
}
