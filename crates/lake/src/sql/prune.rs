//! Filters on Athena's partition columns, `year`, `month`, `day` and `date_partition`, as ranges of the lake's own
//! partition column, so that they prune files.
//!
//! Whatever a filter does with those columns (`year || month || day >= '20240301'` is common), it is a function of one
//! date. So it is evaluated for each date there may be, and the dates that pass become ranges.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::{conjunction, disjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::create_physical_expr;
use event::schema::stored::EVENT_DATE;

use super::functions::PARTITION_TEXT;

/// 1970-01-01 to 2100-12-31, in days since 1970. Dates outside are never pruned.
const DAYS: std::ops::Range<i32> = 0..47_847;

/// Most ranges that one filter becomes; more are joined into one from the first to the last date.
const RANGES_MAX: usize = 32;

/// Adds ranges of `eventdate` beside filters on partition columns.
#[derive(Debug)]
pub(super) struct PartitionRanges;

impl OptimizerRule for PartitionRanges {
    fn name(&self) -> &str {
        "partition_ranges"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Filter(filter) => match ranges(&split_conjunction(&filter.predicate))? {
                Some(ranges) => {
                    let predicate = filter.predicate.and(ranges);
                    Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
                }
                None => Ok(Transformed::no(LogicalPlan::Filter(filter))),
            },
            LogicalPlan::TableScan(mut scan) => match ranges(&scan.filters.iter().collect::<Vec<_>>())? {
                Some(ranges) => {
                    scan.filters.push(ranges);
                    Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
                }
                None => Ok(Transformed::no(LogicalPlan::TableScan(scan))),
            },
            plan => Ok(Transformed::no(plan)),
        }
    }
}

/// Returns the ranges of dates that pass the conjuncts on partition columns, unless a plain filter on the date is
/// there.
fn ranges(conjuncts: &[&Expr]) -> Result<Option<Expr>> {
    let on_date: Vec<&Expr> = conjuncts.iter().copied().filter(|expr| only_date(expr).is_some()).collect();
    let (derived, plain): (Vec<&Expr>, Vec<&Expr>) = on_date.into_iter().partition(|expr| mentions_partition(expr));
    if !plain.is_empty() {
        return Ok(None);
    }
    let Some(date) = derived.first().and_then(|expr| only_date(expr)) else { return Ok(None) };
    let Some(predicate) = conjunction(derived.into_iter().cloned()) else { return Ok(None) };
    Ok(Some(as_ranges(&date, &passing(&date, &predicate)?)))
}

/// Returns the date column if the expression reads no other column.
fn only_date(expr: &Expr) -> Option<Column> {
    let mut columns = expr.column_refs().into_iter();
    let column = columns.next().filter(|column| column.name == EVENT_DATE)?;
    columns.next().is_none().then(|| column.clone())
}

fn mentions_partition(expr: &Expr) -> bool {
    expr.exists(|inner| Ok(matches!(inner, Expr::ScalarFunction(function) if function.name() == PARTITION_TEXT)))
        .unwrap_or(false)
}

/// Evaluates a filter for every date, and returns the runs of dates that pass.
fn passing(date: &Column, predicate: &Expr) -> Result<Vec<(i32, i32)>> {
    let schema = Arc::new(Schema::new(vec![Field::new(EVENT_DATE, DataType::Date32, true)]));
    let df_schema = match &date.relation {
        Some(relation) => DFSchema::try_from_qualified_schema(relation.clone(), &schema)?,
        None => DFSchema::try_from(Arc::clone(&schema))?,
    };
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values(DAYS));
    let batch = RecordBatch::try_new(schema, vec![days])?;
    let evaluated =
        create_physical_expr(predicate, &df_schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?
            .evaluate(&batch)?
            .into_array(batch.num_rows())?;
    let passes = evaluated.as_boolean();
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for (i, day) in DAYS.enumerate() {
        if !passes.is_valid(i) || !passes.value(i) {
            continue;
        }
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    Ok(runs)
}

fn as_ranges(date: &Column, runs: &[(i32, i32)]) -> Expr {
    let column = Expr::Column(date.clone());
    let day = |day: i32| lit(ScalarValue::Date32(Some(day)));
    let joined = match runs {
        [(first, _), .., (_, last)] if runs.len() > RANGES_MAX => vec![(*first, *last)],
        runs => runs.to_vec(),
    };
    let inside = joined.into_iter().map(|(first, last)| {
        if first == last {
            column.clone().eq(day(first))
        } else {
            column.clone().gt_eq(day(first)).and(column.clone().lt_eq(day(last)))
        }
    });
    // An event may claim any date: one outside the evaluated dates is left to the filter itself.
    let outside = [column.clone().lt(day(DAYS.start)), column.clone().gt_eq(day(DAYS.end))];
    disjunction(inside.chain(outside)).unwrap_or_else(|| lit(true))
}
