//! The values that a test looks at, and the walk that finds them under a path.

use std::borrow::Cow;

use crate::expr::{Arrays, Segment};
use crate::json;

/// What stands at an address before the rest of its path is walked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Base<'a> {
    /// No such member.
    Absent,
    /// JSON `null`.
    Null,
    /// The text of a string, a number or a Boolean.
    Text(&'a str),
    /// The bytes of a JSON value.
    Json(&'a str),
}

/// A value at the end of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// JSON `null`.
    Null,
    /// The text of a string without escapes, a number or a Boolean.
    Text(&'a str),
    /// A string with escapes, quotes included.
    Escaped(&'a str),
    /// An object or an array.
    Container(&'a str),
}

impl<'a> Value<'a> {
    /// Reads the bytes of a JSON value.
    pub(crate) fn of(json: &'a str) -> Value<'a> {
        match json.as_bytes().first() {
            Some(b'"') if json.contains('\\') => Value::Escaped(json),
            Some(b'"') => Value::Text(json.get(1..json.len().saturating_sub(1)).unwrap_or("")),
            Some(b'{' | b'[') => Value::Container(json),
            Some(b'n') => Value::Null,
            _ => Value::Text(json),
        }
    }

    /// Returns the value as text, or `None` for `null`.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Null => None,
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Escaped(quoted) => Some(json::unquote(quoted)),
            Value::Container(json) => Some(json::compact(json)),
        }
    }
}

/// Calls `test` on the values at `path` under `base` until it says yes. Returns whether it did.
pub(crate) fn any<'a>(
    base: Base<'a>,
    path: &[Segment],
    arrays: Arrays,
    test: &mut impl FnMut(Value<'a>) -> bool,
) -> bool {
    match base {
        Base::Absent => false,
        Base::Null => path.is_empty() && test(Value::Null),
        Base::Text(text) => path.is_empty() && test(Value::Text(text)),
        Base::Json(json) => walk(json, path, arrays, &mut |json| end(json, arrays, test)) == Some(true),
    }
}

/// Calls `test` on the elements of the array, or the object, at `path` until it says yes. Returns whether it did.
pub(crate) fn any_element(base: Base<'_>, path: &[Segment], test: &mut impl FnMut(&str) -> bool) -> bool {
    let Base::Json(json) = base else { return false };
    let mut at_end = |json: &str| match json.as_bytes().first() {
        Some(b'[') => json::entries(json).any(|(_, element)| test(element)),
        Some(b'{') => test(json),
        _ => false,
    };
    walk(json, path, Arrays::Walked, &mut at_end) == Some(true)
}

/// Calls `at_end` on the JSON at the ends of `path` until it says yes. `None` means that the path leads nowhere.
pub(crate) fn walk<'a>(
    json: &'a str,
    path: &[Segment],
    arrays: Arrays,
    at_end: &mut impl FnMut(&'a str) -> bool,
) -> Option<bool> {
    let Some(first) = path.first() else { return Some(at_end(json)) };
    match (json.as_bytes().first(), first) {
        (Some(b'{'), Segment::Member(_)) => {
            // A name that occurs twice counts once: the first that leads somewhere.
            json::entries(json).find_map(|(name, value)| {
                let steps = steps(&json::unquote(name), path)?;
                walk(value, path.get(steps..)?, arrays, at_end)
            })
        }
        (Some(b'['), Segment::Index(at)) => {
            let (_, value) = json::entries(json).nth(*at)?;
            walk(value, path.get(1..)?, arrays, at_end)
        }
        (Some(b'['), Segment::Member(_)) if arrays == Arrays::Walked => {
            let mut found = None;
            for (_, element) in json::entries(json) {
                match walk(element, path, arrays, at_end) {
                    Some(true) => return Some(true),
                    other => found = found.or(other),
                }
            }
            found
        }
        _ => None,
    }
}

/// Returns how many steps of the path a member's name takes: several if the name itself holds dots.
fn steps(name: &str, path: &[Segment]) -> Option<usize> {
    let mut rest = name;
    for (at, segment) in path.iter().enumerate() {
        let Segment::Member(member) = segment else { return None };
        rest = rest.strip_prefix(member.as_str())?;
        if rest.is_empty() {
            return Some(at + 1);
        }
        rest = rest.strip_prefix('.')?;
    }
    None
}

/// Tests what a path ends at: the value, and the elements of an array, however deep arrays lie in arrays.
fn end<'a>(json: &'a str, arrays: Arrays, test: &mut impl FnMut(Value<'a>) -> bool) -> bool {
    let value = Value::of(json);
    let Value::Container(_) = value else { return test(value) };
    if arrays == Arrays::Indexed {
        return false;
    }
    if test(value) {
        return true;
    }
    let mut open = if json.starts_with('[') { vec![json::entries(json)] } else { Vec::new() };
    while let Some(elements) = open.last_mut() {
        match elements.next() {
            Some((_, element)) => {
                if test(Value::of(element)) {
                    return true;
                }
                if element.starts_with('[') {
                    open.push(json::entries(element));
                }
            }
            None => drop(open.pop()),
        }
    }
    false
}

/// Calls `test` on every string, number and Boolean at any depth until it says yes. Returns whether it did.
pub(crate) fn any_scalar<'a>(json: &'a str, test: &mut impl FnMut(Value<'a>) -> bool) -> bool {
    let mut open = vec![json::entries(json)];
    while let Some(entries) = open.last_mut() {
        match entries.next() {
            Some((_, value)) => match Value::of(value) {
                Value::Container(json) => open.push(json::entries(json)),
                scalar => {
                    if test(scalar) {
                        return true;
                    }
                }
            },
            None => drop(open.pop()),
        }
    }
    false
}
