//! Patterns over times: `max(eventtime) LIKE '2024%'` compares ISO 8601 text, as Athena's `eventtime` is.
//!
//! Functions choose their types themselves (`functions::over_text`); the engine's patterns do not, so the plan is
//! rewritten before the engine looks at its types.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, Like, LogicalPlan, cast};

/// Writes each time that is compared with a pattern as text.
pub(super) fn write_times(plan: LogicalPlan) -> Result<LogicalPlan> {
    let written = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let written = expr.transform_up(|expr| match expr {
                Expr::Like(like) if is_time(&like, &schema) => Ok(Transformed::yes(Expr::Like(as_text(like)))),
                Expr::SimilarTo(like) if is_time(&like, &schema) => {
                    Ok(Transformed::yes(Expr::SimilarTo(as_text(like))))
                }
                other => Ok(Transformed::no(other)),
            })?;
            Ok(written.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(written.data)
}

fn is_time(like: &Like, schema: &datafusion::common::DFSchema) -> bool {
    matches!(like.expr.get_type(schema), Ok(DataType::Timestamp(..)))
}

fn as_text(like: Like) -> Like {
    Like { expr: Box::new(cast(*like.expr, DataType::Utf8)), ..like }
}
