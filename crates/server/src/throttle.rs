//! Limits on how often a key may call: generous by default, AWS's own by configuration.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use event::time::{EventTime, SECOND};

use crate::fault::{Code, Fault, Result};

/// Keys whose calls are counted at once; above it those that are full again are forgotten.
const COUNTED_MAX: usize = 10_000;

/// Calls a second of one key, by their kind. A second's worth may come at once.
pub(crate) struct Throttle {
    per_second: f64,
    buckets: Mutex<HashMap<(String, &'static str), Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: EventTime,
}

impl Throttle {
    /// A limit of so many calls a second.
    pub(crate) fn new(per_second: u32) -> Throttle {
        Throttle { per_second: f64::from(per_second.max(1)), buckets: Mutex::default() }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// `ThrottlingException` if there were too many.
    pub(crate) fn count(&self, key_id: &str, operation: &'static str, now: EventTime) -> Result<()> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= COUNTED_MAX {
            buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.per_second);
        }
        let full = Bucket { tokens: self.per_second, at: now };
        let bucket = buckets.entry((key_id.to_owned(), operation)).or_insert(full);
        let tokens = self.refilled(*bucket, now);
        if tokens < 1.0 {
            *bucket = Bucket { tokens, at: now };
            return Err(Fault::new(Code::ThrottlingException, "Rate exceeded"));
        }
        *bucket = Bucket { tokens: tokens - 1.0, at: now };
        Ok(())
    }

    fn refilled(&self, bucket: Bucket, now: EventTime) -> f64 {
        let seconds = (now.as_micros() - bucket.at.as_micros()).max(0) as f64 / SECOND as f64;
        (bucket.tokens + seconds * self.per_second).min(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_count_that_fills_again() {
        let throttle = Throttle::new(2);
        let count = |key: &str, millis: i64| {
            throttle.count(key, "LookupEvents", EventTime::from_micros(millis * 1_000)).is_ok()
        };
        let calls = [
            ("a", 0, true),
            ("a", 0, true),
            ("a", 0, false),
            ("b", 0, true),
            ("a", 400, false),
            ("a", 600, true),
            ("a", 600, false),
        ];
        for (key, millis, expected) in calls {
            assert_eq!(count(key, millis), expected, "{key} at {millis} ms");
        }
    }
}
