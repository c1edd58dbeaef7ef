//! Who it was (section "Identity" of the mapping).

use std::borrow::Cow;

use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::{Member, Record};
use crate::ecs::time;

/// Members of `userIdentity` that only move.
const USER_IDENTITY: &[(&str, Field)] = &[
    ("type", Field::UserIdentityType),
    ("arn", Field::UserIdentityArn),
    ("accountId", Field::CloudAccountId),
    ("accessKeyId", Field::AccessKeyId),
    ("invokedBy", Field::InvokedBy),
    ("credentialId", Field::CredentialId),
    ("identityProvider", Field::IdentityProvider),
    ("invokedByDelegate.accountId", Field::InvokedByDelegateAccountId),
];

const ON_BEHALF_OF: &[(&str, Field)] =
    &[("userId", Field::OnBehalfOfUserId), ("identityStoreArn", Field::IdentityStoreArn)];

const IN_SCOPE_OF: &[(&str, Field)] = &[
    ("issuerType", Field::InScopeOfIssuerType),
    ("credentialsIssuedTo", Field::InScopeOfCredentialsIssuedTo),
    ("sourceArn", Field::InScopeOfSourceArn),
    ("sourceAccount", Field::InScopeOfSourceAccount),
];

const SESSION_CONTEXT: &[(&str, Field)] = &[
    ("attributes.mfaAuthenticated", Field::MfaAuthenticated),
    ("ec2RoleDelivery", Field::Ec2RoleDelivery),
    ("sourceIdentity", Field::SourceIdentity),
    ("webIdFederationData.federatedProvider", Field::WebIdFederatedProvider),
    ("webIdFederationData.attributes", Field::WebIdAttributes),
    ("assumedRoot", Field::AssumedRoot),
    ("signInSessionArn", Field::SignInSessionArn),
];

const SESSION_ISSUER: &[(&str, Field)] = &[
    ("type", Field::SessionIssuerType),
    ("principalId", Field::SessionIssuerPrincipalId),
    ("arn", Field::SessionIssuerArn),
    ("accountId", Field::SessionIssuerAccountId),
];

/// What stands before the name of the service in the ARN of a role that belongs to one.
const SERVICE_ROLE: &str = ":role/aws-service-role/";

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    mapping.document.set_node(Field::EventVersion, record.get(Member::EventVersion));
    let from_console = record.get(Member::SessionCredentialFromConsole);
    mapping.document.set_node(Field::SessionCredentialFromConsole, from_console);
    let Some(identity) = record.get(Member::UserIdentity) else { return };
    let tree = record.tree;
    move_all(mapping, record, Member::UserIdentity, "", USER_IDENTITY);
    move_all(mapping, record, Member::UserIdentity, "onBehalfOf", ON_BEHALF_OF);
    move_all(mapping, record, Member::UserIdentity, "inScopeOf", IN_SCOPE_OF);
    move_all(mapping, record, Member::UserIdentity, "sessionContext", SESSION_CONTEXT);
    move_all(mapping, record, Member::UserIdentity, "sessionContext.sessionIssuer", SESSION_ISSUER);
    creation_date(mapping, record);

    let kind = tree.member(identity, "type").and_then(|kind| tree.string(kind)).unwrap_or_default();
    match service(record, &kind) {
        Ok(Some(service)) => mapping.document.set_text(Field::ServiceName, service),
        Ok(None) => user(mapping, record, &kind),
        Err(message) => {
            mapping.fail("script", "script_service_actor", message);
            user(mapping, record, &kind);
        }
    }
    session_name(mapping, record, &kind);
    if kind == "IdentityCenterUser" && !mapping.document.has(Field::UserId) {
        mapping.document.set_node(Field::UserId, tree.at(identity, "onBehalfOf.userId"));
    }
}

/// Moves the members of an object below `member`.
pub(super) fn move_all(
    mapping: &mut Mapping<'_>,
    record: Record<'_>,
    member: Member,
    object: &str,
    moves: &[(&str, Field)],
) {
    let object = match object {
        "" => record.get(member),
        path => record.below(member, path),
    };
    let Some(object) = object else { return };
    for (path, field) in moves {
        mapping.document.set_node(*field, record.tree.at(object, path));
    }
}

