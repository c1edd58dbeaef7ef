//! Tests, compiled, and the question whether the values at an address pass one.

use std::net::IpAddr;

use event::time::EventTime;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use crate::address::{Address, At, Source};
use crate::cidr::Cidr;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Arrays, Case, Comparison, RegexFlags, Test, TextOp, TimePart};
use crate::pathological;
use crate::text::{self, Glob, Literals};
use crate::value::{self, Base, Value};

/// Most bytes that a compiled regular expression may take.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Most bytes of the cache with which one is searched.
const REGEX_CACHE_BYTES_MAX: usize = 2 << 20;

/// A test, compiled.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    Null,
    Present,
    Literals(Literals),
    Globs(Vec<Glob>),
    Regex(Regex),
    Cidr(Vec<Cidr>),
    Number { op: Comparison, value: f64 },
    Time { part: TimePart, op: Comparison, value: i64 },
    Field { op: TextOp, case: Case, other: Address },
}

impl Check {
    /// Compiles a test; `resolve` finds the other field of one that compares two.
    pub(crate) fn compile(test: &Test, resolve: fn(&crate::expr::Field) -> Address) -> Result<Check> {
        Ok(match test {
            Test::Null => Check::Null,
            Test::Present => Check::Present,
            Test::Text { op, case, values } => Check::Literals(Literals::compile(*op, *case, values)?),
            Test::Like { case, patterns } => {
                Check::Globs(patterns.iter().map(|pattern| Glob::compile(*case, pattern)).collect())
            }
            Test::Regex { pattern, flags } => Check::Regex(regex(pattern, *flags)?),
            Test::Cidr(blocks) => Check::Cidr(blocks.clone()),
            Test::Number { op, value } => Check::Number { op: *op, value: *value },
            Test::Time { part, op, value } => Check::Time { part: *part, op: *op, value: *value },
            Test::Field { op, case, other } => Check::Field { op: *op, case: *case, other: resolve(other) },
        })
    }

    /// Returns what it costs beyond finding the value.
    pub(crate) fn cost(&self) -> u32 {
        match self {
            Check::Null | Check::Present => 0,
            Check::Literals(Literals::Equals { .. }) => 1,
            Check::Literals(_) => 3,
            Check::Number { .. } | Check::Cidr(_) => 4,
            Check::Globs(_) => 6,
            Check::Time { .. } | Check::Regex(_) => 12,
            Check::Field { other, .. } => 1 + other.cost(),
        }
    }

    /// Returns true if the values at an address pass.
    pub(crate) fn holds<S: Source>(&self, source: &S, address: &Address) -> bool {
        if let Check::Present = self {
            return source.exact_base(address.at, |base| stands(base, address, |_| true).is_some());
        }
        source.base(address.at, |base| match self {
            Check::Null => !stands(base, address, |json| !json.starts_with('n')).unwrap_or(false),
            Check::Field { op, case, other } => source.base(other.at, |right| {
                any(right, other, |right| any(base, address, |left| text::compare(*op, *case, left, right)))
            }),
            _ => any(base, address, |text| self.passes(text)),
        })
    }

    /// Returns true if a value's text passes; tests that are not of a text never do.
    pub(crate) fn passes(&self, text: &str) -> bool {
        match self {
            Check::Literals(literals) => literals.matches(text),
            Check::Globs(globs) => globs.iter().any(|glob| glob.matches(text)),
            Check::Regex(regex) => regex.is_match(text),
            Check::Cidr(blocks) => match text.parse::<IpAddr>() {
                Ok(address) => blocks.iter().any(|block| block.contains(address)),
                Err(_) => false,
            },
            Check::Number { op, value } => text.trim().parse::<f64>().is_ok_and(|found| op.holds(found, *value)),
            Check::Time { part, op, value } => time_part(text, *part).is_some_and(|found| op.holds(found, *value)),
            Check::Null | Check::Present | Check::Field { .. } => false,
        }
    }
}

fn any(base: Base<'_>, address: &Address, mut test: impl FnMut(&str) -> bool) -> bool {
    let mut test = |value: Value<'_>| value.text().is_some_and(|text| test(&text));
    match base {
        Base::Json(json) if address.at == At::Anywhere => value::any_scalar(json, &mut test),
        base => value::any(base, &address.rest, address.arrays, &mut test),
    }
}

/// Returns whether `is` says yes to any JSON at the address, or `None` if nothing stands there.
fn stands(base: Base<'_>, address: &Address, mut is: impl FnMut(&str) -> bool) -> Option<bool> {
    match base {
        Base::Json(json) => {
            let arrays = if address.at == At::Anywhere { Arrays::Indexed } else { address.arrays };
            value::walk(json, &address.rest, arrays, &mut |json| is(json))
        }
        Base::Absent => None,
        _ if !address.rest.is_empty() => None,
        Base::Null => Some(is("null")),
        Base::Text(_) => Some(is("\"\"")),
    }
}

fn time_part(text: &str, part: TimePart) -> Option<i64> {
    let micros = EventTime::parse(text)?.as_micros();
    let time = Timestamp::from_microsecond(micros).ok()?.to_zoned(TimeZone::UTC);
    Some(match part {
        TimePart::Minute => time.minute().into(),
        TimePart::Hour => time.hour().into(),
        TimePart::Day => time.day().into(),
        TimePart::Week => time.date().iso_week_date().week().into(),
        TimePart::Month => time.month().into(),
        TimePart::Year => time.year().into(),
    })
}

fn regex(pattern: &str, flags: RegexFlags) -> Result<Regex> {
    let refuse = |reason: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Regex, format!("compile the regular expression `{}`: {reason}", shortened(pattern)))
    };
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(flags.insensitive)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_CACHE_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => refuse(&format!("it takes more than {limit} bytes once compiled")),
            // The last line says what is wrong; those before it draw the place.
            error => refuse(&error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")),
        })?;
    let hir = regex_syntax::parse(pattern).map_err(|error| refuse(&error))?;
    match pathological::reason(&hir) {
        Some(reason) => Err(refuse(&reason)),
        None => Ok(regex),
    }
}

/// Most characters of a pattern that an error shows.
const PATTERN_SHOWN_MAX: usize = 80;

fn shortened(pattern: &str) -> String {
    match pattern.char_indices().nth(PATTERN_SHOWN_MAX) {
        Some((end, _)) => format!("{}...", pattern.get(..end).unwrap_or_default()),
        None => pattern.to_owned(),
    }
}
