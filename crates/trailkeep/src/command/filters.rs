//! The filters of event history: flags that `lookup` and `export` share, and the question they make.

use clap::Args;
use event::arn::Region;
use inquiry::lookup::{Address, EventSource, Lookup, Outcome};
use jiff::Timestamp;

use crate::fault::{Fault, Result};
use crate::settings::Accounts;

/// Which events: a filter that is repeated takes any of its values, filters of several kinds add up.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Filters {
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
}

impl Filters {
    /// Returns the question, with the newest `limit` events for an answer; 0 is all.
    ///
    /// # Errors
    /// If a value is not what it must be.
    pub(crate) fn question(&self, accounts: &Accounts, now: Timestamp, limit: u64) -> Result<Lookup> {
        let time = |flag: &str, text: &Option<String>| {
            text.as_ref().map(|text| inquiry::time::parse(text, now).map_err(|error| wrong(flag, error))).transpose()
        };
        let read_only = self.read_only.then_some(true).or(self.write_only.then_some(false));
        Ok(Lookup {
            users: self.user.clone(),
            roles: self.role.clone(),
            keys: self.key.clone(),
            names: self.name.clone(),
            sources: parsed("--source", &self.source, EventSource::parse)?,
            resources: self.resource.clone(),
            addresses: parsed("--ip", &self.ip, Address::parse)?,
            errors: parsed("--error", &self.error, Outcome::parse)?,
            read_only,
            accounts: self.account.iter().map(|text| accounts.find(text)).collect::<Result<_>>()?,
            regions: self.region.clone(),
            text: self.text.clone(),
            since: time("--since", &self.since)?,
            until: time("--until", &self.until)?,
            limit: (limit > 0).then_some(limit),
        })
    }

    /// Returns the flags that were given, with their values as they were typed.
    pub(crate) fn typed(&self) -> Vec<(&'static str, Vec<String>)> {
        let regions = self.region.iter().map(|region| region.as_str().to_owned()).collect();
        let flag = |is_set: bool| if is_set { vec![String::new()] } else { Vec::new() };
        let mut typed = vec![
            ("--user", self.user.clone()),
            ("--role", self.role.clone()),
            ("--key", self.key.clone()),
            ("--name", self.name.clone()),
            ("--source", self.source.clone()),
            ("--resource", self.resource.clone()),
            ("--ip", self.ip.clone()),
            ("--error", self.error.clone()),
            ("--read-only", flag(self.read_only)),
            ("--write-only", flag(self.write_only)),
            ("--account", self.account.clone()),
            ("--region", regions),
            ("--text", self.text.clone()),
            ("--since", self.since.iter().cloned().collect()),
            ("--until", self.until.iter().cloned().collect()),
        ];
        typed.retain(|(_, values)| !values.is_empty());
        typed
    }
}

fn parsed<T>(flag: &str, texts: &[String], parse: impl Fn(&str) -> inquiry::Result<T>) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(text).map_err(|error| wrong(flag, error))).collect()
}

fn wrong(flag: &str, error: inquiry::Error) -> Fault {
    Fault::new(format!("`{flag}`: {error}"))
}
