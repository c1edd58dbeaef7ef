//! Times as people type them for `aws cloudtrail validate-logs`, which takes nearly anything that looks like a date.
//!
//! Followed is the observable behaviour of the AWS CLI: ISO 8601 in all its forms, names of months, the month before the
//! day where both are possible, and today's parts for what is left out. A time zone is read and ignored: the time counts
//! as UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Words that may stand anywhere and mean nothing.
const FILLERS: [&str; 14] = [" ", ".", ",", ";", "-", "/", "'", "at", "on", "and", "t", "of", "st", "nd"];
const ORDINALS: [&str; 2] = ["rd", "th"];
/// Digits of `HHMMSS`.
const PACKED_TIME: usize = 6;

/// Returns the moment that `text` names; `now` gives the parts that it leaves out. `None` if it names no time.
///
/// ```
/// use trail::digest::parse_time;
/// let now = "2024-06-15T12:00:00Z".parse()?;
/// for text in ["2024-05-01T10:00:00Z", "20240501T100000Z", "May 1, 2024 10am", "05/01/2024 10:00 +02:00"] {
///     assert_eq!(parse_time(text, now).map(|time| time.to_string()).as_deref(), Some("2024-05-01T10:00:00Z"), "{text}");
/// }
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn parse_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let tokens = tokens(text)?;
    let mut reading = Reading::default();
    let mut at = 0;
    while at < tokens.len() {
        at = reading.take(&tokens, at)?;
    }
    let time = reading.finish(TimeZone::UTC.to_datetime(now).date())?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Digits, with a fraction perhaps.
    Number(String),
    /// Letters, in lower case.
    Word(String),
    /// Any other character.
    Mark(char),
}

impl Token {
    fn is_mark(&self, mark: char) -> bool {
        *self == Token::Mark(mark)
    }

    fn number(&self) -> Option<&str> {
        match self {
            Token::Number(digits) => Some(digits),
            _ => None,
        }
    }
}

/// Cuts text into numbers, words and marks. A point belongs to a number in a time only: `1.5.2024` is a date.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '0'..='9' => number_length(rest, found.last().is_some_and(|last: &Token| last.is_mark(':'))),
            letter if letter.is_alphabetic() => rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length)?;
        found.push(match first {
            '0'..='9' => Token::Number(token.replace(',', ".")),
            letter if letter.is_alphabetic() => Token::Word(token.to_lowercase()),
            space if space.is_whitespace() => Token::Mark(' '),
            other => Token::Mark(other),
        });
        rest = after;
    }
    (!found.is_empty()).then_some(found)
}

fn number_length(text: &str, is_clock: bool) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    if !is_clock && whole < PACKED_TIME {
        return whole;
    }
    let Some(after) = text.get(whole..).and_then(|after| after.strip_prefix(['.', ','])) else { return whole };
    let fraction = digits(after);
    if fraction == 0 { whole } else { whole + 1 + fraction }
}

/// A part of a date: its number, and how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    value: i32,
    /// More than two digits: this can only be a year.
    is_year: bool,
    /// A month by its name.
    is_month: bool,
}

/// What has been understood so far.
#[derive(Debug, Default)]
struct Reading {
    date: Vec<Part>,
    time: Option<Time>,
    /// A zone was seen: what follows can only belong to it.
    has_zone: bool,
}

impl Reading {
    /// Takes up what begins at a token and returns where the next thing begins.
    fn take(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        match tokens.get(at)? {
            Token::Number(digits) => self.number(digits, tokens, at),
            Token::Word(word) => self.word(word, tokens, at),
            Token::Mark('+' | '-') if self.ends_in_time(tokens, at) && is_zone(tokens, at + 1) => {
                self.has_zone = true;
                Some(zone_end(tokens, at + 1))
            }
            Token::Mark('(' | ')') if self.has_zone => Some(at + 1),
            Token::Mark(mark) => FILLERS.contains(&mark.to_string().as_str()).then_some(at + 1),
        }
    }

    /// Returns whether a time stands right before a sign, and not a part of a date.
    fn ends_in_time(&self, tokens: &[Token], at: usize) -> bool {
        let before = tokens.get(..at).unwrap_or_default().iter().rev().find(|token| !token.is_mark(' '));
        let is_part = before.and_then(Token::number).is_some_and(|digits| {
            self.date.last().is_some_and(|part| digits.parse() == Ok(part.value)) && self.date.len() < 3
        });
        self.time.is_some() && !is_part
    }

