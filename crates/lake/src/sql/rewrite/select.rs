//! One `SELECT`: aliases in `GROUP BY` and `WHERE`, and the names of its columns.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, GroupByExpr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Subscript, Value,
    ValueWithSpan, visit_expressions_mut,
};

use super::super::names::members;
use super::from::{table_names, unnested_names};
use super::{call_name, calls_any, number};

/// Stands between a column's name and a number that tells columns of one name apart until they are shown.
const MARK: char = '\u{1f}';

/// Returns the name of a column as it is shown.
pub(crate) fn shown_name(name: &str) -> &str {
    name.split(MARK).next().unwrap_or(name)
}

/// Takes the marks out of a plan's text.
pub(crate) fn without_marks(text: &str) -> String {
    let mut parts = text.split(MARK);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Aggregates that the engine or `calls` knows: an alias of one cannot be grouped by.
const AGGREGATES: &[&str] = &[
    "count",
    "count_if",
    "countif",
    "sum",
    "min",
    "max",
    "avg",
    "array_agg",
    "arbitrary",
    "any_value",
    "approx_distinct",
    "approx_percentile",
    "max_by",
    "min_by",
    "arg_max",
    "arg_min",
    "string_agg",
    "listagg",
    "bool_and",
    "bool_or",
    "every",
    "first_value",
    "last_value",
    "median",
    "stddev",
    "var",
    "first",
    "last",
    "list",
    "mode",
];

/// Puts the expression of an alias where `GROUP BY` or `WHERE` names the alias.
///
/// An alias wins over a column of the table in `GROUP BY`: our views have columns such as `day` that AWS's tables lack,
/// and `SELECT substr(eventtime, 1, 10) AS day .. GROUP BY day` must not change its meaning by that.
pub(super) fn resolve_aliases(select: &mut Select) {
    let aliases: Vec<(String, Expr)> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.to_ascii_lowercase(), expr.clone())),
            _ => None,
        })
        .filter(|(alias, expr)| !matches!(expr, Expr::Identifier(name) if name.value.eq_ignore_ascii_case(alias)))
        .filter(|(_, expr)| !matches!(expr, Expr::Value(_)) && !calls_any(expr, |name| AGGREGATES.contains(&name)))
        .collect();
    let meaning = |name: &Ident| {
        aliases.iter().find(|(alias, _)| name.value.eq_ignore_ascii_case(alias)).map(|(_, expr)| expr.clone())
    };
    if let GroupByExpr::Expressions(exprs, _) = &mut select.group_by {
        for expr in exprs {
            if let Expr::Identifier(name) = bare_function(expr)
                && let Some(meant) = meaning(&name)
            {
                *expr = meant;
            }
        }
    }
    if let Some(filter) = &mut select.selection {
        let tables = table_names(&select.from);
        // A column of the table wins in `WHERE`; only a name that no column has can be the alias.
        let resolved = visit_expressions_mut(filter, |expr| {
            if let Expr::Identifier(name) = &*expr
                && !members().contains(&name.value.to_ascii_lowercase())
                && !tables.is_empty()
                && is_alias_only(&name.value)
                && let Some(meant) = meaning(name)
            {
                *expr = Expr::Nested(Box::new(meant));
            }
            ControlFlow::<()>::Continue(())
        });
        debug_assert!(resolved.is_continue(), "the closure never breaks");
    }
}

/// Returns whether no view has a column of this name beside the record's members.
fn is_alias_only(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "year",
        "month",
        "day",
        "region",
        "date_partition",
        "region_partition",
        "account_partition",
        "record",
        "eventjson",
        "seq",
        "log_file",
        "conflict",
        "eventdate",
        "unmapped",
        "envelope",
    ];
    let name = name.to_ascii_lowercase();
    !OTHERS.contains(&name.as_str()) && !name.starts_with("tp_")
}

/// Reads `user` without brackets as a name, not as the function of the standard.
fn bare_function(expr: &Expr) -> Expr {
    match expr {
        Expr::Function(function) if super::calls::is_bare_user(function) => Expr::Identifier(Ident::new("user")),
        other => other.clone(),
    }
}

