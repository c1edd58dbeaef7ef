//! Selections: maps whose entries all hold, lists of which one holds, keywords.

use predicate::expr::Expr;

use crate::refusal::{Fault, Mark, Parsed};
use crate::sigma::condition::{self, Names};
use crate::sigma::modifier::{self, Reading};
use crate::yaml::{Entry, Node, Yaml};

/// A selection by its name.
struct Selection<'a> {
    name: &'a str,
    expr: Expr,
}

struct Selections<'a>(Vec<Selection<'a>>);

impl Names for Selections<'_> {
    fn expr(&self, name: &str) -> Option<Expr> {
        self.0.iter().find(|selection| selection.name == name).map(|selection| selection.expr.clone())
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|selection| selection.name).collect()
    }
}

/// Reads the `detection` of a rule, or what a filter has in its place; `other` are keys that are no selections.
pub(crate) fn detection(node: &Node, what: &str, other: &[&str], reading: &Reading<'_>) -> Parsed<Expr> {
    let entries = node.entries(&format!("`{what}`"))?;
    let mut conditions: Vec<(String, Mark)> = Vec::new();
    let mut selections = Selections(Vec::new());
    for Entry { key, mark, value } in entries {
        match key.as_str() {
            "condition" => conditions = value.texts("`condition`")?,
            "timeframe" => {
                return Err(Fault::new(
                    *mark,
                    "`timeframe` is no part of Sigma 2: write a correlation with `timespan`",
                ));
            }
            name if other.contains(&name) => {}
            name => selections.0.push(Selection { name, expr: selection(name, value, reading)? }),
        }
    }
    if conditions.is_empty() {
        return Err(Fault::new(node.mark, format!("`{what}` has no `condition`")));
    }
    let exprs = conditions.iter().map(|(text, mark)| condition::parse(text, *mark, &selections));
    let mut exprs = exprs.collect::<Parsed<Vec<Expr>>>()?;
    Ok(if exprs.len() == 1 { exprs.remove(0) } else { Expr::Any(exprs) })
}

/// Reads one selection.
pub(crate) fn selection(name: &str, node: &Node, reading: &Reading<'_>) -> Parsed<Expr> {
    match &node.value {
        Yaml::Map(entries) if !entries.is_empty() => {
            let exprs = entries.iter().map(|entry| modifier::lower(&entry.key, entry.mark, &entry.value, reading));
            let mut exprs = exprs.collect::<Parsed<Vec<Expr>>>()?;
            Ok(if exprs.len() == 1 { exprs.remove(0) } else { Expr::All(exprs) })
        }
        Yaml::List(nodes) if !nodes.is_empty() => {
            let exprs = nodes.iter().map(|node| selection(name, node, reading)).collect::<Parsed<Vec<Expr>>>()?;
            Ok(Expr::Any(exprs))
        }
        Yaml::Bool(_) | Yaml::Number(_) | Yaml::Text(_) => modifier::lower("", node.mark, node, reading),
        Yaml::Null | Yaml::Map(_) | Yaml::List(_) => {
            Err(Fault::new(node.mark, format!("the selection `{name}` is empty")))
        }
    }
}
