//! One call: who makes it, from where, when.

use std::net::{IpAddr, Ipv4Addr};

use event::arn::{AccountId, Region};
use event::time::EventTime;
use serde::{Deserialize, Serialize};

use crate::fault::{Code, Fault, Result};
use crate::operation::Access;

/// Who calls where nobody does.
const SERVICE: &str = "trailkeep";

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Admin,
    /// What changes nothing.
    Reader,
}

/// A call that was verified.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The key that signed it.
    pub key_id: String,
    /// The account that the key belongs to.
    pub account: AccountId,
    /// What the key may do.
    pub role: Role,
    /// Whether the key sees every account and Region.
    pub sees_all: bool,
    /// The Region that is called: the one in the scope of the signature.
    pub region: Region,
    /// When it came.
    pub now: EventTime,
    /// The id that the answer bears.
    pub request_id: String,
    /// Where it came from.
    pub source: IpAddr,
    /// What the client says it is.
    pub user_agent: Option<String>,
    /// The endpoint that the client called.
    pub host: Option<String>,
}

impl Call {
    /// Makes what the service does by itself for an account, such as a refresh by schedule. It may read.
    pub(crate) fn by_service(account: AccountId, region: Region, now: EventTime) -> Call {
        Call {
            key_id: SERVICE.to_owned(),
            account,
            role: Role::Reader,
            sees_all: false,
            region,
            now,
            request_id: uuid::Uuid::new_v4().to_string(),
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            host: None,
        }
    }

    /// Returns the partition of the called Region, as it stands in ARNs.
    pub(crate) fn partition(&self) -> &'static str {
        match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// Returns the ARN of one of the caller's resources in the called Region.
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:cloudtrail:{}:{}:{resource}", self.partition(), self.region.as_str(), self.account.as_str())
    }

    /// Returns the ARN of the caller: keys belong to users that have the key's id for a name.
    pub(crate) fn caller_arn(&self) -> String {
        format!("arn:{}:iam::{}:user/{}", self.partition(), self.account.as_str(), self.key_id)
    }

    /// Refuses what the key may not do.
    pub(crate) fn authorize(&self, access: Access, action: &str) -> Result<()> {
        if self.role == Role::Admin || access == Access::Read {
            return Ok(());
        }
        let message = format!(
            "User: {} is not authorized to perform: {action} because its key has the role reader",
            self.caller_arn()
        );
        Err(Fault::new(Code::AccessDeniedException, message))
    }
}
