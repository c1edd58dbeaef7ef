//! Where an export goes: from a URI, flags, environment and configuration to the settings of a sink.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_config::BehaviorVersion;
use aws_config::sts::AssumeRoleProvider;
use bytes::Bytes;
use pipeline::export::Ids;
use sink::{
    Auth, BatchLimits, ElasticsearchSettings, FilesSettings, Framing, ObjectsSettings, PartLimits, RetryLimits,
    Settings as SinkSettings, SnsSettings, Target, Uri, WebhookSettings,
};

use super::words::{self, Form};
use super::{Credentials, ExportArgs, Limits};
use crate::fault::{Fault, Result};
use crate::settings::{Destinations, Settings};

/// Most bytes of a part where nothing else is said.
const PART_BYTES_MAX: u64 = 64 << 20;

/// Payloads handed over at once where no request limits them.
const CALL_PAYLOADS: usize = 2_000;

/// The same for SNS, whose requests are small.
const CALL_MESSAGES: usize = 100;

/// The data stream that documents go to where nothing else is said.
const DATA_STREAM: &str = "logs-aws.cloudtrail-default";

/// Where events go.
pub(super) struct Destination {
    pub(super) to: To,
    /// As it is shown, without secrets.
    pub(super) shown: String,
    /// What tells it from others.
    pub(super) key: String,
    /// What a file or standard output begins with.
    header: Bytes,
}

/// The kinds of destinations.
pub(super) enum To {
    Stdout,
    Files(FilesSettings),
    Objects(Box<ObjectsSettings>),
    Elasticsearch(Box<ElasticsearchSettings>),
    Webhook(Box<WebhookSettings>),
    Sns(Box<SnsSettings>),
}

impl Destination {
    /// Reads the URI and gathers what goes with it. Nothing is opened yet.
    ///
    /// # Errors
    /// If it is no destination, or none for this format.
    pub(super) async fn open(command: &ExportArgs, form: Form, settings: &Settings) -> Result<Self> {
        let uri = Uri::parse(&command.to).map_err(|error| Fault::new(error.to_string()))?;
        check(&uri, form)?;
        let limits = &command.limits;
        let shown = uri.to_string();
        let key = match &uri {
            // Its path may be all that tells it from another one.
            Uri::Webhook(url) => url.to_string(),
            Uri::Folder(folder) => format!("{}/{}", absolute(folder)?.display(), limits.part_name),
            Uri::S3 { .. } => format!("{shown}/{}", limits.part_name),
            _ => shown.clone(),
        };
        let header: Bytes = words::header(form).into();
        let to = match uri {
            Uri::Stdout => To::Stdout,
            Uri::Folder(folder) => To::Files(files(folder, form, limits, header.clone())?),
            Uri::S3 { bucket, prefix } => {
                let store = source::s3_store(&bucket, &settings.aws).await?;
                let place = format!("s3://{bucket}");
                let objects = ObjectsSettings {
                    name: limits.part_name.clone(),
                    extension: form.extension().to_owned(),
                    gzip: limits.gzip.unwrap_or(true) && form != Form::Parquet,
                    framing: framing(form, header.clone()),
                    part: part(limits, PART_BYTES_MAX),
                    retry: retry(limits),
                    ..ObjectsSettings::new(store, place, prefix)
                };
                To::Objects(Box::new(objects))
            }
            Uri::Elasticsearch { url, target } => {
                let target = target.unwrap_or_else(|| Target::DataStream(DATA_STREAM.to_owned()));
                check_target(&target, form)?;
                let defaults = ElasticsearchSettings::new(url);
                let elasticsearch = ElasticsearchSettings {
                    target,
                    auth: auth(&command.credentials, &settings.destinations)?,
                    ca_file: ca_file(&command.credentials, &settings.destinations),
                    gzip: limits.gzip.unwrap_or(true),
                    batch: batch(limits, defaults.batch),
                    retry: retry(limits),
                    ..defaults
                };
                To::Elasticsearch(Box::new(elasticsearch))
            }
            Uri::Webhook(url) => {
                let defaults = WebhookSettings::new(url);
                let Credentials { webhook_secret, .. } = &command.credentials;
                let webhook = WebhookSettings {
                    secret: webhook_secret.clone().or_else(|| settings.destinations.webhook_secret.clone()),
                    ca_file: ca_file(&command.credentials, &settings.destinations),
                    batch: batch(limits, defaults.batch),
                    retry: retry(limits),
                    ..defaults
                };
                To::Webhook(Box::new(webhook))
            }
            Uri::Sns(topic_arn) => To::Sns(Box::new(sns(topic_arn, limits, settings).await)),
        };
        Ok(Self { to, shown, key, header })
    }

