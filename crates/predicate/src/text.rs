//! Literals, sets of literals and patterns with wildcards, compiled. A comparison neither allocates nor folds a copy.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Case, Pattern, Piece, TextOp};

/// Most bytes of all literals of one test.
pub(crate) const LITERAL_BYTES_MAX: usize = 64 << 20;

/// Longest text, in bytes, that is looked up in a hashed set: longer literals are compared one by one.
const HASHED_BYTES_MAX: usize = 128;

/// Fewest literals that are worth a hash.
const HASHED_MIN: usize = 8;

/// Most literals to search for that are compiled to a DFA.
const DFA_MAX: usize = 100;

/// Most literals, and most bytes of one, that are searched for one by one: for so few an automaton costs more, above all
/// in memory that hundreds of rules do not share.
const FEW_MAX: usize = 4;
const FEW_BYTES_MAX: usize = 32;

/// Literals that a text is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Literals {
    /// The whole text is one of them.
    Equals { case: Case, few: Vec<String>, many: HashSet<Box<[u8]>> },
    /// It starts or ends with one of them.
    Affix { end: bool, case: Case, values: Vec<String> },
    /// It contains one of a few.
    ContainsFew { case: Case, values: Vec<String> },
    /// It contains one of them.
    Contains(AhoCorasick),
}

impl Literals {
    /// Compiles literals.
    ///
    /// # Errors
    /// [`ErrorKind::Limit`] if they are too many or too long.
    pub(crate) fn compile(op: TextOp, case: Case, values: &[String]) -> Result<Literals> {
        let bytes: usize = values.iter().map(String::len).sum();
        if bytes > LITERAL_BYTES_MAX {
            let message =
                format!("compile {} literals: they are {bytes} bytes, more than {LITERAL_BYTES_MAX}", values.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok(match op {
            TextOp::Equals => {
                let (hashed, few): (Vec<&String>, Vec<&String>) =
                    values.iter().partition(|value| values.len() >= HASHED_MIN && value.len() <= HASHED_BYTES_MAX);
                let fold = |value: &&String| match case {
                    Case::Sensitive => value.as_bytes().into(),
                    Case::Insensitive => value.to_ascii_lowercase().into_bytes().into_boxed_slice(),
                };
                let few = few.into_iter().cloned().collect();
                Literals::Equals { case, few, many: hashed.iter().map(fold).collect() }
            }
            TextOp::StartsWith => Literals::Affix { end: false, case, values: values.to_vec() },
            TextOp::EndsWith => Literals::Affix { end: true, case, values: values.to_vec() },
            TextOp::Contains if values.len() <= FEW_MAX && values.iter().all(|value| value.len() <= FEW_BYTES_MAX) => {
                Literals::ContainsFew { case, values: values.to_vec() }
            }
            TextOp::Contains => Literals::Contains(contains(case, values)?),
        })
    }

    /// Returns true if the text meets one of them.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Literals::Equals { case, few, many } => {
                few.iter().any(|value| equals(*case, text, value))
                    || (!many.is_empty() && with_folded(*case, text, |folded| many.contains(folded)))
            }
            Literals::Affix { end, case, values } => {
                let text = text.as_bytes();
                values.iter().any(|value| {
                    let affix = match end {
                        false => text.get(..value.len()),
                        true => text.len().checked_sub(value.len()).and_then(|start| text.get(start..)),
                    };
                    affix.is_some_and(|affix| same(*case, affix, value.as_bytes()))
                })
            }
            Literals::ContainsFew { case, values } => {
                values.iter().any(|value| has(*case, text.as_bytes(), value.as_bytes()))
            }
            Literals::Contains(automaton) => automaton.is_match(text),
        }
    }
}

fn contains(case: Case, values: &[String]) -> Result<AhoCorasick> {
    // A large set as a DFA would take memory by the gigabyte.
    let kind = (values.len() > DFA_MAX).then_some(AhoCorasickKind::ContiguousNFA);
    AhoCorasick::builder().ascii_case_insensitive(case == Case::Insensitive).kind(kind).build(values).map_err(|error| {
        Error::new(ErrorKind::Limit, format!("compile {} literals to search for: {error}", values.len()))
    })
}

/// Returns true if a text contains a literal that is not empty: found by its first byte, in either case.
fn has(case: Case, text: &[u8], value: &[u8]) -> bool {
    let Some(first) = value.first().copied() else { return true };
    let Some(last_start) = text.len().checked_sub(value.len()) else { return false };
    let starts = text.get(..=last_start).unwrap_or_default();
    let fits = |at: usize| text.get(at..at + value.len()).is_some_and(|part| same(case, part, value));
    match case {
        Case::Sensitive => memchr::memchr_iter(first, starts).any(fits),
        Case::Insensitive => {
            memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), starts).any(fits)
        }
    }
}

/// Gives `look` the text, on the stack and in lower case if case does not count. A text too long for a set is not given.
pub(crate) fn with_folded<R: Default>(case: Case, text: &str, look: impl FnOnce(&[u8]) -> R) -> R {
    if text.len() > HASHED_BYTES_MAX {
        return R::default();
    }
    if case == Case::Sensitive {
        return look(text.as_bytes());
    }
    let mut buffer = [0u8; HASHED_BYTES_MAX];
    let Some(folded) = buffer.get_mut(..text.len()) else { return R::default() };
    folded.copy_from_slice(text.as_bytes());
    folded.make_ascii_lowercase();
    look(folded)
}

/// Returns true if two texts are the same but for ASCII case, if that does not count.
pub(crate) fn equals(case: Case, left: &str, right: &str) -> bool {
    same(case, left.as_bytes(), right.as_bytes())
}

