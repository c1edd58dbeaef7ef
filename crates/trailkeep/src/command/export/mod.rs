//! `trailkeep export`: events of the lake in other people's words, to standard output, files, buckets and services.

mod destination;
mod ecs;
mod parquet;
mod plan;
mod report;
mod template;
mod words;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use normalize::ecs::Retain;
use pipeline::export::{Ends, Export, Format, Offset, Report, export};
use sink::{Secret, Sink, SystemClock};
use tokio::sync::watch;

use crate::command::convert::geo::Databases;
use crate::command::filters::Filters;
use crate::command::query::parse_sql;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::units::parse_bytes;
use crate::{open, output};
use destination::{Destination, To};
use words::{Form, Words};

/// Send events of the lake elsewhere: to files, a bucket, Elasticsearch, a webhook or SNS
///
/// Events go in the order in which they were stored. Without filters all of them do; `--sql` names them by a query with
/// the column `seq`. How far an export has come is stored for each destination, format and choice of events: the same
/// command goes on from there, whatever ended it. What the destination has already is not sent twice.
///
/// Exit codes: 0 all is sent, 1 the destination refused some for good, 2 could not finish.
#[derive(Debug, Args)]
#[command(name = "export")]
pub(crate) struct ExportArgs {
    /// What events become
    #[arg(long, value_name = "FORMAT", value_enum, required_unless_present = "print_index_template")]
    format: Option<FormatName>,

    /// Where they go: a folder, `s3://bucket/prefix`, `elasticsearch+https://host:9200`, `opensearch+https://..`, a
    /// webhook `https://..`, the ARN of an SNS topic, or `-` for standard output
    #[arg(long, value_name = "URI", default_value = "-", hide_default_value = true)]
    to: String,

    /// The events that this query names by its column `seq`
    #[arg(long, value_name = "SQL", allow_hyphen_values = true, value_parser = parse_sql, conflicts_with_all = ["Filters", "limit"])]
    sql: Option<String>,

    #[command(flatten)]
    filters: Filters,

    /// The newest so many of them; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 0, conflicts_with = "follow")]
    limit: u64,

    /// Go on with new events until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// With `--follow`: how many milliseconds to wait before looking again
    #[arg(long, value_name = "MS", env = "TRAILKEEP_EXPORT_POLL_INTERVAL_MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..))]
    poll_interval_ms: u64,

    /// With `--follow`: how many seconds an event may wait for its file or object to be full
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    part_interval_s: u64,

    /// Begin anew: forget how far this export has come
    #[arg(long)]
    from_start: bool,

    /// With standard output: keep in mind how far this export has come, and go on from there
    #[arg(long, conflicts_with = "from_start")]
    resume: bool,

    #[command(flatten)]
    words: WordsArgs,

    #[command(flatten)]
    limits: Limits,

    #[command(flatten)]
    credentials: Credentials,

    /// Print the index template for ECS documents and end; OpenSearch has other names for some types
    #[arg(long, value_name = "SERVICE", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "elasticsearch", exclusive = true)]
    print_index_template: Option<template::Service>,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// Elastic Common Schema, as Elastic's AWS integration writes it
    Ecs,
    /// Snare Central's table `AWSCloudTrailLog`: JSON lines, or CSV with `--output csv`
    Snare,
    /// The lake's columns as JSON lines
    Jsonl,
    /// The lake's columns as CSV
    Csv,
    /// The lake's columns as Parquet
    Parquet,
    /// Open Cybersecurity Schema Framework: not yet
    Ocsf,
}

/// What ECS documents hold beside the record.
#[derive(Debug, Args)]
#[command(next_help_heading = "ECS")]
struct WordsArgs {
    /// Tag of each ECS document; repeat for several. `actor_target_mapping` asks for the entity fields
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// Which copies of request and response an ECS document keeps: none, minimal, flattened, keyword, all
    #[arg(long, value_name = "COPIES", value_parser = parse_retain)]
    retain: Option<Retain>,

    /// MaxMind database of cities, for `source.geo` of ECS
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_GEO_CITY")]
    geo_city: Option<PathBuf>,

    /// MaxMind database of networks, for `source.as` of ECS
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_GEO_ASN")]
    geo_asn: Option<PathBuf>,
}

/// How much goes into a file or a request, and how long a destination is waited for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// How names of files and objects begin
    #[arg(long, value_name = "NAME", default_value = "events")]
    part_name: String,

    /// Most bytes of a file or object, before compression [default: 128MiB, in buckets and of Parquet 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    part_bytes_max: Option<u64>,

    /// Most events of a file or object
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    part_events_max: Option<u64>,

    /// Whether files, objects and requests to Elasticsearch are gzipped [default: all but files]
    #[arg(long, value_name = "BOOL")]
    gzip: Option<bool>,

    /// Most bytes of a request, before compression [default: what suits the service]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, hide_short_help = true)]
    batch_bytes_max: Option<u64>,

    /// Most events of a request [default: what suits the service]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    batch_events_max: Option<u32>,

    /// Most requests in a row that bring nothing forward, before one gives up
    #[arg(long, value_name = "N", default_value_t = 10, hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    attempts_max: u32,

    /// The first pause between two of them, in milliseconds; each further one is twice as long
    #[arg(long, value_name = "MS", default_value_t = 500, hide_short_help = true)]
    retry_delay_ms_min: u64,

    /// The longest pause, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 60_000, hide_short_help = true)]
    retry_delay_ms_max: u64,
}

