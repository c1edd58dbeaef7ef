//! The bytes of one column's values and nothing else, one a line or one before each NUL.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::Printer;
use super::value::{Column, resolved};
use crate::fault::{Fault, Result};
use crate::terminal::visible;

/// Values as they are.
pub(super) struct Raw {
    /// Whether values end by NUL.
    pub(super) null: bool,
    /// Whether control characters must be spelled out.
    pub(super) is_terminal: bool,
}

impl Printer for Raw {
    fn begin(&mut self, schema: &SchemaRef, _: &mut dyn Write) -> Result<()> {
        match schema.fields().len() {
            1 => Ok(()),
            columns => Err(Fault::new(format!("`--output raw` prints one column, and this answer has {columns}"))
                .help("select one, such as `SELECT record FROM events`, or choose `--output jsonl`")),
        }
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        for array in resolved(batch)? {
            let column = Column::new(array.as_ref())?;
            let mut value = Vec::new();
            for row in 0..batch.num_rows() {
                value.clear();
                column.plain(row, &mut value);
                if self.is_terminal {
                    value = visible(&String::from_utf8_lossy(&value)).into_owned().into_bytes();
                }
                value.push(if self.null { 0 } else { b'\n' });
                out.write_all(&value)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}
