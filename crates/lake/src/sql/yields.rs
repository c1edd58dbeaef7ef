//! Joins that let go of their thread now and then. The engine looks whether a task is to end where rows are read; a join of
//! many rows with many makes new ones for hours without reading any, and could not be cancelled.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// Puts what yields above whatever brings several inputs together.
#[derive(Debug)]
pub(super) struct YieldAtJoins;

impl PhysicalOptimizerRule for YieldAtJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(match plan.children().len() {
                0 | 1 => Transformed::no(plan),
                _ => Transformed::yes(Arc::new(CooperativeExec::new(plan))),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "yield_at_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::context::SessionContext;
    use datafusion::physical_plan::displayable;

    use super::*;

    #[tokio::test]
    async fn what_yields_stands_right_above_each_join() {
        let cases = [
            ("select * from (values (1), (2)) a, (values (1), (2)) b", "CrossJoinExec"),
            ("select * from (values (1), (2)) a(x) join (values (1), (2)) b(y) on x < y", "NestedLoopJoinExec"),
            ("select * from (values (1), (2)) a(x) join (values (1), (2)) b(y) on x = y", "HashJoinExec"),
        ];
        for (sql, join) in cases {
            let plan = SessionContext::new().sql(sql).await.unwrap().create_physical_plan().await.unwrap();
            let plan = YieldAtJoins.optimize(plan, &ConfigOptions::default()).unwrap();
            let shown = displayable(plan.as_ref()).indent(false).to_string();
            let names: Vec<_> =
                shown.lines().map(|line| line.trim().split([':', ' ']).next().unwrap_or_default()).collect();
            let at = names.iter().position(|name| *name == join).unwrap_or_else(|| panic!("no {join} in {shown}"));
            assert_eq!(at.checked_sub(1).and_then(|above| names.get(above)), Some(&"CooperativeExec"), "{shown}");
        }
    }
}
