//! `origin`, `origin_status` and `origin_hint`: who stands behind an event's credential.
//!
//! The answer follows from the issuing calls in the table `sessions`, which may come late and form chains: so it is
//! computed where it is asked for, of the identity's columns, and never stored. The calls are read once a session. A filter
//! by an origin is narrowed (`keys`).

mod keys;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use event::time::EventTime;
use lineage::columns::Columns;
use lineage::credential::{IDENTITY, Use};
use lineage::origins::Origins;
use lineage::sessions::{EDGES_MAX, Sessions};
use tokio::sync::OnceCell;

use crate::sql::views::FLAT;
use keys::LeadingTo;
pub(in crate::sql) use keys::OriginKeys;

/// The columns.
const COLUMNS: [&str; 3] = ["origin", "origin_status", "origin_hint"];
/// The table with the issuing calls.
const TABLE: &str = "sessions";
/// Name of the function in plans.
const NAME: &str = "origin_of";

/// The issuing calls of a session of SQL, read when they are first asked for.
#[derive(Default)]
pub(in crate::sql) struct Known(OnceCell<Calls>);

/// The issuing calls: to be followed, and the credentials they issued.
#[derive(Clone)]
struct Calls {
    sessions: Arc<Sessions>,
    issued: Arc<Vec<Issued>>,
}

/// A credential that was issued.
#[derive(Debug)]
struct Issued {
    key: Option<String>,
    principal: Option<String>,
    at: EventTime,
}

/// Returns true if a statement names one of the columns.
pub(super) fn is_named(mut has: impl FnMut(&str) -> bool) -> bool {
    COLUMNS.iter().any(|name| has(name))
}

/// Returns the columns as expressions over the flat table.
pub(super) async fn columns(ctx: &SessionContext) -> Result<Vec<Expr>> {
    let known = ctx.state().config().get_extension::<Known>();
    let Calls { sessions, issued } = match known {
        Some(known) => known.0.get_or_try_init(|| read(ctx)).await?.clone(),
        None => read(ctx).await?,
    };
    let signature = Signature::any(IDENTITY.len(), Volatility::Immutable);
    let leading_to = Arc::new(LeadingTo::default());
    let function = ScalarUDF::new_from_impl(OriginOf { sessions, issued, signature, leading_to });
    let identity = IDENTITY.iter().map(|member| Expr::Column(Column::new(Some(FLAT), member.column())));
    let origin = function.call(identity.collect());
    Ok(COLUMNS.iter().map(|name| get_field(origin.clone(), *name).alias(*name)).collect())
}

async fn read(ctx: &SessionContext) -> Result<Calls> {
    let (mut sessions, mut issued) = (Sessions::new(EDGES_MAX), Vec::new());
    if ctx.table_exist(TABLE)? {
        for batch in ctx.table(TABLE).await?.collect().await? {
            let edges =
                lineage::table::from_batch(&batch).map_err(|error| DataFusionError::External(Box::new(error)))?;
            for edge in edges {
                if edge.is_session() {
                    let (key, principal) = (edge.child_key.clone(), edge.child_principal.clone());
                    issued.push(Issued { key, principal, at: edge.issued });
                }
                sessions.insert(edge).is_new();
            }
        }
    }
    if sessions.refused() > 0 {
        tracing::warn!(left_out = sessions.refused(), "origins may be missing: there are too many issuing calls");
    }
    Ok(Calls { sessions: Arc::new(sessions), issued: Arc::new(issued) })
}

/// From an identity's columns to who stands behind it.
#[derive(Debug)]
struct OriginOf {
    sessions: Arc<Sessions>,
    issued: Arc<Vec<Issued>>,
    signature: Signature,
    leading_to: Arc<LeadingTo>,
}

impl PartialEq for OriginOf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sessions, &other.sessions)
    }
}

impl Eq for OriginOf {}

impl Hash for OriginOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.sessions).hash(state);
    }
}

fn fields() -> Fields {
    COLUMNS.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect()
}

impl ScalarUDFImpl for OriginOf {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|arg| cast(&arg.to_array(rows)?, &DataType::Utf8).map_err(Into::into));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>>>()?;
        let schema = Schema::new(IDENTITY.map(|member| Field::new(member.column(), DataType::Utf8, true)).to_vec());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options)?;
        let columns = Columns::new(&batch).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut origins = Origins::default();
        let mut texts = [StringBuilder::new(), StringBuilder::new(), StringBuilder::new()];
        for row in columns.rows() {
            let origin = origins.of(&self.sessions, &Use::of(&row));
            let origin = origin.as_deref();
            let values = [
                origin.map(|origin| origin.arn.as_str()),
                origin.map(|origin| origin.status.as_str()),
                origin.and_then(|origin| origin.hint.as_deref()),
            ];
            texts.iter_mut().zip(values).for_each(|(text, value)| text.append_option(value));
        }
        let arrays = texts.map(|mut text| Arc::new(text.finish()) as ArrayRef).to_vec();
        let array: ArrayRef = Arc::new(StructArray::try_new(fields(), arrays, None)?);
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        } else {
            ColumnarValue::Array(array)
        })
    }
}
