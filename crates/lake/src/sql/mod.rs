//! SQL over the lake: one session with AWS's names, Trino's functions and DuckDB's operators, and one door for queries.
//!
//! A query passes through `tokens` (repairs), the parser with `dialect`, `rewrite` (syntax tree), `planner` and
//! `unnest` and `patterns` (what depends on types), the views of `views`, and the engine's optimizer with `prune` and `time_text`.

mod bounded;
mod dialect;
mod error;
mod explain;
mod flatten;
mod functions;
mod late;
mod memory;
mod names;
mod output;
mod parts;
mod patterns;
mod planner;
mod prune;
mod rewrite;
mod time_text;
mod tokens;
mod unnest;
mod views;
mod yields;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemoryCatalogProviderList, TableProvider};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{AggregateUDF, LogicalPlan, ScalarUDF};
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_plan::execute_stream;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as SqlStatement};
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;

use bounded::BoundedFunctions;
use memory::QueryMemory;

pub use error::{Error, Kind, Position};
pub use late::place::{AddressBook, AddressFacts};
pub use parts::{Part, Planned, Read, Reading, query_parts, tables};

/// What a function here returns.
pub type Result<T> = std::result::Result<T, Error>;

/// The tables that a session reads.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The events: `event::schema::stored_schema()` and the partition column `eventdate` (`Date32`).
    pub events: Arc<dyn TableProvider>,
    /// The rejects, under any schema.
    pub rejects: Arc<dyn TableProvider>,
    /// What is known of log files: `lake::log_files_schema()`.
    pub log_files: Arc<dyn TableProvider>,
}

/// How much a session may use.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Memory of a query, in bytes. The state of sorts, joins and aggregates takes so much and goes on on disk beyond it; the
    /// values that functions make take half as much again, and a single one at most a 64th.
    pub memory_bytes_max: usize,
    /// Room for spilled state on disk, in bytes.
    pub spill_bytes_max: u64,
    /// Folder for spilled state; the system's temporary folder if none.
    pub spill_dir: Option<PathBuf>,
    /// Memory for the metadata of files, in bytes.
    pub metadata_cache_bytes_max: usize,
    /// Parts of a query that run at the same time.
    pub target_partitions: usize,
    /// Databases that say where addresses are; without them events have no such columns.
    pub addresses: Option<Arc<dyn AddressBook>>,
}

/// Makes a session over the tables: `events`, `aws_cloudtrail_log`, `conflicts`, `rejects`, `log_files`, and the flat `events_flat`.
///
/// # Errors
/// When the flat table lacks columns of the schema, or the spill folder cannot be used.
///
/// ```no_run
/// # async fn run(tables: lake::sql::Tables, options: lake::sql::SessionOptions) -> Result<(), lake::sql::Error> {
/// let ctx = lake::sql::session(tables, &options)?;
/// let (schema, batches) = lake::sql::query(&ctx, "SELECT eventName, count(*) FROM events GROUP BY 1").await?;
/// # Ok(()) }
/// ```
pub fn session(tables: Tables, options: &SessionOptions) -> Result<SessionContext> {
    let mut runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(QueryMemory::of_operators(options.memory_bytes_max)))
        .with_max_temp_directory_size(options.spill_bytes_max)
        .with_metadata_cache_limit(options.metadata_cache_bytes_max);
    if let Some(dir) = &options.spill_dir {
        runtime = runtime.with_temp_file_path(dir);
    }
    let mut builder = SessionStateBuilder::new_with_default_features()
        .with_config(config(options))
        .with_runtime_env(Arc::new(runtime.build()?))
        .with_optimizer_rules(optimizer_rules(options))
        .with_physical_optimizer_rule(Arc::new(yields::YieldAtJoins));
    // In front of the engine's own planners, which would take any access.
    builder.expr_planners().get_or_insert_default().insert(0, Arc::new(planner::QueryPlanner::new()?));
    let ctx = SessionContext::new_with_state(builder.build());
    for function in functions::functions() {
        ctx.register_udf(ScalarUDF::new_from_impl(function));
    }
    functions::register_over_text(&ctx)?;
    ctx.register_udaf(AggregateUDF::new_from_impl(functions::CountTexts::default()));
    let from_json = ctx.state().scalar_functions().get("from_json").map(|function| function.as_ref().clone());
    let from_json = from_json.ok_or_else(|| Error::new(Kind::Plan, "the function `from_json` is missing"))?;
    ctx.register_relation_planner(Arc::new(unnest::UnnestPlanner::new(from_json)))?;
    views::register(&ctx, tables)?;
    Ok(ctx)
}

/// Makes a session without tables that has the functions, the memory and the caches of another one.
pub(crate) fn session_like(like: &SessionContext) -> SessionContext {
    let state = like.state();
    let config = state.config().clone().with_create_default_catalog_and_schema(true);
    let state = SessionStateBuilder::new_from_existing(state)
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .with_config(config.with_extension(Arc::new(late::origin::Known::default())))
        .build();
    SessionContext::new_with_state(state)
}

/// Registers the flat table of events.
pub(crate) fn register_flat(ctx: &SessionContext, events: Arc<dyn TableProvider>) -> Result<()> {
    ctx.register_table(views::FLAT, events)?;
    Ok(())
}

