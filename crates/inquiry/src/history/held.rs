//! Event history held ready for many questions: what is in memory of it is kept up to date with the lake.

use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::context::SessionContext;
use event::time::EventTime;
use jiff::Timestamp;
use lake::sql::SessionOptions;
use lake::{FileFacts, Lake};
use tokio::sync::Mutex;

use super::kept::Kept;
use super::recent::{self, Recent};
use super::{View, read, sql};
use crate::error::{Error, Result};

/// Events that are taken into memory at once.
const STEP_EVENTS: u64 = 262_144;
/// New events that are taken into memory while somebody waits for an answer. Where more came, it is begun anew.
const FOLLOW_EVENTS: u64 = 65_536;
/// Events that are read ahead when something was stored: a page, which is what is asked for most.
const AHEAD_EVENTS: usize = 51;

/// What may be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Management events whose traits are in memory, the newest ones; each takes some 70 bytes.
    pub recent_events: usize,
    /// Bytes of whole events in memory.
    pub event_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { recent_events: 2_000_000, event_bytes: 64 << 20 }
    }
}

/// Event history of a lake that goes on growing.
#[derive(Debug)]
pub struct History {
    options: SessionOptions,
    bounds: Bounds,
    held: RwLock<Option<Held>>,
    /// One at a time brings it up to date.
    renewing: Mutex<()>,
}

/// The history as it was at a version of the lake.
#[derive(Clone)]
struct Held {
    lake: Arc<Lake>,
    version: u64,
    deleted_files: u64,
    last_seq: i64,
    view: View,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("version", &self.version).field("last_seq", &self.last_seq).finish_non_exhaustive()
    }
}

impl History {
    /// Makes an empty one. `options` bound each question to the lake.
    pub fn new(options: SessionOptions, bounds: Bounds) -> History {
        History { options, bounds, held: RwLock::new(None), renewing: Mutex::new(()) }
    }

    /// Returns the history as the lake has it now.
    ///
    /// # Errors
    /// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
    pub async fn view(&self, lake: &Arc<Lake>) -> Result<View> {
        if let Some(held) = self.current(lake) {
            return Ok(held.view);
        }
        let _renewing = self.renewing.lock().await;
        Ok(self.renewed(lake).await?.view)
    }

    /// Returns true if somebody asked: before that nothing is held.
    pub fn is_held(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes more of the lake into memory, the newest first; nothing before somebody asked. Returns false if there is nothing to
    /// take for now: no more events, no more room, or too many new ones at once.
    ///
    /// # Errors
    /// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
    pub async fn deepen(&self, lake: &Arc<Lake>) -> Result<bool> {
        let Some(before) = self.last(lake) else { return Ok(false) };
        let (recent, session) = (&before.view.recent, &before.view.session);
        if recent.is_all() || recent.len() >= self.bounds.recent_events {
            // What is stored while nobody asks is taken in as well, before it is too much to be.
            let _renewing = self.renewing.lock().await;
            return self.renewed(lake).await.map(|_| false);
        }
        let times = (floor_below(&lake.live_files(), recent.floor, STEP_EVENTS), recent.floor);
        let mut rows = read::traits(session, recent.coder(), &sql::traits(times, (-1, before.last_seq))).await?;
        // Questions were answered meanwhile, and events stored.
        let _renewing = self.renewing.lock().await;
        let mut held = self.renewed(lake).await?;
        if held.deleted_files != before.deleted_files || held.view.recent.floor != recent.floor {
            return Ok(false);
        }
        let sql = sql::traits(times, (before.last_seq, held.last_seq));
        rows.extend(read::traits(&held.view.session, recent.coder(), &sql).await?);
        held.view.recent = held.view.recent.with(rows, times.0).cut(self.bounds.recent_events);
        self.hold(held);
        Ok(true)
    }

    /// What is held of a lake.
    fn last(&self, lake: &Arc<Lake>) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|held| Arc::ptr_eq(&held.lake, lake)).cloned()
    }

    /// What is held, if it is that of the lake as it is now.
    fn current(&self, lake: &Arc<Lake>) -> Option<Held> {
        self.last(lake).filter(|held| held.version == lake.version())
    }

    fn hold(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }

    async fn renewed(&self, lake: &Arc<Lake>) -> Result<Held> {
        if let Some(held) = self.current(lake) {
            return Ok(held);
        }
        let before = self.last(lake);
        // Told before the session is made, which may have more: that is taken in the next time, and never twice.
        let (version, deleted_files, last_seq) = (lake.version(), lake.deleted_files(), lake.last_seq());
        let session = match &before {
            // What it has cached of files stays good: files do not change.
            Some(before) => lake.flat_session(&before.view.session),
            None => lake.session(&self.options).and_then(|session| lake.flat_session(&session)),
        };
        let session = session.map_err(|error| Error::query("open event history", "events_flat".to_owned(), error))?;
        // Without its deleted events, which are not told apart, what is in memory is of no use.
        let before = before.filter(|before| before.deleted_files == deleted_files);
        let view = match before {
            Some(before) => self.followed(before, (&lake.live_files(), last_seq), session).await?,
            None => View { session, recent: Recent::new(), kept: Arc::new(Kept::new(self.bounds.event_bytes)) },
        };
        let held = Held { lake: Arc::clone(lake), version, deleted_files, last_seq, view };
        self.hold(held.clone());
        Ok(held)
    }

    /// Takes in what was stored since, up to a sequence number.
    async fn followed(
        &self,
        before: Held,
        (files, last_seq): (&[FileFacts], i64),
        session: SessionContext,
    ) -> Result<View> {
        let View { recent, kept, .. } = before.view;
        let coming = rows_above(files, before.last_seq);
        let recent = if recent.is_none() || coming > FOLLOW_EVENTS {
            recent.emptied()
        } else {
            let floor = recent.floor;
            let sql = sql::traits((floor, recent::NONE), (before.last_seq, last_seq));
            let rows = read::traits(&session, recent.coder(), &sql).await?;
            recent.with(rows, floor).cut(self.bounds.recent_events)
        };
        let newest = recent.newest(AHEAD_EVENTS);
        kept.events(&session, &newest).await?;
        Ok(View { session, recent, kept })
    }
}

