//! What can be asked about, and how people write it.

use std::net::IpAddr;

use lineage::credential::is_access_key;

use crate::error::{Error, Result};
use crate::lookup::sql::{conditions, text};
use crate::lookup::{Address, Lookup};

/// Something that people ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An IAM user by name, or `root`.
    User(String),
    /// An access key ID.
    Key(String),
    /// An address, a block of addresses, or a service in the place of one.
    Ip(String),
    /// A role by name or ARN: all of its sessions.
    Role(String),
    /// A session of a role, by its name.
    Session(String),
    /// An ARN: of an identity, or else of something that was acted on.
    Arn(String),
    /// Something that was acted on, by name or ARN.
    Resource(String),
    /// An event, by its `eventID`.
    Event(String),
}

/// What is understood, for messages.
const ACCEPTED: &str = "write `user:NAME`, `key:ID`, `ip:ADDRESS`, `role:NAME`, `session:NAME`, `resource:NAME`, \
                        `event:ID`, or an ARN";

/// Reads what people write. A word that says neither by what stands before it nor by its form what it is gives `None`:
/// it may be several things, see [`candidates`](super::candidates).
///
/// # Errors
/// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) for nothing at all, and for an address that is none.
pub fn parse(written: &str) -> Result<Option<Thing>> {
    let written = written.trim();
    if written.is_empty() {
        return Err(Error::invalid(written, "thing that can be asked about", ACCEPTED));
    }
    if written.starts_with("arn:") {
        return Ok(Some(Thing::Arn(written.to_owned())));
    }
    if let Some((kind, value)) = written.split_once(':').filter(|(_, value)| !value.is_empty()) {
        let value = value.to_owned();
        let thing = match kind {
            "user" => Some(Thing::User(value)),
            "key" => Some(Thing::Key(value)),
            "ip" => {
                Address::parse(&value)?;
                Some(Thing::Ip(value))
            }
            "role" => Some(Thing::Role(value)),
            "session" => Some(Thing::Session(value)),
            "resource" => Some(Thing::Resource(value)),
            "event" => Some(Thing::Event(value)),
            _ => None,
        };
        if thing.is_some() {
            return Ok(thing);
        }
    }
    Ok(by_form(written))
}

