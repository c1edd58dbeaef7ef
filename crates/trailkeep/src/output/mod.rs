//! Answers on standard output: a table for people, or JSON, CSV, Parquet and plain bytes for programs. All but the table stream
//! batch by batch.

mod csv;
mod json;
mod parquet;
mod raw;
mod table;
mod value;

use std::io::{self, Write};
use std::sync::LazyLock;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cli::Format;
use crate::fault::{Fault, Result};
use crate::terminal;

/// Batches computed ahead of printing.
const BATCHES_AHEAD: usize = 2;

/// How an answer is printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// The format.
    pub(crate) format: Format,
    /// Whether raw values end by NUL.
    pub(crate) null: bool,
    /// Whether the bytes go to a terminal, which must not be commanded by them.
    pub(crate) is_terminal: bool,
    /// Width of lines, for tables.
    pub(crate) width: Option<u16>,
    /// Whether a table ends with the number of its rows.
    pub(crate) has_footer: bool,
}

impl Style {
    /// Returns the style for standard output.
    pub(crate) fn stdout(format: Format, null: bool) -> Self {
        let (is_terminal, width) = (terminal::is_stdout(), terminal::width());
        Self { format, null, is_terminal, width, has_footer: true }
    }
}

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text in a format.
    Text(Format),
    /// One Parquet file.
    Parquet,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Form] {
        const TEXT: fn(Format) -> Form = Form::Text;
        static ALL: LazyLock<Vec<Form>> =
            LazyLock::new(|| Format::value_variants().iter().copied().map(TEXT).chain([Form::Parquet]).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Form::Text(format) => format.to_possible_value(),
            Form::Parquet => Some(PossibleValue::new("parquet").help("A Parquet file, by `query` alone")),
        }
    }
}

impl std::str::FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        <Self as ValueEnum>::from_str(text, true).map_err(|_| {
            format!("`{text}` is no output format: write `table`, `json`, `jsonl`, `csv`, `raw` or `parquet`")
        })
    }
}

/// One format at work: told the columns, then batch by batch, then that the answer is complete.
trait Printer {
    fn begin(&mut self, schema: &SchemaRef, out: &mut dyn Write) -> Result<()>;
    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()>;
    fn end(&mut self, out: &mut dyn Write) -> Result<()>;
}

fn printer(style: Style) -> Box<dyn Printer> {
    match style.format {
        Format::Table => Box::new(table::Table::new(style.width, style.has_footer)),
        Format::Json => Box::new(json::Array::default()),
        Format::Jsonl => Box::new(json::Lines),
        Format::Csv => Box::new(csv::Csv { is_terminal: style.is_terminal }),
        Format::Raw => Box::new(raw::Raw { null: style.null, is_terminal: style.is_terminal }),
    }
}

/// Prints an answer as it comes and returns the number of rows. Dropping the future ends the work.
///
/// The query runs in a task of its own, so that whoever waits for the printing can wait for Ctrl-C as well: an operator
/// may compute for long without a pause.
///
/// # Errors
/// If the query fails, or the answer cannot be written; a broken pipe is one of the kind that is no error in the end.
pub(crate) async fn print(
    schema: SchemaRef,
    stream: SendableRecordBatchStream,
    style: Style,
    out: &mut dyn Write,
) -> Result<u64> {
    print_as(Form::Text(style.format), schema, stream, style, out).await
}

/// Writes an answer in any form, else as [`print`] does.
///
/// # Errors
/// As [`print`]; Parquet also refuses columns of one name.
pub(crate) async fn print_as(
    form: Form,
    schema: SchemaRef,
    stream: SendableRecordBatchStream,
    style: Style,
    out: &mut dyn Write,
) -> Result<u64> {
    let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
    let mut work = JoinSet::new();
    work.spawn(forward(stream, sender));
    let mut printer = match form {
        Form::Text(format) => printer(Style { format, ..style }),
        Form::Parquet => Box::new(parquet::Parquet::default()),
    };
    printer.begin(&schema, out)?;
    let mut rows = 0;
    while let Some(batch) = batches.recv().await {
        let batch = batch.map_err(lake::sql::Error::from)?;
        rows += batch.num_rows() as u64;
        printer.batch(&batch, out)?;
        out.flush()?;
    }
    // A task that panicked must not look like the end of the answer.
    if let Some(Err(ended)) = work.join_next().await {
        return Err(Fault::new("the query ended before its answer").because(ended));
    }
    printer.end(out)?;
    out.flush()?;
    Ok(rows)
}

async fn forward(
    mut stream: SendableRecordBatchStream,
    batches: mpsc::Sender<datafusion::common::Result<RecordBatch>>,
) {
    while let Some(batch) = stream.next().await {
        if batches.send(batch).await.is_err() {
            // Nobody prints any more, and who stopped printing says why.
            return;
        }
    }
}

/// Reads an answer to its end and returns the number of rows.
///
/// # Errors
/// If the query fails.
pub(crate) async fn count(mut stream: SendableRecordBatchStream) -> Result<u64> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.map_err(lake::sql::Error::from)?.num_rows() as u64;
    }
    Ok(rows)
}

/// Prints batches that are all here.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn print_batches(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    style: Style,
    out: &mut dyn Write,
) -> Result<()> {
    let mut printer = printer(style);
    printer.begin(schema, out)?;
    for batch in batches {
        printer.batch(batch, out)?;
    }
    printer.end(out)?;
    Ok(out.flush()?)
}

/// Returns a value as plain text, empty for null.
///
/// # Errors
/// If the column has a type that cannot be printed.
pub(crate) fn text_at(array: &ArrayRef, row: usize) -> Result<String> {
    let mut text = Vec::new();
    value::Column::new(array.as_ref())?.plain(row, &mut text);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Returns standard output, buffered.
pub(crate) fn stdout() -> io::BufWriter<io::Stdout> {
    io::BufWriter::with_capacity(1 << 16, io::stdout())
}

#[cfg(test)]
mod tests;
