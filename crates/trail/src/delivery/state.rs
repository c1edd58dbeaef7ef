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
    /// When the last digests end, once they are due: it stays, however often they have to be made.
    #[serde(default)]
    pub closing: Option<Millis>,
    /// Whether the stretch was delivered to its end, its last digests included.
    pub is_ended: bool,
}

impl State {
    /// Begins the stretch that a trail is in. Digests, if there are any, begin with it.
    pub fn begin(trail: &Trail, now: Timestamp) -> State {
        let started = trail.logging.started.unwrap_or(Millis(now.as_millisecond()));
        let mut state = State {
            trail: trail.clone(),
            offset: trail.logging.after_seq,
            validation: None,
            plan: None,
            closing: None,
            is_ended: false,
        };
        if trail.log_file_validation_enabled {
            state.validate_from(Timestamp::from_millisecond(started.0).unwrap_or(now));
        }
        state
    }

    /// Has the hours of digests begin at a time.
    pub fn validate_from(&mut self, time: Timestamp) {
        self.validation = Some(Millis(time.as_second() * 1_000));
    }

    /// Returns the last sequence number of the stretch, if it has one.
    pub fn until_seq(&self) -> Option<i64> {
        self.trail.logging.until_seq.filter(|_| !self.trail.logging.is_on)
    }

    /// Returns when the hours of digests began.
    pub fn validation_base(&self) -> Option<Timestamp> {
        self.validation.and_then(|base| Timestamp::from_millisecond(base.0).ok())
    }

    /// Returns whether a trail is still in the stretch that is delivered.
    pub fn is_stretch_of(&self, trail: &Trail) -> bool {
        is_same_stretch(&self.trail, trail)
    }

    /// Ends the stretch where its trail did not say so: at the latest with this sequence number.
    pub fn end_at(&mut self, until_seq: i64, now: Timestamp) {
        let logging = &mut self.trail.logging;
        logging.is_on = false;
        logging.stopped = logging.stopped.or(Some(Millis(now.as_millisecond())));
        logging.until_seq = logging.until_seq.or(Some(until_seq.max(self.offset)));
    }
}

/// How far a side channel has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelState {
    /// All up to this sequence number is settled.
    pub offset: i64,
    /// Times in which nothing was recorded: above the first number and up to the second.
    #[serde(default)]
    pub gaps: Vec<(i64, i64)>,
    /// Records that were too large to be sent, since the beginning.
    pub oversized: u64,
    /// Records that the other side refused for good, since the beginning.
    pub refused: u64,
}

impl ChannelState {
    /// Begins behind a sequence number.
    pub fn begin(offset: i64) -> ChannelState {
        ChannelState { offset, ..ChannelState::default() }
    }

    /// Leaves out what lies between two stretches, whose end and beginning these are.
    pub fn skip(&mut self, after: i64, until: i64) {
        if after < until {
            self.gaps.push((after, until));
        }
    }

    /// Moves the offset, and forgets what lies behind it.
    pub fn settle(&mut self, offset: i64) {
        self.offset = self.offset.max(offset);
        self.gaps.retain(|(_, until)| *until > self.offset);
    }

    /// Returns whether an event is neither settled nor left out.
    pub fn is_open(&self, seq: i64) -> bool {
        seq > self.offset && !self.gaps.iter().any(|(after, until)| *after < seq && seq <= *until)
    }
}

/// Returns whether two readings of a trail are of one stretch.
fn is_same_stretch(one: &Trail, other: &Trail) -> bool {
    one.created == other.created && one.logging.stretch == other.logging.stretch
}
