//! The condition of a rule: names of selections, `and`, `or`, `not`, `1 of` and `all of`.

use predicate::expr::Expr;

use crate::refusal::{Fault, Mark, Parsed};

/// Deepest nesting of a condition.
const DEPTH_MAX: usize = 64;

/// Named expressions that a condition puts together.
pub(crate) trait Names {
    /// Returns the expression of a name.
    fn expr(&self, name: &str) -> Option<Expr>;
    /// Returns all names in their order.
    fn names(&self) -> Vec<&str>;
}

/// Reads a condition.
pub(crate) fn parse(text: &str, mark: Mark, names: &impl Names) -> Parsed<Expr> {
    let tokens = tokens(text).map_err(|reason| Fault::new(mark, format!("the condition `{text}`: {reason}")))?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, names };
    let expr = parser.or().and_then(|expr| match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("`{token}` does not fit here")),
    });
    expr.map_err(|reason| Fault::new(mark, format!("the condition `{text}`: {reason}")))
}

fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            c if is_name(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            '|' => return Err("aggregations behind `|` are no part of Sigma 2: write a correlation".to_owned()),
            c => return Err(format!("the character `{c}` does not fit here")),
        };
        let (token, behind) = rest.split_at(length);
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '?')
}

struct Parser<'a, N> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    names: &'a N,
}

impl<'a, N: Names> Parser<'a, N> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.and()?];
        while self.take("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.not()?];
        while self.take("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn not(&mut self) -> Result<Expr, String> {
        let mut negated = false;
        while self.take("not") {
            negated = !negated;
        }
        let expr = self.operand()?;
        Ok(if negated { expr.negated() } else { expr })
    }

    fn operand(&mut self) -> Result<Expr, String> {
        let Some(token) = self.peek() else { return Err("it ends where a selection is expected".to_owned()) };
        self.at += 1;
        let quantified = self.peek().is_some_and(|next| next.eq_ignore_ascii_case("of"));
        match token {
            "(" => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(format!("nested more than {DEPTH_MAX} levels deep"));
                }
                let expr = self.or()?;
                self.depth -= 1;
                if self.take(")") { Ok(expr) } else { Err("a bracket is not closed".to_owned()) }
            }
            quantifier if quantified => {
                self.at += 1;
                let all = match quantifier.to_ascii_lowercase().as_str() {
                    "1" | "any" => false,
                    "all" => true,
                    other => return Err(format!("`{other} of` is not known: `1 of`, `any of` and `all of` are")),
                };
                let exprs = self.several()?;
                Ok(if all { Expr::All(exprs) } else { Expr::Any(exprs) })
            }
            ")" | "and" | "or" | "of" => Err(format!("`{token}` does not fit here")),
            name => self.names.expr(name).ok_or_else(|| format!("there is no selection `{name}`")),
        }
    }

    /// The expressions behind `of`.
    fn several(&mut self) -> Result<Vec<Expr>, String> {
        let Some(pattern) = self.peek() else { return Err("it ends where `them` or a name is expected".to_owned()) };
        self.at += 1;
        let them = pattern.eq_ignore_ascii_case("them");
        let names = self.names.names();
        // By convention a name that starts with an underscore is not one of them.
        let named = names.into_iter().filter(|name| if them { !name.starts_with('_') } else { fits(name, pattern) });
        let exprs: Vec<Expr> = named.filter_map(|name| self.names.expr(name)).collect();
        if exprs.is_empty() { Err(format!("no selection is named `{pattern}`")) } else { Ok(exprs) }
    }
}

/// Holds a name against a pattern in which `*` stands for any characters.
fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(previous) = last.replace(part) {
            match rest.find(previous) {
                Some(at) => rest = rest.get(at + previous.len()..).unwrap_or_default(),
                None => return false,
            }
        }
    }
    match last {
        Some(end) => rest.ends_with(end),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use predicate::expr::{Case, Field, TextOp};

    use super::*;

    struct Known(&'static [&'static str]);

    fn leaf(name: &str) -> Expr {
        Expr::text(Field::parse("x"), TextOp::Equals, Case::Insensitive, [name])
    }

    impl Names for Known {
        fn expr(&self, name: &str) -> Option<Expr> {
            self.0.contains(&name).then(|| leaf(name))
        }
        fn names(&self) -> Vec<&str> {
            self.0.to_vec()
        }
    }

    #[test]
    fn conditions_bind_as_the_specification_says() {
        let known = Known(&["a", "b", "sel_1", "sel_2", "_hidden", "all"]);
        let all = |names: &[&str]| Expr::All(names.iter().map(|name| leaf(name)).collect());
        let any = |names: &[&str]| Expr::Any(names.iter().map(|name| leaf(name)).collect());
        let cases: Vec<(&str, Result<Expr, &str>)> = vec![
            ("a", Ok(leaf("a"))),
            (
                "a or b and not sel_1",
                Ok(Expr::Any(vec![leaf("a"), Expr::All(vec![leaf("b"), leaf("sel_1").negated()])])),
            ),
            ("(a OR b) AND sel_1", Ok(Expr::All(vec![any(&["a", "b"]), leaf("sel_1")]))),
            ("1 of them", Ok(any(&["a", "b", "sel_1", "sel_2", "all"]))),
            ("all of sel_*", Ok(all(&["sel_1", "sel_2"]))),
            ("any of *_1", Ok(any(&["sel_1"]))),
            ("not 1 of _hid*", Ok(any(&["_hidden"]).negated())),
            ("not not a", Ok(leaf("a"))),
            ("all", Ok(leaf("all"))),
            ("c", Err("no selection `c`")),
            ("1 of x*", Err("no selection is named `x*`")),
            ("2 of sel_*", Err("`2 of` is not known")),
            ("a and", Err("it ends")),
            ("a b", Err("`b` does not fit")),
            ("(a", Err("not closed")),
            ("a | count() > 5", Err("correlation")),
            ("", Err("it ends")),
        ];
        for (text, expect) in cases {
            let found = parse(text, Mark::default(), &known).map_err(|fault| fault.reason);
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{text}"),
                (Err(found), Err(expect)) => assert!(found.contains(expect), "{text}: {found}"),
                (found, expect) => panic!("{text}: {found:?}, not {expect:?}"),
            }
        }
        let deep = "(".repeat(100_000);
        assert!(parse(&deep, Mark::default(), &known).is_err());
    }
}
