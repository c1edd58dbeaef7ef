//! Filters by late columns: where few facts fit, the events are searched for by what those facts say of them, so that
//! files that cannot hold such events are not read.
//!
//! The filter itself stays. What is added follows from it, so nothing is lost where it is added and nothing gained by
//! mistake.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::Result;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Select, TableFactor, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use event::time::EventTime;

use super::Late;
use crate::sql::views;

/// Most facts that become a list.
const FACTS_MAX: usize = 500;

/// What a fact says of its events. Columns of the views are spelled as AWS does, or as they are stored.
pub(super) enum Narrowed {
    /// A column of the views has the value of this one of the facts.
    Equal { view: &'static str, fact: &'static str },
    /// A column of times lies between these two; facts may not know.
    Between { view: &'static str, from: &'static str, to: &'static str },
}

/// A filter by a late column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    /// Place among the families.
    family: usize,
    /// The column.
    column: &'static str,
    /// The values asked for.
    values: Vec<String>,
    /// The view asked.
    view: &'static str,
}

/// Adds to each filter by a late column what follows from it.
pub(super) async fn narrow(
    ctx: &SessionContext,
    statement: &mut Statement,
    facts: &[(&'static Late, LogicalPlan)],
) -> Result<()> {
    let mut inner = statement;
    while let Statement::Explain(explain) = inner {
        inner = &mut explain.statement;
    }
    let Statement::Statement(statement) = inner else { return Ok(()) };
    let families: Vec<&Late> = facts.iter().map(|(late, _)| *late).collect();
    let mut found: BTreeMap<Wanted, Option<Vec<Expr>>> = BTreeMap::new();
    let mut gather = Selects(|select: &mut Select| {
        let wanted = wanted(select, &families);
        found.extend(wanted.map(|wanted| (wanted, None)));
    });
    match statement.visit(&mut gather) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
    }
    for (wanted, filters) in &mut found {
        let Some((late, plan)) = facts.get(wanted.family) else { continue };
        *filters = follows(ctx, late, plan.clone(), wanted).await?;
    }
    let mut add = Selects(|select: &mut Select| {
        let Some(filters) = wanted(select, &families).and_then(|wanted| found.get(&wanted).cloned().flatten()) else {
            return;
        };
        for filter in filters {
            let before = select.selection.take();
            select.selection = Some(match before {
                Some(before) => and(before, filter),
                None => filter,
            });
        }
    });
    match statement.visit(&mut add) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => Ok(()),
    }
}

/// Visits every `SELECT`.
struct Selects<F>(F);

impl<F: FnMut(&mut Select)> VisitorMut for Selects<F> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        (self.0)(select);
        ControlFlow::Continue(())
    }
}

/// Returns the filter by a late column in a `SELECT` from one view, unless it also lets through what is not known.
fn wanted(select: &Select, families: &[&Late]) -> Option<Wanted> {
    let [from] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, .. } = &from.relation else { return None };
    let table = name.0.last()?.as_ident()?.value.to_ascii_lowercase();
    let view = views::NAMES.iter().find(|view| **view == table)?;
    if !from.joins.is_empty() {
        return None;
    }
    let mut parts = vec![select.selection.as_ref()?];
    while let Some(part) = parts.pop() {
        match part {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => parts.extend([left.as_ref(), right.as_ref()]),
            Expr::Nested(inner) => parts.push(inner),
            part => {
                let Some((column, values)) = compared(part) else { continue };
                let found = families.iter().enumerate().find_map(|(nth, late)| {
                    let (name, unknown) = late.columns.iter().find(|(name, _)| column.eq_ignore_ascii_case(name))?;
                    let is_known = unknown.is_none_or(|unknown| !values.iter().any(|value| value == unknown));
                    is_known.then_some((nth, *name))
                });
                if let Some((family, column)) = found {
                    return Some(Wanted { family, column, values, view });
                }
            }
        }
    }
    None
}

/// Reads `column = 'value'` and `column IN ('value', ...)`.
fn compared(expr: &Expr) -> Option<(&str, Vec<String>)> {
    let text = |expr: &Expr| match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text.clone()),
        _ => None,
    };
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => match (column(left), column(right)) {
            (Some(column), None) => Some((column, vec![text(right)?])),
            (None, Some(column)) => Some((column, vec![text(left)?])),
            _ => None,
        },
        Expr::InList { expr, list, negated: false } => {
            Some((column(expr)?, list.iter().map(text).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.as_str()),
        _ => None,
    }
}

/// Looks the facts up that fit a filter and returns what follows for the events; `None` if they are too many.
async fn follows(ctx: &SessionContext, late: &Late, facts: LogicalPlan, wanted: &Wanted) -> Result<Option<Vec<Expr>>> {
    let values = wanted.values.iter().map(|value| lit(value.clone())).collect();
    let mut read: Vec<PlanExpr> = Vec::new();
    for narrowed in late.narrowed {
        match narrowed {
            Narrowed::Equal { fact, .. } => read.push(col(*fact)),
            Narrowed::Between { from, to, .. } => read.extend([col(*from), col(*to)]),
        }
    }
    let plan = LogicalPlanBuilder::from(facts)
        .filter(col(wanted.column).in_list(values, false))?
        .project(read)?
        .limit(0, Some(FACTS_MAX + 1))?
        .build()?;
    let batches = ctx.execute_logical_plan(plan).await?.collect().await?;
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if total > FACTS_MAX {
        return Ok(None);
    }
    if total == 0 {
        return Ok(Some(vec![Expr::value(Value::Boolean(false))]));
    }
    let filters = late.narrowed.iter().filter_map(|narrowed| filter(narrowed, wanted.view, &batches));
    Ok(Some(filters.collect()))
}

fn filter(narrowed: &Narrowed, in_view: &str, batches: &[RecordBatch]) -> Option<Expr> {
    match narrowed {
        Narrowed::Equal { view, fact } => {
            let mut values: Vec<&str> = Vec::new();
            for batch in batches {
                values.extend(batch.column_by_name(fact)?.as_string_opt::<i32>()?.iter().flatten());
            }
            values.sort_unstable();
            values.dedup();
            let list = values.into_iter().map(|value| Expr::value(Value::SingleQuotedString(value.to_owned())));
            Some(Expr::InList { expr: named(in_view, view), list: list.collect(), negated: false })
        }
        Narrowed::Between { view, from, to } => {
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for batch in batches {
                let column = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>();
                let (from, to) = (column(from)?, column(to)?);
                if from.null_count() + to.null_count() > 0 {
                    return None;
                }
                (least, most) = (least.min(min(from).unwrap_or(least)), most.max(max(to).unwrap_or(most)));
            }
            let bound = |op, micros| Expr::BinaryOp { left: named(in_view, view), op, right: Box::new(time(micros)) };
            Some(and(bound(BinaryOperator::GtEq, least), bound(BinaryOperator::LtEq, most)))
        }
    }
}

fn time(micros: i64) -> Expr {
    Expr::value(Value::SingleQuotedString(EventTime::from_micros(micros).to_string()))
}

fn named(view: &str, column: &str) -> Box<Expr> {
    Box::new(Expr::Identifier(Ident::new(views::spelled(view, column))))
}

fn and(left: Expr, right: Expr) -> Expr {
    let nested = |expr| Box::new(Expr::Nested(Box::new(expr)));
    Expr::BinaryOp { left: nested(left), op: BinaryOperator::And, right: nested(right) }
}
