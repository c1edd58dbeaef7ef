//! Columns that are learned after an event is stored: joined to the views when a statement names them, and only then.
//!
//! `SELECT *` has none of them, and no other query pays for them. A family of such columns is a value of [`Late`]: a query
//! for the facts, and how they are joined. Where a statement filters by one of them, the facts that fit are looked up
//! first, and where they are few the events are searched for by what the facts say of them (`narrow`). Columns that no join
//! can tell are computed of those that events have (`origin`, `place`).

mod integrity;
mod narrow;
pub(super) mod origin;
pub(super) mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider, TableProvider, view::ViewTable,
};
use datafusion::common::{Column, JoinType, NullEquality, Result, TableReference, plan_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::SessionContext;
use datafusion::execution::session_state::SessionState;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Visit, Visitor};

use super::views::{self, FLAT};

/// A family of columns that come from another table.
struct Late {
    /// Name of the facts in plans.
    name: &'static str,
    /// The columns that views get, which are columns of the facts too, and the value where no fact is known.
    columns: &'static [(&'static str, Option<&'static str>)],
    /// Query for the facts, over the tables of the session.
    facts: &'static str,
    /// Columns of `events_flat` and of the facts that must be equal.
    keys: &'static [(&'static str, &'static str)],
    /// What else must hold of both.
    condition: fn() -> Option<Expr>,
    /// Columns of the facts by which events can be searched for.
    narrowed: &'static [narrow::Narrowed],
}

/// Every family.
const FAMILIES: &[Late] = &[integrity::INTEGRITY];

/// Returns every name in the expressions of a statement.
fn names(statement: &Statement) -> BTreeSet<String> {
    let mut names = Names(BTreeSet::new());
    let mut inner = statement;
    while let Statement::Explain(explain) = inner {
        inner = &explain.statement;
    }
    if let Statement::Statement(statement) = inner {
        match statement.visit(&mut names) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
        }
    }
    names.0
}

/// Every name in the expressions of a statement.
struct Names(BTreeSet<String>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &SqlExpr) -> ControlFlow<()> {
        let parts = match expr {
            SqlExpr::Identifier(name) => std::slice::from_ref(name),
            SqlExpr::CompoundIdentifier(parts) => parts,
            _ => &[],
        };
        self.0.extend(parts.iter().map(|part| part.value.to_ascii_lowercase()));
        ControlFlow::Continue(())
    }
}

/// Returns the state that a statement is planned in: that of the session, with views that have the late columns that the
/// statement names. Filters by such columns are narrowed in the statement.
pub(super) async fn state(ctx: &SessionContext, statement: &mut Statement) -> Result<SessionState> {
    let names = names(statement);
    let is_named = |late: &&Late| late.columns.iter().any(|(column, _)| names.contains(*column));
    let late: Vec<&'static Late> = FAMILIES.iter().filter(is_named).collect();
    let has_origin = origin::is_named(|name| names.contains(name));
    let has_place = place::is_named(|name| names.contains(name));
    let state = ctx.state();
    if late.is_empty() && !has_origin && !has_place {
        return Ok(state);
    }
    let mut computed = if has_origin { origin::columns(ctx).await? } else { Vec::new() };
    if has_place {
        computed.extend(place::columns(ctx)?);
    }
    let mut facts = Vec::with_capacity(late.len());
    for late in late {
        let plan = ctx.sql(late.facts).await?.into_unoptimized_plan();
        facts.push((late, LogicalPlanBuilder::from(plan).alias(late.name)?.build()?));
    }
    narrow::narrow(ctx, statement, &facts).await?;
    with_views(ctx, state, &facts, computed).await
}

/// Puts views with late columns in the place of those without.
async fn with_views(
    ctx: &SessionContext,
    mut state: SessionState,
    facts: &[(&'static Late, LogicalPlan)],
    computed: Vec<Expr>,
) -> Result<SessionState> {
    let options = &state.config_options().catalog;
    let (catalog_name, schema_name) = (options.default_catalog.clone(), options.default_schema.clone());
    let known = state.catalog_list().catalog(&catalog_name).and_then(|catalog| catalog.schema(&schema_name));
    let Some(known) = known else { return plan_err!("the session has no schema `{schema_name}`") };
    let mut tables: BTreeMap<String, Arc<dyn TableProvider>> = BTreeMap::new();
    for name in known.table_names() {
        if let Some(table) = known.table(&name).await? {
            tables.insert(name, table);
        }
    }
    let Some(flat) = tables.get(FLAT).cloned() else { return plan_err!("the session has no table `{FLAT}`") };
    let flat = LogicalPlanBuilder::scan(FLAT, provider_as_source(flat), None)?.build()?;
    let joined_columns = facts.iter().flat_map(|(late, _)| late.columns.iter().map(|column| shown(late, *column)));
    let columns: Vec<Expr> = joined_columns.chain(computed).collect();
    for (name, plan) in views::plans(ctx, flat, &|plan| joined(plan, facts), &columns)? {
        tables.insert(name.to_owned(), Arc::new(ViewTable::new(plan, None)));
    }
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema.register_table(name, table)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(&schema_name, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(catalog_name, Arc::new(catalog));
    // Not by the builder: it registers the functions anew in no order, and ours would lose their names to the engine's own.
    state.register_catalog_list(Arc::new(catalogs));
    Ok(state)
}

fn joined(flat: LogicalPlan, facts: &[(&'static Late, LogicalPlan)]) -> Result<LogicalPlan> {
    let mut plan = flat;
    for (late, facts) in facts {
        let column = |table: &str, name: &str| Column::new(Some(TableReference::bare(table)), name);
        let keys = late.keys.iter().map(|(left, right)| (column(FLAT, left), column(late.name, right)));
        plan = LogicalPlanBuilder::from(plan)
            .join_detailed(
                facts.clone(),
                JoinType::Left,
                keys.unzip::<_, _, Vec<_>, Vec<_>>(),
                (late.condition)(),
                NullEquality::NullEqualsNothing,
            )?
            .build()?;
    }
    Ok(plan)
}

/// A column as the views show it.
fn shown(late: &Late, (name, unknown): (&'static str, Option<&'static str>)) -> Expr {
    let value = Expr::Column(Column::new(Some(TableReference::bare(late.name)), name));
    let value = match unknown {
        Some(unknown) => coalesce(vec![value, lit(unknown)]),
        None => value,
    };
    value.alias(name)
}
