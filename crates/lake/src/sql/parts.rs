//! Queries over parts of the events that have names of their own, and over nothing else.
//!
//! Such a query is planned in a catalog that holds the named parts alone: no other table, no file and no setting can be
//! named in it, whatever its text says.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::execution::context::SessionContext;
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, SetExpr, Statement as SqlStatement, TableAlias, TableFactor, Visit,
    VisitMut, Visitor, VisitorMut,
};

use super::{Error, Kind, Result, allow, bounded, explain, late, output, parse, patterns, rewrite, tokens};

/// A part of the events under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What queries call it, exactly.
    pub name: String,
    /// The condition that its events meet, in SQL over `events`.
    pub condition: String,
}

/// A query that is planned and does not run yet.
pub struct Planned {
    /// Its columns under the names that the query shows, in the letters in which it writes them.
    pub schema: SchemaRef,
    plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
}

/// What a query read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Events that were looked at.
    pub events: u64,
    /// Of those, events that met the conditions which could be checked while reading.
    pub events_matched: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Tells what a query read, also while it runs and after its rows are gone.
#[derive(Clone)]
pub struct Reading(Arc<dyn ExecutionPlan>);

impl Planned {
    /// Runs the query, in the runtime that this is called in, and returns its rows as they come. Dropping them cancels it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn rows(&self) -> Result<SendableRecordBatchStream> {
        let stream = execute_stream(Arc::clone(&self.plan), Arc::clone(&self.task))?;
        Ok(output::shown(stream, false).1)
    }

    /// Returns what tells how much is read.
    pub fn reading(&self) -> Reading {
        Reading(Arc::clone(&self.plan))
    }
}

impl Reading {
    /// Returns what was read so far.
    pub fn now(&self) -> Read {
        let mut read = Read::default();
        add(self.0.as_ref(), &mut read);
        read
    }
}

fn add(plan: &dyn ExecutionPlan, read: &mut Read) {
    let children = plan.children();
    if children.is_empty()
        && let Some(metrics) = plan.metrics()
    {
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        let rows = metrics.output_rows().map_or(0, |rows| rows as u64);
        read.events += rows + sum("pushdown_rows_pruned");
        read.events_matched += rows;
        read.bytes += sum("bytes_scanned");
    }
    children.into_iter().for_each(|child| add(child.as_ref(), read));
}

/// Returns the names of the tables that a query reads, each once, in the order in which they stand; those that the query
/// itself defines are left out.
///
/// # Errors
/// [`Kind::Syntax`] if it is no SQL; [`Kind::Refused`] if it is no `SELECT`, or reads what has no plain name: a function,
/// a table of another schema.
pub fn tables(sql: &str) -> Result<Vec<String>> {
    let statement = &select(sql)?;
    let mut defined = Defined::default();
    let mut names = Names::default();
    if let Statement::Statement(statement) = statement {
        match Visit::visit(statement.as_ref(), &mut defined) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
        }
        if let ControlFlow::Break(error) = Visit::visit(statement.as_ref(), &mut names) {
            return Err(error);
        }
    }
    names.0.retain(|name| !defined.0.contains(name));
    Ok(names.0)
}

/// Plans one query over parts of the events.
///
/// # Errors
/// As [`query`](super::query); [`Kind::Name`] for a table that is none of the parts, and what [`tables`] refuses.
pub async fn query_parts(ctx: &SessionContext, sql: &str, parts: &[Part]) -> Result<Planned> {
    let (state, plan) = plan_parts(ctx, sql, parts).await?;
    let (plan, task) = bounded::physical_plan(state, &plan).await?;
    Ok(Planned { schema: as_written(&output::shown_schema(&plan.schema()), &select(sql)?), plan, task })
}

