//! The command line: global flags and the list of commands. Each command declares its own flags beside its work.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use event::arn::Arn;

use crate::command::{
    collect, completions, convert, coverage, demo, detect, evidence, export, keys, lake, lookup, man, query, rules,
    serve, simulate, validate_logs, verify, who,
};
use crate::output::Form;
use crate::units::{parse_bytes, parse_duration};

const AFTER_HELP: &str = "\
First steps:
  trailkeep demo                              see it at work on a sample organisation
  trailkeep collect s3://my-trail/AWSLogs/    fill your own lake
  trailkeep lookup --user alice --since 24h   event history
  trailkeep query \"SELECT eventName, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC\"

Global options may stand before or after the command. Those with a variable are keys of the configuration file as \
well, under the flag's name with `_` for `-`; names of accounts are its table `[accounts]`. A flag beats the \
environment, which beats the file.

Exit codes: 0 success, an empty answer included; 1 collected with rejects, skips or conflicts, \
verified with problems, or covered with holes; 2 error.";

/// The self-hosted home of AWS CloudTrail events: collect them, keep them losslessly, find them.
#[derive(Debug, Parser)]
#[command(name = "trailkeep", version, about, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, one file each in `command/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Collect(collect::CollectArgs),
    Query(query::Query),
    Lookup(lookup::LookupArgs),
    Who(who::Who),
    Detect(detect::Detect),
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    Verify(verify::VerifyArgs),
    ValidateLogs(validate_logs::ValidateLogs),
    Coverage(coverage::CoverageArgs),
    Evidence(evidence::Evidence),
    Simulate(Box<simulate::Simulate>),
    Convert(convert::Convert),
    Export(Box<export::ExportArgs>),
    Serve(serve::Serve),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    Lake(lake::LakeCommand),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Folder of the lake and its control documents [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "TRAILKEEP_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Configuration file [default: `trailkeep.toml` beside the folder of `--data`; without `--data` that in the
    /// platform's configuration folder]
    #[arg(long, global = true, value_name = "FILE", env = "TRAILKEEP_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Keep the lake's tables in a bucket, as `s3://bucket/prefix` [default: folder `lake` in the data folder]
    #[arg(long, global = true, value_name = "URI", env = "TRAILKEEP_LAKE")]
    pub(crate) lake: Option<String>,

    /// How answers are printed; `parquet` by `query` alone [default: `table` on a terminal, `jsonl` into a pipe]
    #[arg(long, global = true, value_name = "FORMAT", env = "TRAILKEEP_OUTPUT", value_enum)]
    pub(crate) output: Option<Form>,

    /// The same as `--output json`, and stronger than that flag
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// With `--output raw`: end each value by NUL instead of a line break
    #[arg(short = '0', long = "null", global = true)]
    pub(crate) null: bool,

    /// Name of an account, as `111122223333=prod`; shown in event history and understood by `--account`
    #[arg(
        long,
        global = true,
        value_name = "ID=NAME",
        env = "TRAILKEEP_ACCOUNTS",
        value_delimiter = ',',
        hide_short_help = true
    )]
    pub(crate) account_name: Vec<String>,

    /// AWS profile [default: `AWS_PROFILE`, or `default`]
    #[arg(long, global = true, value_name = "NAME", env = "TRAILKEEP_PROFILE", hide_short_help = true)]
    pub(crate) profile: Option<String>,

    /// Role to assume before S3 is read or written
    #[arg(long, global = true, value_name = "ARN", env = "TRAILKEEP_ROLE_ARN", value_parser = parse_arn, hide_short_help = true)]
    pub(crate) role_arn: Option<Arn>,

    /// Region of the buckets [default: the bucket is asked, then `AWS_REGION` and the profile]. Not to be mixed up with
    /// `--region` of `collect` and `lookup`, which is the Region of events
    #[arg(long, global = true, value_name = "REGION", env = "TRAILKEEP_AWS_REGION", hide_short_help = true)]
    pub(crate) aws_region: Option<String>,

    /// Key of AWS KMS that a lake in a bucket is encrypted with [default: the bucket's own encryption]
    #[arg(long, global = true, value_name = "KEY", env = "TRAILKEEP_SSE_KMS_KEY_ID", hide_short_help = true)]
    pub(crate) sse_kms_key_id: Option<String>,

    /// Where S3 is, for stores that are not AWS [default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`]
    #[arg(long, global = true, value_name = "URL", env = "TRAILKEEP_ENDPOINT_URL", hide_short_help = true)]
    pub(crate) endpoint_url: Option<String>,

    /// How long one request to S3 may take, such as `30s` or `5m` [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", env = "TRAILKEEP_S3_REQUEST_TIMEOUT", value_parser = parse_duration, hide_short_help = true)]
    pub(crate) s3_request_timeout: Option<Duration>,

    /// How long after its first attempt a request to S3 may still be repeated [default: 150s]
    #[arg(long, global = true, value_name = "DURATION", env = "TRAILKEEP_S3_RETRY_TIMEOUT", value_parser = parse_duration, hide_short_help = true)]
    pub(crate) s3_retry_timeout: Option<Duration>,

    /// Memory that a query may use: sorts, joins and groups go on on disk beyond it, anything else fails [default: 2GiB; 512MiB
    /// for each query of `serve`]
    #[arg(long, global = true, value_name = "SIZE", env = "TRAILKEEP_MEMORY_BYTES_MAX", value_parser = parse_bytes, hide_short_help = true)]
    pub(crate) memory_bytes_max: Option<u64>,

    /// How long a query may run, such as `30s` or `1h` [default: as long as it takes; 1h for each query of `serve`]
    #[arg(long, global = true, value_name = "DURATION", env = "TRAILKEEP_QUERY_TIMEOUT", value_parser = parse_duration, hide_short_help = true)]
    pub(crate) query_timeout: Option<Duration>,

    /// Warn of a query without a time filter on a lake larger than this [default: 10GiB]
    #[arg(long, global = true, value_name = "SIZE", env = "TRAILKEEP_SCAN_WARNING_BYTES", value_parser = parse_bytes, hide_short_help = true)]
    pub(crate) scan_warning_bytes: Option<u64>,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, as wide as the terminal
    Table,
    /// One JSON array of objects
    Json,
    /// One JSON object a line
    Jsonl,
    /// RFC 4180 with a header; text that a spreadsheet would take for a formula gets a `'` in front
    Csv,
    /// The bytes of a single column's values, one a line
    Raw,
}

pub(crate) fn parse_arn(text: &str) -> Result<Arn, String> {
    Arn::parse(text)
        .ok_or_else(|| format!("`{text}` is no ARN: write one such as `arn:aws:iam::111122223333:role/Audit`"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn declarations_hold_together() {
        Cli::command().debug_assert();
    }
}
