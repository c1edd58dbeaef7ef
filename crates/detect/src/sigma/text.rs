//! Sigma's strings: `*` and `?` are wildcards, a backslash takes that from them, `%name%` is a placeholder.

use std::collections::BTreeMap;

use predicate::expr::{Case, Expr, Field, Pattern, Piece, Test, TextOp};

/// What placeholders stand for: the values of `%name%`, by name.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// Reads a string with wildcards. A backslash escapes `*`, `?` and itself; before anything else it is itself.
pub(crate) fn pattern(text: &str) -> Pattern {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let wildcard = match c {
            '\\' => {
                match chars.peek() {
                    Some(escaped @ ('*' | '?' | '\\')) => {
                        plain.push(*escaped);
                        chars.next();
                    }
                    _ => plain.push('\\'),
                }
                continue;
            }
            '*' => Piece::Run,
            '?' => Piece::One,
            other => {
                plain.push(other);
                continue;
            }
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(wildcard);
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Pattern(pieces)
}

/// Returns the text of a pattern without wildcards.
pub(crate) fn literal(pattern: &Pattern) -> Option<&str> {
    match pattern.0.as_slice() {
        [] => Some(""),
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

/// Returns the pattern that a text equals, starts with, ends with or contains where it fits `pattern` so.
pub(crate) fn widened(pattern: Pattern, op: TextOp) -> Pattern {
    let mut pieces = pattern.0;
    if matches!(op, TextOp::Contains | TextOp::EndsWith) {
        pieces.insert(0, Piece::Run);
    }
    if matches!(op, TextOp::Contains | TextOp::StartsWith) {
        pieces.push(Piece::Run);
    }
    Pattern(pieces)
}

/// Returns the condition that a field fits one of the patterns: literals together, the rest as patterns.
pub(crate) fn fits_any(field: &Field, case: Case, patterns: Vec<Pattern>) -> Expr {
    let mut literals: [Vec<String>; 4] = Default::default();
    let mut globs = Vec::new();
    for pattern in patterns {
        let (slot, text) = match pattern.0.as_slice() {
            [] => (0, String::new()),
            [Piece::Text(text)] => (0, text.clone()),
            [Piece::Text(text), Piece::Run] => (1, text.clone()),
            [Piece::Run, Piece::Text(text)] => (2, text.clone()),
            [Piece::Run, Piece::Text(text), Piece::Run] => (3, text.clone()),
            _ => {
                globs.push(pattern);
                continue;
            }
        };
        if let Some(values) = literals.get_mut(slot) {
            values.push(text);
        }
    }
    let ops = [TextOp::Equals, TextOp::StartsWith, TextOp::EndsWith, TextOp::Contains];
    let mut exprs: Vec<Expr> = ops
        .into_iter()
        .zip(literals)
        .filter(|(_, values)| !values.is_empty())
        .map(|(op, values)| Expr::text(field.clone(), op, case, values))
        .collect();
    if !globs.is_empty() {
        exprs.push(Expr::leaf(field.clone(), Test::Like { case, patterns: globs }));
    }
    match exprs.len() {
        1 => exprs.remove(0),
        _ => Expr::Any(exprs),
    }
}

/// Most values that the placeholders of one value may make.
const EXPANDED_MAX: usize = 100_000;

/// Replaces each placeholder by each of its values. `\%` is a percent sign.
///
/// Fails with the reason if a placeholder is not defined, or the values are too many.
pub(crate) fn expand(text: &str, placeholders: &Placeholders) -> Result<Vec<String>, String> {
    let mut done = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let before = rest.get(..at).unwrap_or_default();
        let after = rest.get(at + 1..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('\\') {
            done.iter_mut().for_each(|text| text.push_str(&format!("{before}%")));
            rest = after;
            continue;
        }
        let Some((name, behind)) = after.split_once('%').filter(|(name, _)| is_name(name)) else {
            done.iter_mut().for_each(|text| text.push_str(&format!("{before}%")));
            rest = after;
            continue;
        };
        let values = placeholders
            .get(name)
            .ok_or_else(|| format!("the placeholder `%{name}%` has no values: define it in the configuration"))?;
        if done.len().saturating_mul(values.len()) > EXPANDED_MAX {
            return Err(format!("the placeholders of `{text}` make more than {EXPANDED_MAX} values"));
        }
        done = done.iter().flat_map(|text| values.iter().map(move |value| format!("{text}{before}{value}"))).collect();
        rest = behind;
    }
    done.iter_mut().for_each(|text| text.push_str(rest));
    Ok(done)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslashes_as_the_specification_says() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let cases: Vec<(&str, Vec<Piece>)> = vec![
            (r"a*b?", vec![text("a"), Piece::Run, text("b"), Piece::One]),
            (r"\*", vec![text("*")]),
            (r"\\*", vec![text(r"\"), Piece::Run]),
            (r"\\\*", vec![text(r"\*")]),
            (r"C:\Windows\x", vec![text(r"C:\Windows\x")]),
            (r"\\\", vec![text(r"\\")]),
            (r"\\\\", vec![text(r"\\")]),
            (r"end\", vec![text(r"end\")]),
            ("", vec![]),
        ];
        for (written, expect) in cases {
            assert_eq!(pattern(written).0, expect, "{written}");
        }
    }

    #[test]
    fn placeholders_are_replaced() {
        let placeholders: Placeholders =
            [("a".to_owned(), vec!["1".to_owned(), "2".to_owned()]), ("none".to_owned(), Vec::new())].into();
        let cases: &[(&str, Result<&[&str], &str>)] = &[
            ("x%a%y", Ok(&["x1y", "x2y"])),
            ("%a%%a%", Ok(&["11", "12", "21", "22"])),
            (r"\%plain%a%", Ok(&["%plain1", "%plain2"])),
            ("100% of it", Ok(&["100% of it"])),
            ("%none%", Ok(&[])),
            ("%b%", Err("`%b%`")),
        ];
        for (text, expect) in cases {
            match (expand(text, &placeholders), expect) {
                (Ok(found), Ok(expect)) => assert_eq!(&found, expect, "{text}"),
                (Err(found), Err(expect)) => assert!(found.contains(expect), "{text}: {found}"),
                (found, expect) => panic!("{text}: {found:?}, not {expect:?}"),
            }
        }
    }
}
