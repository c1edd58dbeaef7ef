//! What the service was told and what it answered, once as Java's text and once as it is (section "Payload copies and
//! `retain`" of the mapping).

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::Member;
use crate::java::{self, Java};
use crate::tree::{Kind, NodeId, Tree};

/// Which copies of the payload a document keeps: the integration's setting `retain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retain {
    text: bool,
    flattened: Flattened,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flattened {
    Whole,
    Reduced,
    None,
}

impl Retain {
    /// Returns what a value of the setting means; `None` is a setting that is absent.
    ///
    /// ```
    /// use normalize::ecs::Retain;
    /// assert_eq!(Retain::parse(None), Retain::parse(Some("all")));
    /// assert_eq!(Retain::parse(Some("everything")), None);
    /// ```
    pub fn parse(setting: Option<&str>) -> Option<Retain> {
        let (text, flattened) = match setting {
            None | Some("all") => (true, Flattened::Whole),
            Some("minimal") => (true, Flattened::Reduced),
            Some("flattened") => (false, Flattened::Whole),
            Some("keyword" | "") => (true, Flattened::None),
            Some("none") => (false, Flattened::None),
            Some(_) => return None,
        };
        Some(Retain { text, flattened })
    }
}

impl Default for Retain {
    fn default() -> Self {
        Retain { text: true, flattened: Flattened::Whole }
    }
}

/// A member, its two fields, and what a reduced copy keeps of it.
struct Payload {
    member: Member,
    text: Field,
    flattened: Field,
    reduced: &'static [&'static str],
}

const PAYLOADS: &[Payload] = &[
    Payload {
        member: Member::RequestParameters,
        text: Field::RequestParameters,
        flattened: Field::FlatRequestParameters,
        reduced: &[
            "cidrIp",
            "dryRun",
            "fromPort",
            "includeDeprecated",
            "policyArn",
            "serialNumber",
            "withDecryption",
            "x-amz-server-side-encryption-customer-algorithm",
        ],
    },
    Payload {
        member: Member::ResponseElements,
        text: Field::ResponseElements,
        flattened: Field::FlatResponseElements,
        reduced: &[],
    },
    Payload {
        member: Member::AdditionalEventData,
        text: Field::AdditionalEventdata,
        flattened: Field::FlatAdditionalEventdata,
        reduced: &["SSEApplied"],
    },
    Payload {
        member: Member::ServiceEventDetails,
        text: Field::ServiceEventDetails,
        flattened: Field::FlatServiceEventDetails,
        reduced: &[],
    },
];

/// Longest text, in UTF-16 units, beside which there is a structured copy: Lucene's longest term, with its end.
const TEXT_UNITS_MAX: usize = 32_766;
/// How much longer Java's text of a value can be than its JSON: `1e6` becomes `1000000.0`.
const TEXT_GROWTH_MAX: usize = 3;

pub(super) fn map(mapping: &mut Mapping<'_>, retain: Retain, java: &mut Java) {
    let Some(record) = mapping.record else { return };
    for payload in PAYLOADS {
        let Some(node) = record.get(payload.member) else { continue };
        if retain.text {
            mapping.document.set(payload.text, Slot::Java(node));
        }
        if record.tree.kind(node) != Kind::Object || is_long(record.tree, node, java) {
            continue;
        }
        match retain.flattened {
            Flattened::Whole => mapping.document.set(payload.flattened, Slot::Node(node)),
            Flattened::Reduced if payload.reduced.iter().any(|name| record.tree.member(node, name).is_some()) => {
                mapping.document.set(payload.flattened, Slot::Members(node, payload.reduced));
            }
            Flattened::Reduced | Flattened::None => {}
        }
    }
}

fn is_long(tree: Tree<'_>, node: NodeId, java: &mut Java) -> bool {
    if tree.raw(node).len() < TEXT_UNITS_MAX / TEXT_GROWTH_MAX {
        return false;
    }
    let mut text = Vec::new();
    java.write(tree, node, &mut text);
    // Only what was text comes in, and only ASCII is put between.
    java::utf16_units(&String::from_utf8_lossy(&text)) >= TEXT_UNITS_MAX
}
