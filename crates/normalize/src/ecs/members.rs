//! What is left of a record, its resources, and the sign-in to the console (section "Remaining record fields" of the
//! mapping).

use std::borrow::Cow;
use std::collections::HashMap;

use crate::ecs::document::{Slot, write_node};
use crate::ecs::field::Field;
use crate::ecs::identity::move_all;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::{Member, Record};
use crate::java;
use crate::json;
use crate::tree::{Kind, NodeId};

/// Members that only move.
const MOVES: &[(Member, Field)] = &[
    (Member::RequestId, Field::RequestId),
    (Member::EventId, Field::EventId),
    (Member::EventType, Field::EventType),
    (Member::ApiVersion, Field::ApiVersion),
    (Member::ReadOnly, Field::ReadOnly),
    (Member::RecipientAccountId, Field::RecipientAccountId),
    (Member::VpcEndpointId, Field::VpcEndpointId),
    (Member::VpcEndpointAccountId, Field::VpcEndpointAccountId),
];

const ADDENDUM: &[(&str, Field)] = &[
    ("reason", Field::AddendumReason),
    ("updatedFields", Field::AddendumUpdatedFields),
    ("originalRequestID", Field::AddendumOriginalRequestId),
    ("originalEventID", Field::AddendumOriginalEventId),
];

/// The names that AWS gives to parts of a resource, and those of the document.
const RESOURCE: &[(&str, &str)] = &[("ARN", "arn"), ("accountId", "account_id")];

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    for (member, field) in MOVES {
        mapping.document.set_node(*field, record.get(*member));
    }
    let shared = record.get(Member::SharedEventId).or_else(|| record.get(Member::SharedEventIdLowerCase));
    mapping.document.set_node(Field::SharedEventId, shared);
    if let Some(node) = record.get(Member::ManagementEvent) {
        mapping.document.set(Field::ManagementEvent, Slot::Java(node));
    }
    move_all(mapping, record, Member::Addendum, "", ADDENDUM);
    if !mapping.document.has(Field::CloudAccountId) {
        mapping.document.set_node(Field::CloudAccountId, record.get(Member::RecipientAccountId));
    }
    if let Some(node) = record.get(Member::Resources) {
        match record.tree.kind(node) {
            Kind::List => resources(mapping, record, node),
            _ => mapping.document.set(Field::Resources, Slot::Node(node)),
        }
    }
    if record.text(Member::EventName).as_deref() == Some("ConsoleLogin") {
        console_login(mapping, record);
    }
}

/// Writes each resource once, in the order of a `HashMap` of account, ARN and type.
fn resources(mapping: &mut Mapping<'_>, record: Record<'_>, list: NodeId) {
    let tree = record.tree;
    let mut keys: Vec<String> = Vec::new();
    let mut last: HashMap<String, NodeId> = HashMap::new();
    for resource in tree.elements(list).filter(|element| tree.kind(*element) == Kind::Object) {
        let part = |names: [&str; 2]| {
            let node = names.iter().find_map(|name| tree.member(resource, name));
            node.and_then(|node| record.scalar(node)).unwrap_or_default()
        };
        let key = format!("{}_{}_{}", part(["ARN", "arn"]), part(["accountId", "account_id"]), part(["type", "type"]));
        if last.insert(key.clone(), resource).is_none() {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return;
    }
    let mut out = Vec::with_capacity(tree.raw(list).len() + 16);
    let order = java::hash_map_order(&keys);
    mapping.resources = order.into_iter().filter_map(|place| last.get(keys.get(place)?).copied()).collect();
    for (nth, resource) in mapping.resources.iter().enumerate() {
        out.push(if nth == 0 { b'[' } else { b',' });
        write_resource(record, *resource, &mut out);
    }
    out.push(b']');
    let json = String::from_utf8_lossy(&out);
    mapping.document.set(Field::Resources, Slot::Json(json.as_ref().into()));
}

fn write_resource(record: Record<'_>, resource: NodeId, out: &mut Vec<u8>) {
    let tree = record.tree;
    let mut first = true;
    for member in tree.children(resource).filter(|member| tree.is_kept(*member)) {
        let name = tree.name(member);
        // AWS's name wins over the document's own, should a resource have both.
        let shadowed = RESOURCE.iter().any(|(aws, own)| name == *own && tree.member(resource, aws).is_some());
        if shadowed {
            continue;
        }
        out.push(if first { b'{' } else { b',' });
        first = false;
        let renamed = RESOURCE.iter().find(|(aws, _)| name == *aws).map(|(_, own)| Cow::Borrowed(*own));
        json::write_text(&renamed.unwrap_or(name), out);
        out.push(b':');
        write_node(tree, member, out);
    }
    out.push(b'}');
}

fn console_login(mapping: &mut Mapping<'_>, record: Record<'_>) {
    let below = |name: &str| record.below(Member::AdditionalEventData, name);
    mapping.document.set_node(Field::LoginTo, below("LoginTo"));
    for (name, field) in [("MobileVersion", Field::MobileVersion), ("MFAUsed", Field::MfaUsed)] {
        if let Some(node) = below(name) {
            let is_no = record.tree.string(node).as_deref() == Some("No");
            mapping.document.set(field, Slot::Bool(!is_no));
        }
    }
}
