//! Functions within bounds: what they make is known or counted, so that no query takes more memory than it may.
//!
//! A rule of the optimizer puts [`Bounded`] around every function that makes text or lists, whoever called it: the query, a
//! planner for an operator, or another rule. It does so before constants are computed. What operators then do with such
//! values, copies of constants for every row among it, is nobody's to count: where values can be long, batches have few rows.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Documentation, Expr, ExprSchemable, ExpressionPlacement, LogicalPlan, Operator,
    ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, StructFieldMapping,
};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion::physical_plan::ExecutionPlan;

use super::functions::{MAKERS, functions, is_text, made, text_concat};
use super::memory::{held, reserve};

/// Bytes from which on what a function makes is counted. Less than that a batch takes in any other way as well.
const COUNTED_BYTES: u64 = 1 << 20;
/// The part of a query's memory that one value of a function may take.
const VALUES_PER_MEMORY: usize = 64;
/// Rows of a batch in which values may be as long as that.
const LONG_ROWS: usize = 64;
/// Bytes from which on a constant counts as long.
const LONG_CONSTANT_BYTES: usize = 1 << 10;
/// Width of padding up to which batches stay as they are.
const WIDTH_MAX: i64 = 1_024;
/// How often a value may be repeated for which batches stay as they are.
const TIMES_MAX: i64 = 16;
/// What gives back a record makes no more than was stored, and is what is asked for the most.
const UNBOUNDED: &str = "rebuild_record";

/// Puts [`Bounded`] around functions.
#[derive(Debug)]
pub(super) struct BoundedFunctions {
    memory: Arc<dyn MemoryPool>,
    value_bytes_max: usize,
    text_concat: Arc<ScalarUDF>,
    ours: Vec<String>,
}

impl BoundedFunctions {
    /// Bounds functions by the memory that they share, and values by a part of that of the query.
    pub(super) fn new(memory: Arc<dyn MemoryPool>, memory_bytes_max: usize) -> Self {
        let ours = functions().into_iter().map(|function| function.name().to_owned());
        Self {
            memory,
            value_bytes_max: memory_bytes_max / VALUES_PER_MEMORY,
            text_concat: Arc::new(ScalarUDF::new_from_impl(text_concat())),
            ours: ours.filter(|name| name != UNBOUNDED).collect(),
        }
    }

    /// Bounds the functions of an expression over columns of a schema.
    fn bounded(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let is_of_text = |expr: &Expr| expr.get_type(schema).is_ok_and(|data_type| is_text(&data_type));
        expr.transform_up(|expr| {
            Ok(match expr {
                Expr::ScalarFunction(ScalarFunction { func, args }) if self.is_unbounded(&func) => {
                    Transformed::yes(self.call(func, args))
                }
                // Bytes are joined by the engine: what comes of them is as long as they are together.
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right })
                    if is_of_text(&left) || is_of_text(&right) =>
                {
                    Transformed::yes(self.call(Arc::clone(&self.text_concat), vec![*left, *right]))
                }
                expr => Transformed::no(expr),
            })
        })
    }

    fn is_unbounded(&self, func: &ScalarUDF) -> bool {
        let is_maker = MAKERS.contains(&func.name()) || self.ours.iter().any(|name| name == func.name());
        is_maker && !func.inner().is::<Bounded>()
    }

    fn call(&self, inner: Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
        let (memory, value_bytes_max) = (Arc::clone(&self.memory), self.value_bytes_max);
        let bounded = Bounded { inner, memory, value_bytes_max };
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(bounded)), args))
    }
}

impl OptimizerRule for BoundedFunctions {
    fn name(&self) -> &str {
        "bounded_functions"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new(&plan);
        let inputs = plan.inputs();
        let schema = if inputs.is_empty() { plan.schema().as_ref().clone() } else { merge_schema(&inputs) };
        let bounded = |expr: Expr| {
            let name = names.save(&expr);
            let bounded = self.bounded(expr, &schema)?;
            Ok(if bounded.transformed { bounded.update_data(|expr| name.restore(expr)) } else { bounded })
        };
        plan.map_expressions(|expr| match expr {
            // It must stay one: its parts have names of their own.
            Expr::GroupingSet(_) => expr.map_children(bounded),
            expr => bounded(expr),
        })
    }
}

