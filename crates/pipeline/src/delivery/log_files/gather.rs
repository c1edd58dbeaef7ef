//! From the lake to a plan: events are read in their order, chosen, gathered, and packed when it is time.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use lake::{Tailing, tail};
use trail::delivery::{PackedFile, Packer, Plan, State, pack};
use trail::model::Trail;
use trail::selectors::Target;

use super::super::selection::{Bounds, gather};
use super::super::step::Step;
use super::{Gathering, LogFiles};
use crate::error::{Error, ErrorKind, Result};

/// Plans that one round carries out at most: then the others and the clock are looked at again.
const ROUND_PLANS_MAX: usize = 16;
/// Files that are packed at once.
const PACKED_AT_ONCE: usize = 2;

impl LogFiles {
    /// Gathers what was stored since, delivers it if it is time, and says whether the stretch is at its end.
    pub(super) async fn gather(&mut self, now: Timestamp) -> Result<bool> {
        let state = self.state()?;
        let bounds = Bounds { after: state.offset, until: state.until_seq() };
        if state.is_ended {
            return Ok(false);
        }
        let stored = match bounds.until {
            // What was recorded was stored before the stop was made known.
            Some(until) => self.shared.last_seq().await?.map(|stored| stored.min(until)),
            None => self.horizon,
        };
        let position = self.gathering.as_ref().map_or(state.offset, |gathering| gathering.position);
        let is_whole = match stored.filter(|stored| *stored > position) {
            Some(stored) => self.read(position, stored, now).await?,
            None => true,
        };
        let gathering = self.gathering_at(now)?;
        if is_whole && let Some(until) = bounds.until {
            // Whatever was stored before the stop was read: nothing that comes later has such a number.
            gathering.position = gathering.position.max(until);
        }
        let is_at_end = bounds.until.is_some_and(|until| gathering.position >= until);
        let is_due = is_at_end || is_next_interval(gathering.opened, now, self.shared.settings.delivery_interval);
        if is_due {
            self.deliver(now).await?;
        }
        Ok(is_at_end)
    }

