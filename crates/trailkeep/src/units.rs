//! Sizes, counts and lengths of time as people write and read them.

use std::time::Duration;

use jiff::SignedDuration;

/// Units of size, decimal ones first.
const SIZES: [(&str, u64); 9] = [
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("b", 1),
];

/// Reads a size: `500000`, `20MB`, `4GiB`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let accepted = || format!("`{text}` is no size: write bytes such as `500000`, or `20MB`, `4GiB`");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" => 1,
        unit => SIZES.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor).ok_or_else(accepted)?,
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(accepted)
}

/// Reads a length of time over zero: `500ms`, `30s`, `5m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
    parsed
        .filter(|length| !length.is_zero())
        .ok_or_else(|| format!("`{text}` is no length of time: write `500ms`, `30s` or `5m`"))
}

/// Prints a size in decimal units: `512 B`, `20.1 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let unit = SIZES[..4].iter().rev().find(|(_, factor)| count >= *factor);
    let Some((name, factor)) = unit else { return format!("{count} B") };
    let name = if *name == "kb" { "kB".to_owned() } else { name.to_uppercase() };
    let (whole, tenth) = (count / factor, count % factor * 10 / factor);
    if whole >= 100 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") }
}

/// Prints a count with commas: `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Prints a count and its noun: `1 file`, `2,000 files`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Prints a length of time: `0.3 s`, `42 s`, `3 min 20 s`, `1 h 5 min`.
pub(crate) fn seconds(seconds: f64) -> String {
    // A negative or absurd number becomes the nearest that fits.
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        for (text, expect) in [("0", 0), ("500000", 500_000), ("20MB", 20_000_000), ("4GiB", 4 << 30), ("1 kb", 1_000)]
        {
            assert_eq!(parse_bytes(text), Ok(expect), "{text}");
        }
        for text in ["", "MB", "-1", "1.5GB", "3 apples", "99999999TB"] {
            assert!(parse_bytes(text).is_err_and(|message| message.contains("`20MB`")), "{text}");
        }
    }

    #[test]
    fn prints_for_people() {
        let sizes =
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (20_149_000, "20.1 MB"), (123_456_789_000, "123 GB")];
        for (number, expect) in sizes {
            assert_eq!(bytes(number), expect);
        }
        for (number, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expect);
        }
        for (number, expect) in [(0.25, "0.2 s"), (42.4, "42 s"), (200.0, "3 min 20 s"), (3_900.0, "1 h 5 min")] {
            assert_eq!(seconds(number), expect);
        }
        assert_eq!((counted(1, "file"), counted(2, "file")), ("1 file".to_owned(), "2 files".to_owned()));
    }
}
