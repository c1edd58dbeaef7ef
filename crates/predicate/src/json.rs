//! Steps over JSON text that is known to be valid: members, elements and values as slices, without a tree.
//!
//! Text that is not valid after all ends a walk early; nothing panics and nothing recurses.

use std::borrow::Cow;

/// Returns the offset of the first byte at or after `at` that is no JSON white space.
fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Returns the offset past the string whose opening quote stands at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Returns the offset past the value that starts at `start`.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' => (depth, at) = (depth.checked_sub(1)?, at + 1),
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth > 0 => at += 1,
            _ => {
                let end = bytes.get(at..)?.iter().position(|byte| b",:]} \n\r\t\"[{".contains(byte));
                let step = end.unwrap_or(bytes.len() - at);
                if step == 0 {
                    return None;
                }
                at += step;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The members of an object, or the elements of an array, in their order.
pub(crate) struct Entries<'a> {
    text: &'a str,
    at: usize,
    object: bool,
}

/// Returns the entries of the container that `value` is; of any other value there is none.
pub(crate) fn entries(value: &str) -> Entries<'_> {
    let object = value.starts_with('{');
    let at = if object || value.starts_with('[') { 1 } else { value.len() };
    Entries { text: value, at, object }
}

impl<'a> Iterator for Entries<'a> {
    /// The name with its quotes, empty for an element; and the value.
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let bytes = self.text.as_bytes();
        let mut at = skip_blank(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_blank(bytes, at + 1);
        }
        if matches!(bytes.get(at), None | Some(b'}' | b']')) {
            return None;
        }
        let mut name = "";
        if self.object {
            let end = string_end(bytes, at)?;
            name = self.text.get(at..end)?;
            at = skip_blank(bytes, end);
            if bytes.get(at) != Some(&b':') {
                return None;
            }
            at = skip_blank(bytes, at + 1);
        }
        let end = value_end(bytes, at)?;
        self.at = end;
        Some((name, self.text.get(at..end)?))
    }
}

/// Returns the content of a string given with its quotes. Half a surrogate pair has no text: its escapes stay.
pub(crate) fn unquote(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_str(quoted) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(inner),
    }
}

/// Returns a container as compact JSON: no white space, strings with no more escapes than JSON asks for.
pub(crate) fn compact(json: &str) -> Cow<'_, str> {
    if is_compact(json) {
        return Cow::Borrowed(json);
    }
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {
                at += 1;
                continue;
            }
            b'"' => string_end(bytes, at).unwrap_or(bytes.len()),
            _ => bytes
                .get(at..)
                .and_then(|rest| rest.iter().position(|byte| b"\" \n\r\t".contains(byte)))
                .map_or(bytes.len(), |step| at + step),
        };
        let piece = json.get(at..end).unwrap_or("");
        let needless = piece.starts_with('"') && piece.contains('\\');
        match needless.then(|| serde_json::from_str::<String>(piece).ok()).flatten() {
            Some(text) => match serde_json::to_string(&text) {
                Ok(text) => out.push_str(&text),
                Err(_) => out.push_str(piece),
            },
            None => out.push_str(piece),
        }
        at = end;
    }
    Cow::Owned(out)
}

/// Returns true if nothing has to be done to make the text compact: the common case, without a copy.
fn is_compact(json: &str) -> bool {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => return false,
            b'"' => {
                let Some(end) = string_end(bytes, at) else { return true };
                let string = bytes.get(at..end).unwrap_or_default();
                for escape in memchr::memchr_iter(b'\\', string) {
                    if matches!(string.get(escape + 1), Some(b'u' | b'/')) {
                        return false;
                    }
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_order() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            (
                r#"{"a" : 1 , "b":{"c":[1,"}"]},"d":"x"}"#,
                &[(r#""a""#, "1"), (r#""b""#, r#"{"c":[1,"}"]}"#), (r#""d""#, r#""x""#)],
            ),
            (r#"[ 1, "a\"]" , null,[] ]"#, &[("", "1"), ("", r#""a\"]""#), ("", "null"), ("", "[]")]),
            ("{}", &[]),
            ("[]", &[]),
            ("7", &[]),
            (r#"{"a":1,"#, &[(r#""a""#, "1")]),
            (r#"{"a"]"#, &[]),
            (r#"[1}"#, &[("", "1")]),
            (r#"{"a":}"#, &[]),
        ];
        for (text, expect) in cases {
            assert_eq!(&entries(text).collect::<Vec<_>>(), expect, "{text}");
        }
    }

    #[test]
    fn compact_json_has_no_blanks_and_no_needless_escapes() {
        let cases = [
            (r#"{ "a" : [ 1 , "x y" ] }"#, r#"{"a":["x y"]}"#.replace("[", "[1,")),
            (r#"{"a":"\/\u003c\"\n"}"#, r#"{"a":"/<\"\n"}"#.to_owned()),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ud83d"}"#.to_owned()),
            (r#"["\\u"]"#, r#"["\\u"]"#.to_owned()),
        ];
        for (text, expect) in cases {
            assert_eq!(compact(text), expect, "{text}");
        }
    }
}
