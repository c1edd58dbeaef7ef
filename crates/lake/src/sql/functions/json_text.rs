//! JSON read as text: members and elements are found by skipping over what stands in front of them, without a tree.
//!
//! Nothing here recurses, so depth costs no stack. A text that is no JSON gives nothing.

/// Returns the raw value of member `name` of the object `json`; of a repeated name the first.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    Members::of(json)?.find(|(key, _)| key_is(key, name)).map(|(_, value)| value)
}

/// Returns the raw value of the member that a path names as unquoted names are read: that of exactly this name, else the first
/// whose name differs in capitals alone.
pub(crate) fn member_in_any_case<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut nearly = None;
    for (key, value) in Members::of(json)? {
        if key_is(key, name) {
            return Some(value);
        }
        if nearly.is_none() && key_is_nearly(key, name) {
            nearly = Some(value);
        }
    }
    nearly
}

/// Returns the raw element `index` of the array `json`, from 0; a negative index counts from the end.
pub(crate) fn element(json: &str, index: i64) -> Option<&str> {
    match usize::try_from(index) {
        Ok(index) => Elements::of(json)?.nth(index),
        Err(_) => {
            let all: Vec<&str> = Elements::of(json)?.collect();
            let back = usize::try_from(index.unsigned_abs()).ok()?;
            all.len().checked_sub(back).and_then(|index| all.get(index)).copied()
        }
    }
}

/// Returns a value as text: a string bare, anything else as compact JSON; `null` gives nothing.
pub(crate) fn bare(value: &str) -> Option<String> {
    match value.as_bytes().first()? {
        b'"' => unescape(value),
        b'n' => None,
        _ => Some(compact(value)),
    }
}

/// Returns a string, number or Boolean as text; objects, arrays and `null` give nothing.
pub(crate) fn scalar(value: &str) -> Option<String> {
    match value.as_bytes().first()? {
        b'{' | b'[' => None,
        _ => bare(value),
    }
}

/// Returns whether `text` is one JSON value and nothing else. Linear; nesting is unlimited.
pub(crate) fn is_valid(text: &str) -> bool {
    let mut rest = Scanner::new(text);
    rest.blank();
    valid_value(&mut rest) && {
        rest.blank();
        rest.at == text.len()
    }
}

/// Returns the JSON without white space between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let bytes = json.as_bytes();
    if !bytes.iter().any(u8::is_ascii_whitespace) {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at).unwrap_or(bytes.len()),
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            _ => {
                let rest = &bytes[at..];
                at + rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'"').unwrap_or(rest.len())
            }
        };
        out.push_str(&json[at..end]);
        at = end;
    }
    out
}

/// Writes `text` as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the text of a JSON string, quotes included in `value`. A lone surrogate becomes U+FFFD.
pub(crate) fn unescape(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    if let Ok(text) = serde_json::from_str::<String>(value) {
        return Some(text);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => {
                let hex: String = chars.by_ref().take(4).collect();
                let unit = u32::from_str_radix(&hex, 16).ok()?;
                out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            c => out.push(c),
        }
    }
    Some(out)
}

fn key_is(key: &str, name: &str) -> bool {
    match key.get(1..key.len() - 1) {
        Some(inner) if !inner.contains('\\') => inner == name,
        _ => unescape(key).is_some_and(|key| key == name),
    }
}

fn key_is_nearly(key: &str, name: &str) -> bool {
    match key.get(1..key.len() - 1) {
        Some(inner) if !inner.contains('\\') => inner.eq_ignore_ascii_case(name),
        _ => unescape(key).is_some_and(|key| key.eq_ignore_ascii_case(name)),
    }
}

/// The members of an object: (key with its quotes, raw value).
pub(crate) struct Members<'a>(Scanner<'a>);

impl<'a> Members<'a> {
    /// Begins at an object; nothing if `json` is none, or was cut.
    pub(crate) fn of(json: &'a str) -> Option<Self> {
        Scanner::inside(json, b'{', b'}').map(Self)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.separator()?;
        let key = self.0.value().filter(|key| key.starts_with('"'))?;
        self.0.blank();
        self.0.take(b':')?;
        self.0.blank();
        Some((key, self.0.value()?))
    }
}

/// The raw elements of an array.
pub(crate) struct Elements<'a>(Scanner<'a>);

impl<'a> Elements<'a> {
    /// Begins at an array; nothing if `json` is none, or was cut.
    pub(crate) fn of(json: &'a str) -> Option<Self> {
        Scanner::inside(json, b'[', b']').map(Self)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0.separator()?;
        self.0.value()
    }
}

