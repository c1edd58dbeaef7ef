//! A moment as documents keep it.

use event::time::EventTime;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970: what the API's timestamps tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// Returns the moment as an event's time.
    pub fn time(self) -> EventTime {
        EventTime::from_micros(self.0.saturating_mul(1_000))
    }

    /// Returns the moment as the API writes it: seconds with a fraction.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl From<EventTime> for Millis {
    fn from(time: EventTime) -> Millis {
        Millis(time.as_micros().div_euclid(1_000))
    }
}
