//! CSV as RFC 4180 has it, and safe to open in a spreadsheet.
//!
//! Text that begins with a character that spreadsheets take for a formula gets a `'` in front, which they show as text
//! (OWASP, "CSV Injection"): events hold what strangers chose. Null is an empty cell, empty text is `""`.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::Printer;
use super::value::{Column, resolved};
use crate::fault::Result;
use crate::terminal::visible;

/// Characters that begin a formula, the full-width ones among them.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Cells with commas, a header first.
pub(super) struct Csv {
    /// Whether control characters must be spelled out.
    pub(super) is_terminal: bool,
}

impl Printer for Csv {
    fn begin(&mut self, schema: &SchemaRef, out: &mut dyn Write) -> Result<()> {
        let mut bytes = Vec::new();
        for (nth, field) in schema.fields().iter().enumerate() {
            separate(nth, &mut bytes);
            self.cell(field.name(), true, &mut bytes);
        }
        bytes.extend_from_slice(b"\r\n");
        Ok(out.write_all(&bytes)?)
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let arrays = resolved(batch)?;
        let columns = arrays.iter().map(|array| Column::new(array.as_ref())).collect::<Result<Vec<_>>>()?;
        let (mut line, mut value) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            line.clear();
            for (nth, column) in columns.iter().enumerate() {
                separate(nth, &mut line);
                if column.is_null(row) {
                    continue;
                }
                value.clear();
                column.plain(row, &mut value);
                self.cell(&String::from_utf8_lossy(&value), column.is_text(), &mut line);
            }
            line.extend_from_slice(b"\r\n");
            out.write_all(&line)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

impl Csv {
    fn cell(&self, text: &str, is_text: bool, out: &mut Vec<u8>) {
        let guard = if is_text && text.starts_with(FORMULA) { "'" } else { "" };
        let shown = if self.is_terminal { visible(text) } else { text.into() };
        if guard.is_empty() && !shown.is_empty() && !shown.contains([',', '"', '\r', '\n']) {
            return out.extend_from_slice(shown.as_bytes());
        }
        out.extend_from_slice(format!("\"{guard}{}\"", shown.replace('"', "\"\"")).as_bytes());
    }
}

fn separate(nth: usize, out: &mut Vec<u8>) {
    if nth > 0 {
        out.push(b',');
    }
}
