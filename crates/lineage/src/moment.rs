//! Times in the forms that records of STS write them.

use event::time::EventTime;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `sessionContext.attributes.creationDate`: ISO 8601, extended or, in old records, basic (`20131102T010628Z`).
pub(crate) fn creation_date(text: &str) -> Option<EventTime> {
    EventTime::parse(text).or_else(|| basic(text))
}

/// Reads `responseElements.credentials.expiration`: `Mar 1, 2026, 10:00:00 AM`, in older records without the second
/// comma, in newer ones with a narrow no-break space before `AM`; also ISO 8601. The time is UTC.
pub(crate) fn expiration(text: &str) -> Option<EventTime> {
    creation_date(text).or_else(|| spelled_out(text))
}

fn basic(text: &str) -> Option<EventTime> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    if date.len() != 8 || time.len() != 6 || !date.is_ascii() || !time.is_ascii() {
        return None;
    }
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    EventTime::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

fn spelled_out(text: &str) -> Option<EventTime> {
    let mut words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let (month, day, year, clock, half) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (day, year): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    let (hour, rest) = clock.split_once(':')?;
    let hour: u8 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    EventTime::parse(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{rest}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expirations_in_all_their_spellings() {
        let cases = [
            ("Mar 1, 2026, 10:00:00 AM", Some("2026-03-01T10:00:00Z")),
            ("Dec 2, 2021 11:11:28 PM", Some("2021-12-02T23:11:28Z")),
            ("Jan 31, 2025, 12:00:01\u{202f}AM", Some("2025-01-31T00:00:01Z")),
            ("Jan 31, 2025, 12:00:01 PM", Some("2025-01-31T12:00:01Z")),
            ("2026-03-01T10:00:00Z", Some("2026-03-01T10:00:00Z")),
            ("20131102T010628Z", Some("2013-11-02T01:06:28Z")),
            ("Foo 1, 2026, 10:00:00 AM", None),
            ("Mar 1, 2026, 13:00:00 AM", None),
            ("Mar 1, 2026, 0:00:00 AM", None),
            ("Mar 31, 2026, 10:00:00", None),
            ("Feb 30, 2026, 10:00:00 AM", None),
            ("Mar 1, 2026, 10:00:00 AM UTC", None),
            ("2013\u{661}102T010628Z", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(expiration(text).map(|time| time.to_string()).as_deref(), expect, "{text}");
        }
    }
}
