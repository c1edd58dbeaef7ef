//! Filters on a time's text, such as `eventtime LIKE '2024-03%'` or `substr(eventtime, 1, 10) >= '2024-03-05'`, as
//! ranges of the time itself, so that they prune files.
//!
//! Up to the second, ISO 8601 text has the order of its times as long as years have four digits. So the first second
//! whose text passes a bound is found by halving, and whatever text is asked for, sensible or not, becomes a range. The
//! range holds every time that can pass the filter; the filter stays.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, Filter, Like, LogicalPlan, Operator, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use event::time::{EventTime, SECOND};

/// Length of `2024-03-05T16:31:00`: behind it stands a fraction or `Z`, whose order is not that of the times.
const ORDERED_BYTES: usize = 19;
/// 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z, in seconds since 1970: what four digits can say.
const SECONDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

/// Adds ranges of a time beside filters on its text.
#[derive(Debug)]
pub(super) struct TimeTextRanges;

impl OptimizerRule for TimeTextRanges {
    fn name(&self) -> &str {
        "time_text_ranges"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Filter(filter) => {
                let added = ranges(&split_conjunction(&filter.predicate), filter.input.schema());
                let Some(added) = conjunction(added) else { return Ok(Transformed::no(LogicalPlan::Filter(filter))) };
                let predicate = filter.predicate.and(added);
                Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
            }
            LogicalPlan::TableScan(mut scan) => {
                // The filters may read columns that the scan does not give.
                let schema =
                    DFSchema::try_from_qualified_schema(scan.table_name.clone(), scan.source.schema().as_ref())?;
                let conjuncts: Vec<&Expr> = scan.filters.iter().flat_map(split_conjunction).collect();
                let added = ranges(&conjuncts, &schema);
                if added.is_empty() {
                    return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
                }
                scan.filters.extend(added);
                Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
            }
            plan => Ok(Transformed::no(plan)),
        }
    }
}

/// Returns the bounds that follow from the conjuncts and do not stand among them yet.
fn ranges(conjuncts: &[&Expr], schema: &DFSchema) -> Vec<Expr> {
    let found = conjuncts.iter().filter_map(|expr| implied(expr, schema));
    let mut added: Vec<Expr> = Vec::new();
    for bound in found.flat_map(|(time, range)| range.bounds(&time)) {
        if !conjuncts.contains(&&bound) && !added.contains(&bound) {
            added.push(bound);
        }
    }
    added
}

/// Seconds since 1970, from and until; what is open has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: Option<i64>,
    until: Option<i64>,
}

impl Range {
    /// Returns the range as comparisons of a time.
    fn bounds(self, time: &Expr) -> impl Iterator<Item = Expr> + use<> {
        let at = |second: i64| lit(ScalarValue::TimestampMicrosecond(Some(second * SECOND), Some("UTC".into())));
        let from = self.from.map(|from| time.clone().gt_eq(at(from)));
        let until = self.until.map(|until| match self.from {
            Some(_) => time.clone().lt(at(until)),
            // Text of five-digit years begins with a sign, which stands before every digit.
            None => time.clone().lt(at(until)).or(time.clone().gt_eq(at(SECONDS.end))),
        });
        [from, until].into_iter().flatten()
    }

    /// Returns the smallest range that holds both.
    fn hull(self, other: Range) -> Range {
        let both = |a: Option<i64>, b: Option<i64>, pick: fn(i64, i64) -> i64| a.zip(b).map(|(a, b)| pick(a, b));
        Range { from: both(self.from, other.from, i64::min), until: both(self.until, other.until, i64::max) }
    }
}

