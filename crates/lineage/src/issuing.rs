//! The calls that issue credentials, and where their records say to whom and which.
//!
//! Sources: IAM user guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"; CloudTrail user guide, "AWS
//! Management Console sign-in events"; STS API reference.

use event::arn::Arn;
use serde_json::Value;

use crate::credential::{Credential, Use, is_access_key};
use crate::edge::Edge;
use crate::moment;
use crate::record::{Member, Record};

/// Name of the call that makes a long-term key.
pub(crate) const CREATE_ACCESS_KEY: &str = "CreateAccessKey";
/// Name of the console's record of a switched role.
pub(crate) const SWITCH_ROLE: &str = "SwitchRole";

/// A call that issues credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`.
    AssumeRole,
    /// `AssumeRoot`.
    AssumeRoot,
    /// `GetSessionToken`.
    GetSessionToken,
    /// `GetFederationToken`.
    GetFederationToken,
    /// `GetSigninToken`: a session taken to the console.
    GetSigninToken,
    /// `SwitchRole`: the console's word on who took a role.
    SwitchRole,
    /// `CreateAccessKey`.
    CreateAccessKey,
    /// Any other call of an AWS service whose answer holds credentials.
    Other,
}

impl Call {
    /// Returns the call by its service and name. A name that is none of these may still issue credentials: its answer
    /// decides, unless it comes from outside AWS, where anybody can write what they like.
    pub(crate) fn of(source: &str, name: &str) -> Option<Call> {
        Some(match (source, name) {
            ("sts.amazonaws.com", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => {
                Call::AssumeRole
            }
            ("sts.amazonaws.com", "AssumeRoot") => Call::AssumeRoot,
            ("sts.amazonaws.com", "GetSessionToken") => Call::GetSessionToken,
            ("sts.amazonaws.com", "GetFederationToken") => Call::GetFederationToken,
            ("signin.amazonaws.com", "GetSigninToken") => Call::GetSigninToken,
            ("signin.amazonaws.com", SWITCH_ROLE) => Call::SwitchRole,
            ("iam.amazonaws.com", CREATE_ACCESS_KEY) => Call::CreateAccessKey,
            _ if source.ends_with(".amazonaws.com") => Call::Other,
            _ => return None,
        })
    }
}

/// Reads the edge from the record of a call that did not fail.
pub(crate) fn edge(call: Call, record: &impl Record) -> Option<Edge> {
    if record.text(Member::EventCategory) == Some("ActivityAuditLog") {
        // Events of channels: written by whoever may write to the channel.
        return None;
    }
    let answer = record.text(Member::ResponseElements).unwrap_or("");
    if call == Call::Other && !answer.contains("\"accessKeyId\"") {
        return None;
    }
    // Issuing records are few, and a tree forgives members of an unexpected type, where a typed reader loses the rest.
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let request = record.text(Member::RequestParameters).and_then(|text| serde_json::from_str(text).ok());
    let details = Details { request: request.unwrap_or_default(), answer };
    let caller = Use::of(record);
    let edge = Edge {
        issued: record.time()?,
        event_id: owned(record.text(Member::EventId)),
        event_name: record.text(Member::EventName)?.to_owned(),
        recipient_account: owned(record.text(Member::RecipientAccountId)),
        shared_event_id: owned(record.text(Member::SharedEventId)),
        child_key: details.key("/credentials/accessKeyId"),
        child_principal: None,
        child_arn: None,
        role_arn: owned(details.asked("/roleArn")),
        expires: details.answered("/credentials/expiration").and_then(moment::expiration),
        source_identity: owned(details.asked("/sourceIdentity").or(details.answered("/sourceIdentity"))),
        provider_arn: None,
        parent: caller.to_owned(),
    };
    details.complete(call, edge, &caller, record)
}

/// The members of a record whose form depends on the call.
struct Details {
    request: Value,
    answer: Value,
}

impl Details {
    fn asked(&self, pointer: &str) -> Option<&str> {
        self.request.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    fn answered(&self, pointer: &str) -> Option<&str> {
        self.answer.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    fn key(&self, pointer: &str) -> Option<String> {
        self.answered(pointer).filter(|key| is_access_key(key)).map(str::to_owned)
    }

    /// Adds what only this call's records hold; `None` where the record shows that nothing was issued.
    fn complete(&self, call: Call, mut edge: Edge, caller: &Use<'_>, record: &impl Record) -> Option<Edge> {
        match call {
            Call::AssumeRole => {
                edge.child_principal =
                    owned(self.answered("/assumedRoleUser/assumedRoleId").filter(|id| is_session(id)));
                edge.child_arn = owned(self.answered("/assumedRoleUser/arn"));
                let provider = self.asked("/principalArn").or(self.asked("/providerId"));
                edge.provider_arn = owned(provider.or(self.answered("/provider")));
            }
            Call::AssumeRoot => {
                // The session shows the member account's root, whose principal is the account.
                let target = self.asked("/targetPrincipal")?;
                let account = Arn::parse(target).map_or(target.to_owned(), |arn| arn.account_text().to_owned());
                edge.child_principal = Some(account);
            }
            // The session shows the caller himself.
            Call::GetSessionToken => edge.child_principal = owned(caller.principal_id),
            Call::GetFederationToken => {
                edge.child_principal = owned(self.answered("/federatedUser/federatedUserId"));
                edge.child_arn = owned(self.answered("/federatedUser/arn"));
            }
            Call::GetSigninToken | Call::Other => edge.child_key.as_ref().map(|_| ())?,
            Call::SwitchRole => {
                let switched = self.answered("/SwitchRole") == Some("Success");
                let details = record.text(Member::AdditionalEventData)?;
                let details: Value = serde_json::from_str(details).ok()?;
                let from = details.pointer("/SwitchFrom").and_then(Value::as_str).filter(|_| switched)?;
                edge.parent = named_by(from)?;
                edge.child_principal = owned(caller.principal_id.filter(|id| is_session(id)));
                edge.child_arn = owned(caller.arn);
                edge.shared_event_id = None;
            }
            Call::CreateAccessKey => {
                edge.child_key = self.key("/accessKey/accessKeyId");
                edge.child_key.as_ref()?;
                // Every copy shows the key; nothing else may lead here.
                edge.shared_event_id = None;
            }
        }
        Some(edge)
    }
}

/// Returns true for a role session's `principalId`: the role's unique ID and a session name. A masked one stands for
/// many sessions and is none.
fn is_session(principal: &str) -> bool {
    principal.split_once(':').is_some_and(|(role, name)| is_unmasked(role) && !name.is_empty())
}

fn is_unmasked(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns the identity that an ARN names, as far as it tells.
fn named_by(arn: &str) -> Option<Credential<String>> {
    let parsed = Arn::parse(arn)?;
    let identity_type = match (parsed.service(), parsed.resource_type(), parsed.resource()) {
        ("iam", Some("user"), _) => "IAMUser",
        ("iam", _, "root") => "Root",
        ("sts", Some("assumed-role"), _) => "AssumedRole",
        ("sts", Some("federated-user"), _) => "FederatedUser",
        _ => return None,
    };
    let user = (identity_type == "IAMUser").then(|| parsed.resource_id().rsplit('/').next().map(str::to_owned));
    Some(Credential {
        identity_type: Some(identity_type.to_owned()),
        arn: Some(arn.to_owned()),
        account: Some(parsed.account_text().to_owned()).filter(|account| !account.is_empty()),
        user_name: user.flatten(),
        ..Credential::default()
    })
}

fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
