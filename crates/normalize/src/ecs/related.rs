//! All users, addresses and hosts of an event in one place each (section "`user.email` and `related.*`" of the
//! mapping).

use std::borrow::Cow;
use std::net::IpAddr;

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::{Member, Record};
use crate::ecs::source::SERVICE_SUFFIX;
use crate::tree::{Kind, NodeId};

/// Fields whose values are users, in order; names of sessions stand before them.
const USERS: &[Field] = &[
    Field::UserTargetName,
    Field::UserChangesName,
    Field::UserTargetId,
    Field::UserId,
    Field::UserName,
    Field::UserChangesName,
    Field::OnBehalfOfUserId,
];

/// Shortest ID of an instance.
const INSTANCE_ID_BYTES_MIN: usize = 10;

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    email(mapping, record);
    for field in USERS {
        if let Some(user) = text(mapping, record, *field) {
            mapping.document.append(Field::RelatedUser, user);
        }
    }
    addresses(mapping, record);
    hosts(mapping, record);
}

/// Returns the value of a field as text, whatever its type is.
fn text<'t>(mapping: &Mapping<'t>, record: Record<'t>, field: Field) -> Option<Cow<'t, str>> {
    match mapping.document.get(field)? {
        Slot::Node(node) => record.scalar(*node),
        Slot::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn email<'t>(mapping: &mut Mapping<'t>, record: Record<'t>) {
    if mapping.document.has(Field::UserEmail) {
        return;
    }
    let Some(name) = mapping.document.text(record.tree, Field::UserName) else { return };
    if name.find('@').is_some_and(|at| at > 0) {
        mapping.document.set_text(Field::UserEmail, name);
    }
}

fn addresses<'t>(mapping: &mut Mapping<'t>, record: Record<'t>) {
    if let Some(address) = text(mapping, record, Field::SourceIp) {
        mapping.document.append(Field::RelatedIp, address);
    }
    let of_service = record.below(Member::ServiceEventDetails, "sourceIpAddress");
    if let Some(address) = of_service.and_then(|node| record.tree.string(node))
        && address.parse::<IpAddr>().is_ok()
    {
        mapping.document.append(Field::RelatedIp, address);
    }
}

fn hosts<'t>(mapping: &mut Mapping<'t>, record: Record<'t>) {
    let is_service = |host: &str| host.ends_with(SERVICE_SUFFIX);
    if let Some(server) = text(mapping, record, Field::TlsServerName).filter(|server| !is_service(server)) {
        mapping.document.append(Field::RelatedHosts, server);
    }
    if !mapping.document.has(Field::SourceIp)
        && let Some(address) = mapping.document.text(record.tree, Field::SourceAddress)
        && address.contains('.')
        && !address.contains(' ')
        && !is_service(&address)
    {
        mapping.document.append(Field::RelatedHosts, address);
    }
    let computer = record.below(Member::RequestParameters, "computerName");
    if let Some(computer) = computer.and_then(|node| record.scalar(node)) {
        mapping.document.append(Field::RelatedHosts, computer);
    }
    instances(mapping, record);
}

/// Adds the IDs of instances: of resources first, then of the request, then of the response.
fn instances<'t>(mapping: &mut Mapping<'t>, record: Record<'t>) {
    let tree = record.tree;
    for resource in std::mem::take(&mut mapping.resources) {
        let arn = tree.member(resource, "ARN").or_else(|| tree.member(resource, "arn"));
        let Some(arn) = arn.and_then(|arn| tree.string(arn)) else { continue };
        if arn.contains(":instance/")
            && let Some((_, id)) = arn.rsplit_once('/')
        {
            add_instance(mapping, Cow::Owned(id.to_owned()));
        }
    }
    for member in [Member::RequestParameters, Member::ResponseElements] {
        let Some(payload) = record.get(member).filter(|payload| tree.kind(*payload) == Kind::Object) else { continue };
        let single = ["instanceId", "target", "resourceId"].into_iter().filter_map(|name| tree.member(payload, name));
        let listed = tree.member(payload, "instanceIds").into_iter().flat_map(|list| tree.elements(list));
        let items = tree.at(payload, "instancesSet.items").into_iter().flat_map(|list| tree.elements(list));
        let nodes: Vec<NodeId> =
            single.chain(listed).chain(items.filter_map(|item| tree.member(item, "instanceId"))).collect();
        for id in nodes.into_iter().filter_map(|node| tree.string(node)) {
            add_instance(mapping, id);
        }
    }
}

fn add_instance<'t>(mapping: &mut Mapping<'t>, id: Cow<'t, str>) {
    if id.len() >= INSTANCE_ID_BYTES_MIN && id.starts_with("i-") {
        mapping.document.append(Field::RelatedHosts, id);
    }
}
