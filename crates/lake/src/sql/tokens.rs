//! Small repairs on a query's tokens, before they are parsed: what published queries write and no parser reads.
//!
//! Tokens keep their places, so that an error later points into the text as it was written.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::dialect::QueryDialect;
use super::error::{Error, Kind, Position};

/// Reads `sql` into tokens that the parser takes: event data store IDs become quoted names, commas that end a list go,
/// `IPADDRESS '..'` becomes a call, and Trino's `array(..)` and `map(..)` types become one name.
pub(super) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, Error> {
    let dialect = QueryDialect::default();
    let read = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| {
        let position = Position { line: error.location.line, column: error.location.column };
        Error::new(Kind::Syntax, format!("cannot read the query: {}", error.message.to_lowercase())).at(Some(position))
    })?;
    let meaningful = read.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let named = event_data_stores(sql, meaningful);
    Ok(typed(call_addresses(drop_trailing_commas(named))))
}

/// Returns whether `name` is how an event data store is named: a UUID, or a placeholder such as `$EDS_ID`.
pub(super) fn is_event_data_store(name: &str) -> bool {
    name.starts_with('$') || (name.len() == UUID_CHARS && uuid_at(name))
}

const UUID_CHARS: usize = 36;

/// Returns whether `text` begins with a UUID that ends there or before something that is no part of a name.
fn uuid_at(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= UUID_CHARS
        && bytes[..UUID_CHARS].iter().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    shaped && bytes.get(UUID_CHARS).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-' && *byte != b'_')
}

/// Joins the tokens that a bare UUID falls into, and quotes `$EDS_ID`.
fn event_data_stores(sql: &str, tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let lines: Vec<&str> = sql.split('\n').collect();
    let mut out = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token.token {
            Token::Placeholder(name) if name.starts_with('$') => {
                out.push(TokenWithSpan::new(quoted(name), token.span));
            }
            Token::Number(..) | Token::Word(Word { quote_style: None, .. }) => {
                let rest = rest_of_line(&lines, token.span.start);
                if !uuid_at(rest) {
                    out.push(token);
                    continue;
                }
                let end = Location { line: token.span.start.line, column: token.span.start.column + UUID_CHARS as u64 };
                while tokens
                    .next_if(|next| next.span.start.line == end.line && next.span.start.column < end.column)
                    .is_some()
                {}
                out.push(TokenWithSpan::new(quoted(&rest[..UUID_CHARS]), Span::new(token.span.start, end)));
            }
            _ => out.push(token),
        }
    }
    out
}

fn rest_of_line<'a>(lines: &[&'a str], at: Location) -> &'a str {
    let line =
        usize::try_from(at.line).ok().and_then(|line| lines.get(line.checked_sub(1)?)).copied().unwrap_or_default();
    let skipped = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
    line.char_indices().nth(skipped).map_or("", |(offset, _)| &line[offset..])
}

fn quoted(name: &str) -> Token {
    Token::Word(Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

/// Drops a comma in front of a word that ends a list.
fn drop_trailing_commas(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if ends_list(&token.token) && out.last().is_some_and(|last| last.token == Token::Comma) {
            out.pop();
        }
        out.push(token);
    }
    out
}

fn ends_list(token: &Token) -> bool {
    match token {
        Token::EOF | Token::RParen | Token::SemiColon => true,
        Token::Word(Word { keyword, quote_style: None, .. }) => matches!(
            keyword,
            Keyword::FROM
                | Keyword::WHERE
                | Keyword::GROUP
                | Keyword::HAVING
                | Keyword::ORDER
                | Keyword::LIMIT
                | Keyword::UNION
        ),
        _ => false,
    }
}

/// Writes `IPADDRESS '10.0.0.0'` as `ipaddress('10.0.0.0')`.
fn call_addresses(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let literal = matches!(token.token, Token::SingleQuotedString(_));
        let typed = literal
            && out.last().is_some_and(
                |last| matches!(&last.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("ipaddress")),
            );
        let span = token.span;
        if typed {
            out.push(TokenWithSpan::new(Token::LParen, span));
        }
        out.push(token);
        if typed {
            out.push(TokenWithSpan::new(Token::RParen, span));
        }
    }
    out
}

/// Joins `AS array(varchar)` and `AS map(varchar, json)` into a type with one name, which the rewriting knows.
fn typed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let after_as = i > 0 && matches!(&tokens[i - 1].token, Token::Word(word) if word.keyword == Keyword::AS);
        let name = match &tokens[i].token {
            Token::Word(word) if after_as && word.quote_style.is_none() => word.value.to_ascii_lowercase(),
            _ => String::new(),
        };
        let opens = tokens.get(i + 1).is_some_and(|next| next.token == Token::LParen);
        if !opens || !matches!(name.as_str(), "array" | "map") {
            out.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let mut depth = 0_usize;
        let mut text = name;
        let mut end = i + 1;
        for token in &tokens[i + 1..] {
            depth = match token.token {
                Token::LParen => depth + 1,
                Token::RParen => depth - 1,
                _ => depth,
            };
            text.push_str(&token.token.to_string().to_ascii_lowercase());
            if depth == 0 {
                break;
            }
            end += 1;
        }
        out.push(TokenWithSpan::new(quoted(&text), tokens[i].span));
        i = end + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expect: &str) {
        let read: Vec<String> = tokens(sql).expect("tokens").iter().map(|token| token.token.to_string()).collect();
        assert_eq!(read.join(" ").trim_end_matches(" EOF"), expect);
    }

    #[test]
    fn repairs() {
        check("select a, from t", "select a from t");
        check("select f(a, ), b, -- c,\n order by 1,;", "select f ( a ) , b order by 1 ;");
        check("select * from $EDS_ID", "select * from \"$EDS_ID\"");
        check("from 12e4ab5e-1e2b-4e5e-9a1e-3f1c2d3e4f5a where", "from \"12e4ab5e-1e2b-4e5e-9a1e-3f1c2d3e4f5a\" where");
        check("from ab12cd34-0000-0000-0000-00000000000e;", "from \"ab12cd34-0000-0000-0000-00000000000e\" ;");
        check("'ab12cd34-0000-0000-0000-00000000000e'", "'ab12cd34-0000-0000-0000-00000000000e'");
        check("x > IPADDRESS '10.0.0.0'", "x > IPADDRESS ( '10.0.0.0' )");
        check("cast(x as array(map(varchar, json)))", "cast ( x as \"array(map(varchar,json))\" )");
    }
}
