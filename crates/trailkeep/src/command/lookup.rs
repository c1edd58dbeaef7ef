//! `trailkeep lookup`: event history by user, name, resource, address and more, newest first.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use clap::Args;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use inquiry::lookup::{Columns, LIMIT_DEFAULT, lookup};
use jiff::Timestamp;

use crate::cli::Format;
use crate::command::filters::Filters;
use crate::exit::Exit;
use crate::fault::Result;
use crate::output::{self, Style};
use crate::settings::{Accounts, Settings};
use crate::{open, units};

/// Look up events: CloudTrail's event history without its limits
///
/// The newest events that fit all filters; a filter that is repeated takes any of its values. A table shows the
/// essentials, every other output format all columns.
#[derive(Debug, Args)]
#[command(name = "lookup")]
pub(crate) struct LookupArgs {
    #[command(flatten)]
    filters: Filters,

    /// Most events to show; 0 for all
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = LIMIT_DEFAULT)]
    limit: u64,

    /// Print the SQL instead of running it
    #[arg(long)]
    show_sql: bool,
}

/// Looks up and prints.
pub(crate) async fn run(command: LookupArgs, settings: &Settings) -> Result<Exit> {
    let question = command.filters.question(&settings.accounts, Timestamp::now(), command.limit)?;
    let columns = if settings.format == Format::Table { Columns::Summary } else { Columns::All };
    let mut stdout = output::stdout();
    if command.show_sql {
        writeln!(stdout, "{}", question.sql(columns))?;
        stdout.flush()?;
        return Ok(Exit::Success);
    }
    let (_lake, ctx) = open::session(settings).await?;
    let (schema, stream) = lookup(&ctx, &question, columns).await?;
    let stream = if columns == Columns::Summary { named(stream, settings.accounts.clone()) } else { stream };
    let rows = output::print(schema, stream, Style::stdout(settings.format, settings.null), &mut stdout).await?;
    if columns == Columns::Summary {
        let note = match rows {
            0 => "no event fits; `--show-sql` prints the query to work on".to_owned(),
            rows if Some(rows) == question.limit => {
                format!("the newest {}; there may be more: `-n 0` shows all", units::counted(rows, "event"))
            }
            _ => return Ok(Exit::Success),
        };
        // A note is not worth failing for.
        writeln!(std::io::stderr(), "{note}").ok();
    }
    Ok(Exit::Success)
}

/// Puts names in the place of account IDs that have one.
fn named(stream: SendableRecordBatchStream, accounts: Accounts) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let batches = stream.map(move |batch| {
        let batch = batch?;
        let Some((nth, _)) = batch.schema_ref().column_with_name("account") else { return Ok(batch) };
        let mut columns = batch.columns().to_vec();
        let ids = columns[nth].as_string_opt::<i32>();
        let names =
            ids.map(|ids| ids.iter().map(|id| id.map(|id| accounts.name(id).unwrap_or(id))).collect::<StringArray>());
        if let Some(names) = names {
            columns[nth] = Arc::new(names) as ArrayRef;
        }
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
