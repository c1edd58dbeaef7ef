//! Events from outside AWS that come in over a channel: checked one by one, stored together.
//!
//! Source: AWS CloudTrail Data API reference, `PutAuditEvents`; AWS CloudTrail user guide, "CloudTrail Lake integrations
//! event schema".

mod check;
mod event_id;
mod record;
mod status;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bytes::Bytes;
use event::arn::Arn;
use serde::{Deserialize, Serialize};
use trail::model::{CHANNEL, Channel};

pub(crate) use status::Ingestions;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::operation::Access;
use crate::policy;
use crate::resource::Kind;
use crate::service::Service;
use crate::validate::Violations;
use record::Built;

/// The body of a call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    audit_events: Vec<AuditEvent>,
}

/// An event as its sender gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEvent {
    /// What its sender calls it.
    id: String,
    /// The event, as a text of JSON.
    event_data: String,
    /// SHA-256 of that text, in base64.
    event_data_checksum: Option<String>,
}

/// The answer: what became of each event.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Output {
    successful: Vec<Successful>,
    failed: Vec<Failed>,
}

/// An event that is stored.
#[derive(Debug, Serialize)]
struct Successful {
    id: String,
    #[serde(rename = "eventID")]
    event_id: String,
}

/// An event that is not stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    id: String,
    error_code: &'static str,
    error_message: String,
}

/// Why an event is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: &'static str,
    message: String,
}

/// What the address of a call names.
#[derive(Debug, Default)]
pub(crate) struct Address {
    /// The channel.
    pub channel_arn: Option<String>,
    /// What the owner of the channel told the sender beforehand.
    pub external_id: Option<String>,
}

/// Stores the events of a call over a channel, and returns once they are committed.
///
/// # Errors
/// For the whole call: `InvalidChannelARN`, `ChannelNotFound`, `ChannelInsufficientPermission`, `DuplicatedAuditEventId`,
/// and `ValidationException` for members beyond their limits.
pub(crate) async fn put_audit_events(
    service: &Service,
    call: &Call,
    address: &Address,
    input: Input,
) -> Result<Output> {
    call.authorize(Access::Write, "cloudtrail-data:PutAuditEvents")?;
    let channel = channel(service, address)?;
    check_sender(service, call, &channel, address.external_id.as_deref())?;
    check_members(&input, address)?;
    let mut output = Output::default();
    let mut building = record::Building::new(&channel, call);
    for event in &input.audit_events {
        match check::checked(event, &channel) {
            Ok(checked) => building.add(event, checked),
            Err(refusal) => output.failed.push(failed(&event.id, refusal)),
        }
    }
    let built = building.finish();
    if !built.entries.is_empty() {
        store(service, &channel, built, &mut output).await;
    }
    status::tell(service, call, &channel, &input.audit_events, &output)?;
    Ok(output)
}

/// Hands the records over, and says which are stored.
async fn store(service: &Service, channel: &Channel, built: Built, output: &mut Output) {
    match service.push.push(&channel.arn, Bytes::from(built.body)).await {
        Ok(pushed) => {
            for entry in built.entries {
                let reject = pushed.rejects.iter().find(|reject| entry.range.contains(&reject.offset));
                match reject {
                    Some(reject) => output.failed.push(failed(
                        &entry.id,
                        Refusal {
                            code: "InvalidData",
                            message: format!("The event cannot be stored: {}.", reject.reason),
                        },
                    )),
                    None => output.successful.push(Successful { id: entry.id, event_id: entry.event_id }),
                }
            }
        }
        Err(error) => {
            tracing::error!(channel = channel.arn, %error, "events of a channel could not be stored");
            let refusal = Refusal {
                code: "InternalFailure",
                message: "The event could not be stored. Send it again.".to_owned(),
            };
            output.failed.extend(built.entries.iter().map(|entry| failed(&entry.id, refusal.clone())));
        }
    }
}

fn failed(id: &str, refusal: Refusal) -> Failed {
    Failed { id: id.to_owned(), error_code: refusal.code, error_message: refusal.message }
}

/// Finds the channel, whoever owns it.
fn channel(service: &Service, address: &Address) -> Result<Channel> {
    let arn = address.channel_arn.as_deref().unwrap_or_default();
    let parsed = Arn::parse(arn);
    let is_channel = parsed.as_ref().and_then(Kind::of).is_some_and(|(kind, _)| kind == Kind::Channel);
    if !is_channel {
        return Err(Fault::new(Code::InvalidChannelARN, "The address names no channel: give its ARN as channelArn."));
    }
    let found = service.documents.read::<Channel>(CHANNEL, arn)?;
    found.map(|kept| kept.value).ok_or_else(|| Fault::new(Code::ChannelNotFound, "There is no channel with this ARN."))
}

/// Refuses a sender that the channel does not let: only its owner, and whom its resource policy lets, may send.
fn check_sender(service: &Service, call: &Call, channel: &Channel, external_id: Option<&str>) -> Result<()> {
    let sender = call.caller_arn();
    let is_owner = call.account == channel.account;
    if is_owner || policy::may_put(service, &channel.arn, (call.account, &sender), external_id)? {
        return Ok(());
    }
    let message = format!("{sender} is not authorized to perform: cloudtrail-data:PutAuditEvents on the channel.");
    Err(Fault::new(Code::ChannelInsufficientPermission, message))
}

fn check_members(input: &Input, address: &Address) -> Result<()> {
    let mut found = Violations::default();
    found.length("AuditEvents", Some(&input.audit_events), limits::AUDIT_EVENTS);
    found.text("ExternalId", address.external_id.as_deref(), &limits::AUDIT_EXTERNAL_ID);
    for event in &input.audit_events {
        found.text("AuditEvents.Id", Some(&event.id), &limits::AUDIT_UUID);
    }
    found.refuse(Code::ValidationException)?;
    let mut ids = BTreeSet::new();
    match input.audit_events.iter().find(|event| !ids.insert(event.id.as_str())) {
        Some(event) => {
            let message = format!("Two of the events have the id '{}'.", event.id);
            Err(Fault::new(Code::DuplicatedAuditEventId, message))
        }
        None => Ok(()),
    }
}