fn same(case: Case, left: &[u8], right: &[u8]) -> bool {
    match case {
        Case::Sensitive => left == right,
        Case::Insensitive => left.eq_ignore_ascii_case(right),
    }
}

/// Compares two texts of which neither is known beforehand.
pub(crate) fn compare(op: TextOp, case: Case, left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    match op {
        TextOp::Equals => same(case, left, right),
        TextOp::StartsWith => left.get(..right.len()).is_some_and(|start| same(case, start, right)),
        TextOp::EndsWith => {
            let start = left.len().checked_sub(right.len());
            start.and_then(|start| left.get(start..)).is_some_and(|end| same(case, end, right))
        }
        TextOp::Contains => right.is_empty() || left.windows(right.len()).any(|part| same(case, part, right)),
    }
}

/// A pattern, ready to be held against a text.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    case: Case,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Char(char),
    One,
    Run,
}

impl Glob {
    pub(crate) fn compile(case: Case, pattern: &Pattern) -> Glob {
        let mut tokens = Vec::new();
        for piece in &pattern.0 {
            match piece {
                Piece::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                Piece::One => tokens.push(Token::One),
                Piece::Run if tokens.last() == Some(&Token::Run) => {}
                Piece::Run => tokens.push(Token::Run),
            }
        }
        Glob { case, tokens }
    }

    /// Returns true if the whole text fits. Costs at most the product of both lengths, whatever the pattern.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut token = 0;
        let mut rest = text.chars();
        // Where to go on when what follows the last run does not fit: one character further.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let mut next = rest.clone();
            let fits = match (self.tokens.get(token), next.next()) {
                (None, None) => return true,
                (Some(Token::Run), _) => {
                    retry = Some((token + 1, rest.clone()));
                    token += 1;
                    continue;
                }
                (Some(Token::One), Some(_)) => true,
                (Some(Token::Char(expected)), Some(found)) => match self.case {
                    Case::Sensitive => *expected == found,
                    Case::Insensitive => expected.eq_ignore_ascii_case(&found),
                },
                _ => false,
            };
            if fits {
                (token, rest) = (token + 1, next);
                continue;
            }
            let Some((after_run, start)) = &mut retry else { return false };
            if start.next().is_none() {
                return false;
            }
            (token, rest) = (*after_run, start.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_patterns() {
        use Case::{Insensitive, Sensitive};
        let long = "x".repeat(HASHED_BYTES_MAX + 1);
        let cases: &[(TextOp, Case, &[&str], &str, bool)] = &[
            (TextOp::Equals, Insensitive, &["Root"], "rOOT", true),
            (TextOp::Equals, Sensitive, &["Root"], "root", false),
            (TextOp::Equals, Insensitive, &["É"], "é", false),
            (TextOp::Equals, Insensitive, &["a", "b", "c", "d", "e", "f", "g", "H", &long], "h", true),
            (TextOp::Equals, Insensitive, &["a", "b", "c", "d", "e", "f", "g", "H", &long], &long, true),
            (TextOp::Equals, Sensitive, &["a", "b", "c", "d", "e", "f", "g", "H"], "h", false),
            (TextOp::Equals, Insensitive, &[], "", false),
            (TextOp::StartsWith, Insensitive, &["list", "DESC"], "DescribeVpcs", true),
            (TextOp::StartsWith, Insensitive, &["listlist"], "list", false),
            (TextOp::EndsWith, Sensitive, &["Vpcs"], "DescribeVpcs", true),
            (TextOp::EndsWith, Sensitive, &["vpcs"], "DescribeVpcs", false),
            (TextOp::EndsWith, Insensitive, &["é"], "cafÉé", true),
            (TextOp::Contains, Insensitive, &["hog", "zzz"], "TruffleHog 3", true),
            (TextOp::Contains, Sensitive, &["hog"], "TruffleHog", false),
            (TextOp::Contains, Sensitive, &[""], "", true),
            (TextOp::Contains, Insensitive, &["abc"], "xABabC", true),
            (TextOp::Contains, Insensitive, &["abc"], "ab", false),
            (TextOp::Contains, Insensitive, &["q", "w", "e", "r", "ty"], "xTY", true),
            (TextOp::Contains, Sensitive, &["q", "w", "e", "r", "ty"], "xTY", false),
        ];
        for (op, case, values, text, expect) in cases {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            let literals = Literals::compile(*op, *case, &values).unwrap();
            assert_eq!(literals.matches(text), *expect, "{op:?} {case:?} {values:?} {text}");
            let one_by_one = values.iter().any(|value| compare(*op, *case, text, value));
            assert_eq!(one_by_one, *expect, "compare {op:?} {case:?} {values:?} {text}");
        }
    }

    #[test]
    fn patterns_fit_whole_texts() {
        let cases = [
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*", "", true),
            ("?", "é", true),
            ("?", "", false),
            ("*a*a*a*b", &"a".repeat(2_000), false),
            ("*ab", "aab", true),
            ("a?c*", "ABCd", true),
            ("", "", true),
            ("", "a", false),
            ("**b", "ab", true),
        ];
        for (pattern, text, expect) in cases {
            let mut pieces = Vec::new();
            for c in pattern.chars() {
                pieces.push(match c {
                    '*' => Piece::Run,
                    '?' => Piece::One,
                    c => Piece::Text(c.to_string()),
                });
            }
            assert_eq!(Glob::compile(Case::Insensitive, &Pattern(pieces)).matches(text), expect, "{pattern} {text}");
        }
    }
}