    /// Returns what the sink is opened by.
    pub(super) fn settings(&self) -> SinkSettings {
        match &self.to {
            To::Stdout => SinkSettings::Writer(Box::new(io::stdout())),
            To::Files(settings) => SinkSettings::Files(settings.clone()),
            To::Objects(settings) => SinkSettings::Objects(settings.as_ref().clone()),
            To::Elasticsearch(settings) => SinkSettings::Elasticsearch(settings.as_ref().clone()),
            To::Webhook(settings) => SinkSettings::Webhook(settings.as_ref().clone()),
            To::Sns(settings) => SinkSettings::Sns(settings.clone()),
        }
    }

    /// Writes what standard output begins with; files have it from their sink.
    pub(super) fn begin(&self) -> io::Result<()> {
        match self.to {
            To::Stdout => io::stdout().write_all(&self.header),
            _ => Ok(()),
        }
    }

    /// Returns by what the destination tells a repeat of a payload.
    pub(super) fn ids(&self) -> Ids {
        match self.to {
            To::Elasticsearch(_) | To::Webhook(_) | To::Sns(_) => Ids::Content,
            To::Stdout | To::Files(_) | To::Objects(_) => Ids::Seq,
        }
    }

    /// Returns how many payloads are handed over at once: those of one request, so that no more are sent again after a
    /// kill.
    pub(super) fn call_payloads_max(&self) -> usize {
        match &self.to {
            To::Elasticsearch(settings) => settings.batch.batch_payloads_max,
            To::Webhook(settings) => settings.batch.batch_payloads_max,
            To::Sns(_) => CALL_MESSAGES,
            To::Stdout | To::Files(_) | To::Objects(_) => CALL_PAYLOADS,
        }
    }

    /// Returns the data stream that documents say they belong to.
    pub(super) fn stream(&self) -> &str {
        match &self.to {
            To::Elasticsearch(settings) => match &settings.target {
                Target::DataStream(name) => name,
                Target::Index(_) => DATA_STREAM,
            },
            _ => DATA_STREAM,
        }
    }

    /// Returns whether documents are searched where they go, so that they arrive by being sent.
    pub(super) fn is_searched(&self) -> bool {
        matches!(self.to, To::Elasticsearch(_))
    }
}

/// Checks that a destination takes what events become.
fn check(uri: &Uri, form: Form) -> Result<()> {
    let is_lines_of_json = matches!(form, Form::Ecs | Form::Jsonl | Form::SnareJson);
    match uri {
        Uri::Stdout | Uri::S3 { .. } => Ok(()),
        Uri::Folder(folder) => {
            let ending = folder.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let is_file = ["jsonl", "ndjson", "json", "csv", "parquet", "gz"].contains(&ending) && !folder.is_dir();
            if !is_file {
                return Ok(());
            }
            Err(Fault::new(format!("`{}` looks like a file, and files are written into a folder", folder.display()))
                .help("name a folder, or leave `--to` out and send standard output to the file"))
        }
        _ if is_lines_of_json => Ok(()),
        _ => Err(Fault::new(format!("`{uri}` takes JSON, and `{}` is none", form.name()))
            .help("export `ecs`, `jsonl` or `snare`; other formats go to files, buckets and standard output")),
    }
}

