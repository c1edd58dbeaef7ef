//! How far delivery has come, as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Plan;
use crate::model::{Millis, Trail};

/// The kind of document that holds a [`State`]; its id is the trail's ARN.
pub const TRAIL_DELIVERY: &str = "trail-delivery";
/// The kind of document that holds the [`ChannelState`] of a trail's log group; its id is the trail's ARN.
pub const TRAIL_CLOUD_WATCH_LOGS: &str = "trail-cloud-watch-logs";
/// The kind of document that holds the [`ChannelState`] of a webhook for EventBridge envelopes.
pub const EVENT_BRIDGE: &str = "event-bridge";

/// How far the log files of a trail have come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The trail as delivery knows it: its stretch is the one that is delivered, whatever its owner did meanwhile.
    pub trail: Trail,
    /// All of the stretch up to this sequence number is delivered.
    pub offset: i64,
    /// Since when digests are made, in whole seconds: their hours begin then.
    pub validation: Option<Millis>,
    /// What is being delivered.
    pub plan: Option<Plan>,
    /// Whether the stretch was delivered to its end, its last digests included.
    pub is_ended: bool,
}

impl State {
    /// Begins the stretch that a trail is in. Digests, if there are any, begin with it.
    pub fn begin(trail: &Trail, now: Timestamp) -> State {
        let started = trail.logging.started.unwrap_or(Millis(now.as_millisecond()));
        let mut state =
            State { trail: trail.clone(), offset: trail.logging.after_seq, validation: None, plan: None, is_ended: false };
        if trail.log_file_validation_enabled {
            state.validate_from(Timestamp::from_millisecond(started.0).unwrap_or(now));
        }
        state
    }

    /// Has the hours of digests begin at a time.
    pub fn validate_from(&mut self, time: Timestamp) {
        self.validation = Some(Millis(time.as_second() * 1_000));
    }

    /// Returns when the hours of digests began.
    pub fn validation_base(&self) -> Option<Timestamp> {
        self.validation.and_then(|base| Timestamp::from_millisecond(base.0).ok())
    }

    /// Returns whether a trail is still in the stretch that is delivered.
    pub fn is_stretch_of(&self, trail: &Trail) -> bool {
        is_same_stretch(&self.trail, trail)
    }

    /// Ends the stretch because the trail is in another one: where its own end is not known, it is where the other begins.
    pub fn end_before(&mut self, next: &Trail, now: Timestamp) {
        let logging = &mut self.trail.logging;
        logging.is_on = false;
        logging.stopped = logging.stopped.or(Some(Millis(now.as_millisecond())));
        let is_same_trail = self.trail.created == next.created;
        logging.until_seq = logging.until_seq.or(Some(match is_same_trail {
            true => next.logging.after_seq,
            false => self.offset,
        }));
    }
}

/// How far a side channel has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelState {
    /// When the trail was made that this is about.
    pub created: Option<Millis>,
    /// Its stretch.
    pub stretch: u64,
    /// All up to this sequence number is settled.
    pub offset: i64,
    /// Records that were too large to be sent, since the beginning.
    pub oversized: u64,
    /// Records that the other side refused for good, since the beginning.
    pub refused: u64,
}

/// Returns whether two readings of a trail are of one stretch.
fn is_same_stretch(one: &Trail, other: &Trail) -> bool {
    one.created == other.created && one.logging.stretch == other.logging.stretch
}
