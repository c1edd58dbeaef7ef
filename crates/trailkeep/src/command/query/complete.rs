//! What the shell completes: keywords, tables, columns and fields, functions, and its own commands.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::execution::context::SessionContext;
use rustyline::Context;
use rustyline::completion::{Completer, Pair};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Helper, Highlighter, Hinter};

use super::shell::COMMANDS;
use super::statement;
use crate::fault::Result;

const KEYWORDS: &[&str] = &[
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "CASE",
    "COUNT",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "FROM",
    "GROUP BY",
    "HAVING",
    "IN",
    "INTERVAL",
    "IS NOT NULL",
    "IS NULL",
    "JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "OR",
    "ORDER BY",
    "SELECT",
    "THEN",
    "UNION ALL",
    "UNNEST",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Completes names and waits for the `;`.
#[derive(Helper, Hinter, Highlighter)]
pub(super) struct Names {
    /// Names in the order in which they are offered: those of the lake, then functions and keywords.
    names: Vec<String>,
}

impl Names {
    /// Gathers the names that a session knows.
    ///
    /// # Errors
    /// If a table cannot be described.
    pub(super) async fn of(ctx: &SessionContext, tables: &[String]) -> Result<Self> {
        let (mut columns, mut functions) = (BTreeSet::new(), BTreeSet::new());
        for table in tables {
            gather(ctx.table_provider(table.as_str()).await?.schema().fields(), &mut columns);
        }
        let state = ctx.state();
        functions.extend(state.scalar_functions().keys().map(|name| format!("{name}(")));
        functions.extend(state.aggregate_functions().keys().map(|name| format!("{name}(")));
        let keywords = KEYWORDS.iter().map(|word| (*word).to_owned());
        Ok(Self { names: tables.iter().cloned().chain(columns).chain(keywords).chain(functions).collect() })
    }

    /// Returns the start of the word before the cursor and what it may become.
    fn candidates(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &line[..cursor];
        let starts_command = before.trim_start().starts_with('.') && !before.trim().contains(' ');
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || (starts_command && c == '.');
        let start = before
            .rfind(|c: char| !is_word(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let word = before[start..].to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let fits = |name: &&String| name.to_lowercase().starts_with(&word);
        if starts_command {
            return (
                start,
                COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).filter(|name| name.starts_with(&word)).collect(),
            );
        }
        (start, self.names.iter().filter(fits).cloned().collect())
    }
}

/// Takes up the names of columns and of the fields inside them.
fn gather(fields: &Fields, names: &mut BTreeSet<String>) {
    for field in fields {
        names.insert(field.name().clone());
        match field.data_type() {
            DataType::Struct(below) => gather(below, names),
            DataType::List(element) => {
                gather(&Fields::from(vec![element.as_ref().clone().with_name("element")]), names)
            }
            _ => {}
        }
    }
}

impl Completer for Names {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.candidates(line, cursor);
        Ok((start, found.into_iter().map(|name| Pair { display: name.clone(), replacement: name }).collect()))
    }
}

impl Validator for Names {
    /// A statement goes on over lines until its `;`; commands of the shell are one line.
    fn validate(&self, input: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = input.input();
        let is_complete = text.trim_start().starts_with('.') || statement::is_blank(statement::split(text).1);
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_the_word_before_the_cursor() {
        let names = ["events", "eventname", "sourceipaddress", "arn", "SELECT", "count("].map(str::to_owned);
        let names = Names { names: names.to_vec() };
        let cases: [(&str, usize, &[&str]); 7] = [
            ("select * from eve", 14, &["events", "eventname"]),
            ("sel", 0, &["SELECT"]),
            ("select userIdentity.ar", 20, &["arn"]),
            ("select COU", 7, &["count("]),
            ("", 0, &[]),
            (".sch", 0, &[".schema"]),
            ("where x = 'é' and sou", 19, &["sourceipaddress"]),
        ];
        for (line, start, expect) in cases {
            assert_eq!(
                names.candidates(line, line.len()),
                (start, expect.iter().map(|name| (*name).to_owned()).collect()),
                "{line}"
            );
        }
    }
}
