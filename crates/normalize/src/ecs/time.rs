//! Times: ISO 8601 in, UTC with milliseconds out (section "Times" of the mapping).

use event::time::{EventTime, SECOND};

/// Returns an ISO 8601 time as UTC with exactly three digits of fraction. Finer digits are cut; parts that are left
/// out at the end are the first of their kind; a time without a zone is UTC.
pub(crate) fn iso_8601(text: &str) -> Option<String> {
    let canonical = text.len() == "2019-10-02T22:12:29Z".len() && text.ends_with('Z');
    let time = match EventTime::parse(text) {
        // What nearly every record holds.
        Some(_) if canonical => return text.strip_suffix('Z').map(|seconds| format!("{seconds}.000Z")),
        Some(time) => time,
        None => EventTime::parse(&completed(text)?)?,
    };
    let micros = time.as_micros();
    let seconds = EventTime::from_micros(micros - micros.rem_euclid(SECOND)).to_string();
    Some(format!("{}.{:03}Z", seconds.strip_suffix('Z')?, micros.rem_euclid(SECOND) / 1000))
}

/// Adds the parts that ISO 8601 allows to leave out.
fn completed(text: &str) -> Option<String> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let date = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        10 => date.to_owned(),
        _ => return None,
    };
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(zone)?;
    let clock = match clock.len() {
        0 if zone.is_empty() => "00:00:00".to_owned(),
        2 => format!("{clock}:00:00"),
        5 => format!("{clock}:00"),
        _ => clock.to_owned(),
    };
    Some(format!("{date}T{clock}{zone}"))
}

/// Returns a time in one of the forms of `creationDate`: ISO 8601, or `20131102T010628Z` with or without `.SSS`.
pub(crate) fn creation_date(text: &str) -> Option<String> {
    iso_8601(text).or_else(|| iso_8601(&extended(text)?))
}

/// Turns the basic form of ISO 8601 into the extended one.
fn extended(text: &str) -> Option<String> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "000"));
    let is_digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !(is_digits(date, 8) && is_digits(clock, 6) && is_digits(fraction, 3)) {
        return None;
    }
    let (year, month_day) = date.split_at_checked(4)?;
    let (month, day) = month_day.split_at_checked(2)?;
    let (hour, minute_second) = clock.split_at_checked(2)?;
    let (minute, second) = minute_second.split_at_checked(2)?;
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let cases = [
            ("2019-10-02T22:12:29Z", Some("2019-10-02T22:12:29.000Z")),
            ("2019-10-02T22:12:29.5Z", Some("2019-10-02T22:12:29.500Z")),
            ("2019-10-02T22:12:29.123999Z", Some("2019-10-02T22:12:29.123Z")),
            ("2019-10-02T22:12:29+02:00", Some("2019-10-02T20:12:29.000Z")),
            ("2019-10-02T22:12:29", Some("2019-10-02T22:12:29.000Z")),
            ("2019-10-02T22:12Z", Some("2019-10-02T22:12:00.000Z")),
            ("2019-10-02T22-01:30", Some("2019-10-02T23:30:00.000Z")),
            ("2019-10-02", Some("2019-10-02T00:00:00.000Z")),
            ("2019-10", Some("2019-10-01T00:00:00.000Z")),
            ("2019", Some("2019-01-01T00:00:00.000Z")),
            ("1969-12-31T23:59:59.9Z", Some("1969-12-31T23:59:59.900Z")),
            ("2019-13-02T22:12:29Z", None),
            ("2019-02-29T22:12:29Z", None),
            ("20191002T221229Z", None),
            ("2019-10-02TZ", None),
            ("1570054349", None),
            ("", None),
            ("−", None),
        ];
        for (text, expect) in cases {
            assert_eq!(iso_8601(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn sessions_begin_in_the_basic_form_too() {
        let cases = [
            ("20131102T010628Z", Some("2013-11-02T01:06:28.000Z")),
            ("20131102T010628.250Z", Some("2013-11-02T01:06:28.250Z")),
            ("2013-11-02T01:06:28Z", Some("2013-11-02T01:06:28.000Z")),
            ("20131102T010628", None),
            ("20131302T010628Z", None),
            ("20131102T010628.25Z", None),
            ("２0131102T01062Z", None),
        ];
        for (text, expect) in cases {
            assert_eq!(creation_date(text).as_deref(), expect, "{text}");
        }
    }
}
