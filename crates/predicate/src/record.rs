//! A single record: the raw bytes of one event, wherever they come from, or of what could not become an event.

use std::borrow::Cow;

use event::category::Facts;
use event::schema::{ALIASES, COLUMNS, column_index};
use serde_json::value::RawValue;

use crate::address::{At, Source};
use crate::json;
use crate::value::Base;

/// The bytes of one record, known to be a JSON object.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    text: &'a str,
    given: Vec<Option<String>>,
}

impl<'a> Record<'a> {
    /// Takes the bytes of a record, or `None` if they are no JSON object.
    pub fn parse(bytes: &'a [u8]) -> Option<Record<'a>> {
        let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\n', '\r', '\t']);
        let object = text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok();
        object.then(|| Record { text, given: Vec::new() })
    }

    /// Sets the values that are no part of the record, by their numbers.
    pub fn with_given(mut self, given: Vec<Option<String>>) -> Record<'a> {
        self.given = given;
        self
    }

    /// Takes text that is known to be a JSON object.
    pub(crate) fn trusted(text: &'a str) -> Record<'a> {
        Record { text, given: Vec::new() }
    }

    /// Returns the record's text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the event's category as its column would hold it.
    fn category(&self) -> Cow<'a, str> {
        let held = |name: &str| {
            let json = self.column(column_index(name)?).filter(|json| *json != "null")?;
            Some(if json.starts_with('"') { json::unquote(json) } else { Cow::Borrowed(json) })
        };
        if let Some(own) = held("eventcategory") {
            return own;
        }
        let (event_source, event_name, event_type) = (held("eventsource"), held("eventname"), held("eventtype"));
        let facts = Facts {
            event_source: event_source.as_deref(),
            event_name: event_name.as_deref(),
            event_type: event_type.as_deref(),
            management_event: held("managementevent").and_then(|text| text.parse().ok()),
        };
        Cow::Borrowed(facts.category())
    }

    /// Returns the bytes of the value that a column would hold, as the record spells them.
    fn column(&self, column: usize) -> Option<&'a str> {
        let column = COLUMNS.get(column)?;
        let own = member(self.text, column.path);
        own.or_else(|| {
            let (alias, _) = ALIASES.iter().find(|(_, name)| *name == column.name)?;
            member(self.text, &[alias])
        })
    }
}

/// Finds a value by the exact names of objects, as the opener does: no arrays, the first that fits.
fn member<'a>(object: &'a str, path: &[&str]) -> Option<&'a str> {
    let (first, rest) = path.split_first()?;
    json::entries(object).find_map(|(name, value)| {
        if json::unquote(name) != *first {
            return None;
        }
        match rest.is_empty() {
            true => Some(value),
            false if value.starts_with('{') => member(value, rest),
            false => None,
        }
    })
}

fn of_json(json: Option<&str>) -> Base<'_> {
    match json {
        None => Base::Absent,
        Some("null") => Base::Null,
        Some(json) => Base::Json(json),
    }
}

impl Source for Record<'_> {
    fn base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R {
        if at == At::Category {
            return then(Base::Text(&self.category()));
        }
        then(match at {
            At::Column(column) => of_json(self.column(column)),
            At::Unmapped | At::Record | At::Anywhere => Base::Json(self.text),
            At::Given(number) => match self.given.get(number) {
                Some(Some(text)) => Base::Text(text),
                _ => Base::Absent,
            },
            At::Category | At::Element => Base::Absent,
        })
    }
}

/// An element of an array, while an expression is held against it.
pub(crate) struct Element<'a> {
    pub json: &'a str,
}

impl Source for Element<'_> {
    fn base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R {
        then(if at == At::Element { of_json(Some(self.json)) } else { Base::Absent })
    }
}
