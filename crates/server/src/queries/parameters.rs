//! Parameters of a query: each `?` in its text stands for one, in their order.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::fault::{Code, Fault, Result};

/// Returns the text of a query with its parameters in their places. A `?` in quotes is a place as well if nothing else is in
/// them; whatever a parameter holds, it stays one value.
///
/// # Errors
/// `InvalidQueryStatementException` if the text is no SQL, and `InvalidParameterException` if there are more or fewer
/// parameters than places.
pub(crate) fn filled(statement: &str, parameters: &[String]) -> Result<String> {
    if parameters.is_empty() {
        return Ok(statement.to_owned());
    }
    let tokens = Tokenizer::new(&GenericDialect {}, statement).tokenize_with_location().map_err(|error| {
        Fault::new(Code::InvalidQueryStatementException, format!("The query cannot be read: {}.", error.message))
    })?;
    let mut values = parameters.iter();
    let mut text = String::with_capacity(statement.len());
    let mut cursor = Cursor { rest: statement, line: 1, column: 1 };
    let mut places = 0_usize;
    for token in tokens {
        let is_place = match &token.token {
            Token::Placeholder(mark) => mark == "?",
            Token::SingleQuotedString(inner) => inner == "?",
            _ => false,
        };
        if is_place {
            places += 1;
            let value = values.next().map(String::as_str).unwrap_or_default();
            text.push_str(cursor.take_until(token.span.start));
            text.push_str(&format!("'{}'", value.replace('\'', "''")));
            cursor.take_until(token.span.end);
        }
    }
    // All else stands as it was written: a token that is printed may not be the one that was read, `'it''s'` for one.
    text.push_str(cursor.rest);
    if places != parameters.len() {
        let message = format!("The query has {places} places for parameters, and {} were given.", parameters.len());
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    Ok(text)
}

/// Goes through a text by lines and characters, which is how the tokenizer says where a token stands.
struct Cursor<'t> {
    rest: &'t str,
    line: u64,
    column: u64,
}

impl<'t> Cursor<'t> {
    /// Returns what lies before a place and moves there.
    fn take_until(&mut self, place: Location) -> &'t str {
        let mut length = 0;
        for letter in self.rest.chars() {
            if (self.line, self.column) >= (place.line, place.column) {
                break;
            }
            length += letter.len_utf8();
            (self.line, self.column) = if letter == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stay_values() {
        let cases: [(&str, &[&str], Option<&str>); 10] = [
            ("SELECT 1", &[], Some("SELECT 1")),
            ("SELECT a FROM x WHERE t > '?' AND t < ?", &["1", "2"], Some("SELECT a FROM x WHERE t > '1' AND t < '2'")),
            ("SELECT '?'", &["'; --"], Some("SELECT '''; --'")),
            ("SELECT 'what?' -- ?\n, ?", &["x"], Some("SELECT 'what?' -- ?\n, 'x'")),
            ("SELECT 'it''s', ?", &["x"], Some("SELECT 'it''s', 'x'")),
            ("SELECT 'a'' ', ? -- '", &[", (SELECT 1)"], Some("SELECT 'a'' ', ', (SELECT 1)' -- '")),
            (
                "SELECT \"ü\"\"?\"\r\n, 'ü?', /* '?' */ ?, '?' x",
                &["a", "b"],
                Some("SELECT \"ü\"\"?\"\r\n, 'ü?', /* '?' */ 'a', 'b' x"),
            ),
            ("SELECT E'a\\n', N'ü', 1e5, ?;", &["x"], Some("SELECT E'a\\n', N'ü', 1e5, 'x';")),
            ("SELECT ?", &["1", "2"], None),
            ("SELECT ?, ?", &["1"], None),
        ];
        for (statement, parameters, expected) in cases {
            let parameters: Vec<String> = parameters.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(filled(statement, &parameters).ok().as_deref(), expected, "{statement}");
        }
    }
}
