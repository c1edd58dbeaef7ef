//! Times as people type them: `24h`, `7d`, `yesterday`, `2026-03-05`, `2026-03-05T10:00:00Z`. UTC where no offset stands.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::error::{Error, Result};

/// What [`parse`] understands, in one line for messages and help.
pub const ACCEPTED: &str = "write a time ago such as `90m`, `24h`, `7d`, `2w` or `1d12h`; a date such as `2026-03-05`; \
     a time such as `2026-03-05T10:00` or `2026-03-05T10:00:00+02:00` (UTC without an offset); \
     or `now`, `today`, `yesterday`";

/// Seconds of each unit that a time ago may have.
const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

/// Returns the moment that `text` names, seen from `now`.
///
/// A date is its first moment in UTC, and so are `today` and `yesterday`.
///
/// # Errors
/// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) with [`ACCEPTED`] for anything else.
///
/// ```
/// let now = "2026-03-05T12:00:00Z".parse()?;
/// assert_eq!(inquiry::time::parse("24h", now)?.to_string(), "2026-03-04T12:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp> {
    let text = text.trim();
    let found = named(text, now).or_else(|| ago(text, now)).or_else(|| absolute(text));
    found.ok_or_else(|| Error::invalid(text, "time", ACCEPTED))
}

fn named(text: &str, now: Timestamp) -> Option<Timestamp> {
    let today = || TimeZone::UTC.to_datetime(now).date();
    match text {
        "now" => Some(now),
        "today" => start(today()),
        "yesterday" => start(today().checked_sub(1.day()).ok()?),
        _ => None,
    }
}

/// A number and a unit, several times, the larger units first.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let mut rest = text.strip_suffix(" ago").unwrap_or(text);
    let (mut seconds, mut unit_last) = (0i64, i64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let letter = rest[digits..].chars().next()?;
        let (_, unit) = UNITS.into_iter().find(|(name, unit)| *name == letter && *unit < unit_last)?;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        unit_last = unit;
        rest = &rest[digits + letter.len_utf8()..];
    }
    if unit_last == i64::MAX {
        return None;
    }
    now.checked_sub(SignedDuration::from_secs(seconds)).ok()
}

fn absolute(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // jiff reads a date and time as a date, too: the longer form goes first.
    if text.len() > "2026-03-05".len() {
        return TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    }
    start(text.parse::<Date>().ok()?)
}

fn start(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        let now = "2026-03-05T12:34:56Z".parse().unwrap();
        let cases = [
            ("now", "2026-03-05T12:34:56Z"),
            ("today", "2026-03-05T00:00:00Z"),
            ("yesterday", "2026-03-04T00:00:00Z"),
            ("90m", "2026-03-05T11:04:56Z"),
            ("24h", "2026-03-04T12:34:56Z"),
            ("7d", "2026-02-26T12:34:56Z"),
            ("2w ago", "2026-02-19T12:34:56Z"),
            ("1d12h", "2026-03-04T00:34:56Z"),
            ("0s", "2026-03-05T12:34:56Z"),
            ("2026-03-05", "2026-03-05T00:00:00Z"),
            ("2026-03-05T10:00", "2026-03-05T10:00:00Z"),
            ("2026-03-05 10:00:30", "2026-03-05T10:00:30Z"),
            ("2026-03-05T10:00:00Z", "2026-03-05T10:00:00Z"),
            ("2026-03-05T10:00:00.5+02:00", "2026-03-05T08:00:00.5Z"),
        ];
        for (text, expect) in cases {
            assert_eq!(parse(text, now).unwrap_or_else(|error| panic!("{error}")).to_string(), expect, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_what_it_takes() {
        let now = "2026-03-05T12:34:56Z".parse().unwrap();
        let cases = [
            "",
            "24",
            "h",
            "12h1d",
            "1h1h",
            "-3h",
            "2026-13-01",
            "2026-02-30",
            "tomorrow",
            "99999999999999999999d",
            "９h",
        ];
        for text in cases {
            let error = parse(text, now).expect_err(text).to_string();
            assert!(error.contains("`24h`") && error.contains(text.trim()), "{text}: {error}");
        }
    }
}