/// How destinations know us, and we know them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Credentials (rather by the environment or the configuration file)")]
struct Credentials {
    /// API key of Elasticsearch or OpenSearch, as `id:key` or in the encoded form
    #[arg(long, value_name = "KEY", env = "TRAILKEEP_ELASTICSEARCH_API_KEY", hide_env_values = true, value_parser = secret)]
    elasticsearch_api_key: Option<Secret>,

    /// User of Elasticsearch or OpenSearch
    #[arg(long, value_name = "USER", env = "TRAILKEEP_ELASTICSEARCH_USER")]
    elasticsearch_user: Option<String>,

    /// That user's password
    #[arg(long, value_name = "PASSWORD", env = "TRAILKEEP_ELASTICSEARCH_PASSWORD", hide_env_values = true, value_parser = secret)]
    elasticsearch_password: Option<Secret>,

    /// What requests to a webhook are signed by: as it stands, or `whsec_` and base64
    #[arg(long, value_name = "SECRET", env = "TRAILKEEP_WEBHOOK_SECRET", hide_env_values = true, value_parser = secret)]
    webhook_secret: Option<Secret>,

    /// PEM file with certificates to trust beside those of the system
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_CA_FILE")]
    ca_file: Option<PathBuf>,
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::from(text))
}

fn parse_retain(text: &str) -> Result<Retain, String> {
    Retain::parse(Some(text))
        .ok_or_else(|| format!("`{text}` is no such setting: write `none`, `minimal`, `flattened`, `keyword` or `all`"))
}

impl ExportArgs {
    /// Returns whether it is the index template that is asked for, which needs no lake.
    pub(crate) fn is_about_template(&self) -> bool {
        self.print_index_template.is_some()
    }
}

/// Prints the index template.
pub(crate) fn print_template(command: &ExportArgs) -> Result<Exit> {
    let mut stdout = output::stdout();
    let service = command.print_index_template.unwrap_or(template::Service::Elasticsearch);
    writeln!(stdout, "{}", template::text(service)?)?;
    stdout.flush()?;
    Ok(Exit::Success)
}

/// Exports and reports.
pub(crate) async fn run(command: ExportArgs, settings: &Settings) -> Result<Exit> {
    let form = plan::form(&command, settings)?;
    let destination = Destination::open(&command, form, settings).await?;
    // Whoever has no lake is told how to fill one, and nothing is made.
    drop(open::session(settings).await?);
    let plan = plan::export(&command, &destination, settings).await?;
    let offset = plan::offset(&command, form, &destination, settings)?;
    let city = command.words.geo_city.as_ref().or(settings.geo_city.as_ref());
    let asn = command.words.geo_asn.as_ref().or(settings.geo_asn.as_ref());
    let geo = Databases::open(city.map(PathBuf::as_path), asn.map(PathBuf::as_path))?;
    let mapped = normalize::ecs::Settings { tags: command.words.tag, retain: command.words.retain.unwrap_or_default() };
    let stop = crate::stop::listen("what was read by now is being sent")?;
    let ways = Ways { plan, destination, offset, stop: stop.clone() };
    let (report, destination) = match (form, &ways.destination.to) {
        (Form::Parquet, To::Stdout) => ways.send(parquet::Stream::default()).await?,
        (Form::Parquet, _) => ways.send(parquet::Parts::new(&command.limits)).await?,
        _ => {
            let added = ecs::Added::new(ways.destination.stream(), ways.destination.is_searched());
            let added = added.map_err(|error| Fault::new("could not name the data stream").because(error))?;
            ways.send(Words::new(form, mapped, &geo, added)).await?
        }
    };
    geo.report();
    report::show(&report, &destination, form, settings)?;
    if *stop.borrow() && !command.follow {
        return Err(Fault::new("the export was stopped before its end")
            .help("what is settled is stored; the same command goes on from there"));
    }
    Ok(if report.refused.total > 0 { Exit::Findings } else { Exit::Success })
}

/// All that an export needs but its format.
struct Ways {
    plan: Export,
    destination: Destination,
    offset: Offset,
    stop: watch::Receiver<bool>,
}

impl Ways {
    async fn send(self, format: impl Format) -> Result<(Report, Destination)> {
        let Ways { plan, destination, offset, stop } = self;
        let mut begun = Ok(());
        let open = async |position| {
            if begun.is_ok() {
                begun = destination.begin();
            }
            Sink::open(destination.settings(), position, Arc::new(SystemClock)).await
        };
        let report = export(&plan, Ends { format, open, offset }, stop).await.map_err(plan::fault)?;
        begun?;
        Ok((report, destination))
    }
}