/// Returns about how many events have a greater sequence number, if those of a file lie evenly.
fn rows_above(files: &[FileFacts], seq: i64) -> u64 {
    let above = |file: &FileFacts| match file.seqs {
        Some((_, greatest)) if greatest <= seq => 0.0,
        Some((least, greatest)) if least <= seq => {
            file.rows as f64 * (greatest - seq) as f64 / ((greatest - least) as f64 + 1.0)
        }
        _ => file.rows as f64,
    };
    files.iter().map(above).sum::<f64>() as u64
}

/// Returns a time such that about so many events lie between it and `floor`; the beginning of time if there are few more.
fn floor_below(files: &[FileFacts], floor: EventTime, events: u64) -> EventTime {
    let all = (recent::ALL, recent::NONE);
    let spans: Vec<(i64, i64, f64)> = files
        .iter()
        .map(|file| (file.times.unwrap_or(all), file.rows as f64))
        .map(|((oldest, newest), rows)| (oldest.as_micros(), newest.as_micros().saturating_add(1), rows))
        .collect();
    // Events of a file lie evenly, as far as is known.
    let below = |time: i64| -> f64 {
        let part = |(start, end, rows): &(i64, i64, f64)| {
            let (length, below) = (*end as f64 - *start as f64, time as f64 - *start as f64);
            rows * (below / length).clamp(0.0, 1.0)
        };
        spans.iter().map(part).sum()
    };
    let wanted = below(floor.as_micros()) - events as f64;
    if wanted < events as f64 / 4.0 {
        return all.0;
    }
    let start = spans.iter().map(|(start, ..)| *start).min().unwrap_or(i64::MIN);
    let end = spans.iter().map(|(_, end, _)| *end).max().unwrap_or(i64::MAX);
    let (mut low, mut high) = (start, end.min(floor.as_micros()));
    while low < high {
        // The greatest time with no more than `wanted` below: the middle is rounded up, so that it is found.
        let middle = (i128::from(low) + i128::from(high) + 1).div_euclid(2) as i64;
        if below(middle) <= wanted { low = middle } else { high = middle - 1 }
    }
    // Before all times that can be written there is nothing.
    if low <= Timestamp::MIN.as_microsecond() { recent::ALL } else { EventTime::from_micros(low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: u64, times: Option<(i64, i64)>, seqs: Option<(i64, i64)>) -> FileFacts {
        let times = times.map(|(oldest, newest)| (EventTime::from_micros(oldest), EventTime::from_micros(newest)));
        FileFacts { uri: String::new(), bytes: 0, rows, date: None, times, seqs }
    }

    #[test]
    fn new_events_are_told_by_their_numbers() {
        let files = [
            file(100, None, Some((0, 99))),
            file(50, None, Some((1_000, 1_049))),
            file(1_000, None, Some((0, 1_999))),
            file(7, None, None),
        ];
        for (seq, expected) in [(-1, 1_157), (99, 50 + 950 + 7), (1_049, 475 + 7), (1_999, 7)] {
            assert_eq!(rows_above(&files, seq), expected, "above {seq}");
        }
    }

    #[test]
    fn a_step_takes_about_as_many_events_as_it_should() {
        let even = [file(1_000, Some((0, 999)), None), file(1_000, Some((1_000, 1_999)), None)];
        let across = [file(1_000, Some((0, 999)), None), file(1_000, Some((0, 999)), None)];
        let unknown = [file(1_000, None, None)];
        type Case<'a> = (&'a [FileFacts], i64, u64, i64);
        let cases: [Case<'_>; 9] = [
            (&[], i64::MAX, 100, i64::MIN),
            (&even, i64::MAX, 100, 1_900),
            (&even, 1_900, 1_000, 900),
            // What would be left over is taken at once.
            (&even, 110, 100, i64::MIN),
            (&even, 150, 100, 50),
            (&across, i64::MAX, 100, 950),
            (&across, 950, 5_000, i64::MIN),
            (&unknown, i64::MAX, 5_000, i64::MIN),
            // Times that nobody can write are all before the first one.
            (&unknown, 0, 100, i64::MIN),
        ];
        for (files, floor, events, expected) in cases {
            let found = floor_below(files, EventTime::from_micros(floor), events).as_micros();
            assert_eq!(found, expected, "{events} of {} files below {floor}", files.len());
        }
        // A file whose times are not known does not keep it from coming to an end.
        let (mut floor, mut steps) = (i64::MAX, 0);
        while floor != i64::MIN && steps < 20 {
            (floor, steps) = (floor_below(&unknown, EventTime::from_micros(floor), 100).as_micros(), steps + 1);
        }
        assert!(steps <= 12, "{steps} steps for 1,000 events, 100 at once");
    }
}
