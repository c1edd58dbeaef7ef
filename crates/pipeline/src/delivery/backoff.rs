//! How long one waits before trying again what failed.

use jiff::{SignedDuration, Timestamp};

/// The first pause; each further one is twice as long.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Counts failures in a row. Time is an argument.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<Timestamp>,
}

impl Backoff {
    /// Returns whether it is too early to try again.
    pub(super) fn is_waiting(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Takes note of a failure.
    pub(super) fn fail(&mut self, now: Timestamp) {
        let pause = FIRST.checked_mul(1 << self.failures.min(16)).unwrap_or(LONGEST).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = now.checked_add(pause).ok();
    }

    /// Takes note of a success, or of something that makes it worth while to try at once.
    pub(super) fn reset(&mut self) {
        *self = Backoff::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let now = Timestamp::UNIX_EPOCH;
        let mut backoff = Backoff::default();
        assert!(!backoff.is_waiting(now));
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            backoff.fail(now);
            let at = |seconds| Timestamp::from_second(seconds).unwrap();
            assert!(backoff.is_waiting(at(seconds - 1)) && !backoff.is_waiting(at(seconds)), "{seconds}");
        }
        backoff.reset();
        assert!(!backoff.is_waiting(now));
    }
}