/// Names the columns as Trino and DuckDB do: a path by its last part, an expression by its text. Columns of one name
/// both survive: all but the first carry a mark, which is taken off when the result is shown.
pub(super) fn name_columns(select: &mut Select) {
    let has_wildcard = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    // `r.arn` of `UNNEST(resources) AS r` is a member of the value `r`, which the engine names by the whole path.
    let values = unnested_names(&select.from);
    let mut tables = table_names(&select.from);
    tables.retain(|name| !values.contains(name));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (i, item) in select.projection.iter_mut().enumerate() {
        let (name, needed) = match item {
            SelectItem::UnnamedExpr(expr) => match column_name(expr, &tables) {
                Some(named) => named,
                None => continue,
            },
            SelectItem::ExprWithAlias { alias, .. } => (alias.clone(), false),
            _ => continue,
        };
        let key = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_ascii_lowercase() };
        let repeated = !seen.insert(key.clone());
        let implicit = matches!(item, SelectItem::UnnamedExpr(_));
        let hides_column = has_wildcard && (implicit || members().contains(&key) || !is_alias_only(&key));
        let marked = repeated || hides_column;
        if !marked && !needed {
            continue;
        }
        let value = if marked { format!("{key}{MARK}{i}") } else { key };
        let alias = Ident::with_quote('"', value);
        *item = match std::mem::replace(item, SelectItem::UnnamedExpr(Expr::value(Value::Null))) {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                SelectItem::ExprWithAlias { expr, alias }
            }
            other => other,
        };
    }
}

/// Returns the names of a query's columns in the letters in which they are written; nothing where a wildcard stands among them.
pub(crate) fn written_names(body: &SetExpr) -> Vec<String> {
    let select = match body {
        SetExpr::Select(select) => select,
        SetExpr::Query(query) => return written_names(&query.body),
        // The first of them names the columns.
        SetExpr::SetOperation { left, .. } => return written_names(left),
        _ => return Vec::new(),
    };
    let tables = table_names(&select.from);
    let names = select.projection.iter().map(|item| match item {
        SelectItem::UnnamedExpr(expr) => column_name(expr, &tables).map(|(name, _)| name.value),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    names.collect::<Option<_>>().unwrap_or_default()
}

/// Orders a `SELECT DISTINCT` by the places of its columns: naming a path makes it another expression for the engine,
/// which orders distinct rows by their columns only.
pub(super) fn order_distinct(query: &mut Query) {
    let (SetExpr::Select(select), Some(OrderBy { kind: OrderByKind::Expressions(order), .. })) =
        (query.body.as_ref(), &mut query.order_by)
    else {
        return;
    };
    let has_wildcard = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    if select.distinct.is_none() || has_wildcard {
        return;
    }
    let texts: Vec<String> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                expr.to_string().to_ascii_lowercase()
            }
            _ => String::new(),
        })
        .collect();
    for by in order {
        let text = by.expr.to_string().to_ascii_lowercase();
        if let Some(place) = texts.iter().position(|column| *column == text).and_then(|i| i64::try_from(i + 1).ok()) {
            by.expr = number(place);
        }
    }
}

/// Returns the text of an expression, for a name.
fn text_of(expr: &Expr) -> String {
    let text = expr.to_string();
    // Types of Trino that were quoted for the parser.
    if text.contains("\"array(") || text.contains("\"map(") {
        text.replace("AS \"", "AS ").replace(")\")", "))")
    } else {
        text
    }
}

/// Returns the name of a column that the query does not name, and whether the engine would give it another.
fn column_name(expr: &Expr, tables: &[String]) -> Option<(Ident, bool)> {
    match expr {
        Expr::Identifier(name) => Some((name.clone(), false)),
        Expr::CompoundIdentifier(parts) => {
            let plain = parts.len() == 2 && tables.contains(&parts[0].value.to_ascii_lowercase());
            Some((parts.last()?.clone(), !plain))
        }
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            AccessExpr::Dot(Expr::Identifier(name)) => Some((name.clone(), true)),
            AccessExpr::Dot(keyword @ Expr::Function(_)) => Some((Ident::with_quote('"', keyword.to_string()), true)),
            AccessExpr::Subscript(Subscript::Index {
                index: Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(name), .. }),
            }) => Some((Ident::with_quote('"', name.clone()), true)),
            _ => Some((Ident::with_quote('"', text_of(expr)), true)),
        },
        // A list of structs or an unnested struct may become several columns: the engine names them.
        Expr::Function(function) if call_name(function).is_some_and(|name| name.starts_with("unnest")) => None,
        _ => Some((Ident::with_quote('"', text_of(expr)), true)),
    }
}
