//! JSON: one array of objects, or one object a line. Nulls and equal names are kept.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::Printer;
use super::value::{Column, object, resolved};
use crate::fault::Result;

/// One object a line.
pub(super) struct Lines;

impl Printer for Lines {
    fn begin(&mut self, _: &SchemaRef, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        objects(batch, |bytes| {
            bytes.push(b'\n');
            Ok(out.write_all(bytes)?)
        })
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

/// One array.
#[derive(Default)]
pub(super) struct Array {
    has_rows: bool,
}

impl Printer for Array {
    fn begin(&mut self, _: &SchemaRef, out: &mut dyn Write) -> Result<()> {
        Ok(out.write_all(b"[")?)
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        objects(batch, |bytes| {
            out.write_all(if self.has_rows { b",\n " } else { b"" })?;
            self.has_rows = true;
            Ok(out.write_all(bytes)?)
        })
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        Ok(out.write_all(b"]\n")?)
    }
}

fn objects(batch: &RecordBatch, mut write: impl FnMut(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    let arrays = resolved(batch)?;
    let columns = arrays.iter().map(|array| Column::new(array.as_ref())).collect::<Result<Vec<_>>>()?;
    let schema = batch.schema_ref();
    let mut bytes = Vec::new();
    for row in 0..batch.num_rows() {
        bytes.clear();
        let members = schema.fields().iter().map(|field| field.name().as_str()).zip(&columns);
        object(members, row, &mut bytes);
        write(&mut bytes)?;
    }
    Ok(())
}
