//! `trailkeep lookup`: event history by user, name, resource, address and more, newest first.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use clap::Args;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use event::arn::Region;
use futures::StreamExt;
use inquiry::lookup::{Address, Columns, EventSource, LIMIT_DEFAULT, Lookup, Outcome, lookup};
use jiff::Timestamp;

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
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
    /// Who: a user, a role or its session, an ARN, a principal ID, or `root`
    #[arg(long, value_name = "WHO")]
    user: Vec<String>,

    /// The role acted as, by name or ARN
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,

    /// Access key ID that signed the call
    #[arg(long, value_name = "ID")]
    key: Vec<String>,

    /// Event name, such as `DeleteBucket` or `Delete*`
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,

    /// Service called, such as `s3` or `s3.amazonaws.com`
    #[arg(long, value_name = "SERVICE")]
    source: Vec<String>,

    /// Resource: an ARN, or a name in the request, such as that of a bucket
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<String>,

    /// Where from: an address, a block such as `10.0.0.0/8`, or a service
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<String>,

    /// How it ended: an error code such as `AccessDenied` or `Client.*`, or `any`, `none`, `denied`
    #[arg(long, value_name = "CODE")]
    error: Vec<String>,

    /// Only calls that read
    #[arg(long, conflicts_with = "write_only")]
    read_only: bool,

    /// Only calls that may change something
    #[arg(long)]
    write_only: bool,

    /// Account, by ID or name
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Region of the call
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,

    /// Text inside the request or the response, in any case
    #[arg(long, value_name = "TEXT")]
    text: Vec<String>,

    /// Not before: `24h`, `7d`, `90m`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Before, in the same forms; a date means its first moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Most events to show; 0 for all
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = LIMIT_DEFAULT)]
    limit: u64,

    /// Print the SQL instead of running it
    #[arg(long)]
    show_sql: bool,
}

/// Looks up and prints.
pub(crate) async fn run(command: LookupArgs, settings: &Settings) -> Result<Exit> {
    let question = question(&command, &settings.accounts, Timestamp::now())?;
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

/// Turns flags into the question.
fn question(command: &LookupArgs, accounts: &Accounts, now: Timestamp) -> Result<Lookup> {
    let time = |flag: &str, text: &Option<String>| {
        text.as_ref().map(|text| inquiry::time::parse(text, now).map_err(|error| wrong(flag, error))).transpose()
    };
    let read_only = command.read_only.then_some(true).or(command.write_only.then_some(false));
    Ok(Lookup {
        users: command.user.clone(),
        roles: command.role.clone(),
        keys: command.key.clone(),
        names: command.name.clone(),
        sources: parsed("--source", &command.source, EventSource::parse)?,
        resources: command.resource.clone(),
        addresses: parsed("--ip", &command.ip, Address::parse)?,
        errors: parsed("--error", &command.error, Outcome::parse)?,
        read_only,
        accounts: command.account.iter().map(|text| accounts.find(text)).collect::<Result<_>>()?,
        regions: command.region.clone(),
        text: command.text.clone(),
        since: time("--since", &command.since)?,
        until: time("--until", &command.until)?,
        limit: (command.limit > 0).then_some(command.limit),
    })
}

fn parsed<T>(flag: &str, texts: &[String], parse: impl Fn(&str) -> inquiry::Result<T>) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(text).map_err(|error| wrong(flag, error))).collect()
}

fn wrong(flag: &str, error: inquiry::Error) -> Fault {
    Fault::new(format!("`{flag}`: {error}"))
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
