//! What kind of thing a target is, told by the form of its name.

use std::borrow::Cow;

use super::Field;
use crate::ecs::document::Slot;
use crate::ecs::mapping::Mapping;
use crate::text_set::TextSet;

/// The kinds, by where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    User,
    Host,
    Service,
    Generic,
}

const CLASSES: &[(Class, Field)] = &[
    (Class::User, Field::UserTargetEntityId),
    (Class::Host, Field::HostTargetEntityId),
    (Class::Service, Field::ServiceTargetEntityId),
    (Class::Generic, Field::EntityTargetId),
];

/// Types of resources, as ARNs spell them.
const USER_TYPES: &[&str] =
    &["user", "role", "assumed-role", "federated-user", "instance-profile", "mfa", "serialNumber"];
#[rustfmt::skip]
const SERVICE_TYPES: &[&str] = &[
    "stack", "stack-set", "trail", "configuration-recorder", "file-system", "mount-target", "rule", "detector", "key",
    "function", "log-group", "log-stream", "alarm", "db", "cluster", "global-cluster", "trust-anchor",
    "resolver-query-log-config", "secret", "parameter", "document", "session", "webacl", "rulegroup", "ipset", "topic",
    "model", "loadbalancer", "table", "group", "policy", "security-group", "network-interface", "vpc", "subnet",
    "network-acl", "dhcp-options",
];

/// What IDs of resources begin with.
const SERVICE_PREFIXES: &[&str] =
    &["sg-", "sgr-", "eni-", "vpc-", "subnet-", "acl-", "rtb-", "igw-", "nat-", "vpce-", "tgw-", "pcx-"];

/// Returns true for a role that belongs to a service.
pub(super) fn is_service_role(arn: &str) -> bool {
    arn.contains("/AWSServiceRoleFor") || arn.contains("/aws-service-role/")
}

/// Returns the type of the resource of an ARN with at least six parts: its sixth part, up to a `/`.
pub(super) fn resource_type(text: &str) -> Option<&str> {
    let part = text.strip_prefix("arn:")?.split(':').nth(4)?;
    match part.find('/') {
        Some(at) if at > 0 => part.get(..at),
        _ => Some(part),
    }
}

fn class(target: &str) -> Class {
    if !target.starts_with("arn:") {
        return match target {
            _ if target.starts_with("AKIA") && target.encode_utf16().count() == 20 => Class::User,
            _ if target.starts_with("i-") => Class::Host,
            _ if SERVICE_PREFIXES.iter().any(|prefix| target.starts_with(prefix)) => Class::Service,
            _ => Class::Generic,
        };
    }
    match resource_type(target) {
        None => Class::Generic,
        Some(_) if is_service_role(target) => Class::Service,
        Some(kind) if USER_TYPES.contains(&kind) => Class::User,
        Some("instance") => Class::Host,
        Some(kind) if SERVICE_TYPES.contains(&kind) => Class::Service,
        Some(_) if target.split(':').nth(2) == Some("s3") => Class::Service,
        Some(_) => Class::Generic,
    }
}

/// Returns the ID of an instance given by its ARN or as it is.
fn instance_id(host: &str) -> Option<&str> {
    let id = match host.strip_prefix("arn:") {
        None => host,
        Some(rest) => {
            let mut parts = rest.split(':');
            let (service, resource) = (parts.nth(1)?, parts.nth(2)?);
            resource.strip_prefix("instance/").filter(|_| service == "ec2")?
        }
    };
    id.starts_with("i-").then_some(id)
}

/// Writes all targets, and each once more in the field of its class.
pub(super) fn write<'t>(mapping: &mut Mapping<'t>, targets: TextSet<'t>) {
    if targets.is_empty() {
        return;
    }
    let targets = targets.sorted();
    let mut instances = TextSet::default();
    for target in targets.iter() {
        let class = class(target);
        if let Some((_, field)) = CLASSES.iter().find(|(of, _)| *of == class) {
            mapping.document.append(*field, target.clone());
        }
        if class == Class::Host
            && let Some(id) = instance_id(target)
        {
            instances.insert(Cow::Owned(id.to_owned()));
        }
    }
    if !instances.is_empty() {
        mapping.document.set(Field::HostTargetId, Slot::List(instances.sorted()));
    }
    mapping.document.set(Field::TargetEntityId, Slot::List(targets));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let cases = [
            ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", Class::Service),
            ("arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s", Class::Service),
            ("arn:aws:iam::111122223333:role/ops/Deploy", Class::User),
            ("arn:aws:iam::111122223333:mfa/alice", Class::User),
            ("arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789", Class::Host),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", Class::Service),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f", Class::Service),
            ("arn:aws:s3:::bucket/key", Class::Service),
            ("arn:aws:sns:eu-west-1:111122223333:topic-name", Class::Generic),
            ("arn:aws:x:y:z:/role", Class::Generic),
            ("arn:aws:iam::111122223333", Class::Generic),
            ("AKIA0123456789ABCDEF", Class::User),
            ("AKIA0123456789ABCDEF0", Class::Generic),
            ("i-0123456789abcdef0", Class::Host),
            ("sgr-0123", Class::Service),
            ("pcx-1", Class::Service),
            ("alice", Class::Generic),
        ];
        for (target, expect) in cases {
            assert_eq!(class(target), expect, "{target}");
        }
    }

    #[test]
    fn instances() {
        let cases = [
            ("i-1", Some("i-1")),
            ("arn:aws:ec2:eu-west-1:111122223333:instance/i-2", Some("i-2")),
            ("arn:aws:ssm:eu-west-1:111122223333:instance/i-2", None),
            ("arn:aws:ec2:eu-west-1:111122223333:instance/mi-2", None),
        ];
        for (host, expect) in cases {
            assert_eq!(instance_id(host), expect, "{host}");
        }
    }
}
