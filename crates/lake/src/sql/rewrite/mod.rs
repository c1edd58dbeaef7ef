//! Rewriting of the syntax tree before it is planned: the dialects of Lake, Athena and DuckDB into the engine's own.
//!
//! Nothing here knows types; what depends on them is `planner`'s.

mod calls;
mod casts;
mod chains;
mod from;
mod paths;
mod select;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Query, Select, SelectItem, Value, VisitMut, VisitorMut, visit_expressions,
};

use super::error::{Error, Kind};
use super::names::is_time;
use super::tokens::is_event_data_store;

pub(super) use select::{shown_name, without_marks, written_names};

/// Rewrites a statement in place.
pub(super) fn rewrite(statement: &mut Statement) -> Result<(), Error> {
    match statement {
        Statement::Statement(statement) => {
            // First, so that the other passes meet no deep tree.
            let balanced = statement.visit(&mut chains::Balance);
            let rewritten = match balanced {
                ControlFlow::Continue(()) => statement.visit(&mut Rewriter { times: time_aliases(statement) }),
                stopped => stopped,
            };
            match rewritten {
                ControlFlow::Break(error) => Err(error),
                ControlFlow::Continue(()) => Ok(()),
            }
        }
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        other => Err(Error::new(Kind::Refused, format!("only queries are allowed here, not `{other}`"))),
    }
}

/// Collects the aliases that stand for a time in the query.
fn time_aliases(statement: &datafusion::sql::sqlparser::ast::Statement) -> BTreeSet<String> {
    struct Aliases(BTreeSet<String>);
    impl datafusion::sql::sqlparser::ast::Visitor for Aliases {
        type Break = ();
        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            for item in &select.projection {
                if let SelectItem::ExprWithAlias { expr, alias } = item
                    && name_of(expr).is_some_and(|name| is_time(&name.value))
                {
                    self.0.insert(alias.value.to_ascii_lowercase());
                }
            }
            ControlFlow::Continue(())
        }
    }
    let mut aliases = Aliases(BTreeSet::new());
    match datafusion::sql::sqlparser::ast::Visit::visit(statement, &mut aliases) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => aliases.0,
    }
}

struct Rewriter {
    times: BTreeSet<String>,
}

impl Rewriter {
    /// Returns whether an expression is a column that holds a time, by its name.
    fn is_time(&self, expr: &Expr) -> bool {
        name_of(expr).is_some_and(|name| is_time(&name.value) || self.times.contains(&name.value.to_ascii_lowercase()))
    }
}

impl VisitorMut for Rewriter {
    type Break = Error;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Error> {
        if let Some(ObjectNamePart::Identifier(name)) = relation.0.last_mut()
            && is_event_data_store(&name.value)
        {
            *name = Ident { value: "events".into(), quote_style: None, span: name.span };
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        select::order_distinct(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        from::nest_unnests(&mut select.from);
        select::resolve_aliases(select);
        select::name_columns(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if let Expr::Function(function) = expr {
            calls::read_lambdas(function);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        paths::rewrite(expr);
        casts::rewrite(expr, &|expr| self.is_time(expr));
        match calls::rewrite(expr, &|expr| self.is_time(expr)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// Returns the last part of a name.
fn name_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

/// Returns the lower-case name of a call, unless it is qualified.
fn call_name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(name.value.to_ascii_lowercase()),
        _ => None,
    }
}

fn object_name(name: &str) -> ObjectName {
    ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))])
}

/// Returns the expressions that a call is given, if it is given nothing else.
fn arguments(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    list.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

fn argument_list(args: Vec<Expr>) -> FunctionArguments {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() })
}

fn function(name: &str, args: Vec<Expr>) -> Function {
    Function {
        name: object_name(name),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: argument_list(args),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(function(name, args))
}

fn text(value: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(value.to_owned()))
}

fn number(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

/// Takes an expression out of the tree that is about to be replaced.
fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

/// Returns whether an expression calls a function whose name `matches`.
fn calls_any(expr: &Expr, matches: impl Fn(&str) -> bool) -> bool {
    let found = visit_expressions(expr, |inner| match inner {
        Expr::Function(function)
            if function.over.is_none() && call_name(function).is_some_and(|name| matches(&name)) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
