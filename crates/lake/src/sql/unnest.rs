//! `FROM events CROSS JOIN UNNEST(resources) AS t(r)`: the engine plans the array apart from the table that it belongs
//! to, so this planner takes both together.
//!
//! The rewriting puts each such pair into a nested join of its own.

use arrow::datatypes::DataType;
use datafusion::common::{Column, NullHandling, Result, TableReference, UnnestOptions, plan_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::map_entries::map_entries_udf;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Join, JoinOperator, TableAlias, TableFactor, TableWithJoins};

/// Name of the column when the query gives none, as in DuckDB and PostgreSQL.
const UNNAMED: &str = "unnest";

/// Plans a nested join whose last table is `UNNEST`.
#[derive(Debug)]
pub(super) struct UnnestPlanner {
    from_json: ScalarUDF,
}

impl UnnestPlanner {
    pub(super) fn new(from_json: ScalarUDF) -> Self {
        Self { from_json }
    }

    /// Makes a list of what is unnested: JSON text is read as an array, a map gives its entries.
    fn list(&self, value: Expr, data_type: &DataType) -> Result<Expr> {
        match data_type {
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Ok(value),
            DataType::Map(..) => Ok(map_entries_udf().call(vec![value])),
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Ok(self.from_json.call(vec![value])),
            other => plan_err!("`unnest` takes an array, a map or a JSON array, not {other}"),
        }
    }

    fn plan(&self, left: LogicalPlan, unnest: Unnest, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let schema = left.schema().clone();
        let relation = unnest.alias.as_ref().map(|alias| context.normalize_ident(alias.name.clone()));
        let names: Vec<String> = unnest
            .alias
            .iter()
            .flat_map(|alias| &alias.columns)
            .map(|column| context.normalize_ident(column.name.clone()))
            .collect();
        let mut columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        let mut lists = Vec::with_capacity(unnest.arrays.len());
        for (i, array) in unnest.arrays.into_iter().enumerate() {
            let value = context.sql_to_expr(array, &schema)?;
            let data_type = value.get_type(&schema)?;
            let name = format!("unnest({i})");
            columns.push(self.list(value, &data_type)?.alias(&name));
            lists.push(Column::new_unqualified(name));
        }
        let null_handling = if unnest.outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let options = UnnestOptions { null_handling, ..UnnestOptions::new() };
        let plan = LogicalPlanBuilder::from(left)
            .project(columns)?
            .unnest_columns_with_options(lists.clone(), options)?
            .build()?;
        // `AS item` alone names the value too: DuckDB's users write `item ->> 'x'`.
        let names = if names.is_empty() { vec![relation.clone().unwrap_or_else(|| UNNAMED.to_owned())] } else { names };
        let mut shown: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        shown.extend(named(&plan, &lists, relation.map(TableReference::bare).as_ref(), &names)?);
        LogicalPlanBuilder::from(plan).project(shown)?.build()
    }
}

/// Names what was unnested. More names than lists spread a struct, as Trino does with arrays of rows and with maps.
fn named(
    plan: &LogicalPlan,
    lists: &[Column],
    qualifier: Option<&TableReference>,
    names: &[String],
) -> Result<Vec<Expr>> {
    let alias = |value: Expr, name: &str| value.alias_qualified(qualifier.cloned(), name);
    if let [list] = lists
        && names.len() > 1
    {
        let data_type = plan.schema().qualified_field_from_column(list)?.1.data_type().clone();
        let fields = match &data_type {
            DataType::Struct(fields) if fields.len() >= names.len() => fields,
            other => return plan_err!("`unnest` gives {other}, which has no {} columns to name", names.len()),
        };
        let pairs = names.iter().zip(fields.iter());
        return Ok(pairs
            .map(|(name, field)| alias(get_field(Expr::Column(list.clone()), field.name().clone()), name))
            .collect());
    }
    let unnamed = |i: usize| if i == 0 { UNNAMED.to_owned() } else { format!("{UNNAMED}_{i}") };
    Ok(lists
        .iter()
        .enumerate()
        .map(|(i, list)| alias(Expr::Column(list.clone()), names.get(i).unwrap_or(&unnamed(i))))
        .collect())
}

/// `UNNEST(arrays) AS alias`.
struct Unnest {
    arrays: Vec<SqlExpr>,
    alias: Option<TableAlias>,
    outer: bool,
}

/// Returns the table and the `UNNEST` of a nested join that is such a pair.
fn pair(relation: &TableFactor) -> Option<(TableFactor, Unnest)> {
    let TableFactor::NestedJoin { table_with_joins, alias: None } = relation else { return None };
    let (
        Join {
            relation: TableFactor::UNNEST { alias, array_exprs, with_ordinality: false, with_offset: false, .. },
            join_operator,
            ..
        },
        before,
    ) = table_with_joins.joins.split_last()?
    else {
        return None;
    };
    let outer = matches!(join_operator, JoinOperator::Left(_) | JoinOperator::LeftOuter(_));
    let left = if before.is_empty() {
        table_with_joins.relation.clone()
    } else {
        let table = TableWithJoins { relation: table_with_joins.relation.clone(), joins: before.to_vec() };
        TableFactor::NestedJoin { table_with_joins: Box::new(table), alias: None }
    };
    Some((left, Unnest { arrays: array_exprs.clone(), alias: alias.clone(), outer }))
}

impl RelationPlanner for UnnestPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some((left, unnest)) = pair(&relation) else { return Ok(RelationPlanning::Original(Box::new(relation))) };
        let left = context.plan(left)?;
        let plan = self.plan(left, unnest, context)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}
