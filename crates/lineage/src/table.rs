//! Edges as columns, for a table that keeps them: one row an edge, one column a field of [`Edge`], those of the parent
//! with the prefix `parent_`.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use event::time::EventTime;

use crate::credential::Credential;
use crate::edge::Edge;
use crate::error::{Error, ErrorKind};

type TextOf = fn(&mut Edge) -> &mut Option<String>;
type TimeOf = fn(&mut Edge) -> &mut Option<EventTime>;

/// Fields that hold text and may be null.
const TEXTS: &[(&str, TextOf)] = &[
    ("event_id", |edge| &mut edge.event_id),
    ("recipient_account", |edge| &mut edge.recipient_account),
    ("shared_event_id", |edge| &mut edge.shared_event_id),
    ("child_key", |edge| &mut edge.child_key),
    ("child_principal", |edge| &mut edge.child_principal),
    ("child_arn", |edge| &mut edge.child_arn),
    ("role_arn", |edge| &mut edge.role_arn),
    ("source_identity", |edge| &mut edge.source_identity),
    ("provider_arn", |edge| &mut edge.provider_arn),
    ("parent_identity_type", |edge| &mut edge.parent.identity_type),
    ("parent_principal_id", |edge| &mut edge.parent.principal_id),
    ("parent_arn", |edge| &mut edge.parent.arn),
    ("parent_account", |edge| &mut edge.parent.account),
    ("parent_access_key", |edge| &mut edge.parent.access_key),
    ("parent_user_name", |edge| &mut edge.parent.user_name),
    ("parent_invoked_by", |edge| &mut edge.parent.invoked_by),
    ("parent_issuer_type", |edge| &mut edge.parent.issuer_type),
    ("parent_issuer_arn", |edge| &mut edge.parent.issuer_arn),
    ("parent_source_identity", |edge| &mut edge.parent.source_identity),
    ("parent_provider", |edge| &mut edge.parent.provider),
    ("parent_on_behalf_of", |edge| &mut edge.parent.on_behalf_of),
    ("parent_identity_store", |edge| &mut edge.parent.identity_store),
];

/// Fields that hold a time and may be null.
const TIMES: &[(&str, TimeOf)] =
    &[("expires", |edge| &mut edge.expires), ("parent_creation_date", |edge| &mut edge.parent.creation_date)];

const ISSUED: &str = "issued";
const EVENT_NAME: &str = "event_name";
const ASSUMED_ROOT: &str = "parent_assumed_root";

/// Returns the schema of a table of edges. Times are microseconds, UTC.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = vec![
            Field::new(ISSUED, event::schema::timestamp(), false),
            Field::new(EVENT_NAME, DataType::Utf8, false),
            Field::new(ASSUMED_ROOT, DataType::Boolean, false),
        ];
        fields.extend(TEXTS.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)));
        fields.extend(TIMES.iter().map(|(name, _)| Field::new(*name, event::schema::timestamp(), true)));
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns edges as rows, in their order.
pub fn to_batch(mut edges: Vec<Edge>) -> RecordBatch {
    // The accessors lend for change, so that one list serves both ways.
    let issued = edges.iter().map(|edge| Some(edge.issued.as_micros())).collect::<TimestampMicrosecondArray>();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(issued.with_timezone("UTC")),
        Arc::new(edges.iter().map(|edge| Some(edge.event_name.as_str())).collect::<StringArray>()),
        Arc::new(edges.iter().map(|edge| Some(edge.parent.assumed_root)).collect::<BooleanArray>()),
    ];
    for (_, field) in TEXTS {
        columns.push(Arc::new(edges.iter_mut().map(|edge| field(edge).take()).collect::<StringArray>()));
    }
    for (_, field) in TIMES {
        let times = edges.iter_mut().map(|edge| field(edge).map(EventTime::as_micros));
        columns.push(Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")));
    }
    RecordBatch::try_new(schema(), columns)
        .expect("the columns are built in the order of the schema, all of one length")
}

/// Returns the edges of a table's rows, in their order. Columns are found by name; others are ignored.
///
/// # Errors
/// [`ErrorKind::Schema`] where a column is missing, has another type, or is null where it must not be.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Edge>, Error> {
    let issued = times(batch, ISSUED)?;
    let names = texts(batch, EVENT_NAME)?;
    let roots = column(batch, ASSUMED_ROOT)?;
    let roots = roots.as_boolean_opt().ok_or_else(|| wrong_type(ASSUMED_ROOT, roots.data_type()))?;
    let mut edges = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let issued = issued.get(row).copied().flatten().ok_or_else(|| null(ISSUED, row))?;
        let event_name = names.get(row).cloned().flatten().ok_or_else(|| null(EVENT_NAME, row))?;
        let assumed_root = roots.is_valid(row) && roots.value(row);
        edges.push(empty(issued, event_name, assumed_root));
    }
    for (name, field) in TEXTS {
        for (edge, text) in edges.iter_mut().zip(texts(batch, name)?) {
            *field(edge) = text;
        }
    }
    for (name, field) in TIMES {
        for (edge, time) in edges.iter_mut().zip(times(batch, name)?) {
            *field(edge) = time;
        }
    }
    Ok(edges)
}

fn empty(issued: EventTime, event_name: String, assumed_root: bool) -> Edge {
    Edge {
        issued,
        event_id: None,
        event_name,
        recipient_account: None,
        shared_event_id: None,
        child_key: None,
        child_principal: None,
        child_arn: None,
        role_arn: None,
        expires: None,
        source_identity: None,
        provider_arn: None,
        parent: Credential { assumed_root, ..Credential::default() },
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Error> {
    let missing = || Error::new(ErrorKind::Schema, format!("read a table of sessions: there is no column `{name}`"));
    batch.column_by_name(name).ok_or_else(missing)
}

fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, Error> {
    let array = column(batch, name)?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    if let Some(array) = array.as_any().downcast_ref::<StringArray>() {
        Ok(array.iter().map(owned).collect())
    } else if let Some(array) = array.as_any().downcast_ref::<StringViewArray>() {
        Ok(array.iter().map(owned).collect())
    } else {
        Err(wrong_type(name, array.data_type()))
    }
}

fn times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<EventTime>>, Error> {
    let array = column(batch, name)?;
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let times = array.as_primitive::<TimestampMicrosecondType>().iter();
            Ok(times.map(|time| time.map(EventTime::from_micros)).collect())
        }
        other => Err(wrong_type(name, other)),
    }
}

fn wrong_type(name: &str, found: &DataType) -> Error {
    Error::new(ErrorKind::Schema, format!("read a table of sessions: column `{name}` has the type `{found}`"))
}

fn null(name: &str, row: usize) -> Error {
    Error::new(ErrorKind::Schema, format!("read a table of sessions: column `{name}` is null in row {row}"))
}
