//! What a corpus shall be: its seed, size, first date and length. Stands at the door of [`generate`](crate::generate).

use std::path::PathBuf;

use jiff::civil::{Date, date};

use crate::error::Error;

/// The smallest corpus: below it the attack would be most of the story.
pub const BYTES_MIN: u64 = 1_000_000;
/// The largest corpus.
pub const BYTES_MAX: u64 = 1_000_000_000_000;
/// The longest time a corpus may span, in days.
pub const DAYS_MAX: u32 = 3_660;
/// The most threads that may write at once.
pub const THREADS_MAX: usize = 256;

const GIGABYTE: u64 = 1_000_000_000;
const DAYS_PER_GIGABYTE: u64 = 30;
/// A small corpus still shows a week if each day gets this much.
const DAY_BYTES_SMALL: u64 = 2_000_000;
const DAYS_PER_WEEK: u64 = 7;

/// What to generate. Equal values of all but `threads` give equal files, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The seed of all chance.
    pub seed: u64,
    /// The size of all log files together, before gzip, in bytes; the result lies within 3 % of it.
    pub bytes: u64,
    /// The first day (UTC) with events.
    pub start: Date,
    /// The number of days with events. Fewer days of the same size are busier days.
    pub days: u32,
    /// The number of threads that write; days are shared out among them.
    pub threads: usize,
    /// Digest files beside the log files. Each costs a signature, and there is one an hour for each account and Region.
    pub digests: Option<Digests>,
}

/// How the digest files of a corpus are made. The log files are the same with them and without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The folder that `keys.json` and `metadata.json` are written to: what ListPublicKeys would answer, and what S3
    /// would keep as metadata of the digests. It should lie outside of the bucket.
    pub beside: PathBuf,
    /// Whether one log file is changed and one deleted once the digests are made.
    pub tampered: bool,
}

impl Config {
    /// Returns a configuration for a size: 30 days a gigabyte up to one gigabyte, from there on more days and busier
    /// ones in equal parts (100 GB are 300 days of ten times the activity); a small corpus spans up to a week. It
    /// starts on Monday 2026-03-02 and uses all processors.
    pub fn new(seed: u64, bytes: u64) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS_MAX));
        Self { seed, bytes, start: date(2026, 3, 2), days: days_for(bytes), threads, digests: None }
    }

    /// Returns nothing, or why the values cannot be used.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(BYTES_MIN..=BYTES_MAX).contains(&self.bytes) {
            let bytes = self.bytes;
            return Err(Error::config(format!("size of `{bytes}` bytes is not between {BYTES_MIN} and {BYTES_MAX}")));
        }
        if !(1..=DAYS_MAX).contains(&self.days) {
            return Err(Error::config(format!("length of `{}` days is not between 1 and {DAYS_MAX}", self.days)));
        }
        if !(1..=THREADS_MAX).contains(&self.threads) {
            return Err(Error::config(format!(
                "number of threads `{}` is not between 1 and {THREADS_MAX}",
                self.threads
            )));
        }
        if !(2014..=9000).contains(&self.start.year()) {
            return Err(Error::config(format!("start `{}` is not between 2014-01-01 and 9000-12-31", self.start)));
        }
        Ok(())
    }
}

fn days_for(bytes: u64) -> u32 {
    let days = if bytes > GIGABYTE {
        DAYS_PER_GIGABYTE * (bytes / (GIGABYTE / 10_000)).isqrt() / 100
    } else {
        (bytes * DAYS_PER_GIGABYTE / GIGABYTE).max((bytes / DAY_BYTES_SMALL).min(DAYS_PER_WEEK))
    };
    (days as u32).clamp(1, DAYS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_the_size() {
        for (bytes, days) in [
            (BYTES_MIN, 1),
            (20_000_000, 7),
            (500_000_000, 15),
            (GIGABYTE, 30),
            (4 * GIGABYTE, 60),
            (100 * GIGABYTE, 300),
        ] {
            assert_eq!(days_for(bytes), days, "{bytes} bytes");
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        let good = Config::new(1, BYTES_MIN);
        good.check().expect("the default is valid");
        for bad in [
            Config { bytes: 10, ..good.clone() },
            Config { days: 0, ..good.clone() },
            Config { threads: 0, ..good.clone() },
            Config { start: date(1999, 1, 1), ..good.clone() },
        ] {
            let error = bad.check().expect_err("out of bounds");
            assert_eq!(error.kind(), crate::error::ErrorKind::Config, "{error}");
            assert!(!error.is_retryable());
        }
    }
}
