//! The time of an event: parsed from what AWS and its relays write, printed as CloudTrail prints it.

use std::fmt;

/// A moment, in microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// 0000-01-01T00:00:00Z and the last microsecond of the year 9999.
const FIRST: i64 = -62_167_219_200 * SECOND;
const LAST: i64 = 253_402_300_800 * SECOND - 1;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

impl EventTime {
    /// Makes a time from microseconds since 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> EventTime {
        EventTime(micros)
    }

    /// Returns microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the UTC date, in days since 1970-01-01.
    pub fn date(self) -> i32 {
        self.0.div_euclid(DAY) as i32
    }

    /// Parses ISO 8601: a date, `T` or a blank, a time with or without fraction, then `Z`, an offset or nothing,
    /// which means UTC. Digits past the microsecond are cut. The year has four digits.
    ///
    /// CloudTrail writes `2014-03-06T21:22:54Z`; channel events and some relays leave the zone out or write a blank.
    pub fn parse(text: &str) -> Option<EventTime> {
        let bytes = text.as_bytes();
        let micros = match <&[u8; 19]>::try_from(bytes.get(..19)?) {
            Ok(head) => parse_seconds(head)?.checked_mul(SECOND)?,
            Err(_) => return None,
        };
        let mut rest = &bytes[19..];
        let mut fraction = 0;
        if let [b'.' | b',', tail @ ..] = rest {
            let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            let mut unit = SECOND / 10;
            for digit in &tail[..digits] {
                fraction += i64::from(digit - b'0') * unit;
                unit /= 10;
            }
            rest = &tail[digits..];
        }
        let time = EventTime(micros + fraction - offset_seconds(rest)? * SECOND);
        // An offset may carry the last day of the year 9999 into a year that no other reader knows.
        (FIRST..=LAST).contains(&time.0).then_some(time)
    }

    /// Returns true if printing the time gives `text` back.
    pub fn prints_as(self, text: &str) -> bool {
        let mut printed = [0u8; 20];
        self.print(&mut printed).is_some_and(|length| &printed[..length] == text.as_bytes())
    }

    /// Writes `YYYY-MM-DDTHH:MM:SSZ`, or nothing where the time has a fraction or a year outside 0 to 9999.
    pub(crate) fn print(self, out: &mut [u8; 20]) -> Option<usize> {
        if self.0.rem_euclid(SECOND) != 0 {
            return None;
        }
        let (year, month, day) = civil_from_days(i64::from(self.date()));
        if !(0..=9999).contains(&year) {
            return None;
        }
        let second = self.0.rem_euclid(DAY) / SECOND;
        let mut put = |at: usize, value: i64| {
            out[at] = b'0' + (value / 10) as u8;
            out[at + 1] = b'0' + (value % 10) as u8;
        };
        put(0, year / 100);
        put(2, year % 100);
        put(5, month);
        put(8, day);
        put(11, second / 3600);
        put(14, second / 60 % 60);
        put(17, second % 60);
        for (at, byte) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')] {
            out[at] = byte;
        }
        Some(20)
    }
}

impl fmt::Display for EventTime {
    /// Prints as CloudTrail does, with six digits of fraction where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = EventTime(self.0 - self.0.rem_euclid(SECOND));
        let (year, month, day) = civil_from_days(i64::from(whole.date()));
        let second = whole.0.rem_euclid(DAY) / SECOND;
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)?;
        match self.0.rem_euclid(SECOND) {
            0 => write!(f, "Z"),
            fraction => write!(f, ".{fraction:06}Z"),
        }
    }
}

/// Seconds since 1970 of `YYYY-MM-DD?HH:MM:SS`.
fn parse_seconds(text: &[u8; 19]) -> Option<i64> {
    let separators = text[4] == b'-'
        && text[7] == b'-'
        && matches!(text[10], b'T' | b't' | b' ')
        && text[13] == b':'
        && text[16] == b':';
    if !separators {
        return None;
    }
    let two = |at: usize| match (text[at], text[at + 1]) {
        (tens @ b'0'..=b'9', ones @ b'0'..=b'9') => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    };
    let year = two(0)? * 100 + two(2)?;
    let (month, day, hour, minute, second) = (two(5)?, two(8)?, two(11)?, two(14)?, two(17)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Seconds east of UTC of what stands behind the time: `Z`, `+hh:mm`, `+hhmm`, `+hh` or nothing.
fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, digits): (i64, &[u8]) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (hours, minutes) = match digits {
        [a, b] => (digit(a)? * 10 + digit(b)?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digit(a)? * 10 + digit(b)?, digit(c)? * 10 + digit(d)?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_relays_write() {
        let cases = [
            ("2014-03-06T21:22:54Z", Some("2014-03-06T21:22:54Z")),
            ("2014-03-06 21:22:54", Some("2014-03-06T21:22:54Z")),
            ("2026-01-11 22:54:56.000000000", Some("2026-01-11T22:54:56Z")),
            ("2026-01-11T22:54:56.1234567Z", Some("2026-01-11T22:54:56.123456Z")),
            ("2026-01-11T22:54:56+02:00", Some("2026-01-11T20:54:56Z")),
            ("2026-01-11T22:54:56-0530", Some("2026-01-12T04:24:56Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-01-01T24:00:00Z", None),
            ("2023-01-01", None),
            ("2023-01-01T00:00:00.Z", None),
            ("2023-01-01T00:00:00 UTC", None),
            ("9999-12-31T23:59:59-01:00", None),
            ("0000-01-01T00:00:00+01:00", None),
            ("yesterday", None),
            ("", None),
            ("２023-01-01T00:00:00Z", None),
        ];
        for (text, expect) in cases {
            assert_eq!(EventTime::parse(text).map(|time| time.to_string()).as_deref(), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(second in -62_135_596_800i64..253_402_300_799) {
            let text = jiff::Timestamp::from_second(second).unwrap().to_string();
            let time = EventTime::parse(&text).unwrap();
            prop_assert_eq!(time.as_micros(), second * SECOND);
            prop_assert_eq!(time.to_string(), text.clone());
            prop_assert!(time.prints_as(&text));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            EventTime::parse(&text);
        }
    }
}