/// Returns the service that acts for itself, if one does.
fn service<'t>(record: Record<'t>, kind: &str) -> Result<Option<Cow<'t, str>>, &'static str> {
    let text = |path: &str, message: &'static str| match record.below(Member::UserIdentity, path) {
        Some(node) => record.tree.string(node).map(Some).ok_or(message),
        None => Ok(None),
    };
    let invoked_by = || text("invokedBy", "`userIdentity.invokedBy` is not a string");
    match kind {
        "AWSService" => invoked_by(),
        "AssumedRole" => {
            let issuer = text(
                "sessionContext.sessionIssuer.arn",
                "`userIdentity.sessionContext.sessionIssuer.arn` is not a string",
            )?;
            let Some((_, path)) = issuer.as_deref().and_then(|arn| arn.split_once(SERVICE_ROLE)) else {
                return Ok(None);
            };
            let of_role = path.split_once('/').map(|(service, _)| Cow::Owned(service.to_owned()));
            Ok(invoked_by()?.or(of_role).filter(|service| !service.is_empty()))
        }
        _ => Ok(None),
    }
}

/// Names the user, who for a session of a role is the role.
fn user(mapping: &mut Mapping<'_>, record: Record<'_>, kind: &str) {
    let document = &mut mapping.document;
    document.set_node(Field::UserName, record.below(Member::UserIdentity, "userName"));
    document.set_node(Field::UserId, record.below(Member::UserIdentity, "principalId"));
    if matches!(kind, "AssumedRole" | "FederatedUser") {
        let issuer = record.below(Member::UserIdentity, "sessionContext.sessionIssuer.userName");
        document.set_node(Field::UserName, issuer);
    }
}

fn creation_date(mapping: &mut Mapping<'_>, record: Record<'_>) {
    let Some(node) = record.below(Member::UserIdentity, "sessionContext.attributes.creationDate") else { return };
    let raw = record.tree.raw(node);
    match record.scalar(node).and_then(|text| time::creation_date(&text)) {
        Some(time) => mapping.document.set_text(Field::CreationDate, time),
        None => mapping.fail("date", "date_session_creation", &format!("unable to parse date [{}]", shortened(raw))),
    }
}

/// Takes the name of a session from its ARN. It often is an address of e-mail.
fn session_name(mapping: &mut Mapping<'_>, record: Record<'_>, kind: &str) {
    if !matches!(kind, "AssumedRole" | "FederatedUser" | "IdentityCenterUser") {
        return;
    }
    let Some(arn) = record.below(Member::UserIdentity, "arn") else { return };
    let Some(arn) = record.tree.string(arn) else {
        mapping.fail("grok", "grok_session_name", "`userIdentity.arn` is not a string");
        return;
    };
    if !arn.contains(":sts:") || !arn.contains('/') {
        return;
    }
    let Some(name) = name_of_session(&arn) else {
        let message = format!("`userIdentity.arn` [{}] is not the ARN of a session", shortened(&arn));
        mapping.fail("grok", "grok_session_name", &message);
        return;
    };
    mapping.document.append(Field::RelatedUser, Cow::Owned(name.to_owned()));
    if let Some((local, _)) = name.split_once('@') {
        mapping.document.append(Field::RelatedUser, Cow::Owned(local.to_owned()));
        mapping.document.set_text(Field::UserEmail, name.to_owned());
    }
}

/// Returns what follows the last `/` of `arn:PARTITION:sts:...`.
fn name_of_session(arn: &str) -> Option<&str> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
    let is_partition = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if partition.is_empty() || !partition.bytes().all(is_partition) {
        return None;
    }
    rest.strip_prefix("sts:")?.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
}

/// Cuts a value that is quoted in an error.
pub(super) fn shortened(text: &str) -> &str {
    const CHARACTERS_MAX: usize = 200;
    text.char_indices().nth(CHARACTERS_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sessions() {
        let cases = [
            ("arn:aws:sts::111122223333:assumed-role/Deploy/alice@example.com", Some("alice@example.com")),
            ("arn:aws-us-gov:sts::111122223333:assumed-role/a/b/c", Some("c")),
            ("arn:aws:sts::111122223333:federated-user/bob", Some("bob")),
            ("arn:AWS:sts::111122223333:assumed-role/a/b", None),
            ("arn:aws:iam::111122223333:role/x:sts:/b", None),
            ("arn:aws:sts::111122223333:assumed-role/a/", None),
        ];
        for (arn, expect) in cases {
            assert_eq!(name_of_session(arn), expect, "{arn}");
        }
    }
}