    fn word(&mut self, word: &str, tokens: &[Token], at: usize) -> Option<usize> {
        if let Some(month) = position(&MONTHS, &MONTH_NAMES, word) {
            self.date.push(Part { value: month, is_year: false, is_month: true });
            return Some(at + 1);
        }
        if WEEKDAYS.iter().any(|day| word.starts_with(day) && (word.len() == 3 || word.ends_with("day"))) {
            // The name of a day adds nothing to a whole date.
            return Some(at + 1);
        }
        if let (Some(time), "am" | "pm" | "a" | "p") = (self.time, word) {
            self.time = Some(half_day(time, word.starts_with('p'))?);
            return Some(at + 1);
        }
        if FILLERS.contains(&word) || ORDINALS.contains(&word) {
            return Some(at + 1);
        }
        if self.time.is_some() && word.len() <= 5 && !self.has_zone {
            // `Z`, `UTC`, `CEST`; `UTC+3` goes on with its offset.
            self.has_zone = true;
            let has_offset = tokens.get(at + 1).is_some_and(|next| next.is_mark('+') || next.is_mark('-'));
            return Some(if has_offset { zone_end(tokens, at + 2) } else { at + 1 });
        }
        None
    }

    fn number(&mut self, digits: &str, tokens: &[Token], at: usize) -> Option<usize> {
        let next = tokens.get(at + 1);
        if next.is_some_and(|next| next.is_mark(':')) {
            return self.clock(tokens, at);
        }
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let has_date = self.date.len() == 3;
        match (whole.len(), has_date, self.time.is_some()) {
            (2 | 4, true, false) if fraction.is_empty() => self.packed_time(whole, "")?,
            (6, true, false) => self.packed_time(whole, fraction)?,
            (8, false, _) if fraction.is_empty() => self.packed_date(whole)?,
            (12 | 14, false, false) => {
                self.packed_date(whole.get(..8)?)?;
                self.packed_time(whole.get(8..)?, fraction)?;
            }
            (6, false, _) if fraction.is_empty() && self.date.is_empty() => self.packed_date(whole)?,
            _ => return self.part_or_hour(whole, fraction, tokens, at),
        }
        Some(at + 1)
    }

    /// `10am`, `10 h 30 m`, or a part of a date.
    fn part_or_hour(&mut self, whole: &str, fraction: &str, tokens: &[Token], at: usize) -> Option<usize> {
        let skip = usize::from(tokens.get(at + 1).is_some_and(|next| next.is_mark(' ')));
        if let Some(Token::Word(word)) = tokens.get(at + 1 + skip) {
            match word.as_str() {
                "am" | "pm" | "a" | "p" if self.time.is_none() => {
                    let time = Time::new(whole.parse().ok()?, 0, 0, 0).ok()?;
                    self.time = Some(half_day(time, word.starts_with('p'))?);
                    return Some(at + 2 + skip);
                }
                "h" | "hour" | "hours" | "m" | "minute" | "minutes" | "s" | "second" | "seconds" => {
                    let time = self.time.unwrap_or_default();
                    let value: i8 = whole.parse().ok()?;
                    let builder = match word.chars().next() {
                        Some('h') => time.with().hour(value),
                        Some('m') => time.with().minute(value),
                        _ => time.with().second(value).subsec_nanosecond(nanoseconds(fraction)?),
                    };
                    self.time = Some(builder.build().ok()?);
                    return Some(at + 2 + skip);
                }
                _ => {}
            }
        }
        if !fraction.is_empty() || whole.len() > 4 || self.date.len() == 3 {
            return None;
        }
        self.date.push(Part { value: whole.parse().ok()?, is_year: whole.len() > 2, is_month: false });
        Some(at + 1)
    }

    /// `10:00`, `10:00:30.5`.
    fn clock(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        let hour: i8 = tokens.get(at)?.number()?.parse().ok()?;
        let (minute, minute_fraction) = split(tokens.get(at + 2)?.number()?);
        let minute: i8 = minute.parse().ok()?;
        if !tokens.get(at + 3).is_some_and(|next| next.is_mark(':')) {
            // `10:00.5` is half a minute past ten.
            let seconds = i64::from(nanoseconds(minute_fraction)?) * 60;
            let second = i8::try_from(seconds / 1_000_000_000).ok()?;
            self.time = Some(Time::new(hour, minute, second, (seconds % 1_000_000_000) as i32).ok()?);
            return Some(at + 3);
        }
        let (second, fraction) = split(tokens.get(at + 4)?.number()?);
        self.time = Some(Time::new(hour, minute, second.parse().ok()?, nanoseconds(fraction)?).ok()?);
        Some(at + 5)
    }

    /// `YYYYMMDD`, or six digits, of which each pair may be anything.
    fn packed_date(&mut self, digits: &str) -> Option<()> {
        let (year, rest) = digits.split_at_checked(digits.len() - 4)?;
        let (month, day) = rest.split_at_checked(2)?;
        for text in [year, month, day] {
            self.date.push(Part { value: text.parse().ok()?, is_year: text.len() > 2, is_month: false });
        }
        Some(())
    }

