//! Selectors as the AWS CLI takes and gives them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::selectors::error::{Error, ErrorKind, Result};
use crate::selectors::{AdvancedEventSelector, EventSelector, Selectors};

/// What `put-event-selectors` takes by `--cli-input-json` and what `get-event-selectors` gives: other members do not matter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Call {
    event_selectors: Option<Vec<Value>>,
    advanced_event_selectors: Option<Vec<Value>>,
}

impl Selectors {
    /// Reads the selectors of a trail as the AWS CLI takes them: a list of basic or of advanced ones, or an object with
    /// `EventSelectors` or `AdvancedEventSelectors`.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] if the text is no such JSON, else as [`Selectors::put`].
    pub fn parse(text: &str) -> Result<Selectors> {
        let json: Value = serde_json::from_str(text).map_err(|error| unread(&error.to_string()))?;
        let (basic, advanced) = match json {
            Value::Array(list) if list.iter().any(|one| one.get("FieldSelectors").is_some()) => (None, Some(list)),
            Value::Array(list) => (Some(list), None),
            Value::Object(_) => {
                let call: Call = serde_json::from_value(json).map_err(|error| unread(&error.to_string()))?;
                if call.event_selectors.is_none() && call.advanced_event_selectors.is_none() {
                    return Err(unread("the object has neither EventSelectors nor AdvancedEventSelectors"));
                }
                (call.event_selectors, call.advanced_event_selectors)
            }
            _ => return Err(unread("it is neither a list nor an object")),
        };
        Selectors::put(each::<EventSelector>(basic)?, each::<AdvancedEventSelector>(advanced)?)
    }
}

/// Reads them one by one, so that an error says which of them is wrong.
fn each<T: DeserializeOwned>(list: Option<Vec<Value>>) -> Result<Option<Vec<T>>> {
    let Some(list) = list else { return Ok(None) };
    let read = |(nth, value): (usize, Value)| {
        serde_json::from_value(value).map_err(|error| unread(&format!("selector {}: {error}", nth + 1)))
    };
    list.into_iter().enumerate().map(read).collect::<Result<Vec<T>>>().map(Some)
}

fn unread(why: &str) -> Error {
    Error::new(ErrorKind::Json, format!("The event selectors cannot be read: {why}."))
}
