//! A scalar function as a table row: name, types and body. Each family file is a list of these.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// Says, for the types of the arguments, to which types they are cast and what the function returns.
/// Must give the same answer for its own casts.
pub(crate) type Types = fn(&[DataType]) -> Result<(Vec<DataType>, DataType)>;
type Body = fn(&str, ScalarFunctionArgs) -> Result<ColumnarValue>;
/// Gives the times, from and until in microseconds since 1970, for which a function of a time has a value.
type TimesOf = fn(&ScalarValue) -> Option<(i64, i64)>;
type Simplify = fn(Vec<Expr>, &SimplifyContext) -> Result<ExprSimplifyResult>;

/// A scalar function.
#[derive(Debug)]
pub(crate) struct Function {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    types: Types,
    body: Body,
    simplify: Option<Simplify>,
    times_of: Option<TimesOf>,
}

impl Function {
    /// Makes a function whose body sees the arguments as the engine gives them.
    pub(crate) fn new(name: &'static str, types: Types, body: Body) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, aliases: Vec::new(), signature, types, body, simplify: None, times_of: None }
    }

    pub(crate) fn aliases(mut self, aliases: &[&str]) -> Self {
        self.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        self
    }

    /// Lets a comparison of the function become a comparison of its time, which prunes.
    pub(crate) fn times_of(mut self, times_of: TimesOf) -> Self {
        self.times_of = Some(times_of);
        self
    }

    pub(crate) fn simplify(mut self, simplify: Simplify) -> Self {
        self.simplify = Some(simplify);
        self
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        (self.types)(arg_types).map(|(_, returns)| returns)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        (self.types)(arg_types).map(|(arguments, _)| arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.body)(self.name, args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match self.simplify {
            Some(simplify) => simplify(args, info),
            None => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn preimage(&self, args: &[Expr], lit_expr: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        let (Some(times_of), [time], Some(value)) = (self.times_of, args, lit_expr.as_literal()) else {
            return Ok(PreimageResult::None);
        };
        if info.get_data_type(time)? != event::schema::timestamp() {
            return Ok(PreimageResult::None);
        }
        let Some((from, until)) = times_of(value) else { return Ok(PreimageResult::None) };
        let bound = |micros| ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()));
        let interval = Box::new(Interval::try_new(bound(from), bound(until))?);
        Ok(PreimageResult::Range { expr: time.clone(), interval })
    }
}

/// Runs `body` over columns, and folds its answer to one value when every argument is one.
pub(crate) fn by_rows(
    args: ScalarFunctionArgs,
    body: impl Fn(&Arguments) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { args.number_rows };
    let array = body(&Arguments { values: &args.args, rows })?;
    Ok(if constant {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
    } else {
        ColumnarValue::Array(array)
    })
}

/// The arguments of one call over a batch.
pub(crate) struct Arguments<'a> {
    values: &'a [ColumnarValue],
    /// Number of rows that the answer must have.
    pub(crate) rows: usize,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(values: &'a [ColumnarValue], rows: usize) -> Self {
        Self { values, rows }
    }
}

impl Arguments<'_> {
    /// Returns how many arguments the call has.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns argument `i` as a column of `rows` values.
    pub(crate) fn array(&self, i: usize) -> Result<ArrayRef> {
        match self.values.get(i) {
            Some(value) => value.to_array(self.rows),
            None => plan_err!("argument {} is missing", i + 1),
        }
    }

    /// Returns whether argument `i` is an integer.
    pub(crate) fn is_integer(&self, i: usize) -> bool {
        self.values.get(i).is_some_and(|value| value.data_type().is_integer())
    }

    /// Returns argument `i` as texts; a constant is not spread over the rows.
    pub(crate) fn texts(&self, i: usize) -> Result<Texts> {
        match self.values.get(i) {
            Some(ColumnarValue::Scalar(value)) => Ok(Texts::One(value.try_as_str().flatten().map(str::to_owned))),
            Some(ColumnarValue::Array(array)) => {
                let array = cast(array, &DataType::Utf8)?;
                Ok(Texts::Column(array.as_any().downcast_ref::<StringArray>().expect("cast to Utf8").clone()))
            }
            None => Ok(Texts::One(None)),
        }
    }

    /// Returns argument `i` as a column of integers.
    pub(crate) fn integers(&self, i: usize) -> Result<Int64Array> {
        let array = cast(&self.array(i)?, &DataType::Int64)?;
        Ok(array.as_any().downcast_ref::<Int64Array>().expect("cast to Int64").clone())
    }
}

/// A text argument: the same text for every row, or a column.
pub(crate) enum Texts {
    One(Option<String>),
    Column(StringArray),
}

impl Texts {
    /// Returns the text of a row, or nothing when it is null.
    pub(crate) fn at(&self, row: usize) -> Option<&str> {
        match self {
            Self::One(text) => text.as_deref(),
            Self::Column(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// Builds a text column; null rows stay null.
pub(crate) fn text_column<T: AsRef<str>>(
    rows: usize,
    mut value: impl FnMut(usize) -> Result<Option<T>>,
) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    for row in 0..rows {
        out.append_option(value(row)?);
    }
    Ok(Arc::new(out.finish()))
}

/// Builds a Boolean column.
pub(crate) fn boolean_column(rows: usize, mut value: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(&mut value).collect::<Result<BooleanArray>>()?))
}

/// Builds an integer column.
pub(crate) fn integer_column(rows: usize, mut value: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
    Ok(Arc::new((0..rows).map(&mut value).collect::<Result<Int64Array>>()?))
}

/// Says that a function takes `least..=most` texts.
pub(crate) fn takes_text(name: &str, types: &[DataType], least: usize, most: usize) -> Result<Vec<DataType>> {
    takes(name, types, least, most)?;
    Ok(vec![DataType::Utf8; types.len()])
}

/// Says how many arguments a function takes.
pub(crate) fn takes(name: &str, types: &[DataType], least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&types.len()) {
        return Ok(());
    }
    let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
    plan_err!("`{name}` takes {wanted} arguments, {} given", types.len())
}

/// Returns whether a type is text.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Returns whether a type is a list.
pub(crate) fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// Keeps what a text was compiled to, as long as the text stays the same from row to row.
pub(crate) struct Compiled<T> {
    text: String,
    value: Option<T>,
}

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Self { text: String::new(), value: None }
    }
}

impl<T> Compiled<T> {
    pub(crate) fn of(&mut self, text: &str, compile: impl FnOnce(&str) -> Result<T>) -> Result<&T> {
        if self.value.is_none() || self.text != text {
            self.value = Some(compile(text)?);
            text.clone_into(&mut self.text);
        }
        Ok(self.value.as_ref().expect("compiled just above"))
    }
}