/// A position in a JSON text.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    first: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, first: true }
    }

    fn inside(json: &'a str, open: u8, close: u8) -> Option<Self> {
        let mut scanner = Self::new(json.trim_ascii());
        let closed = scanner.text.len() >= 2 && scanner.text.as_bytes().last() == Some(&close);
        scanner.take(open).filter(|()| closed)?;
        Some(scanner)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes to the next member or element; nothing at the end of the object or array, or where neither stands.
    fn separator(&mut self) -> Option<()> {
        self.blank();
        if self.first {
            self.first = false;
        } else {
            self.take(b',')?;
            self.blank();
        }
        (!matches!(self.peek()?, b'}' | b']')).then_some(())
    }

    /// Takes one raw value.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start)?;
        self.text.get(start..self.at)
    }
}

/// Returns where the value that begins at `start` ends.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => nested_end(bytes, start),
        byte if byte.is_ascii_alphanumeric() || *byte == b'-' => {
            let rest = bytes.get(start..)?;
            let length =
                rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.'));
            Some(length.map_or(bytes.len(), |length| start + length))
        }
        _ => None,
    }
}

fn nested_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns the place behind the closing quote of the string that opens at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Checks one value; the stack of open objects and arrays lies on the heap.
fn valid_value(rest: &mut Scanner) -> bool {
    let mut open: Vec<u8> = Vec::new();
    loop {
        // A value stands here, after its key in an object.
        if open.last() == Some(&b'}') && !valid_key(rest) {
            return false;
        }
        let opened = match rest.peek() {
            Some(b'{') => Some(b'}'),
            Some(b'[') => Some(b']'),
            _ => None,
        };
        if let Some(close) = opened {
            rest.at += 1;
            rest.blank();
            if rest.take(close).is_none() {
                open.push(close);
                continue;
            }
        } else if !valid_scalar(rest) {
            return false;
        }
        // Behind a value: close what ends here, go on behind a comma.
        loop {
            let Some(close) = open.last() else { return true };
            rest.blank();
            if rest.take(*close).is_some() {
                open.pop();
            } else if rest.take(b',').is_some() {
                rest.blank();
                break;
            } else {
                return false;
            }
        }
    }
}

fn valid_key(rest: &mut Scanner) -> bool {
    let key = rest.peek() == Some(b'"') && valid_scalar(rest);
    rest.blank();
    let colon = rest.take(b':').is_some();
    rest.blank();
    key && colon
}

fn valid_scalar(rest: &mut Scanner) -> bool {
    let Some(value) = rest.value() else { return false };
    match value.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<&serde_json::value::RawValue>(value).is_ok(),
        Some(b'{' | b'[') | None => false,
        _ => serde_json::from_str::<&serde_json::value::RawValue>(value).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members() {
        let json = r#" { "a" : 1, "b\u0063" : {"x":[1, 2 ,{"y":"}"}]} , "a":2, "s":"q\"uo\\" } "#;
        let cases =
            [("a", Some("1")), ("bc", Some(r#"{"x":[1, 2 ,{"y":"}"}]}"#)), ("s", Some(r#""q\"uo\\""#)), ("x", None)];
        for (name, expect) in cases {
            assert_eq!(member(json, name), expect, "{name}");
        }
        assert_eq!(member("[1]", "a"), None);
        assert_eq!(member(r#"{"a":1"#, "a"), None);
        assert_eq!(member("", "a"), None);
    }

    #[test]
    fn finds_elements() {
        for (index, expect) in [(0, Some("1")), (1, Some("[2]")), (-1, Some("\"3\"")), (-4, None), (3, None)] {
            assert_eq!(element("[1, [2] ,\"3\"]", index), expect, "{index}");
        }
        assert_eq!(element("[]", 0), None);
        assert_eq!(element("{}", 0), None);
    }

    #[test]
    fn gives_text() {
        for (value, expect) in [
            ("\"a\"", Some("a")),
            (r#""\ud83d\ude00\ud800""#, Some("\u{fffd}\u{fffd}\u{fffd}")),
            ("null", None),
            ("[1, 2]", Some("[1,2]")),
            ("true", Some("true")),
        ] {
            assert_eq!(bare(value).as_deref(), expect, "{value}");
        }
        assert_eq!(scalar("[1]"), None);
        assert_eq!(compact(r#"{ "a b" : [ 1 , "c  d\" " ] }"#), r#"{"a b":[1,"c  d\" "]}"#);
    }

    #[test]
    fn judges_validity() {
        for good in ["{}", "[]", " [1, {\"a\": [null, true, -1.5e3]}] ", "\"x\"", "0"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "nul", "[1]]", "{1:2}", "\"\\x\"", "[1 2]"] {
            assert!(!is_valid(bad), "{bad}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(is_valid(&deep));
        assert_eq!(element(&deep, 0).map(str::len), Some(deep.len() - 2));
    }
}
