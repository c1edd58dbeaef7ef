//! Values as the texts that results hold: those of `trailkeep query --output csv`.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::document::Column;

/// Times are in UTC and say so.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// Returns the columns of rows.
pub(super) fn columns(schema: &SchemaRef) -> Vec<Column> {
    let columns = schema.fields().iter().map(|field| {
        let kind = field.data_type();
        let is_text = !(kind.is_numeric() || kind.is_temporal() || matches!(kind, DataType::Boolean | DataType::Null));
        Column { name: field.name().clone(), is_text }
    });
    columns.collect()
}

/// Writes the rows of a batch: a JSON array of texts a line, null where there is no value.
///
/// # Errors
/// If a value has a type that has no text.
pub(super) fn lines(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let arrays = batch.columns().iter().map(|array| match array.data_type() {
        DataType::Dictionary(_, value) => arrow::compute::cast(array, value),
        _ => Ok(array.clone()),
    });
    let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
    let schema = batch.schema();
    let options = FormatOptions::new().with_timestamp_format(Some(TIME));
    let nested = EncoderOptions::default().with_explicit_nulls(true).with_timestamp_format(TIME.to_owned());
    let cells = schema.fields().iter().zip(&arrays);
    let mut cells = cells
        .map(|(field, array)| Cells::new(field, array, (&options, &nested)))
        .collect::<Result<Vec<_>, ArrowError>>()?;
    let mut text = Vec::new();
    for row in 0..batch.num_rows() {
        for (nth, cells) in cells.iter_mut().enumerate() {
            out.push(if nth == 0 { b'[' } else { b',' });
            text.clear();
            if cells.text(row, &mut text)? {
                let text = String::from_utf8_lossy(&text);
                serde_json::to_writer(&mut *out, &text).map_err(|error| ArrowError::JsonError(error.to_string()))?;
            } else {
                out.extend_from_slice(b"null");
            }
        }
        out.extend_from_slice(if cells.is_empty() { b"[]\n" } else { b"]\n" });
    }
    Ok(())
}

/// The values of a column.
enum Cells<'a> {
    None,
    Plain(&'a dyn Array, ArrayFormatter<'a>),
    Bytes(&'a dyn Array),
    Nested(NullableEncoder<'a>),
}

impl<'a> Cells<'a> {
    fn new(
        field: &'a FieldRef,
        array: &'a ArrayRef,
        (plain, nested): (&FormatOptions<'a>, &'a EncoderOptions),
    ) -> Result<Cells<'a>, ArrowError> {
        Ok(match array.data_type() {
            DataType::Null => Cells::None,
            DataType::Binary => Cells::Bytes(array.as_ref()),
            kind if kind.is_nested() => Cells::Nested(make_encoder(field, array.as_ref(), nested)?),
            _ => Cells::Plain(array.as_ref(), ArrayFormatter::try_new(array.as_ref(), plain)?),
        })
    }

    /// Writes a value; false if there is none.
    fn text(&mut self, row: usize, out: &mut Vec<u8>) -> Result<bool, ArrowError> {
        match self {
            Cells::None => return Ok(false),
            Cells::Plain(array, _) | Cells::Bytes(array) if array.is_null(row) => return Ok(false),
            Cells::Plain(_, formatter) => out.extend_from_slice(formatter.value(row).try_to_string()?.as_bytes()),
            Cells::Bytes(array) => {
                out.extend_from_slice(arrow::array::AsArray::as_binary::<i32>(*array).value(row));
            }
            Cells::Nested(encoder) if encoder.is_null(row) => return Ok(false),
            Cells::Nested(encoder) => encoder.encode(row, out),
        }
        Ok(true)
    }
}