    /// `HH`, `HHMM` or `HHMMSS`.
    fn packed_time(&mut self, digits: &str, fraction: &str) -> Option<()> {
        let two = |from: usize| digits.get(from..from + 2).map_or(Ok(0), str::parse::<i8>).ok();
        self.time = Some(Time::new(two(0)?, two(2)?, two(4)?, nanoseconds(fraction)?).ok()?);
        Some(())
    }

    fn finish(self, today: Date) -> Option<DateTime> {
        if self.date.is_empty() && self.time.is_none() {
            return None;
        }
        let (year, month, day) = resolve(&self.date, today)?;
        let year = i16::try_from(year.unwrap_or(i32::from(today.year()))).ok()?;
        let month = i8::try_from(month.unwrap_or(i32::from(today.month()))).ok()?;
        let first = Date::new(year, month, 1).ok()?;
        let date = match day {
            Some(day) => Date::new(year, month, i8::try_from(day).ok()?).ok()?,
            // Today's day, or the last of a shorter month.
            None => Date::new(year, month, today.day().min(first.days_in_month())).ok()?,
        };
        Some(date.to_datetime(self.time.unwrap_or_default()))
    }
}

/// Returns year, month and day, as far as the parts name them.
fn resolve(parts: &[Part], today: Date) -> Option<(Option<i32>, Option<i32>, Option<i32>)> {
    let year = |part: Part| if part.is_year || part.value > 99 { part.value } else { century(part.value, today) };
    let is_year = |part: Part| part.is_year || part.value > 31;
    let full = |y: Part, m: Part, d: Part| Some((Some(year(y)), Some(m.value), Some(d.value)));
    match *parts {
        [] => Some((None, None, None)),
        [a] if a.is_month => Some((None, Some(a.value), None)),
        [a] if is_year(a) => Some((Some(year(a)), None, None)),
        [a] => Some((None, None, Some(a.value))),
        [a, b] if a.is_month && is_year(b) => Some((Some(year(b)), Some(a.value), None)),
        [a, b] if b.is_month && is_year(a) => Some((Some(year(a)), Some(b.value), None)),
        [a, b] if a.is_month => Some((None, Some(a.value), Some(b.value))),
        [a, b] if b.is_month => Some((None, Some(b.value), Some(a.value))),
        [a, b] if is_year(a) => Some((Some(year(a)), Some(b.value), None)),
        [a, b] if is_year(b) => Some((Some(year(b)), Some(a.value), None)),
        [a, b] if a.value > 12 => Some((None, Some(b.value), Some(a.value))),
        [a, b] => Some((None, Some(a.value), Some(b.value))),
        [a, b, c] if a.is_month && is_year(b) => full(b, a, c),
        [a, b, c] if a.is_month => full(c, a, b),
        [a, b, c] if b.is_month && is_year(a) => full(a, b, c),
        [a, b, c] if b.is_month => full(c, b, a),
        [a, b, c] if c.is_month => full(if is_year(b) { b } else { a }, c, if is_year(b) { a } else { b }),
        [a, b, c] if is_year(a) => full(a, b, c),
        [a, b, c] if a.value > 12 => full(c, b, a),
        [a, b, c] => full(c, a, b),
        _ => None,
    }
}

/// Returns the year within fifty of today that ends in these two digits.
fn century(digits: i32, today: Date) -> i32 {
    let now = i32::from(today.year());
    let year = now - now % 100 + digits;
    match year - now {
        50.. => year - 100,
        ..-50 => year + 100,
        _ => year,
    }
}

fn half_day(time: Time, is_pm: bool) -> Option<Time> {
    let hour = match (time.hour(), is_pm) {
        (12, false) => 0,
        (hour @ 1..12, true) => hour + 12,
        (hour @ 0..=12, _) => hour,
        _ => return None,
    };
    time.with().hour(hour).build().ok()
}

fn split(number: &str) -> (&str, &str) {
    number.split_once('.').unwrap_or((number, ""))
}

/// Returns a fraction of a second in nanoseconds; digits past the microsecond are cut.
fn nanoseconds(fraction: &str) -> Option<i32> {
    let digits = fraction.get(..fraction.len().min(6))?;
    format!("{digits:0<9}").parse().ok()
}

fn position(short: &[&str], long: &[&str], word: &str) -> Option<i32> {
    let is_word =
        |(short, long): (&&str, &&str)| *short == word || *long == word || (word == "sept" && *short == "sep");
    let found = short.iter().zip(long).position(is_word)?;
    i32::try_from(found + 1).ok()
}

