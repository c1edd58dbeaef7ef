//! How long one waits before trying again what failed, and what the log is told of it.

use jiff::{SignedDuration, Timestamp};

use super::destinations::code;
use super::outage::{Outage, Over, Word};
use crate::error::{Error, ErrorKind, chain};

/// The first pause; each further one is twice as long.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Counts failures in a row. Time is an argument.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    /// What is tried, as the log calls it.
    of: String,
    failures: u32,
    until: Option<Timestamp>,
    outage: Outage,
}

impl Backoff {
    /// Takes what is tried, as the log is to call it.
    pub(super) fn of(of: impl Into<String>) -> Backoff {
        Backoff { of: of.into(), failures: 0, until: None, outage: Outage::default() }
    }

    /// Returns whether it is too early to try again.
    pub(super) fn is_waiting(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Returns whether it has failed for as long as that.
    pub(super) fn has_failed_for(&self, long: SignedDuration, now: Timestamp) -> bool {
        self.outage.since().is_some_and(|since| now.duration_since(since) >= long)
    }

    /// Takes note of how it went. What a test ended neither failed nor succeeded.
    pub(super) fn take<T>(&mut self, outcome: &Result<T, Error>, now: Timestamp) {
        match outcome {
            Ok(_) => self.succeed(),
            Err(error) if error.kind() == ErrorKind::Ended => {}
            Err(error) => self.fail(error, now),
        }
    }

    /// Takes note of a failure.
    pub(super) fn fail(&mut self, error: &Error, now: Timestamp) {
        let pause = FIRST.checked_mul(1 << self.failures.min(16)).unwrap_or(LONGEST).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = now.checked_add(pause).ok();
        let (of, causes) = (&self.of, || chain(error));
        match self.outage.fail(now, &code(error)) {
            Some(Word::Begins) => {
                tracing::warn!(of, error = causes(), "a delivery failed and will be tried again");
            }
            Some(Word::Lasts { since, attempts }) => {
                tracing::warn!(of, %since, attempts, error = causes(), "a delivery still fails and will be tried again");
            }
            None => tracing::debug!(of, error = causes(), "a delivery failed again"),
        }
    }

    /// Takes note of a success.
    pub(super) fn succeed(&mut self) {
        self.try_at_once();
        if let Some(Over { since, attempts }) = self.outage.end() {
            tracing::warn!(of = self.of, %since, attempts, "a delivery that failed goes on");
        }
    }

    /// Takes note of something that makes it worth while to try at once.
    pub(super) fn try_at_once(&mut self) {
        (self.failures, self.until) = (0, None);
    }

    /// Forgets what failed: it is not tried any more.
    pub(super) fn forget(&mut self) {
        self.try_at_once();
        self.outage = Outage::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let now = Timestamp::UNIX_EPOCH;
        let mut backoff = Backoff::of("a test");
        assert!(!backoff.is_waiting(now));
        let error = Error::new(ErrorKind::Delivery, "no");
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            backoff.fail(&error, now);
            let at = |seconds| Timestamp::from_second(seconds).unwrap();
            assert!(backoff.is_waiting(at(seconds - 1)) && !backoff.is_waiting(at(seconds)), "{seconds}");
        }
        backoff.try_at_once();
        let an_hour_later = now + SignedDuration::from_hours(1);
        let has_failed =
            |backoff: &Backoff, hours| backoff.has_failed_for(SignedDuration::from_hours(hours), an_hour_later);
        assert!(!backoff.is_waiting(now) && has_failed(&backoff, 1) && !has_failed(&backoff, 2));
        backoff.take(&Err::<(), _>(Error::new(ErrorKind::Ended, "killed")), now);
        assert!(!backoff.is_waiting(now) && has_failed(&backoff, 1), "an end by a test says nothing");
        backoff.take(&Ok(()), now);
        assert!(!has_failed(&backoff, 0));
    }
}
