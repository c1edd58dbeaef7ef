//! Event history: the newest events that fit a few filters, as CloudTrail's own LookupEvents, without its limits.
//!
//! A [`Lookup`] becomes SQL over the view `events` (`sql`), and the lake answers that.

use std::net::IpAddr;

use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SessionContext;
use event::arn::{AccountId, Region};
use jiff::Timestamp;

use crate::error::{Error, Result};

mod source;
pub(crate) mod sql;

pub use self::source::EventSource;

/// How many events a lookup gives unless told otherwise.
pub const LIMIT_DEFAULT: u64 = 50;

/// A question to event history. Values of one field are alternatives, fields add up; what is empty filters nothing.
///
/// ```
/// use inquiry::lookup::{Columns, Lookup};
/// let lookup = Lookup { users: vec!["alice".into()], ..Lookup::default() };
/// assert!(lookup.sql(Columns::All).contains("userIdentity.userName = 'alice'"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Users: a user's name, a role's name, a session's name, an ARN, a principal ID, or `root`.
    pub users: Vec<String>,
    /// Roles acted as, by name or ARN.
    pub roles: Vec<String>,
    /// Access key IDs that signed the call.
    pub keys: Vec<String>,
    /// Event names; `*` stands for any text.
    pub names: Vec<String>,
    /// Services called.
    pub sources: Vec<EventSource>,
    /// Resources: an ARN, or a name that stands between quotes, slashes or colons in the request.
    pub resources: Vec<String>,
    /// Where calls came from.
    pub addresses: Vec<Address>,
    /// How calls ended.
    pub errors: Vec<Outcome>,
    /// Only calls that read (`true`) or that may change something (`false`).
    pub read_only: Option<bool>,
    /// Accounts the events were recorded in.
    pub accounts: Vec<AccountId>,
    /// Regions of the calls.
    pub regions: Vec<Region>,
    /// Text inside the request or the response, in any case.
    pub text: Vec<String>,
    /// Earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// Latest time, exclusive.
    pub until: Option<Timestamp>,
    /// Most events to give, newest first; `None` for all.
    pub limit: Option<u64>,
}

impl Default for Lookup {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            roles: Vec::new(),
            keys: Vec::new(),
            names: Vec::new(),
            sources: Vec::new(),
            resources: Vec::new(),
            addresses: Vec::new(),
            errors: Vec::new(),
            read_only: None,
            accounts: Vec::new(),
            regions: Vec::new(),
            text: Vec::new(),
            since: None,
            until: None,
            limit: Some(LIMIT_DEFAULT),
        }
    }
}

/// Where a call came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP address or a block of them, such as `10.0.0.0/8`.
    Block(String),
    /// An AWS service, which CloudTrail names in place of an address.
    Service(String),
}

impl Address {
    /// Returns the address, block or service spelled by `text`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let bits = address.parse::<IpAddr>().map(|address| if address.is_ipv4() { 32 } else { 128 });
        let fits = |length: &str| length.parse::<u8>().ok();
        match (bits, length) {
            (Ok(_), None) => Ok(Self::Block(text.to_owned())),
            (Ok(bits), Some(length)) if fits(length).is_some_and(|length| length <= bits) => {
                Ok(Self::Block(text.to_owned()))
            }
            (Err(_), None) if text == "AWS Internal" || text.ends_with(".amazonaws.com") => {
                Ok(Self::Service(text.to_owned()))
            }
            _ => Err(Error::invalid(
                text,
                "address",
                "write an address such as `203.0.113.9` or `2001:db8::1`, a block such as `10.0.0.0/8`, \
                 or a service such as `ec2.amazonaws.com`",
            )),
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With this error code; `*` stands for any text.
    Code(String),
    /// With some error.
    Failed,
    /// With an error that says the caller has no right.
    Denied,
    /// Without an error.
    Succeeded,
}

impl Outcome {
    /// Returns the outcome spelled by `text`: `any`, `none`, `denied`, or an error code.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) for text that no error code looks like.
    pub fn parse(text: &str) -> Result<Self> {
        let is_code = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        match text {
            "any" => Ok(Self::Failed),
            "none" => Ok(Self::Succeeded),
            "denied" => Ok(Self::Denied),
            code if is_code => Ok(Self::Code(code.to_owned())),
            _ => Err(Error::invalid(
                text,
                "error",
                "write an error code such as `AccessDenied` or `Client.*`, or `any`, `none`, `denied`",
            )),
        }
    }
}

/// Which columns a lookup gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// What fits a line: `time`, `account`, `region`, `who`, `event`, `source`, `address`, `error`.
    Summary,
    /// Every column of `events`.
    All,
}

impl Lookup {
    /// Returns the SQL that answers the question. Whatever the values hold, it is one `SELECT` with these filters.
    pub fn sql(&self, columns: Columns) -> String {
        sql::select(self, columns)
    }
}

/// Asks the lake and streams the answer, newest events first. Dropping the stream ends the work.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
pub async fn lookup(
    ctx: &SessionContext,
    lookup: &Lookup,
    columns: Columns,
) -> Result<(SchemaRef, SendableRecordBatchStream)> {
    let sql = lookup.sql(columns);
    match lake::sql::query(ctx, &sql).await {
        Ok(answer) => Ok(answer),
        Err(source) => Err(Error::query("look up events", sql, source)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
