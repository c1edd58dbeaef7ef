//! How long and how often one tries again: the only place that knows back-off.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::clock::Clock;

/// How often and after what pauses a request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// How many requests are made in all before one gives up. Only those in a row count that brought nothing forward.
    pub attempts_max: usize,
    /// The first pause, in milliseconds. Each further one is twice as long; a random part of the same length is added.
    pub delay_ms_min: u64,
    /// The longest pause, in milliseconds, before the random part is added.
    pub delay_ms_max: u64,
    /// The longest pause that a destination may ask for, in seconds. If it asks for more, one gives up at once: coming
    /// back sooner would be rude, and waiting in silence for hours looks like a hang.
    pub retry_after_s_max: u64,
}

impl Default for RetryLimits {
    /// Ten attempts over three to six minutes.
    fn default() -> Self {
        Self { attempts_max: 10, delay_ms_min: 500, delay_ms_max: 60_000, retry_after_s_max: 300 }
    }
}

/// Counts failures in a row and waits between them.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    limits: RetryLimits,
    clock: &'a dyn Clock,
    delays: ExponentialBackoff,
    attempts: usize,
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// As many attempts as allowed have failed.
    Attempts(usize),
    /// The destination asks for a longer pause than allowed.
    RetryAfter(Duration),
}

impl GivenUp {
    /// Returns the end of a sentence.
    pub(crate) fn why(self) -> String {
        match self {
            Self::Attempts(1) => "gave up after 1 attempt".to_owned(),
            Self::Attempts(attempts) => format!("gave up after {attempts} attempts"),
            Self::RetryAfter(pause) => format!("it asks to come back after {} seconds", pause.as_secs()),
        }
    }
}

impl<'a> Patience<'a> {
    pub(crate) fn new(limits: RetryLimits, clock: &'a dyn Clock) -> Self {
        Self { limits, clock, delays: delays(&limits), attempts: 0 }
    }

    /// Starts to count anew: something went forward.
    pub(crate) fn renew(&mut self) {
        self.delays = delays(&self.limits);
        self.attempts = 0;
    }

    /// Waits after a failed attempt, at least as long as the destination asked for.
    pub(crate) async fn wait(&mut self, asked: Option<Duration>) -> Result<(), GivenUp> {
        self.attempts += 1;
        if let Some(pause) = asked
            && pause > Duration::from_secs(self.limits.retry_after_s_max)
        {
            return Err(GivenUp::RetryAfter(pause));
        }
        if self.attempts >= self.limits.attempts_max {
            return Err(GivenUp::Attempts(self.attempts));
        }
        let delay = self.delays.next().unwrap_or(Duration::from_millis(self.limits.delay_ms_max));
        self.clock.sleep(delay.max(asked.unwrap_or_default())).await;
        Ok(())
    }
}

fn delays(limits: &RetryLimits) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(limits.delay_ms_min))
        .with_max_delay(Duration::from_millis(limits.delay_ms_max))
        .without_max_times()
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::executor::block_on;
    use futures::future::BoxFuture;
    use jiff::Timestamp;

    use super::*;

    #[derive(Debug, Default)]
    struct Noted(Mutex<Vec<Duration>>);

    impl Clock for Noted {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            self.0.lock().unwrap().push(duration);
            Box::pin(async {})
        }
    }

    #[test]
    fn pauses_grow_within_their_limits_and_end() {
        let limits = RetryLimits { attempts_max: 6, delay_ms_min: 100, delay_ms_max: 400, retry_after_s_max: 60 };
        let seconds = Duration::from_secs;
        // What the destination asks for after each failure, the shortest pauses in milliseconds, and the end.
        type Case = (&'static [Option<u64>], &'static [u64], Option<GivenUp>);
        let cases: [Case; 4] = [
            (&[None; 6], &[100, 200, 400, 400, 400], Some(GivenUp::Attempts(6))),
            (&[None, Some(3), Some(60)], &[100, 3_000, 60_000], None),
            (&[None, Some(61)], &[100], Some(GivenUp::RetryAfter(seconds(61)))),
            (&[Some(0)], &[100], None),
        ];
        for (asked, pauses, end) in cases {
            let clock = Noted::default();
            let mut patience = Patience::new(limits, &clock);
            let mut found = None;
            for pause in asked {
                found = block_on(patience.wait(pause.map(seconds))).err();
            }
            assert_eq!(found, end, "{asked:?}");
            let slept = clock.0.lock().unwrap().clone();
            assert_eq!(slept.len(), pauses.len(), "{asked:?}");
            for (slept, least) in slept.iter().zip(pauses) {
                let least = Duration::from_millis(*least);
                assert!(*slept >= least && *slept <= least * 2, "{asked:?}: {slept:?} {least:?}");
            }
        }
    }

    #[test]
    fn progress_renews_patience() {
        let limits = RetryLimits { attempts_max: 2, ..RetryLimits::default() };
        let clock = Noted::default();
        let mut patience = Patience::new(limits, &clock);
        for _ in 0..5 {
            assert_eq!(block_on(patience.wait(None)), Ok(()));
            patience.renew();
        }
        assert_eq!(block_on(patience.wait(None)), Ok(()));
        assert_eq!(block_on(patience.wait(None)), Err(GivenUp::Attempts(2)));
    }
}
