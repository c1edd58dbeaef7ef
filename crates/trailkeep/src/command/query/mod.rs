//! `trailkeep query ["SQL"]`: one query with its answer streamed, or an interactive shell.

mod complete;
mod destination;
mod shell;
mod statement;
mod timings;
mod warning;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use datafusion::execution::context::SessionContext;

use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::open;
use crate::output::{self, Style};
use crate::settings::Settings;
use crate::units;

/// Ask the lake in SQL, or open a shell
///
/// Tables: `events` with AWS's names (`userIdentity.arn`, in any case), `aws_cloudtrail_log` with snake_case ones,
/// `rejects`, `conflicts`. Queries written for CloudTrail Lake, Athena or Tailpipe run as they are. Without SQL a shell
/// opens on a terminal; statements from a pipe are run one by one.
#[derive(Debug, Args)]
#[command(name = "query")]
pub(crate) struct Query {
    /// The query; a shell without it
    #[arg(value_name = "SQL", allow_hyphen_values = true, value_parser = parse_sql)]
    sql: Option<String>,

    /// Write the answer to this file; `.parquet`, `.csv`, `.json` and `.jsonl` say in which form, else `--output` does
    #[arg(short = 'o', long = "to", value_name = "FILE", requires = "sql", conflicts_with = "timings")]
    to: Option<PathBuf>,

    /// Give the answer as a Parquet file, to `--to FILE` or into a pipe
    #[arg(long, requires = "sql", conflicts_with = "timings")]
    parquet: bool,

    /// Run the query so many times
    #[arg(long, value_name = "N", default_value_t = 1, hide = true, requires = "sql")]
    repeat: u32,

    /// Print a line of JSON for each run on standard error, and no rows
    #[arg(long, hide = true, requires = "sql")]
    timings: bool,
}

/// Takes a query, which may begin with a comment, `-- so`, but no flag that was misspelt.
pub(crate) fn parse_sql(text: &str) -> std::result::Result<String, String> {
    match text.starts_with('-') && !text.contains(char::is_whitespace) {
        true => Err(format!("`{text}` is no flag and no query; `--help` lists the flags")),
        false => Ok(text.to_owned()),
    }
}

/// Runs the query, or the shell.
pub(crate) async fn run(command: Query, settings: &Settings) -> Result<Exit> {
    match &command.sql {
        Some(sql) if command.timings => timings::run(sql, command.repeat, settings).await?,
        Some(sql) => {
            let (lake, ctx) = open::session(settings).await?;
            warning::warn(&lake, &ctx, sql, settings.scan_warning_bytes).await?;
            for _ in 1..command.repeat {
                within(settings.query_timeout, async { output::count(lake::sql::query(&ctx, sql).await?.1).await })
                    .await?;
            }
            let is_parquet = command.parquet || settings.is_parquet;
            destination::write(&ctx, sql, command.to.as_deref(), is_parquet, settings).await?;
        }
        None => {
            if settings.is_parquet {
                return Err(shell::no_parquet());
            }
            let (lake, ctx) = open::session(settings).await?;
            let shell = shell::Shell::new(lake, ctx, settings);
            match std::io::stdin().is_terminal() {
                true => shell.interactive(settings).await?,
                false => shell.batch(std::io::read_to_string(std::io::stdin())?).await?,
            }
        }
    }
    Ok(Exit::Success)
}

/// Lets a query run no longer than it may.
///
/// # Errors
/// Those of the query; and when its time is up.
async fn within<T>(limit: Option<Duration>, query: impl Future<Output = Result<T>>) -> Result<T> {
    let Some(limit) = limit else { return query.await };
    tokio::time::timeout(limit, query).await.unwrap_or_else(|_| {
        Err(Fault::new(format!(
            "the query ran for {}, which is the longest that it may",
            units::seconds(limit.as_secs_f64())
        ))
        .help("narrow the time range, name fewer columns, or let it run longer by `--query-timeout`"))
    })
}

/// Runs one query and prints its answer as it comes.
async fn print(ctx: &SessionContext, sql: &str, style: Style, out: &mut dyn Write) -> Result<u64> {
    let (schema, stream) = lake::sql::query(ctx, sql).await?;
    output::print(schema, stream, style, out).await
}