fn is_zone(tokens: &[Token], at: usize) -> bool {
    let digits = tokens.get(at).and_then(Token::number);
    digits.is_some_and(|digits| matches!(digits.len(), 1 | 2 | 4) && !digits.contains('.'))
}

/// Returns where an offset such as `0200`, `02:00` or `2` ends.
fn zone_end(tokens: &[Token], at: usize) -> usize {
    let has_minutes = tokens.get(at + 1).is_some_and(|next| next.is_mark(':'))
        && tokens.get(at + 2).is_some_and(|minutes| minutes.number().is_some());
    if has_minutes { at + 3 } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_aws_cli_reads() {
        let now = "2026-03-31T15:30:00Z".parse().unwrap();
        let cases = [
            ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
            ("2024-05-01", "2024-05-01T00:00:00Z"),
            ("2024-05-01T10:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01 10:00:30.25", "2024-05-01T10:00:30.25Z"),
            ("2024-05-01T10", "2024-05-01T10:00:00Z"),
            ("20240501T100000Z", "2024-05-01T10:00:00Z"),
            ("20240501T1000", "2024-05-01T10:00:00Z"),
            ("20240501", "2024-05-01T00:00:00Z"),
            ("20240501100000", "2024-05-01T10:00:00Z"),
            ("240501", "2001-05-24T00:00:00Z"),
            ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01T10:00:00-0700", "2024-05-01T10:00:00Z"),
            ("2024-05-01 10:00 UTC", "2024-05-01T10:00:00Z"),
            ("2024-05-01 10:00 GMT+3", "2024-05-01T10:00:00Z"),
            ("Wed, 01 May 2024 10:00:00 GMT", "2024-05-01T10:00:00Z"),
            ("Wed May  1 10:00:00 2024", "2024-05-01T10:00:00Z"),
            ("May 1, 2024", "2024-05-01T00:00:00Z"),
            ("1 may 2024 10pm", "2024-05-01T22:00:00Z"),
            ("1st of May 2024 12 am", "2024-05-01T00:00:00Z"),
            ("September 3rd 2024", "2024-09-03T00:00:00Z"),
            ("05/01/2024", "2024-05-01T00:00:00Z"),
            ("5/1/24", "2024-05-01T00:00:00Z"),
            ("25/12/2024", "2024-12-25T00:00:00Z"),
            ("2024/05/01", "2024-05-01T00:00:00Z"),
            ("2024.05.01", "2024-05-01T00:00:00Z"),
            ("1.5.2024", "2024-01-05T00:00:00Z"),
            ("1-may-99", "1999-05-01T00:00:00Z"),
            ("2024-02", "2024-02-29T00:00:00Z"),
            ("May 2024", "2024-05-31T00:00:00Z"),
            ("May 1", "2026-05-01T00:00:00Z"),
            ("2024", "2024-03-31T00:00:00Z"),
            ("10:30", "2026-03-31T10:30:00Z"),
            ("10h30m", "2026-03-31T10:30:00Z"),
            ("10", "2026-03-10T00:00:00Z"),
            ("2024-5-1", "2024-05-01T00:00:00Z"),
            ("31-1-2024", "2024-01-31T00:00:00Z"),
            ("2024-05-01T10:00:00 PM", "2024-05-01T22:00:00Z"),
            ("10 PM 2024-05-01", "2024-05-01T22:00:00Z"),
            ("2024-05-01 10:00:00,5", "2024-05-01T10:00:00.5Z"),
            ("2024-05-01T10:00:00.123456789Z", "2024-05-01T10:00:00.123456Z"),
            ("1 May 2024 at 10:00", "2024-05-01T10:00:00Z"),
            ("20240501 1000", "2024-05-01T10:00:00Z"),
            ("  2024-05-01T10:00:00Z  ", "2024-05-01T10:00:00Z"),
        ];
        for (text, expect) in cases {
            let found = parse_time(text, now).map(|time| time.to_string());
            assert_eq!(found.as_deref(), Some(expect), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        let now = "2026-03-31T15:30:00Z".parse().unwrap();
        let cases = [
            "",
            " ",
            "yesterday",
            "not a time",
            "2024-13-41",
            "2024-02-30",
            "2024-05-01T25:00:00Z",
            "1714557600",
            "2024-05-01T10:00:00Z and more words",
            "99999999999999999999",
            "1 2 3 4",
            "2024-W18-3",
            "2024-123",
            "2024-05-01Z",
            "2024-05-01T24:00:00",
            "@1714557600",
            "2024-05-01_10:00",
            "Monday",
            "::",
            "é",
        ];
        for text in cases {
            assert_eq!(parse_time(text, now), None, "{text}");
        }
    }
}