fn by_form(written: &str) -> Option<Thing> {
    let owned = written.to_owned();
    if is_access_key(written) {
        Some(Thing::Key(owned))
    } else if is_uuid(written) {
        Some(Thing::Event(owned))
    } else if written.parse::<IpAddr>().is_ok() || (written.contains('/') && Address::parse(written).is_ok()) {
        Some(Thing::Ip(owned))
    } else if written == "root" {
        Some(Thing::User(owned))
    } else {
        None
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Thing {
    /// Returns the word for this kind of thing, which may stand before its name.
    pub fn kind(&self) -> &'static str {
        match self {
            Thing::User(_) => "user",
            Thing::Key(_) => "key",
            Thing::Ip(_) => "ip",
            Thing::Role(_) => "role",
            Thing::Session(_) => "session",
            Thing::Arn(_) => "arn",
            Thing::Resource(_) => "resource",
            Thing::Event(_) => "event",
        }
    }

    /// Returns its name.
    pub fn value(&self) -> &str {
        match self {
            Thing::User(value)
            | Thing::Key(value)
            | Thing::Ip(value)
            | Thing::Role(value)
            | Thing::Session(value)
            | Thing::Arn(value)
            | Thing::Resource(value)
            | Thing::Event(value) => value,
        }
    }

    /// Returns the condition on the view `events` that holds for events about it.
    pub(super) fn condition(&self) -> String {
        let lookup = match self {
            Thing::User(name) => return is_user(name),
            Thing::Key(key) => Lookup { keys: vec![key.clone()], ..Lookup::default() },
            Thing::Ip(address) => {
                Lookup { addresses: Address::parse(address).into_iter().collect(), ..Lookup::default() }
            }
            Thing::Role(role) => Lookup { roles: vec![role.clone()], ..Lookup::default() },
            Thing::Session(name) => {
                let (slash, colon) = (text(&format!("/{name}")), text(&format!(":{name}")));
                return format!(
                    "(userIdentity.type = 'AssumedRole' AND (ends_with(userIdentity.arn, {slash}) \
                     OR ends_with(userIdentity.principalId, {colon})))"
                );
            }
            Thing::Arn(arn) => return is_arn(arn),
            Thing::Resource(resource) => Lookup { resources: vec![resource.clone()], ..Lookup::default() },
            Thing::Event(id) => return format!("eventID = {}", text(id)),
        };
        match conditions(&lookup) {
            all if all.is_empty() => "false".to_owned(),
            all => all.join(" AND "),
        }
    }
}

/// A user acts as himself; what his sessions did is found by their keys.
fn is_user(name: &str) -> String {
    if name == "root" {
        return "(userIdentity.type = 'Root')".to_owned();
    }
    let (own, slash) = (text(name), text(&format!("/{name}")));
    format!(
        "(userIdentity.type IN ('IAMUser', 'SAMLUser', 'WebIdentityUser') AND (userIdentity.userName = {own} \
         OR ends_with(userIdentity.arn, {slash})))"
    )
}

/// An ARN names an identity, or what its sessions were issued from, or something that was acted on.
fn is_arn(arn: &str) -> String {
    let own = text(arn);
    let identity = format!(
        "userIdentity.arn = {own} OR userIdentity.sessionContext.sessionIssuer.arn = {own} OR userIdentity.invokedBy = {own}"
    );
    let is_identity =
        [":user/", ":role/", ":assumed-role/", ":federated-user/", ":root"].iter().any(|part| arn.contains(part));
    if is_identity {
        return format!("({identity})");
    }
    let about = conditions(&Lookup { resources: vec![arn.to_owned()], ..Lookup::default() });
    format!("({identity} OR {})", about.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_as_people_write_them() {
        let cases = [
            ("user:alice", Some(("user", "alice"))),
            ("key:AKIAEXAMPLE000000001", Some(("key", "AKIAEXAMPLE000000001"))),
            ("AKIAEXAMPLE000000001", Some(("key", "AKIAEXAMPLE000000001"))),
            ("ip:203.0.113.9", Some(("ip", "203.0.113.9"))),
            ("2001:db8::1", Some(("ip", "2001:db8::1"))),
            ("10.0.0.0/8", Some(("ip", "10.0.0.0/8"))),
            ("role:Deploy", Some(("role", "Deploy"))),
            ("session:cli", Some(("session", "cli"))),
            ("resource:my-bucket", Some(("resource", "my-bucket"))),
            ("0b6f0a52-3d0c-4ab0-9a57-0a2f6a3d8f01", Some(("event", "0b6f0a52-3d0c-4ab0-9a57-0a2f6a3d8f01"))),
            ("event:anything", Some(("event", "anything"))),
            ("arn:aws:iam::111122223333:role/Deploy", Some(("arn", "arn:aws:iam::111122223333:role/Deploy"))),
            ("root", Some(("user", "root"))),
            (" alice ", None),
            ("team/alice", None),
            ("other:alice", None),
            ("user:", None),
        ];
        for (written, expect) in cases {
            let parsed = parse(written).expect(written);
            assert_eq!(parsed.as_ref().map(|thing| (thing.kind(), thing.value())), expect, "{written}");
        }
        for written in ["", "  ", "ip:nowhere", "ip:1.2.3.4/40"] {
            assert!(parse(written).is_err(), "{written}");
        }
    }

    #[test]
    fn no_value_leaves_its_quotes() {
        let things: [fn(String) -> Thing; 7] =
            [Thing::User, Thing::Key, Thing::Role, Thing::Session, Thing::Arn, Thing::Resource, Thing::Event];
        for thing in things {
            let condition = thing("a' OR '1' = '1".to_owned()).condition();
            assert!(!condition.contains("a' OR"), "{condition}");
        }
    }
}
