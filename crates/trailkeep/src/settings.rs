//! Flags, environment and configuration file put together into what the commands need.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use detect::Placeholders;
use event::arn::AccountId;
use lake::location::Location;
use lake::sql::{AddressBook, SessionOptions};
use sink::Secret;
use source::{AwsOptions, Uri};
use url::Url;

use crate::cli::{Format, Global, parse_arn};
use crate::command::convert::geo::Book;
use crate::config::{self, Config, Size};
use crate::fault::{Fault, Result};
use crate::output::Form;
use crate::terminal;
use crate::units::{parse_bytes, parse_duration};

/// Size of a lake from which on a query without a time filter is warned of.
const SCAN_WARNING_BYTES: u64 = 10 << 30;

/// What the commands need to know.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Folder of the lake and its control documents.
    pub(crate) data: PathBuf,
    /// The lake's place in a bucket, if it lies in one.
    pub(crate) lake: Option<String>,
    /// How answers are printed.
    pub(crate) format: Format,
    /// Whether the answer to a query is wanted as Parquet.
    pub(crate) is_parquet: bool,
    /// Whether raw values end by NUL.
    pub(crate) null: bool,
    /// How S3 is reached.
    pub(crate) aws: AwsOptions,
    /// Names of accounts.
    pub(crate) accounts: Accounts,
    /// Files of public keys that digests are proven by.
    pub(crate) keys: Vec<PathBuf>,
    /// Database of cities, for documents that say where an address is.
    pub(crate) geo_city: Option<PathBuf>,
    /// Database of networks, for documents that say whose an address is.
    pub(crate) geo_asn: Option<PathBuf>,
    /// Memory of a query, if limited otherwise than by default.
    pub(crate) memory_bytes_max: Option<u64>,
    /// How long a query may run, if limited otherwise than by default.
    pub(crate) query_timeout: Option<Duration>,
    /// Size of a lake from which on a query without a time filter is warned of.
    pub(crate) scan_warning_bytes: u64,
    /// What rules look by.
    pub(crate) detect: Detect,
    /// How destinations of exports know us, and we know them.
    pub(crate) destinations: Destinations,
}

/// How destinations of exports know us, and we know them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Destinations {
    /// API key of Elasticsearch or OpenSearch.
    pub(crate) elasticsearch_api_key: Option<Secret>,
    /// User of Elasticsearch or OpenSearch.
    pub(crate) elasticsearch_user: Option<String>,
    /// That user's password.
    pub(crate) elasticsearch_password: Option<Secret>,
    /// What webhooks are signed by.
    pub(crate) webhook_secret: Option<Secret>,
    /// Certificates to trust beside those of the system.
    pub(crate) ca_file: Option<PathBuf>,
}

/// What rules look by, as the configuration gives it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Detect {
    /// Rule files and folders of them.
    pub(crate) rules: Vec<PathBuf>,
    /// Lists of indicators.
    pub(crate) indicators: Vec<PathBuf>,
    /// Whether a collection is followed by a look at the dates that it brought.
    pub(crate) after_collect: bool,
    /// What placeholders in rules stand for.
    pub(crate) placeholders: Placeholders,
}

/// The placeholders of the rules that ship: empty where nobody says otherwise.
const PLACEHOLDERS: [&str; 3] = ["known_networks", "session_name_roles", "trail_buckets"];

impl From<config::Detect> for Detect {
    fn from(config: config::Detect) -> Detect {
        let mut placeholders: Placeholders = PLACEHOLDERS.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        placeholders.extend(config.lists);
        Detect { rules: config.rules, indicators: config.indicators, after_collect: config.after_collect, placeholders }
    }
}

impl Settings {
    /// Puts flags and configuration together; environment variables are in the flags already.
    pub(crate) fn resolve(global: Global) -> Result<Self> {
        let config = config::read(&global)?;
        let accounts = Accounts::new(&global.account_name, &config)?;
        let from_file = |text: &String| text.parse::<Form>().map_err(Fault::new);
        let given = match (global.json, global.output, &config.output) {
            (true, ..) => Some(Form::Text(Format::Json)),
            (false, Some(form), _) => Some(form),
            (false, None, text) => text.as_ref().map(from_file).transpose()?,
        };
        let by_default = if terminal::is_stdout() { Format::Table } else { Format::Jsonl };
        let (format, is_parquet) = match given {
            Some(Form::Text(format)) => (format, false),
            Some(Form::Parquet) => (by_default, true),
            None => (by_default, false),
        };
        let role_arn = match (global.role_arn, &config.role_arn) {
            (None, Some(text)) => Some(parse_arn(text).map_err(Fault::new)?),
            (flag, _) => flag,
        };
        let data = global.data.or(config.data).or_else(|| Some(dirs::data_dir()?.join("trailkeep")));
        Ok(Self {
            data: data
                .ok_or_else(|| Fault::new("the platform names no data folder").help("choose one by `--data DIR`"))?,
            lake: global.lake.or(config.lake),
            format,
            is_parquet,
            null: global.null,
            aws: AwsOptions {
                profile: global.profile.or(config.profile),
                role_arn,
                region: global.aws_region.or(config.aws_region),
                sse_kms_key_id: global.sse_kms_key_id.or(config.sse_kms_key_id),
                endpoint_url: global.endpoint_url.or(config.endpoint_url),
                request_timeout: duration(global.s3_request_timeout, config.s3_request_timeout.as_deref())?,
                retry_timeout: duration(global.s3_retry_timeout, config.s3_retry_timeout.as_deref())?,
            },
            accounts,
            destinations: Destinations {
                elasticsearch_api_key: config.elasticsearch_api_key,
                elasticsearch_user: config.elasticsearch_user,
                elasticsearch_password: config.elasticsearch_password,
                webhook_secret: config.webhook_secret,
                ca_file: config.ca_file,
            },
            keys: config.keys,
            geo_city: config.geo_city,
            geo_asn: config.geo_asn,
            memory_bytes_max: global
                .memory_bytes_max
                .map_or_else(|| size(config.memory_bytes_max), |max| Ok(Some(max)))?,
            query_timeout: duration(global.query_timeout, config.query_timeout.as_deref())?,
            scan_warning_bytes: global
                .scan_warning_bytes
                .map_or_else(|| size(config.scan_warning_bytes), |max| Ok(Some(max)))?
                .unwrap_or(SCAN_WARNING_BYTES),
            detect: config.detect.into(),
        })
    }

