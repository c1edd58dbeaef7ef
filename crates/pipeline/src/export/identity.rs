//! The name of an event that every destination and every lake agrees on: a digest of its record.
//!
//! It sees what the lake's fingerprints see: neither white space, nor the order of members, nor how a text is escaped.
//! But it is made by SHA-256 without a key. A destination shows it to many, so that the lake's secret must not be in
//! it, and nobody must be able to make another record of the same name. `docs/why/export-identity.md`.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Bytes of the digest that make the name.
const NAME_BYTES: usize = 20;

/// How deep members are put in order. What lies deeper counts as it stands: each level is read once more.
const DEPTH_MAX: usize = 24;

/// Returns the name of an event by its record.
pub(super) fn of(record: &str) -> String {
    let mut context = Context::new(&SHA256);
    match serde_json::from_str::<&RawValue>(record) {
        Ok(value) => feed(&mut context, value, 0),
        Err(_) => feed_bytes(&mut context, b'~', record.as_bytes()),
    }
    context.finish().as_ref().iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Feeds a value. Each begins with a sign of its kind and says how long it is, so that no two values are fed alike.
fn feed(context: &mut Context, value: &RawValue, depth: usize) {
    let text = value.get();
    let is_fed = match text.as_bytes().first() {
        Some(b'{') if depth < DEPTH_MAX => feed_object(context, text, depth),
        Some(b'[') if depth < DEPTH_MAX => feed_list(context, text, depth),
        Some(b'"') => feed_string(context, text),
        _ => false,
    };
    if !is_fed {
        feed_bytes(context, b'~', text.as_bytes());
    }
}

fn feed_object(context: &mut Context, text: &str, depth: usize) -> bool {
    let Ok(Members(mut members)) = serde_json::from_str(text) else { return false };
    members.sort_by(|(a_name, a), (b_name, b)| a_name.cmp(b_name).then_with(|| a.get().cmp(b.get())));
    feed_length(context, b'{', members.len());
    for (name, value) in members {
        feed_bytes(context, b'"', name.as_bytes());
        feed(context, value, depth + 1);
    }
    true
}

fn feed_list(context: &mut Context, text: &str, depth: usize) -> bool {
    let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else { return false };
    feed_length(context, b'[', elements.len());
    elements.into_iter().for_each(|element| feed(context, element, depth + 1));
    true
}

/// A text with half a surrogate pair cannot be decoded, and counts as it is spelled.
fn feed_string(context: &mut Context, text: &str) -> bool {
    let Ok(Text(decoded)) = serde_json::from_str(text) else { return false };
    feed_bytes(context, b'"', decoded.as_bytes());
    true
}

fn feed_bytes(context: &mut Context, sign: u8, bytes: &[u8]) {
    feed_length(context, sign, bytes.len());
    context.update(bytes);
}

fn feed_length(context: &mut Context, sign: u8, length: usize) {
    context.update(&[sign]);
    context.update(&(length as u64).to_be_bytes());
}

/// A decoded text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// The members of an object as they stand, those of one name included.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_as_fingerprints_do() {
        let record = r#"{"a":1,"b":{"c":"é/","d":[1,{"e":null}]}}"#;
        let same = [
            r#"{ "b" : {"d":[1, {"e":null}],"c":"\u00e9\/"}, "a":1 }"#,
            "{\"a\":1,\n\"b\":{\"d\":[1,{\"e\":null}],\"c\":\"é/\"}}",
        ];
        for other in same {
            assert_eq!(of(other), of(record), "{other}");
        }
        let different = [
            r#"{"a":1.0,"b":{"c":"é/","d":[1,{"e":null}]}}"#,
            r#"{"a":"1","b":{"c":"é/","d":[1,{"e":null}]}}"#,
            r#"{"a":1,"b":{"c":"é/","d":[{"e":null},1]}}"#,
            r#"{"a":1,"b":{"c":"é/"},"d":[1,{"e":null}]}"#,
            r#"{"a":1,"b":{"c":"é/","d":[1,{"e":null}]},"f":[]}"#,
            "",
        ];
        for other in different {
            assert_ne!(of(other), of(record), "{other}");
        }
        assert_eq!(of(record).len(), 2 * NAME_BYTES);
    }

    #[test]
    fn the_form_is_frozen() {
        // Computed apart from this program, by the grammar in `docs/format/export.md`.
        assert_eq!(of(r#"{"b":[1,null],"a":"\u00e9"}"#), "93bdc03270dcf64b6c16d2a656d662281ee66362");
    }

    #[test]
    fn what_cannot_be_decoded_has_a_name() {
        let deep = |inner: &str| format!("{}{inner}{}", r#"{"a":"#.repeat(500), "}".repeat(500));
        let cases = [
            (r#"{"a":"\ud800","b":1}"#.to_owned(), r#"{"a":"\ud801","b":1}"#.to_owned()),
            (r#"{"\ud800":1}"#.to_owned(), r#"{"\ud801":1}"#.to_owned()),
            (deep("1"), deep("2")),
            (r#"{"a":1,"a":2}"#.to_owned(), r#"{"a":1,"a":1}"#.to_owned()),
        ];
        for (record, other) in cases {
            assert_ne!(of(&record), of(&other), "{record}");
            assert_eq!(of(&record), of(&record), "{record}");
        }
        assert_eq!(of(r#"{"a":1,"a":2}"#), of(r#"{"a":2,"a":1}"#), "members of one name have no order");
    }
}