/// A data stream wants a time in each document.
fn check_target(target: &Target, form: Form) -> Result<()> {
    match target {
        Target::DataStream(name) if form != Form::Ecs => {
            Err(Fault::new(format!("the data stream `{name}` takes ECS documents only"))
                .help("export `ecs`, or name an index by `?index=NAME` at the end of the URI"))
        }
        _ => Ok(()),
    }
}

fn files(folder: PathBuf, form: Form, limits: &Limits, header: Bytes) -> Result<FilesSettings> {
    let bytes_max = if form == Form::Parquet { PART_BYTES_MAX } else { PartLimits::default().part_bytes_max };
    Ok(FilesSettings {
        extension: form.extension().to_owned(),
        gzip: limits.gzip.unwrap_or(false) && form != Form::Parquet,
        framing: framing(form, header),
        part: part(limits, bytes_max),
        ..FilesSettings::new(absolute(&folder)?, limits.part_name.clone())
    })
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    std::path::absolute(folder)
        .map_err(|error| Fault::new(format!("could not find the folder `{}`", folder.display())).because(error))
}

fn framing(form: Form, header: Bytes) -> Framing {
    if form == Form::Parquet { Framing::Whole } else { Framing::Lines { header } }
}

fn part(limits: &Limits, bytes_max: u64) -> PartLimits {
    let part_bytes_max = limits.part_bytes_max.unwrap_or(bytes_max);
    PartLimits { part_bytes_max, part_payloads_max: limits.part_events_max.unwrap_or(u64::MAX) }
}

fn batch(limits: &Limits, defaults: BatchLimits) -> BatchLimits {
    let size = |max: u64| usize::try_from(max).unwrap_or(usize::MAX);
    BatchLimits {
        batch_bytes_max: limits.batch_bytes_max.map_or(defaults.batch_bytes_max, size),
        batch_payloads_max: limits.batch_events_max.map_or(defaults.batch_payloads_max, |max| size(max.into())),
    }
}

fn retry(limits: &Limits) -> RetryLimits {
    RetryLimits {
        attempts_max: usize::try_from(limits.attempts_max).unwrap_or(usize::MAX),
        delay_ms_min: limits.retry_delay_ms_min,
        delay_ms_max: limits.retry_delay_ms_max.max(limits.retry_delay_ms_min),
        ..RetryLimits::default()
    }
}

/// The key is stronger than user and password, flags and environment than the configuration.
fn auth(flags: &Credentials, config: &Destinations) -> Result<Auth> {
    let key = flags.elasticsearch_api_key.clone().or_else(|| config.elasticsearch_api_key.clone());
    let user = flags.elasticsearch_user.clone().or_else(|| config.elasticsearch_user.clone());
    let password = flags.elasticsearch_password.clone().or_else(|| config.elasticsearch_password.clone());
    match (key, user, password) {
        (Some(key), ..) => Ok(Auth::ApiKey(key)),
        (None, Some(user), Some(password)) => Ok(Auth::Basic { user, password }),
        (None, None, None) => Ok(Auth::Anonymous),
        (None, ..) => Err(Fault::new("Elasticsearch wants a user and a password, and only one of them was given")
            .help("set `TRAILKEEP_ELASTICSEARCH_USER` and `TRAILKEEP_ELASTICSEARCH_PASSWORD`, or an API key")),
    }
}

fn ca_file(flags: &Credentials, config: &Destinations) -> Option<PathBuf> {
    flags.ca_file.clone().or_else(|| config.ca_file.clone())
}

async fn sns(topic_arn: String, limits: &Limits, settings: &Settings) -> SnsSettings {
    let aws = &settings.aws;
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    let mut config = loader.load().await;
    if let Some(role) = &aws.role_arn {
        let assumed = AssumeRoleProvider::builder(role.as_str()).session_name("trailkeep").configure(&config);
        let credentials = aws_sdk_sns::config::SharedCredentialsProvider::new(assumed.build().await);
        config = config.into_builder().credentials_provider(credentials).build();
    }
    SnsSettings { endpoint_url: aws.endpoint_url.clone(), retry: retry(limits), ..SnsSettings::new(topic_arn, config) }
}
