//! Requests and answers as AWS JSON 1.1 has them.

use event::time::EventTime;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use trail::model::Millis;

use crate::fault::{Code, Fault, Result};

/// Reads the members of a request. Nothing at all counts as none; members that an operation does not have are passed
/// over, as AWS does.
///
/// # Errors
/// `SerializationException` if the body is not JSON or a member has another type, and `ValidationException` if one is
/// missing.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let body = match body.trim_ascii_start() {
        [] => b"{}",
        [b'{', ..] => body,
        // A list would be taken for the members in their order.
        _ => {
            return Err(Fault::new(
                Code::SerializationException,
                "The request could not be read: it is no JSON object.",
            ));
        }
    };
    serde_json::from_slice(body).or_else(|error| without_nulls(body, error)).map_err(|error| {
        let message = error.to_string();
        match message.strip_prefix("missing field ").and_then(|rest| rest.split('`').nth(1)) {
            Some(member) => Fault::new(
                Code::ValidationException,
                format!(
                    "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                    lower_first(member)
                ),
            ),
            None => Fault::new(Code::SerializationException, format!("The request could not be read: {message}.")),
        }
    })
}

/// Reads the members once more, where one that is null counts as absent. It is rare, so that others do not pay for it.
fn without_nulls<T: DeserializeOwned>(body: &[u8], error: serde_json::Error) -> serde_json::Result<T> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|_, value| !value.is_null());
                members.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    if !error.is_data() {
        return Err(error);
    }
    let mut value: Value = serde_json::from_slice(body)?;
    strip(&mut value);
    match serde_json::from_value(value) {
        Ok(read) => Ok(read),
        // The first error knows its place, unless it is about a member that is absent.
        Err(again) if again.to_string().starts_with("missing field") => Err(again),
        Err(_) => Err(error),
    }
}

/// Writes an answer.
///
/// # Errors
/// If a value has no form in JSON.
pub(crate) fn encode(answer: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(answer).map_err(|error| Fault::internal("write an answer", &error))
}

/// An answer without members.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

/// Returns a member's name as validation messages and records spell it.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// A timestamp of a request: seconds since 1970, or ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub EventTime);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Farthest from 1970 that is taken, in seconds: ten thousand years.
        const SECONDS_MAX: f64 = 3.2e11;
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelled {
            Seconds(f64),
            Text(String),
        }
        match Spelled::deserialize(deserializer)? {
            Spelled::Seconds(seconds) if seconds.abs() <= SECONDS_MAX => {
                Ok(Timestamp(EventTime::from_micros((seconds * 1e6).round() as i64)))
            }
            Spelled::Seconds(seconds) => Err(D::Error::custom(format!("{seconds} is no time"))),
            // A date alone is its first moment.
            Spelled::Text(text) => {
                match EventTime::parse(&text).or_else(|| EventTime::parse(&format!("{text}T00:00:00"))) {
                    Some(time) => Ok(Timestamp(time)),
                    None => Err(D::Error::custom(format!("`{text}` is no time"))),
                }
            }
        }
    }
}

/// Returns a moment as answers write it: seconds since 1970, with a fraction where there is one.
pub(crate) fn seconds(moment: Millis) -> serde_json::Number {
    let whole = || serde_json::Number::from(moment.0.div_euclid(1_000));
    if moment.0 % 1_000 == 0 { whole() } else { serde_json::Number::from_f64(moment.seconds()).unwrap_or_else(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        name: Option<String>,
        time: Option<Timestamp>,
    }

    #[test]
    fn a_request_is_an_object_or_nothing() {
        let cases = [
            ("", Ok(None)),
            (" \n", Ok(None)),
            ("{}", Ok(None)),
            (r#" {"Name": "a", "Other": [1]}"#, Ok(Some("a"))),
            (r#"{"Name": null}"#, Ok(None)),
            (r#"{"Name": 1}"#, Err(Code::SerializationException)),
            (r#"["a", null]"#, Err(Code::SerializationException)),
            ("[]", Err(Code::SerializationException)),
            ("null", Err(Code::SerializationException)),
            (r#""a""#, Err(Code::SerializationException)),
            ("{", Err(Code::SerializationException)),
            ("{} {}", Err(Code::SerializationException)),
        ];
        for (body, expected) in cases {
            let read = decode::<Input>(body.as_bytes());
            assert_eq!(
                read.as_ref().map(|input| input.name.as_deref()).map_err(|fault| fault.code),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn times_are_numbers_or_iso_8601() {
        let cases = [
            ("1577836800", Some(1_577_836_800_000_000)),
            ("1577836800.25", Some(1_577_836_800_250_000)),
            ("1.5778368e9", Some(1_577_836_800_000_000)),
            ("-1", Some(-1_000_000)),
            (r#""2020-01-01T00:00:00Z""#, Some(1_577_836_800_000_000)),
            (r#""2020-01-01T00:00:00.5Z""#, Some(1_577_836_800_500_000)),
            (r#""2020-01-01T01:00:00+01:00""#, Some(1_577_836_800_000_000)),
            (r#""2020-01-01T00:00:00""#, Some(1_577_836_800_000_000)),
            (r#""2020-01-01""#, Some(1_577_836_800_000_000)),
            (r#""2020-13-01""#, None),
            (r#""yesterday""#, None),
            (r#""""#, None),
            ("1e300", None),
            ("true", None),
            ("[]", None),
        ];
        for (time, expected) in cases {
            let read = decode::<Input>(format!(r#"{{"Time": {time}}}"#).as_bytes());
            let read = read.map(|input| input.time.map(|time| time.0.as_micros())).map_err(|fault| fault.code);
            assert_eq!(read, expected.map(Some).ok_or(Code::SerializationException), "{time}");
        }
    }
}
