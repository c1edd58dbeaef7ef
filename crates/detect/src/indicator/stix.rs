//! Indicators as a bundle of STIX 2.1: objects of type `indicator` whose patterns compare one property with values.
//!
//! Source: STIX 2.1 (OASIS Standard), section 4.7 "Indicator" and section 9 "STIX Patterning".

use std::collections::HashMap;

use serde::Deserialize;

use crate::indicator::{Indicator, Kind, checked, csv};
use crate::refusal::Mark;

/// A bundle, as far as it matters here.
#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: String,
    name: Option<String>,
    description: Option<String>,
    pattern: Option<String>,
    pattern_type: Option<String>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    created_by_ref: Option<String>,
    #[serde(default)]
    revoked: bool,
}

/// Reads a bundle. Objects that are no indicators are none of our business; a revoked one does not count.
pub(crate) fn read(list: &str, text: &str, found: &mut Vec<Indicator>, refuse: &mut impl FnMut(Mark, String)) {
    let bundle: Bundle = match serde_json::from_str(text) {
        Ok(bundle) => bundle,
        Err(error) => {
            let mark = Mark { line: error.line(), column: error.column() };
            return refuse(mark, format!("the list is no STIX bundle: {error}"));
        }
    };
    let names: HashMap<&str, &str> = bundle
        .objects
        .iter()
        .filter(|object| object.kind == "identity")
        .filter_map(|object| Some((object.id.as_str(), object.name.as_deref()?)))
        .collect();
    for object in bundle.objects.iter().filter(|object| object.kind == "indicator" && !object.revoked) {
        let source = object.created_by_ref.as_deref().map(|of| names.get(of).copied().unwrap_or(of).to_owned());
        match indicators(list, object, source) {
            Ok(indicators) => found.extend(indicators),
            Err(reason) => refuse(mark_of(text, &object.id), format!("the indicator `{}`: {reason}", object.id)),
        }
    }
}

/// The line in which an object's id stands first: JSON that was read no longer knows it.
fn mark_of(text: &str, id: &str) -> Mark {
    let before = text.find(id).and_then(|at| text.get(..at)).unwrap_or_default();
    Mark { line: before.matches('\n').count() + 1, column: 1 }
}

fn indicators(list: &str, object: &Object, source: Option<String>) -> Result<Vec<Indicator>, String> {
    if object.pattern_type.as_deref().is_some_and(|kind| kind != "stix") {
        return Err("its pattern is not in the language of STIX".to_owned());
    }
    let pattern = object.pattern.as_deref().ok_or("it has no pattern")?;
    let time = |text: &Option<String>| text.as_deref().map(csv::time).transpose();
    let (valid_from, expires) = (time(&object.valid_from)?, time(&object.valid_until)?);
    values(pattern)?
        .into_iter()
        .map(|(kind, value)| {
            checked(Indicator {
                kind,
                value,
                source: source.clone(),
                description: object.description.clone().or_else(|| object.name.clone()),
                valid_from,
                expires,
                list: list.to_owned(),
            })
        })
        .collect()
}

/// Reads `[path = 'value' OR path IN ('a', 'b')] OR [...]`: what asks for more than one thing at once is refused.
fn values(pattern: &str) -> Result<Vec<(Kind, String)>, String> {
    let tokens = tokens(pattern)?;
    let mut rest = tokens.as_slice();
    let mut found = Vec::new();
    let unsupported = || format!("the pattern `{pattern}` is more than values joined by OR");
    loop {
        if rest.split_off_first() != Some(&Token::Symbol('[')) {
            return Err(unsupported());
        }
        loop {
            let (Some(Token::Word(path)), Some(Token::Word(op))) = (rest.split_off_first(), rest.split_off_first())
            else {
                return Err(unsupported());
            };
            let mut literals = Vec::new();
            match (op.to_ascii_uppercase().as_str(), rest.split_off_first()) {
                ("=" | "ISSUBSET", Some(Token::Text(text))) => literals.push(text.clone()),
                ("IN", Some(Token::Symbol('('))) => loop {
                    let Some(Token::Text(text)) = rest.split_off_first() else { return Err(unsupported()) };
                    literals.push(text.clone());
                    match rest.split_off_first() {
                        Some(Token::Symbol(',')) => {}
                        Some(Token::Symbol(')')) => break,
                        _ => return Err(unsupported()),
                    }
                },
                _ => return Err(unsupported()),
            }
            for text in literals {
                found.push((kind(path, &text)?, if kind_is_agent(path) { escaped(&text) } else { text }));
            }
            match rest.split_off_first() {
                Some(Token::Symbol(']')) => break,
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("or") => {}
                _ => return Err(unsupported()),
            }
        }
        match rest.split_off_first() {
            None => return Ok(found),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("or") => {}
            Some(_) => return Err(unsupported()),
        }
    }
}

/// Wildcards are none in STIX's `=`.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('*', r"\*").replace('?', r"\?")
}

fn kind_is_agent(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("user-agent") || path.ends_with("user_agent")
}

/// Tells from a property, and where that leaves it open from the value, what is meant.
fn kind(path: &str, value: &str) -> Result<Kind, String> {
    let is_account = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    match path {
        "ipv4-addr:value" | "ipv6-addr:value" => Ok(Kind::Address),
        path if kind_is_agent(path) => Ok(Kind::UserAgent),
        path if path.ends_with("access_key_id") || path.ends_with("accessKeyId") => Ok(Kind::Key),
        path if path.ends_with("account_id") || path.ends_with("accountId") => Ok(Kind::Account),
        "user-account:user_id" | "user-account:account_login" if is_account => Ok(Kind::Account),
        "user-account:user_id" | "user-account:account_login"
            if value.starts_with("AKIA") || value.starts_with("ASIA") =>
        {
            Ok(Kind::Key)
        }
        path => Err(format!("the property `{path}` is no address, user agent, access key or account")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Symbol(char),
    Word(String),
    Text(String),
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '[' | ']' | '(' | ')' | ',' => tokens.push(Token::Symbol(c)),
            '=' => tokens.push(Token::Word("=".to_owned())),
            '\'' => tokens.push(Token::Text(quoted(&mut chars)?)),
            first => {
                let mut word = first.to_string();
                while let Some(c) = chars.peek().copied() {
                    if c == '\'' {
                        // A part of a path in quotes: extensions.'http-request-ext'.
                        chars.next();
                        word.push_str(&quoted(&mut chars)?);
                    } else if c.is_whitespace() || "[](),=".contains(c) {
                        break;
                    } else {
                        word.push(c);
                        chars.next();
                    }
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('\'') => return Ok(text),
            Some('\\') => text.extend(chars.next()),
            Some(c) => text.push(c),
            None => return Err("a quote is not closed".to_owned()),
        }
    }
}
