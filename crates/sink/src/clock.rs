//! Time as an argument: what the hour is, and how to let some pass.

use std::fmt::Debug;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

/// What a sink knows of time. Tests bring a clock of their own, which need not wait.
pub trait Clock: Debug + Send + Sync {
    /// Returns the time it is.
    fn now(&self) -> Timestamp;

    /// Returns once the time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the computer, and tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
