//! The answer as it is shown: marks taken off the names of columns, addresses as text.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::functions::{ADDRESS, address_texts};
use super::rewrite::{shown_name, without_marks};

/// Gives the columns of a stream their shown names and types.
///
/// `is_plan` says that the answer is the text of a plan, where names stand inside the text.
pub(super) fn shown(stream: SendableRecordBatchStream, is_plan: bool) -> (SchemaRef, SendableRecordBatchStream) {
    let schema = shown_schema(&stream.schema());
    let shown = Arc::clone(&schema);
    let batches = stream.map(move |batch| {
        let batch = batch?;
        let columns = batch
            .columns()
            .iter()
            .map(|column| shown_column(column, is_plan))
            .collect::<datafusion::common::Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&shown), columns, &rows)?)
    });
    (Arc::clone(&schema), Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
}

/// Gives columns their shown names and types.
pub(super) fn shown_schema(inner: &Schema) -> SchemaRef {
    let fields = inner.fields().iter().map(|field| {
        let data_type = if *field.data_type() == ADDRESS { DataType::Utf8 } else { field.data_type().clone() };
        Field::new(shown_name(field.name()), data_type, field.is_nullable())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn shown_column(column: &ArrayRef, is_plan: bool) -> datafusion::common::Result<ArrayRef> {
    match column.data_type() {
        data_type if *data_type == ADDRESS => address_texts(column),
        DataType::Utf8 if is_plan => {
            let texts = column.as_string::<i32>().iter().map(|text| text.map(without_marks));
            Ok(Arc::new(texts.collect::<StringArray>()))
        }
        _ => Ok(Arc::clone(column)),
    }
}
