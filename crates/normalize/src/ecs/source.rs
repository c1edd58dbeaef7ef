//! What was called, from where, by what program, and how it failed (section "Action, cloud, source, user agent,
//! errors" of the mapping).

use std::borrow::Cow;
use std::net::IpAddr;

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::lookup::Lookups;
use crate::ecs::mapping::{Mapping, Stopped};
use crate::ecs::record::{Member, Record};

/// What the names of services end with.
pub(super) const SERVICE_SUFFIX: &str = ".amazonaws.com";

pub(super) fn map(mapping: &mut Mapping<'_>, lookups: &mut Lookups<'_>) -> Result<(), Stopped> {
    mapping.document.set_text(Field::CloudProvider, "aws");
    let Some(record) = mapping.record else { return Ok(()) };
    let document = &mut mapping.document;
    let service = match record.text(Member::EventSource) {
        Some(Cow::Borrowed(source)) => source.strip_suffix(SERVICE_SUFFIX).map(Cow::Borrowed),
        Some(Cow::Owned(source)) => source.strip_suffix(SERVICE_SUFFIX).map(|name| Cow::Owned(name.to_owned())),
        None => None,
    };
    if let Some(service) = service {
        document.set_text(Field::CloudServiceName, service);
    }
    document.set_node(Field::Provider, record.get(Member::EventSource));
    document.set_node(Field::Action, record.get(Member::EventName));
    document.set_node(Field::EventCategory, record.get(Member::EventCategory));
    document.set_node(Field::CloudRegion, record.get(Member::AwsRegion));
    let record = signed_in_user(mapping, record);
    address(mapping, record, lookups);
    user_agent(mapping, record, lookups)?;
    mapping.document.set_node(Field::ErrorCode, record.get(Member::ErrorCode));
    mapping.document.set_node(Field::AwsErrorMessage, record.get(Member::ErrorMessage));
    Ok(())
}

/// A sign-in through Identity Center names its user beside the event; the name then stands there no more.
fn signed_in_user<'t>(mapping: &mut Mapping<'t>, record: Record<'t>) -> Record<'t> {
    if mapping.document.has(Field::UserName) || record.text(Member::EventName).as_deref() != Some("UserAuthentication")
    {
        return record;
    }
    let Some(name) = record.below(Member::AdditionalEventData, "UserName") else { return record };
    mapping.document.set(Field::UserName, Slot::Node(name));
    let record = record.without(name);
    mapping.record = Some(record);
    record
}

fn address(mapping: &mut Mapping<'_>, record: Record<'_>, lookups: &mut Lookups<'_>) {
    let Some(node) = record.get(Member::SourceIpAddress) else { return };
    mapping.document.set(Field::SourceAddress, Slot::Node(node));
    let Some(address) = record.tree.string(node).and_then(|text| text.parse::<IpAddr>().ok()) else { return };
    mapping.document.set(Field::SourceIp, Slot::Node(node));
    let known = lookups.address(address);
    if let Some(network) = &known.network {
        mapping.document.set(Field::SourceAs, Slot::Json(network.clone()));
    }
    if let Some(place) = &known.place {
        mapping.document.set(Field::SourceGeo, Slot::Json(place.clone()));
    }
}

fn user_agent(mapping: &mut Mapping<'_>, record: Record<'_>, lookups: &mut Lookups<'_>) -> Result<(), Stopped> {
    let Some(node) = record.get(Member::UserAgent) else { return Ok(()) };
    let Some(text) = record.tree.string(node) else {
        return Err(mapping.stop("user_agent", "user_agent_parse", "field [userAgent] is not a string"));
    };
    mapping.document.set(Field::UserAgent, Slot::Json(lookups.user_agent(&text)));
    Ok(())
}
