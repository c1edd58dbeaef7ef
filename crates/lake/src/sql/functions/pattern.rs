//! Patterns of dates: MySQL's (Trino's `date_format`), C's (DuckDB's `strftime`) and Joda's (Trino's
//! `format_datetime`), each turned into jiff's own.

use datafusion::common::{DataFusionError, Result};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

/// Turns a pattern of MySQL into jiff's.
pub(crate) fn mysql(pattern: &str) -> Result<String> {
    percent(pattern, |letter| {
        Some(match letter {
            'i' => "%M",
            's' | 'S' => "%S",
            'h' | 'I' => "%I",
            'k' => "%-H",
            'l' => "%-I",
            'M' => "%B",
            'W' => "%A",
            'c' => "%-m",
            'e' => "%-d",
            'r' => "%I:%M:%S %p",
            'T' => "%H:%M:%S",
            'f' => "%6f",
            'v' => "%V",
            'x' => "%G",
            'a' => "%a",
            'b' => "%b",
            'd' => "%d",
            'H' => "%H",
            'j' => "%j",
            'm' => "%m",
            'p' => "%p",
            'Y' => "%Y",
            'y' => "%y",
            _ => return None,
        })
    })
}

/// Turns a pattern of C, with DuckDB's fractions, into jiff's.
pub(crate) fn c(pattern: &str) -> Result<String> {
    percent(pattern, |letter| {
        Some(match letter {
            'f' => "%6f",
            'g' => "%3f",
            'n' => "%9f",
            'c' => "%Y-%m-%d %H:%M:%S",
            'x' => "%Y-%m-%d",
            'X' | 'T' => "%H:%M:%S",
            'F' => "%Y-%m-%d",
            'a' => "%a",
            'A' => "%A",
            'b' => "%b",
            'B' => "%B",
            'd' => "%d",
            'G' => "%G",
            'H' => "%H",
            'I' => "%I",
            'j' => "%j",
            'm' => "%m",
            'M' => "%M",
            'p' => "%p",
            'S' => "%S",
            's' => "%s",
            'u' => "%u",
            'U' => "%U",
            'V' => "%V",
            'w' => "%w",
            'W' => "%W",
            'y' => "%y",
            'Y' => "%Y",
            'z' => "%z",
            'Z' => "%Z",
            _ => return None,
        })
    })
}

fn percent(pattern: &str, known: impl Fn(char) -> Option<&'static str>) -> Result<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push_str("%%"),
            Some('-') => {
                let letter = chars.next().unwrap_or('%');
                known(letter).ok_or_else(|| unknown(pattern, letter))?;
                out.push_str("%-");
                out.push(letter);
            }
            Some(letter) => out.push_str(known(letter).ok_or_else(|| unknown(pattern, letter))?),
            None => return Err(unknown(pattern, '%')),
        }
    }
    Ok(out)
}

fn unknown(pattern: &str, letter: char) -> DataFusionError {
    DataFusionError::Execution(format!("the date pattern `{pattern}` has `{letter}`, which is not supported"))
}

/// Turns a pattern of Joda, `yyyy-MM-dd'T'HH:mm:ss'Z'`, into jiff's.
pub(crate) fn joda(pattern: &str) -> Result<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix('\'') {
            if let Some(tail) = tail.strip_prefix('\'') {
                out.push('\'');
                rest = tail;
                continue;
            }
            let (literal, tail) = tail.split_once('\'').ok_or_else(|| unknown(pattern, '\''))?;
            out.push_str(&literal.replace('%', "%%"));
            rest = tail;
            continue;
        }
        let run = rest.len() - rest.trim_start_matches(c).len();
        let (letters, tail) = rest.split_at(run);
        match joda_field(c, run) {
            Some(field) => out.push_str(field),
            None if c.is_ascii_alphabetic() => return Err(unknown(pattern, c)),
            None => out.push_str(&letters.replace('%', "%%")),
        }
        rest = tail;
    }
    Ok(out)
}