/// Gives columns the letters in which the query writes their names, as Trino does.
fn as_written(schema: &SchemaRef, statement: &Statement) -> SchemaRef {
    let written = match statement {
        Statement::Statement(statement) => match statement.as_ref() {
            SqlStatement::Query(query) => rewrite::written_names(&query.body),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    if written.len() != schema.fields().len() {
        return Arc::clone(schema);
    }
    let fields = schema.fields().iter().zip(written).map(|(field, written)| {
        let is_same = field.name().eq_ignore_ascii_case(&written);
        if is_same { field.as_ref().clone().with_name(written) } else { field.as_ref().clone() }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Plans one query over parts of the events logically, and returns the state that it runs in.
pub(super) async fn plan_parts(ctx: &SessionContext, sql: &str, parts: &[Part]) -> Result<(SessionState, LogicalPlan)> {
    let known = tables(sql)?;
    if let Some(name) = known.iter().find(|name| !parts.iter().any(|part| part.name == **name)) {
        return Err(Error::new(Kind::Name, format!("there is no table `{name}`")));
    }
    let written = tokens::tokens(sql)?;
    let mut statement = select(sql)?;
    rename(&mut statement, parts);
    rewrite::rewrite(&mut statement)?;
    let state = late::state(ctx, &mut statement).await?;
    let state = only(state, parts).await?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| explain::explained(error, &written))?;
    Ok((state, patterns::write_times(plan)?))
}

/// Parses a query that is a `SELECT`, or made of some.
fn select(sql: &str) -> Result<Statement> {
    let statement = parse(tokens::tokens(sql)?)?;
    allow(&statement)?;
    match &statement {
        Statement::Statement(inner) if matches!(inner.as_ref(), SqlStatement::Query(_)) => Ok(statement),
        _ => Err(Error::new(Kind::Refused, "only `SELECT` is allowed")),
    }
}

/// Returns a state whose catalog holds the parts alone.
async fn only(mut state: SessionState, parts: &[Part]) -> Result<SessionState> {
    let schema = MemorySchemaProvider::new();
    for (nth, part) in parts.iter().enumerate() {
        let view = ViewTable::new(plan_of(&state, part).await?, None);
        schema.register_table(internal_name(nth), Arc::new(view))?;
    }
    let options = &state.config_options().catalog;
    let (catalog_name, schema_name) = (options.default_catalog.clone(), options.default_schema.clone());
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(&schema_name, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(catalog_name, Arc::new(catalog));
    // Not by the builder: it registers the functions anew in no order, and ours would lose their names to the engine's own.
    state.register_catalog_list(Arc::new(catalogs));
    Ok(state)
}

async fn plan_of(state: &SessionState, part: &Part) -> Result<LogicalPlan> {
    let mut statement = parse(tokens::tokens(&format!("SELECT * FROM events WHERE {}", part.condition))?)?;
    rewrite::rewrite(&mut statement)?;
    let plan = state.statement_to_plan(statement).await?;
    Ok(patterns::write_times(plan)?)
}

fn internal_name(nth: usize) -> String {
    format!("part_{nth}")
}

/// Writes the names under which the parts stand in the catalog; columns can still be qualified by those of the query.
fn rename(statement: &mut Statement, parts: &[Part]) {
    struct Rename<'a>(&'a [Part], BTreeSet<String>);
    impl VisitorMut for Rename<'_> {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, alias, args: None, .. } = factor
                && let Some(plain) = plain_name(name)
                && !self.1.contains(&shown(plain))
                && let Some(nth) = self.0.iter().position(|part| part.name == shown(plain))
            {
                let plain = plain.clone();
                *name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new(internal_name(nth)))]);
                alias.get_or_insert(TableAlias { explicit: true, name: plain, columns: Vec::new(), at: None });
            }
            ControlFlow::Continue(())
        }
    }
    let Statement::Statement(statement) = statement else { return };
    let mut defined = Defined::default();
    match Visit::visit(statement.as_ref(), &mut defined) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
    }
    match VisitMut::visit(statement.as_mut(), &mut Rename(parts, defined.0)) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
    }
}

/// Returns the name of a table that has one part.
fn plain_name(name: &ObjectName) -> Option<&Ident> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(plain)] => Some(plain),
        _ => None,
    }
}

/// Returns a name as the engine reads it: without quotes capitals do not count.
fn shown(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_ascii_lowercase() }
}

/// The names that `WITH` defines, wherever it stands.
#[derive(Default)]
struct Defined(BTreeSet<String>);

impl Visitor for Defined {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(tables.map(|table| shown(&table.alias.name)));
        ControlFlow::Continue(())
    }
}

/// The names of tables that are read.
#[derive(Default)]
struct Names(Vec<String>);

impl Visitor for Names {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        // `TABLE x` is a query without a `FROM`.
        match query.body.as_ref() {
            SetExpr::Table(_) => refused("`TABLE`"),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        match factor {
            TableFactor::Table { name, args: None, .. } => match plain_name(name) {
                Some(plain) => {
                    let name = shown(plain);
                    if !self.0.contains(&name) {
                        self.0.push(name);
                    }
                    ControlFlow::Continue(())
                }
                None => refused(&format!("`{name}`")),
            },
            TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
                let is_unnest = name.to_string().eq_ignore_ascii_case("unnest");
                if is_unnest { ControlFlow::Continue(()) } else { refused(&format!("the function `{name}`")) }
            }
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } | TableFactor::UNNEST { .. } => {
                ControlFlow::Continue(())
            }
            _ => refused("this kind of table"),
        }
    }
}

fn refused(what: &str) -> ControlFlow<Error> {
    ControlFlow::Break(Error::new(Kind::Refused, format!("{what} cannot be read from here")))
}
