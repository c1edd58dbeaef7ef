//! The engine's functions over text, which here take times as well: a time is written as ISO 8601 first, as Athena's
//! `eventtime` is, whatever expression it comes from.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// The functions: those of the engine that take text and have nothing to do with times.
const NAMES: &[&str] = &[
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "concat",
    "concat_ws",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "levenshtein",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "octet_length",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "split_part",
    "starts_with",
    "string_to_array",
    "strpos",
    "substr",
    "substr_index",
    "translate",
    "upper",
];

/// Has the functions over text of a session take times.
///
/// # Errors
/// If the session lacks one of them.
pub(crate) fn register(ctx: &SessionContext) -> Result<()> {
    for name in NAMES {
        ctx.register_udf(ScalarUDF::new_from_impl(OverText::new(ctx.udf(name)?)));
    }
    Ok(())
}

/// Returns a function over text that takes times.
pub(crate) fn over_text(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::new_from_impl(OverText::new(inner))
}

/// A function of the engine behind another choice of types.
#[derive(Debug)]
struct OverText {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl OverText {
    fn new(inner: Arc<ScalarUDF>) -> Self {
        let signature = Signature::user_defined(inner.signature().volatility);
        Self { inner, signature }
    }
}

impl PartialEq for OverText {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for OverText {}

impl Hash for OverText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for OverText {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let written = arg_types.iter().map(|data_type| match data_type {
            DataType::Timestamp(..) => DataType::Utf8,
            other => other.clone(),
        });
        let fields: Vec<FieldRef> = written.map(|data_type| Arc::new(Field::new("", data_type, true))).collect();
        match fields_with_udf(&fields, self.inner.as_ref()) {
            Ok(fields) => Ok(fields.iter().map(|field| field.data_type().clone()).collect()),
            // The engine would tell of its own insides.
            Err(_) => {
                let given: Vec<String> = arg_types.iter().map(ToString::to_string).collect();
                plan_err!("`{}` takes text and cannot be given ({})", self.inner.name(), given.join(", "))
            }
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }
}
