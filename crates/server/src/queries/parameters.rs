//! Parameters of a query: each `?` in its text stands for one, in their order.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

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
    let tokens = Tokenizer::new(&GenericDialect {}, statement).tokenize().map_err(|error| {
        Fault::new(Code::InvalidQueryStatementException, format!("The query cannot be read: {}.", error.message))
    })?;
    let mut values = parameters.iter();
    let mut text = String::with_capacity(statement.len());
    let mut places = 0_usize;
    for token in tokens {
        let is_place = match &token {
            Token::Placeholder(mark) => mark == "?",
            Token::SingleQuotedString(inner) => inner == "?",
            _ => false,
        };
        if !is_place {
            text.push_str(&token.to_string());
            continue;
        }
        places += 1;
        let value = values.next().map(String::as_str).unwrap_or_default();
        text.push_str(&format!("'{}'", value.replace('\'', "''")));
    }
    if places != parameters.len() {
        let message = format!("The query has {places} places for parameters, and {} were given.", parameters.len());
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stay_values() {
        let cases: [(&str, &[&str], Option<&str>); 6] = [
            ("SELECT 1", &[], Some("SELECT 1")),
            ("SELECT a FROM x WHERE t > '?' AND t < ?", &["1", "2"], Some("SELECT a FROM x WHERE t > '1' AND t < '2'")),
            ("SELECT '?'", &["'; --"], Some("SELECT '''; --'")),
            ("SELECT 'what?' -- ?\n, ?", &["x"], Some("SELECT 'what?' -- ?\n, 'x'")),
            ("SELECT ?", &["1", "2"], None),
            ("SELECT ?, ?", &["1"], None),
        ];
        for (statement, parameters, expected) in cases {
            let parameters: Vec<String> = parameters.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(filled(statement, &parameters).ok().as_deref(), expected, "{statement}");
        }
    }
}