/// Returns a time and the range it must lie in for the expression to be true.
fn implied(expr: &Expr, schema: &DFSchema) -> Option<(Expr, Range)> {
    match expr {
        Expr::Like(Like { negated: false, expr, pattern, escape_char, case_insensitive }) => {
            let prefix = prefix(text(pattern)?, *escape_char);
            let prefix = if *case_insensitive { prefix.to_ascii_uppercase() } else { prefix.to_owned() };
            Some((time(expr, schema)?.0, between(&prefix, &prefix)?))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "starts_with" => {
            let [value, prefix] = args.as_slice() else { return None };
            let prefix = text(prefix)?;
            Some((time(value, schema)?.0, between(prefix, prefix)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let ((a, first), (b, second)) = (implied(left, schema)?, implied(right, schema)?);
            (a == b).then(|| (a, first.hull(second)))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (text(left), text(right)) {
            (None, Some(value)) => compared(left, *op, value, schema),
            (Some(value), None) => compared(right, op.swap()?, value, schema),
            _ => None,
        },
        Expr::InList(InList { expr, list, negated: false }) => {
            let (time, width) = time(expr, schema)?;
            let of = |value: &Expr| text(value).and_then(|value| between(cut(value, width), cut(value, width)));
            let mut all = list.iter().map(of);
            let first = all.next()??;
            all.try_fold(first, |hull, range| Some(hull.hull(range?))).map(|range| (time, range))
        }
        _ => None,
    }
}

fn compared(value: &Expr, op: Operator, with: &str, schema: &DFSchema) -> Option<(Expr, Range)> {
    let (time, width) = time(value, schema)?;
    let with = cut(with, width);
    let range = between(with, with)?;
    let range = match op {
        Operator::Eq => range,
        Operator::Gt | Operator::GtEq => Range { until: None, ..range },
        Operator::Lt | Operator::LtEq => Range { from: None, ..range },
        _ => return None,
    };
    Some((time, range))
}

/// Returns the range of the seconds whose text, cut to the length of the bounds, lies between them.
fn between(least: &str, greatest: &str) -> Option<Range> {
    // Text that begins otherwise is that of no year with four digits, and its order is another.
    if ![least, greatest].iter().all(|bound| bound.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let cut = |second: i64, bound: &str| -> Vec<u8> {
        let text = EventTime::from_micros(second * SECOND).to_string();
        text.into_bytes().into_iter().take(bound.len().min(ORDERED_BYTES)).collect()
    };
    let bound = |text: &str| text.as_bytes().iter().copied().take(ORDERED_BYTES).collect::<Vec<u8>>();
    Some(Range {
        from: Some(first_second(|second| cut(second, least) >= bound(least))),
        until: Some(first_second(|second| cut(second, greatest) > bound(greatest))),
    })
}

/// Finds the first second from which on a condition holds, by halving.
fn first_second(holds: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (SECONDS.start, SECONDS.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Returns the time whose text an expression is, and how many of its bytes there are at most.
fn time(expr: &Expr, schema: &DFSchema) -> Option<(Expr, usize)> {
    let is_time = |expr: &Expr| matches!(expr, Expr::Column(_)) && expr.get_type(schema).is_ok_and(is_instant);
    match expr {
        Expr::Cast(Cast { expr, field }) if is_text(field.data_type()) && is_time(expr) => {
            Some((expr.as_ref().clone(), usize::MAX))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) => match (func.name(), args.as_slice()) {
            ("to_iso8601", [value]) if is_time(value) => Some((value.clone(), usize::MAX)),
            ("substr", [value, start, length]) if number(start) == Some(1) => {
                let (time, width) = time(value, schema)?;
                Some((time, width.min(usize::try_from(number(length)?).ok()?)))
            }
            ("left", [value, length]) => {
                let (time, width) = time(value, schema)?;
                Some((time, width.min(usize::try_from(number(length)?).ok()?)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_instant(data_type: DataType) -> bool {
    data_type == event::schema::timestamp()
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn text(expr: &Expr) -> Option<&str> {
    expr.as_literal()?.try_as_str().flatten()
}

fn number(expr: &Expr) -> Option<i64> {
    match expr.as_literal()? {
        ScalarValue::Int64(number) => *number,
        _ => None,
    }
}

/// Returns at most the first bytes of a text; longer text than there can be decides by those.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Returns what a pattern begins with before anything in it may stand for other text.
fn prefix(pattern: &str, escape: Option<char>) -> &str {
    let end = pattern.find(|c| matches!(c, '%' | '_' | '\\') || Some(c) == escape).unwrap_or(pattern.len());
    &pattern[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_the_range_of_its_seconds() {
        let cases = [
            ("2024-03", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"),
            ("2024-0", "2024-01-01T00:00:00Z", "2024-10-01T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2024-03-05T16:3", "2024-03-05T16:30:00Z", "2024-03-05T16:40:00Z"),
            ("2024-03-05T16:31:07", "2024-03-05T16:31:07Z", "2024-03-05T16:31:08Z"),
            ("2024-03-05T16:31:07.25Z", "2024-03-05T16:31:07Z", "2024-03-05T16:31:08Z"),
            ("2", "2000-01-01T00:00:00Z", "3000-01-01T00:00:00Z"),
            // What is no time has no seconds, wherever it stands.
            ("2024-13", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2024-03-05 16", "2024-03-05T00:00:00Z", "2024-03-05T00:00:00Z"),
        ];
        for (text, from, until) in cases {
            let second = |text: &str| Some(EventTime::parse(text).unwrap().as_micros() / SECOND);
            assert_eq!(between(text, text), Some(Range { from: second(from), until: second(until) }), "{text}");
        }
        for text in ["", "%", "+1", "-2", "T"] {
            assert_eq!(between(text, text), None, "{text}");
        }
    }

    #[test]
    fn patterns_end_where_they_may_mean_something_else() {
        for (pattern, escape, expect) in [
            ("2024-03%", None, "2024-03"),
            ("2024_03%", None, "2024"),
            ("20\\_24", None, "20"),
            ("2024#%", Some('#'), "2024"),
            ("2024-03-05T16:31:00Z", None, "2024-03-05T16:31:00Z"),
            ("%", None, ""),
        ] {
            assert_eq!(prefix(pattern, escape), expect, "{pattern}");
        }
    }
}