/// Plans how a query is carried out, in batches of so few rows as its longest values ask for.
pub(super) async fn physical_plan(
    mut state: SessionState,
    plan: &LogicalPlan,
) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
    let plan = state.optimize(plan)?;
    if let Some(rows) = batch_rows(&plan, state.runtime_env().memory_pool.memory_limit())? {
        let config = state.config_mut();
        let rows = rows.min(config.batch_size());
        *config = config.clone().with_batch_size(rows).with_target_partitions(1);
    }
    let planned = state.query_planner().create_physical_plan(&plan, &state).await?;
    let task = state.task_ctx();
    Ok((planned, task))
}

/// Returns the rows of a batch where values can be long.
fn batch_rows(plan: &LogicalPlan, memory: MemoryLimit) -> Result<Option<usize>> {
    let (mut copies, mut constant_bytes, mut has_long) = (1, 0, false);
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node {
            copies += join.schema.fields().len();
        }
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                match expr {
                    Expr::Column(_) | Expr::Alias(_) => {}
                    Expr::Literal(value, _) => {
                        let bytes = value.try_as_str().flatten().map_or_else(|| value.size(), str::len);
                        constant_bytes += if bytes >= LONG_CONSTANT_BYTES { bytes } else { 0 };
                    }
                    expr => {
                        copies += 1;
                        has_long |= makes_long(expr);
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    let of_functions = has_long.then(|| (LONG_ROWS / copies).max(1));
    let of_constants = match memory {
        MemoryLimit::Finite(bytes) if constant_bytes > 0 => Some((bytes / 2 / constant_bytes).max(1)),
        _ => None,
    };
    Ok(of_functions.into_iter().chain(of_constants).min())
}

/// Returns whether an expression calls what makes values much longer than it is given, by a number or a text that is not
/// written down.
fn makes_long(expr: &Expr) -> bool {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return false };
    let number =
        |nth: usize| match args.get(nth).and_then(Expr::as_literal).map(|value| value.cast_to(&DataType::Int64)) {
            Some(Ok(ScalarValue::Int64(number))) => number,
            _ => None,
        };
    let text = |nth: usize| args.get(nth).and_then(Expr::as_literal).and_then(|value| value.try_as_str().flatten());
    match func.name() {
        "lpad" | "rpad" => number(1).is_none_or(|width| width > WIDTH_MAX),
        "repeat" | "array_repeat" | "array_resize" => number(1).is_none_or(|times| times > TIMES_MAX),
        "replace" => text(1).zip(text(2)).is_none_or(|(from, by)| by.len() > 8 * from.len()),
        "regexp_replace" => text(2).is_none_or(|by| by.len() > 64),
        "array_to_string" => text(1).is_none_or(|separator| separator.len() > 64),
        "to_char" => text(1).is_none(),
        "range" | "generate_series" => true,
        _ => false,
    }
}

/// A function whose values are counted, and refused where one is too long or all are too many.
#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    memory: Arc<dyn MemoryPool>,
    value_bytes_max: usize,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

// What is left out are methods that are deprecated, and one that configures anew: the functions here have no configuration.
impl ScalarUDFImpl for Bounded {
    /// Reserves what can be large before it is made.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let name = self.inner.name();
        let reserved = match made(name, &args, self.value_bytes_max)? {
            Some(bytes) if bytes >= COUNTED_BYTES => {
                Some(reserve(&self.memory, name, usize::try_from(bytes).unwrap_or(usize::MAX))?)
            }
            _ => None,
        };
        match self.inner.invoke_with_args(args)? {
            ColumnarValue::Array(array) if array.get_buffer_memory_size() as u64 >= COUNTED_BYTES => {
                let reserved = reserved.map_or_else(|| reserve(&self.memory, name, 0), Ok)?;
                Ok(ColumnarValue::Array(held(&array, reserved)?))
            }
            value => Ok(value),
        }
    }

    /// Constants that would become one that is too long are left to the call, which refuses them.
    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let constants = args.iter().filter_map(|arg| arg.as_literal()?.try_as_str()?);
        match constants.map(str::len).sum::<usize>() > self.value_bytes_max {
            true => Ok(ExprSimplifyResult::Original(args)),
            false => self.inner.simplify(args, info),
        }
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.inner().is_strict()
    }

    fn preimage(&self, args: &[Expr], lit_expr: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.inner().preimage(args, lit_expr, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(inputs)
    }

    fn propagate_constraints(&self, interval: &Interval, inputs: &[&Interval]) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn struct_field_mapping(&self, literals: &[Option<ScalarValue>]) -> Option<StructFieldMapping> {
        self.inner.inner().struct_field_mapping(literals)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.inner().strictly_order_preserving(inputs)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.inner().placement(args)
    }
}