/// The engine's rules but two, and ours.
///
/// The two move accesses of structs towards the scan, for Parquet structs, and fail where a view gives one column under
/// two names. Our structs are made of flat columns in a view: `flatten` reads those.
fn optimizer_rules(options: &SessionOptions) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    const FOR_PARQUET_STRUCTS: [&str; 2] = ["extract_leaf_expressions", "push_down_leaf_projections"];
    let memory = Arc::new(QueryMemory::of_functions(options.memory_bytes_max));
    let bounded = Arc::new(BoundedFunctions::new(memory, options.memory_bytes_max));
    let mut rules = Optimizer::new().rules;
    rules.retain(|rule| !FOR_PARQUET_STRUCTS.contains(&rule.name()));
    rules.insert(0, Arc::clone(&bounded) as Arc<dyn OptimizerRule + Send + Sync>);
    rules.insert(1, Arc::new(flatten::FlatMembers));
    rules.push(Arc::new(prune::PartitionRanges));
    rules.push(Arc::new(time_text::TimeTextRanges));
    rules.push(Arc::new(late::origin::OriginKeys));
    // Once more for what the others made.
    rules.push(bounded);
    rules
}

fn config(options: &SessionOptions) -> SessionConfig {
    let mut config =
        SessionConfig::new().with_target_partitions(options.target_partitions.max(1)).with_information_schema(true);
    config.set_extension(Arc::new(late::origin::Known::default()));
    config.set_extension(Arc::new(late::place::Book(options.addresses.clone())));
    let settings = config.options_mut();
    // Without it a filter collects whole batches before a top-k sees one, and every file is read.
    settings.execution.parquet.pushdown_filters = true;
    settings.sql_parser.default_null_ordering = "nulls_last".into();
    settings.sql_parser.map_string_types_to_utf8view = false;
    settings.execution.parquet.schema_force_view_types = false;
    config
}

/// Runs one query and streams its answer. Columns come under the names that the query shows; two may have the same.
///
/// Dropping the stream cancels the query.
///
/// # Errors
/// [`Kind::Syntax`], [`Kind::Name`] and [`Kind::Plan`] say what is wrong with the text and where; [`Kind::Refused`]
/// meets everything but `SELECT`, `WITH`, `EXPLAIN`, `DESCRIBE` and `SHOW`.
pub async fn query(ctx: &SessionContext, sql: &str) -> Result<(SchemaRef, SendableRecordBatchStream)> {
    let plan = plan(ctx, sql).await?;
    let is_plan = matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let (plan, task) = bounded::physical_plan(ctx.state(), &plan).await?;
    Ok(output::shown(execute_stream(plan, task)?, is_plan))
}

/// Parses, rewrites and plans one query.
async fn plan(ctx: &SessionContext, sql: &str) -> Result<LogicalPlan> {
    let tokens = tokens::tokens(sql)?;
    let mut statement = parse(tokens.clone())?;
    allow(&statement)?;
    rewrite::rewrite(&mut statement)?;
    let state = late::state(ctx, &mut statement).await?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| explain::explained(error, &tokens))?;
    let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reads_only
        .verify_plan(&plan)
        .map_err(|error| Error::new(Kind::Refused, "only queries are allowed").caused_by(error))?;
    Ok(patterns::write_times(plan)?)
}

fn parse(tokens: Vec<TokenWithSpan>) -> Result<Statement> {
    let dialect = dialect::QueryDialect::default();
    let mut statements = DFParserBuilder::new(tokens)
        .with_dialect(&dialect)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(explain::syntax)?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (Some(_), false) => {
            Err(Error::new(Kind::Refused, "one query at a time; there is a second statement behind `;`"))
        }
        (None, _) => Err(Error::new(Kind::Syntax, "the query is empty")),
    }
}

/// Refuses everything that is no reading of the lake's tables.
fn allow(statement: &Statement) -> Result<()> {
    let refused = |what: String| {
        Err(Error::new(
            Kind::Refused,
            format!(
                "`{what}` is not allowed: the lake is only read here, by `SELECT`, `WITH`, `EXPLAIN`, `DESCRIBE` and `SHOW`"
            ),
        ))
    };
    match statement {
        Statement::Explain(explain) => allow(&explain.statement),
        Statement::Statement(statement) => match statement.as_ref() {
            SqlStatement::Query(query) if writes(query) => {
                refused("INSERT, UPDATE, DELETE or INTO inside a query".into())
            }
            SqlStatement::Query(_) => Ok(()),
            SqlStatement::ShowTables { .. } | SqlStatement::ShowColumns { .. } | SqlStatement::ExplainTable { .. } => {
                Ok(())
            }
            other => refused(first_words(&other.to_string())),
        },
        other => refused(first_words(&other.to_string())),
    }
}

/// Returns whether a query holds a statement that writes.
fn writes(query: &Query) -> bool {
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
    ctes.into_iter().any(|cte| writes(&cte.query)) || set_writes(&query.body)
}

fn set_writes(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_some(),
        SetExpr::Query(query) => writes(query),
        SetExpr::SetOperation { left, right, .. } => set_writes(left) || set_writes(right),
        SetExpr::Values(_) | SetExpr::Table(_) => false,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => true,
    }
}

fn first_words(statement: &str) -> String {
    statement.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