    /// Returns where the lake lies.
    ///
    /// # Errors
    /// If the lake's URI names no bucket, or AWS settings cannot be used.
    pub(crate) async fn location(&self) -> Result<Location> {
        let Some(text) = &self.lake else { return Ok(Location::local(&self.data)) };
        let elsewhere = || {
            Fault::new(format!("`{text}` is no place for a lake's tables"))
                .help("write `--lake s3://bucket/prefix`; a lake in a local folder is chosen by `--data DIR`")
        };
        let Uri::S3 { bucket, key } = Uri::parse(text.as_ref())? else { return Err(elsewhere()) };
        let store = source::s3_store(&bucket, &self.aws).await?;
        let url = Url::parse(&format!("s3://{bucket}/{}", key.trim_end_matches('/')));
        Ok(Location::remote(&self.data, store, url.map_err(|error| elsewhere().because(error))?))
    }

    /// Returns the memory of a query, which is `by_default` where nobody says otherwise.
    pub(crate) fn query_memory_bytes_max(&self, by_default: usize) -> usize {
        self.memory_bytes_max.map_or(by_default, |max| usize::try_from(max).unwrap_or(usize::MAX))
    }

    /// Returns the bounds of a session of SQL.
    pub(crate) fn session_options(&self) -> SessionOptions {
        let mut options = lake::Lake::session_options(None);
        options.memory_bytes_max = self.query_memory_bytes_max(options.memory_bytes_max);
        let book = Book::of(self.geo_city.clone(), self.geo_asn.clone());
        options.addresses = book.map(|book| Arc::new(book) as Arc<dyn AddressBook>);
        options
    }
}

/// Returns the flag's length of time, else that of the configuration.
fn duration(flag: Option<Duration>, text: Option<&str>) -> Result<Option<Duration>> {
    match flag {
        Some(length) => Ok(Some(length)),
        None => text.map(|text| parse_duration(text).map_err(Fault::new)).transpose(),
    }
}

fn size(size: Option<Size>) -> Result<Option<u64>> {
    match size {
        None => Ok(None),
        Some(Size::Bytes(bytes)) => Ok(Some(bytes)),
        Some(Size::Text(text)) => parse_bytes(&text).map(Some).map_err(Fault::new),
    }
}

/// Names of accounts, as the configuration gives them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts(BTreeMap<String, String>);

impl Accounts {
    fn new(flags: &[String], config: &Config) -> Result<Self> {
        let mut names = config.accounts.clone();
        for text in flags {
            let (id, name) = text.split_once('=').unwrap_or((text, ""));
            names.insert(id.trim().to_owned(), name.trim().to_owned());
        }
        for (id, name) in &names {
            if AccountId::parse(id).is_none() || name.is_empty() {
                let help = "write twelve digits and a name, such as `111122223333=prod`, or in the configuration \
                            `[accounts]` and `111122223333 = \"prod\"`";
                return Err(Fault::new(format!("`{id}={name}` names no account")).help(help));
            }
        }
        Ok(Self(names))
    }

    /// Returns the account's name, if it has one.
    pub(crate) fn name(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// Returns the first account that has a name.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }

    /// Returns the account that an ID or a name stands for.
    pub(crate) fn find(&self, text: &str) -> Result<AccountId> {
        let named = self.0.iter().find(|(_, name)| *name == text).map(|(id, _)| id.as_str());
        AccountId::parse(named.unwrap_or(text)).ok_or_else(|| {
            let known: Vec<&str> = self.0.values().map(String::as_str).collect();
            let names = if known.is_empty() {
                "names come from `[accounts]` in the configuration".to_owned()
            } else {
                known.join(", ")
            };
            Fault::new(format!("`{text}` is no account"))
                .help(format!("write an account ID of twelve digits or an account's name; {names}"))
        })
    }
}