    /// Reads on up to a number, or until it is enough for one round; delivers whatever is full by then.
    async fn read(&mut self, position: i64, until: i64, now: Timestamp) -> Result<bool> {
        let unread = |error| Error::because(ErrorKind::Lake, "could not read events for a trail", error);
        let tailing = Tailing { after: position, ..Tailing::default() };
        let mut batches = tail(&self.shared.settings.location, tailing).await.map_err(unread)?;
        let mut plans = 0;
        let mut next = batches.try_next().await.map_err(unread)?;
        while let Some((last, batch)) = next {
            let target = self.target()?;
            let trail = Arc::new(self.state()?.trail.clone());
            let mut gathering = match self.gathering.take() {
                Some(gathering) => gathering,
                None => self.new_gathering(now)?,
            };
            if gathering.packer.is_empty() {
                gathering.opened = now;
            }
            let bounds = Bounds { after: gathering.position, until: Some(until) };
            let work = move || {
                let done = gather(&batch, &trail, &target, bounds, &mut gathering.packer);
                done.map(|()| gathering)
            };
            // The next batch is read while this one is gathered.
            let (gathered, following) = tokio::join!(tokio::task::spawn_blocking(work), async {
                if last < until { batches.try_next().await } else { Ok(None) }
            });
            let mut gathering =
                gathered.map_err(|error| Error::ended("a thread that gathers events", Some(error)))??;
            next = following.map_err(unread)?;
            gathering.position = last.min(until);
            let is_full = gathering.packer.bytes() >= self.shared.settings.gathered_bytes_max;
            self.gathering = Some(gathering);
            if is_full {
                self.deliver(now).await?;
                plans += 1;
            }
            if plans >= ROUND_PLANS_MAX && next.is_some() {
                self.done.is_behind = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Plans what is gathered and carries the plan out. Where nothing was chosen, only the offset moves.
    async fn deliver(&mut self, now: Timestamp) -> Result<()> {
        let mut state = self.state()?.clone();
        let offset = state.offset;
        self.plan(&mut state, now).await?;
        if state.plan.is_none() && state.offset == offset {
            return Ok(());
        }
        let is_planned = state.plan.is_some();
        self.save(state, Vec::new(), None).await?;
        if is_planned {
            self.reached(Step::Planned)?;
        }
        self.finish_plan(now).await
    }

    /// Packs what is gathered and writes a plan into the state, which is not kept yet.
    pub(super) async fn plan(&mut self, state: &mut State, now: Timestamp) -> Result<()> {
        let Some(gathering) = self.gathering.take() else { return Ok(()) };
        if gathering.packer.is_empty() {
            state.offset = state.offset.max(gathering.position);
            return Ok(());
        }
        let packed = pack_all(gathering.packer).await?;
        let plan = Plan::new(&state.trail, (state.offset, gathering.position), now, &packed);
        let keys = plan.files.iter().map(|file| file.key.clone());
        self.packed = keys.zip(packed.into_iter().map(|file| Bytes::from(file.bytes))).collect();
        state.plan = Some(plan);
        Ok(())
    }

    /// Reads and packs the files of a plan again, after a crash.
    pub(super) async fn repack(&self, plan: &Plan) -> Result<Vec<PackedFile>> {
        let unread = |error| Error::because(ErrorKind::Lake, "could not read events for a trail again", error);
        let target = Arc::new(compile(&plan.trail)?);
        let trail = Arc::new(plan.trail.clone());
        let mut packer = Packer::new(self.shared.settings.content_bytes_max);
        let bounds = Bounds { after: plan.after_seq, until: Some(plan.until_seq) };
        let tailing = Tailing { after: plan.after_seq, ..Tailing::default() };
        let mut batches = tail(&self.shared.settings.location, tailing).await.map_err(unread)?;
        while let Some((last, batch)) = batches.try_next().await.map_err(unread)? {
            let (target, trail) = (Arc::clone(&target), Arc::clone(&trail));
            let work = move || gather(&batch, &trail, &target, bounds, &mut packer).map(|()| packer);
            let gathered = tokio::task::spawn_blocking(work).await;
            packer = gathered.map_err(|error| Error::ended("a thread that gathers events", Some(error)))??;
            if last >= plan.until_seq {
                break;
            }
        }
        pack_all(packer).await
    }

    fn target(&mut self) -> Result<Arc<Target>> {
        if let Some(target) = &self.target {
            return Ok(Arc::clone(target));
        }
        let target = Arc::new(compile(&self.state()?.trail)?);
        Ok(Arc::clone(self.target.insert(target)))
    }

    fn new_gathering(&self, now: Timestamp) -> Result<Gathering> {
        let packer = Packer::new(self.shared.settings.content_bytes_max);
        Ok(Gathering { packer, position: self.state()?.offset, opened: now })
    }

    fn gathering_at(&mut self, now: Timestamp) -> Result<&mut Gathering> {
        let gathering = match self.gathering.take() {
            Some(gathering) => gathering,
            None => self.new_gathering(now)?,
        };
        Ok(self.gathering.insert(gathering))
    }
}

/// Compiles what a trail records.
pub(in crate::delivery) fn compile(trail: &Trail) -> Result<Target> {
    Target::compile(trail).map_err(|error| {
        let message = format!("could not read the selectors of `{}`", trail.arn);
        Error::because(ErrorKind::Delivery, message, error)
    })
}

async fn pack_all(packer: Packer) -> Result<Vec<PackedFile>> {
    let packing = packer.finish().into_iter().map(|content| tokio::task::spawn_blocking(move || pack(&content)));
    let packed = futures::stream::iter(packing).buffered(PACKED_AT_ONCE).map(|packed| {
        let packed = packed.map_err(|error| Error::ended("a thread that packs log files", Some(error)))?;
        packed.map_err(|error| Error::because(ErrorKind::Delivery, "could not pack a log file", error))
    });
    packed.try_collect().await
}

/// Returns whether another interval has begun since: intervals begin at multiples of their length, so that files of all
/// trails and Regions come at the same times.
fn is_next_interval(since: Timestamp, now: Timestamp, interval: SignedDuration) -> bool {
    let length = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
    if length <= 0 {
        return true;
    }
    now.as_millisecond().div_euclid(length) > since.as_millisecond().div_euclid(length)
}
