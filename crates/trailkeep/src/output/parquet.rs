//! Parquet: the answer with its own types, for other programs. It streams: a group of rows goes out once it is complete.

use std::collections::BTreeSet;
use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;

use super::Printer;
use crate::fault::{Fault, Result};

/// Rows of a group.
const GROUP_ROWS: usize = 131_072;
/// Bytes that a group may take up in memory; a larger one ends before its rows are full.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// One Parquet file.
#[derive(Default)]
pub(super) struct Parquet {
    /// Writes into memory, from where finished bytes are taken at once.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

fn failed(error: ParquetError) -> Fault {
    Fault::new("could not write the answer as Parquet")
        .help("cast columns of types that Parquet lacks, such as intervals, to varchar")
        .because(error)
}

/// Readers find a column by its name.
fn check_names(schema: &SchemaRef) -> Result<()> {
    let mut names = BTreeSet::new();
    match schema.fields().iter().find(|field| !names.insert(field.name())) {
        Some(twice) => Err(Fault::new(format!("two columns of the answer are named `{}`", twice.name()))
            .help("give one another name by `AS`: readers of Parquet tell columns by their names")),
        None => Ok(()),
    }
}

impl Parquet {
    fn writer(&mut self) -> Result<&mut ArrowWriter<Vec<u8>>> {
        self.writer.as_mut().ok_or_else(|| Fault::new("the answer's columns were not told before its rows"))
    }

    /// Hands on what is finished.
    fn drain(&mut self, out: &mut dyn Write) -> Result<()> {
        let finished = std::mem::take(self.writer()?.inner_mut());
        Ok(out.write_all(&finished)?)
    }
}

impl Printer for Parquet {
    fn begin(&mut self, schema: &SchemaRef, out: &mut dyn Write) -> Result<()> {
        check_names(schema)?;
        let level = ZstdLevel::try_new(1).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(concat!("trailkeep ", env!("CARGO_PKG_VERSION")).to_owned());
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties.build()));
        self.writer = Some(writer.map_err(failed)?);
        self.drain(out)
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let writer = self.writer()?;
        writer.write(batch).map_err(failed)?;
        if writer.in_progress_size() > GROUP_BYTES_MAX {
            writer.flush().map_err(failed)?;
        }
        self.drain(out)
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        self.writer()?.finish().map_err(failed)?;
        self.drain(out)
    }
}
