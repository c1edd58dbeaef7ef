//! The time as the server takes it: tests move it by hand.

use event::time::EventTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the time now.
    fn now(&self) -> EventTime;
}

/// The system's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> EventTime {
        EventTime::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}
