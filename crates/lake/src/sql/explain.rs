//! Mistakes in the words of the query: what is wrong, where it stands, and what was probably meant.

use std::collections::BTreeSet;

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::error::{Error, Kind, Position};
use super::names::{TABLES, members, nearest};

/// What the engine says where a name is followed by another as if it were a struct.
const FIELD_OF_TEXT: &str = "Cannot access field at argument 1: type Utf8";

/// Turns an error of the parser into ours; its text ends with the place.
pub(super) fn syntax(error: DataFusionError) -> Error {
    let text = match error.find_root() {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        other => other.message().into_owned(),
    };
    let text = text.trim_start_matches("sql parser error: ");
    let (message, position) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, place_of(place)),
        None => (text, None),
    };
    let mut chars = message.chars();
    let lower: String = chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect();
    Error::new(Kind::Syntax, format!("cannot read the query: {lower}")).at(position).caused_by(error)
}

/// Parses `3, Column: 14`.
fn place_of(place: &str) -> Option<Position> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Position { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

/// Turns an error of planning into ours.
pub(super) fn explained(error: DataFusionError, tokens: &[TokenWithSpan]) -> Error {
    let found = match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                Some(missing_column(&field.name, valid_fields.iter().map(|field| field.name.as_str())))
            }
            SchemaError::AmbiguousReference { field } => Some((
                field.name.clone(),
                format!("column `{}` is in more than one table; write which, as in `e.{}`", field.name, field.name),
            )),
            _ => None,
        },
        other if other.message().contains(FIELD_OF_TEXT) => {
            let message = "text has no fields; where it holds JSON, write `element_at(column, 'member')`, with the member's capitals";
            return Error::new(Kind::Plan, message).caused_by(error);
        }
        other => from_message(&other.message()),
    };
    match found {
        Some((name, message)) => Error::new(Kind::Name, message).at(place_in(tokens, &name)).caused_by(error),
        None => Error::from(error),
    }
}

fn missing_column<'a>(name: &str, valid: impl Iterator<Item = &'a str>) -> (String, String) {
    let valid: BTreeSet<&str> = valid.collect();
    let name = super::rewrite::shown_name(name);
    if super::late::place::is_column(name) {
        let message = format!(
            "column `{name}` needs a database of addresses: name its file as `geo_city` or `geo_asn` in the configuration"
        );
        return (name.to_owned(), message);
    }
    let message = match nearest(name, valid.iter().copied()) {
        Some(near) => format!("column `{name}` does not exist, did you mean `{near}`?"),
        None => format!("column `{name}` does not exist"),
    };
    (name.to_owned(), message)
}

/// Reads the name out of the engine's messages about tables, functions and fields.
fn from_message(message: &str) -> Option<(String, String)> {
    let between =
        |start: &str, end: &str| message.split_once(start)?.1.split_once(end).map(|(name, _)| name.to_owned());
    if let Some(name) = between("table '", "' not found") {
        let name = name.rsplit('.').next().unwrap_or_default().to_owned();
        let said = match nearest(&name, TABLES.iter().copied()) {
            Some(near) => format!("table `{name}` does not exist, did you mean `{near}`?"),
            None => format!("table `{name}` does not exist, there are `{}`", TABLES.join("`, `")),
        };
        return Some((name, said));
    }
    if let Some(name) = between("Invalid function '", "'") {
        let said = match between("Did you mean '", "'") {
            Some(near) => format!("function `{name}` does not exist, did you mean `{near}`?"),
            None => format!("function `{name}` does not exist"),
        };
        return Some((name, said));
    }
    if let Some(name) =
        between("Field ", " not found in struct").map(|name| name.trim_matches(['\'', '"', '`']).to_owned())
    {
        let said = match nearest(&name, members().iter().map(String::as_str)) {
            Some(near) => format!("field `{name}` does not exist, did you mean `{near}`?"),
            None => format!("field `{name}` does not exist"),
        };
        return Some((name, said));
    }
    let ours = message.strip_prefix("field `").and_then(|rest| rest.split_once('`'));
    ours.map(|(name, _)| (name.to_owned(), message.to_owned()))
}

/// Finds where a name stands in the query's text.
fn place_in(tokens: &[TokenWithSpan], name: &str) -> Option<Position> {
    let at = tokens.iter().find(|token| match &token.token {
        Token::Word(word) => word.value.eq_ignore_ascii_case(name),
        Token::SingleQuotedString(text) => text.eq_ignore_ascii_case(name),
        _ => false,
    })?;
    Some(Position { line: at.span.start.line, column: at.span.start.column })
}