fn joda_field(letter: char, run: usize) -> Option<&'static str> {
    Some(match (letter, run) {
        ('y' | 'Y', 2) => "%y",
        ('y' | 'Y', _) => "%Y",
        ('M', 1) => "%-m",
        ('M', 2) => "%m",
        ('M', 3) => "%b",
        ('M', _) => "%B",
        ('d', 1) => "%-d",
        ('d', _) => "%d",
        ('H', 1) => "%-H",
        ('H', _) => "%H",
        ('h', 1) => "%-I",
        ('h', _) => "%I",
        ('m', 1) => "%-M",
        ('m', _) => "%M",
        ('s', 1) => "%-S",
        ('s', _) => "%S",
        ('S', 1..=3) => "%3f",
        ('S', _) => "%6f",
        ('E', 1..=3) => "%a",
        ('E', _) => "%A",
        ('a', _) => "%p",
        ('D', _) => "%j",
        ('e', _) => "%u",
        ('Z', 1) => "%z",
        ('Z', _) => "%:z",
        _ => return None,
    })
}

/// Writes microseconds since 1970 in a pattern of jiff's, in UTC.
pub(crate) fn format(pattern: &str, micros: i64) -> Result<String> {
    let time = Timestamp::from_microsecond(micros).map_err(|error| DataFusionError::Execution(error.to_string()))?;
    strtime::format(pattern, &time.to_zoned(TimeZone::UTC))
        .map_err(|error| DataFusionError::Execution(format!("cannot write a date as `{pattern}`: {error}")))
}

/// Reads a text in a pattern of jiff's as microseconds since 1970; UTC unless the text has an offset.
pub(crate) fn read(pattern: &str, text: &str) -> Option<i64> {
    let broken = BrokenDownTime::parse(pattern, text).ok()?;
    if let Ok(time) = broken.to_timestamp() {
        return Some(time.as_microsecond());
    }
    let time = broken.to_time().unwrap_or(Time::midnight());
    let date = broken.to_date().ok()?;
    Some(date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-03-09T05:07:08.25Z
    const TIME: i64 = 1_709_960_828_250_000;

    #[test]
    fn writes() {
        type Translate = fn(&str) -> Result<String>;
        let cases: [(Translate, &str, &str); 7] = [
            (mysql, "%Y-%m-%d %H:%i:%s", "2024-03-09 05:07:08"),
            (mysql, "%W %e %M %y, %k:%i:%s.%f %p %%", "Saturday 9 March 24, 5:07:08.250000 AM %"),
            (c, "%Y/%m/%d %H:%M:%S", "2024/03/09 05:07:08"),
            (c, "%-d.%-m. %F %T", "9.3. 2024-03-09 05:07:08"),
            (joda, "yyyy-MM-dd'T'HH:mm:ss'Z'", "2024-03-09T05:07:08Z"),
            (joda, "EEEE, d MMM yy h:mm a", "Saturday, 9 Mar 24 5:07 AM"),
            (joda, "SSS", "250"),
        ];
        for (translate, pattern, expect) in cases {
            assert_eq!(format(&translate(pattern).expect("a pattern"), TIME).expect("formatted"), expect, "{pattern}");
        }
        assert!(mysql("%Q").is_err());
        assert!(joda("QQ").is_err());
    }

    #[test]
    fn reads() {
        let cases = [
            ("%Y-%m-%dT%H:%M:%SZ", "2024-03-09T05:07:08Z", Some(1_709_960_828_000_000)),
            ("%Y-%m-%d", "2024-03-09", Some(1_709_942_400_000_000)),
            ("%Y-%m-%dT%H:%M:%S%z", "2024-03-09T06:07:08+0100", Some(1_709_960_828_000_000)),
            ("%Y-%m-%d", "yesterday", None),
        ];
        for (pattern, text, expect) in cases {
            assert_eq!(read(pattern, text), expect, "{text}");
        }
    }
}
