//! Who acted: `actor.entity.id`, and the same once more in the field of its class.

use std::borrow::Cow;

use super::class::{is_service_role, resource_type};
use super::{Entities, NotText};
use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::{Member, Record};

const ARN: &str = "userIdentity.arn";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";

/// Returns the actor, if the record names one.
pub(super) fn find<'t>(entities: &Entities<'t>) -> Result<Option<Cow<'t, str>>, NotText> {
    let path = match (entities.service.as_ref(), entities.event_name.as_ref()) {
        ("sts", "AssumeRole") => match kind(entities.record).as_ref() {
            "AWSService" => "userIdentity.invokedBy",
            "AssumedRole" => ISSUER,
            _ => ARN,
        },
        ("sts", "GetCallerIdentity") => ARN,
        _ => {
            let arn = entities.text_at(ARN)?;
            return if arn.is_some() { Ok(arn) } else { entities.text_at("userIdentity.onBehalfOf.userId") };
        }
    };
    entities.text_at(path)
}

fn kind<'t>(record: Record<'t>) -> Cow<'t, str> {
    record.below(Member::UserIdentity, "type").and_then(|kind| record.tree.string(kind)).unwrap_or_default()
}

pub(super) fn write<'t>(mapping: &mut Mapping<'t>, record: Record<'t>, actor: Cow<'t, str>) {
    mapping.document.append(Field::ActorEntityId, actor.clone());
    let kind = kind(record);
    let role = (kind == "AssumedRole").then(|| record.at(ISSUER)).flatten().and_then(|arn| record.tree.string(arn));
    let user = role.unwrap_or_else(|| actor.clone());
    let (field, entity) = match (kind.as_ref(), resource_type(&actor)) {
        ("AWSService", _) => (Field::ServiceEntityId, actor),
        _ if is_service_role(&actor) => (Field::ServiceEntityId, actor),
        ("IAMUser" | "Root" | "AssumedRole", _) => (Field::UserEntityId, user),
        (_, Some("user" | "role" | "assumed-role" | "federated-user")) => (Field::UserEntityId, user),
        (_, Some("instance")) => (Field::HostEntityId, actor),
        _ if actor.starts_with("i-") => (Field::HostEntityId, actor),
        _ => (Field::EntityId, actor),
    };
    mapping.document.append(field, entity);
}
