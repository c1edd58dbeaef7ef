//! Groups and users that the call was about, and the connection it came over (section "Group, user target, TLS" of the
//! mapping).

use crate::ecs::field::Field;
use crate::ecs::identity::{move_all, shortened};
use crate::ecs::mapping::Mapping;
use crate::ecs::record::Member;

/// Parts of request and response that are copied, whatever the service is.
const COPIES: &[(Member, &str, Field)] = &[
    (Member::ResponseElements, "group.groupId", Field::GroupId),
    (Member::RequestParameters, "groupName", Field::GroupName),
    (Member::ResponseElements, "user.userId", Field::UserTargetId),
    (Member::RequestParameters, "userName", Field::UserTargetName),
    (Member::RequestParameters, "newUserName", Field::UserChangesName),
];

const TLS: &[(&str, Field)] = &[
    ("cipherSuite", Field::TlsCipher),
    ("clientProvidedHostHeader", Field::TlsServerName),
    ("keyExchange", Field::KeyExchange),
];

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    for (member, path, field) in COPIES {
        mapping.document.set_node(*field, record.below(*member, path));
    }
    let version = record.below(Member::TlsDetails, "tlsVersion");
    let text = version.and_then(|version| record.tree.string(version));
    // Some services write the name of the member where its value should be, and nothing else that holds.
    if text.as_deref() == Some("tlsVersion") {
        return;
    }
    move_all(mapping, record, Member::TlsDetails, "", TLS);
    match (version, text) {
        (Some(_), Some(text)) => match text.split_once('v') {
            Some((protocol, number)) => {
                mapping.document.set_text(Field::TlsVersionProtocol, protocol.to_lowercase());
                mapping.document.set_text(Field::TlsVersion, number.to_owned());
            }
            None => mapping.document.set_text(Field::TlsVersion, text),
        },
        (Some(version), None) => {
            let message = format!("`tlsDetails.tlsVersion` [{}] is not a string", shortened(record.tree.raw(version)));
            mapping.fail("dissect", "dissect_tls_version", &message);
        }
        (None, _) => {}
    }
}
