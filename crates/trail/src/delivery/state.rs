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

/// How many earlier stretches are remembered.
const PAST_MAX: usize = 64;

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
    /// Earlier stretches of the same trail, each with the number it began after and the one it ended with: whoever is slow
    /// to send their events goes by it.
    #[serde(default)]
    pub past: Vec<(i64, i64)>,
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
            past: Vec::new(),
            closing: None,
            is_ended: false,
        };
        if trail.log_file_validation_enabled {
            state.validate_from(Timestamp::from_millisecond(started.0).unwrap_or(now));
        }
        state
    }

    /// Begins the next stretch of a trail, or the first one of another trail of its name.
    pub fn begin_after(before: &State, trail: &Trail, now: Timestamp) -> State {
        let mut state = State::begin(trail, now);
        if before.trail.created == trail.created {
            state.past.clone_from(&before.past);
            state.past.extend(before.until_seq().map(|until| (before.trail.logging.after_seq, until)));
            state.past.drain(..state.past.len().saturating_sub(PAST_MAX));
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

    /// Returns all stretches that are remembered: above which number and up to which one events are recorded.
    pub fn stretches(&self) -> Vec<(i64, Option<i64>)> {
        let past = self.past.iter().map(|(after, until)| (*after, Some(*until)));
        past.chain([(self.trail.logging.after_seq, self.until_seq())]).collect()
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
}

/// Returns whether two readings of a trail are of one stretch.
fn is_same_stretch(one: &Trail, other: &Trail) -> bool {
    one.created == other.created && one.logging.stretch == other.logging.stretch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(created: i64, stretch: u64, after_seq: i64, until_seq: Option<i64>) -> Trail {
        let json = serde_json::json!({
            "arn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit", "name": "audit", "account": "111122223333",
            "home_region": "eu-west-1", "s3_bucket_name": "trail-logs", "s3_key_prefix": null, "sns_topic_arn": null,
            "cloud_watch_logs": null, "kms_key_id": null, "include_global_service_events": true,
            "is_multi_region_trail": true, "is_organization_trail": false, "organization_id": null,
            "log_file_validation_enabled": false, "recursive_logging": true, "selectors": null, "created": created,
            "logging": {"is_on": until_seq.is_none(), "stretch": stretch, "after_seq": after_seq, "until_seq": until_seq},
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn stretches_are_remembered_as_long_as_the_trail_is_the_same() {
        let now = Timestamp::UNIX_EPOCH;
        let first = State::begin(&trail(0, 1, 5, Some(9)), now);
        assert_eq!((first.stretches(), first.until_seq()), (vec![(5, Some(9))], Some(9)));
        let second = State::begin_after(&first, &trail(0, 2, 20, None), now);
        assert_eq!(second.stretches(), [(5, Some(9)), (20, None)]);
        let other = State::begin_after(&second, &trail(1, 1, 30, None), now);
        assert_eq!(other.stretches(), [(30, None)]);
        assert!(!second.is_stretch_of(&other.trail) && second.is_stretch_of(&trail(0, 2, 20, Some(25))));

        let mut many = first;
        for stretch in 2..200_u64 {
            let after = stretch as i64 * 10;
            many = State::begin_after(&many, &trail(0, stretch, after, Some(after + 1)), now);
        }
        assert_eq!(many.stretches().len(), PAST_MAX + 1);
        assert_eq!(many.stretches().last(), Some(&(1_990, Some(1_991))));
    }

    #[test]
    fn a_stretch_is_ended_once_and_not_before_its_offset() {
        let now = Timestamp::UNIX_EPOCH;
        let mut state = State::begin(&trail(0, 1, 5, None), now);
        state.offset = 12;
        state.end_at(10, now);
        assert_eq!(state.until_seq(), Some(12));
        state.end_at(20, now);
        assert_eq!(state.until_seq(), Some(12));
    }
}
