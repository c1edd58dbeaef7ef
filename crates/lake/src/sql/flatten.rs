//! Members of the view's structs read as the flat columns that they are.
//!
//! `userIdentity.arn` is a member of a struct that the view makes from flat columns. The engine sees through that in
//! filters, but under a group, a join or a sort it would make the whole struct for every row and read all of its
//! columns. This rule adds the flat column to the view's projection and reads it instead.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::{Alias, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// Reads flat columns in place of members of structs made from them.
#[derive(Debug)]
pub(super) struct FlatMembers;

impl OptimizerRule for FlatMembers {
    fn name(&self) -> &str {
        "flat_members"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let reads_members = matches!(
            plan,
            LogicalPlan::Aggregate(_)
                | LogicalPlan::Projection(_)
                | LogicalPlan::Join(_)
                | LogicalPlan::Sort(_)
                | LogicalPlan::Window(_)
        );
        if reads_members { flatten(plan) } else { Ok(Transformed::no(plan)) }
    }
}

/// A member of a struct column: `useridentity.sessioncontext.sourceidentity`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    column: Column,
    path: Vec<String>,
}

impl Member {
    /// Takes an expression that reads a member of a column, however deep.
    fn of(expr: &Expr) -> Option<Member> {
        match expr {
            Expr::Column(column) => Some(Member { column: column.clone(), path: Vec::new() }),
            Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "get_field" => {
                let (base, names) = args.split_first()?;
                let mut member = Member::of(base)?;
                for name in names {
                    let Expr::Literal(name, _) = name else { return None };
                    member.path.push(name.try_as_str().flatten()?.to_owned());
                }
                Some(member)
            }
            _ => None,
        }
    }

    fn of_struct(expr: &Expr) -> Option<Member> {
        Member::of(expr).filter(|member| !member.path.is_empty())
    }
}

fn flatten(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut wanted: Vec<Member> = Vec::new();
    plan.apply_expressions(|expr| {
        expr.apply(|expr| match Member::of_struct(expr) {
            Some(member) => {
                if !wanted.contains(&member) {
                    wanted.push(member);
                }
                Ok(TreeNodeRecursion::Jump)
            }
            None => Ok(TreeNodeRecursion::Continue),
        })
    })?;
    if wanted.is_empty() {
        return Ok(Transformed::no(plan));
    }
    let schema = Arc::clone(plan.schema());
    let mut flat: Vec<(Member, Column)> = Vec::new();
    let widened = plan.map_children(|mut input| {
        for member in &wanted {
            if let Some((wider, column)) = widen(&input, member)? {
                input = wider;
                flat.push((member.clone(), column));
            }
        }
        Ok(Transformed::yes(input))
    })?;
    let plan = widened.data;
    if flat.is_empty() {
        return Ok(Transformed::no(plan));
    }
    let names = NamePreserver::new(&plan);
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let replaced = expr.transform_down(|expr| {
            let found = Member::of_struct(&expr).and_then(|member| flat.iter().find(|(known, _)| *known == member));
            Ok(match found {
                Some((_, column)) => Transformed::new(Expr::Column(column.clone()), true, TreeNodeRecursion::Jump),
                None => Transformed::no(expr),
            })
        })?;
        Ok(replaced.update_data(|expr| name.restore(expr)))
    })?;
    let plan = plan.data.recompute_schema()?;
    if plan.schema() == &schema {
        return Ok(Transformed::yes(plan));
    }
    // A join or a sort passes the new columns on; nobody above knows them.
    let columns = schema.columns().into_iter().map(Expr::Column).collect();
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)))
}

/// Adds the flat column of a member to the projection that makes its struct, below any number of aliases. Returns the
/// wider plan and the column, or `None` if the member's struct is not made here.
fn widen(plan: &LogicalPlan, member: &Member) -> Result<Option<(LogicalPlan, Column)>> {
    let Some(position) = plan.schema().maybe_index_of_column(&member.column) else { return Ok(None) };
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = Member {
                column: Column::from(alias.input.schema().qualified_field(position)),
                path: member.path.clone(),
            };
            let Some((input, column)) = widen(&alias.input, &inner)? else { return Ok(None) };
            let wider = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?;
            let column = Column::new(Some(alias.alias.clone()), column.name);
            Ok(Some((LogicalPlan::SubqueryAlias(wider), column)))
        }
        LogicalPlan::Projection(projection) => {
            let Some(made) = projection.expr.get(position) else { return Ok(None) };
            let Some(flat) = follow(made, &member.path) else { return Ok(None) };
            let name = format!("{}.{}", member.column.name, member.path.join("."));
            let column = Column::new_unqualified(&name);
            if projection.schema.maybe_index_of_column(&column).is_some() {
                return Ok(Some((plan.clone(), column)));
            }
            let mut exprs = projection.expr.clone();
            exprs.push(flat.clone().alias(name));
            let wider = Projection::try_new(exprs, Arc::clone(&projection.input))?;
            Ok(Some((LogicalPlan::Projection(wider), column)))
        }
        _ => Ok(None),
    }
}

/// Follows names into the `named_struct` calls that make a struct, down to a column.
fn follow<'e>(expr: &'e Expr, path: &[String]) -> Option<&'e Expr> {
    match expr {
        Expr::Alias(Alias { expr, .. }) => follow(expr, path),
        Expr::Column(_) if path.is_empty() => Some(expr),
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "named_struct" => {
            let (first, rest) = path.split_first()?;
            let named = |pair: &&[Expr]| matches!(&pair[0], Expr::Literal(name, _) if name.try_as_str().flatten() == Some(first));
            follow(args.chunks_exact(2).find(named)?.get(1)?, rest)
        }
        _ => None,
    }
}
