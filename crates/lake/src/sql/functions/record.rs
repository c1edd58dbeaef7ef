//! Columns that are computed from the stored ones: the record itself, and the list of its resources.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, NullBufferBuilder, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{DataFusionError, Result};
use event::schema::{COLUMNS, batch_schema};

use super::function::{Arguments, Function, by_rows, takes, takes_text};
use super::json_text::{Elements, Members, bare, unescape};

/// The fields of a resource, in the order of the CloudTrail record.
const RESOURCE_FIELDS: [&str; 4] = ["arn", "accountid", "type", "arnprefix"];

/// The record family.
pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("rebuild_record", record_types, |_, args| by_rows(args, record)),
        Function::new(
            "resource_list",
            |types| {
                Ok((
                    takes_text("resource_list", types, 1, 1)?,
                    DataType::new_list(DataType::Struct(resource_fields()), true),
                ))
            },
            |_, args| by_rows(args, resources),
        ),
        Function::new(
            "resource_arns",
            |types| Ok((takes_text("resource_arns", types, 1, 1)?, DataType::new_list(DataType::Utf8, true))),
            |_, args| by_rows(args, |args| Ok(Arc::new(resource_arns(args)?))),
        ),
    ]
}

fn record_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("rebuild_record", types, COLUMNS.len() + 1, COLUMNS.len() + 1)?;
    let columns =
        batch_schema().fields().iter().take(COLUMNS.len()).map(|field| field.data_type().clone()).collect::<Vec<_>>();
    Ok(([vec![DataType::Utf8], columns].concat(), DataType::Utf8))
}

/// Rebuilds records from `shape` and the columns of the record.
fn record(args: &Arguments) -> Result<ArrayRef> {
    let shape = args.array(0)?;
    let columns = (1..args.len()).map(|i| args.array(i)).collect::<Result<Vec<_>>>()?;
    let rebuilt = event::shape::rebuild(shape.as_string::<i32>(), &columns)
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok(Arc::new(rebuilt))
}

fn resource_fields() -> Fields {
    RESOURCE_FIELDS.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect()
}

/// Reads `resources` into a list of structs. AWS spells the members both `ARN` and `arn`.
fn resources(args: &Arguments) -> Result<ArrayRef> {
    let json = args.texts(0)?;
    let mut fields: Vec<StringBuilder> = RESOURCE_FIELDS.iter().map(|_| StringBuilder::new()).collect();
    let mut lengths = Vec::with_capacity(args.rows);
    let mut valid = NullBufferBuilder::new(args.rows);
    for row in 0..args.rows {
        let elements = json.at(row).and_then(Elements::of);
        valid.append(elements.is_some());
        let mut length = 0;
        for element in elements.into_iter().flatten() {
            length += 1;
            let mut values: [Option<String>; RESOURCE_FIELDS.len()] = Default::default();
            for (key, value) in Members::of(element).into_iter().flatten() {
                let name = unescape(key).unwrap_or_default();
                if let Some(i) = RESOURCE_FIELDS.iter().position(|field| name.eq_ignore_ascii_case(field)) {
                    values[i] = bare(value);
                }
            }
            for (field, value) in fields.iter_mut().zip(values) {
                field.append_option(value);
            }
        }
        lengths.push(length);
    }
    let arrays: Vec<ArrayRef> = fields.iter_mut().map(|field| Arc::new(field.finish()) as ArrayRef).collect();
    let structs = StructArray::try_new(resource_fields(), arrays, None)?;
    let item = Arc::new(Field::new_list_field(DataType::Struct(resource_fields()), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), Arc::new(structs), valid.finish())?))
}

/// Lists the ARNs of `resources`.
fn resource_arns(args: &Arguments) -> Result<ListArray> {
    let all = resources(args)?;
    let all = all.as_list::<i32>();
    let arns = Arc::clone(all.values().as_struct().column(0));
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    Ok(ListArray::try_new(item, all.offsets().clone(), arns, all.nulls().cloned())?)
}
