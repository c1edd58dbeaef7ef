//! The grammar of advanced selectors, as tables. It differs between trails and event data stores. Source: AWS CloudTrail
//! API reference, `AdvancedEventSelector` and `AdvancedFieldSelector`.

/// Most basic selectors of a trail, and most advanced selectors of an event data store.
pub const SELECTORS_MAX: usize = 5;
/// Most values of all advanced selectors together.
pub const VALUES_MAX: usize = 500;
/// Most data resources of all basic selectors together; a value that stands for all resources does not count.
pub(super) const DATA_RESOURCES_MAX: usize = 250;
/// Most characters of an advanced selector's name.
pub(super) const NAME_CHARS_MAX: usize = 1_000;
/// Most characters of a value.
pub(super) const VALUE_CHARS_MAX: usize = 2_048;

/// Services whose management events can be left out.
pub(super) const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// Who has selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A trail.
    Trail,
    /// An event data store.
    EventDataStore,
}

impl Holder {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Holder::Trail => "trail",
            Holder::EventDataStore => "event data store",
        }
    }
}

/// Which events a selector is about, and by which fields beside `eventCategory` it can choose among them.
pub(super) struct Category {
    pub name: &'static str,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

const fn category(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Category {
    Category { name, required, optional }
}

const DATA: Category = category(
    "Data",
    &["resources.type"],
    &[
        "readOnly",
        "eventName",
        "resources.ARN",
        "eventSource",
        "eventType",
        "sessionCredentialFromConsole",
        "userIdentity.arn",
    ],
);

const OF_TRAIL: [Category; 3] = [
    category("Management", &[], &["readOnly", "eventSource"]),
    DATA,
    category("NetworkActivity", &["eventSource"], &["eventName", "errorCode", "vpcEndpointId", "userIdentity.arn"]),
];

const OF_STORE: [Category; 7] = [
    category(
        "Management",
        &[],
        &["readOnly", "eventSource", "eventName", "eventType", "sessionCredentialFromConsole", "userIdentity.arn"],
    ),
    DATA,
    category("NetworkActivity", &["eventSource"], &["eventName", "errorCode", "vpcEndpointId"]),
    category("Insight", &[], &[]),
    category("ConfigurationItem", &[], &[]),
    category("Evidence", &[], &[]),
    category("ActivityAuditLog", &[], &[]),
];

/// Returns the categories that can be selected.
pub(super) fn categories(holder: Holder) -> &'static [Category] {
    match holder {
        Holder::Trail => &OF_TRAIL,
        Holder::EventDataStore => &OF_STORE,
    }
}

/// Operators in the order of the API.
pub(super) const OPERATORS: [&str; 6] =
    ["Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

/// What can be said of a field.
pub(super) struct Rule {
    pub operators: &'static [&'static str],
    /// Most values of an operator.
    pub values_max: usize,
    pub values: Values,
}

/// What the values of a field may be.
pub(super) enum Values {
    Any,
    OneOf(&'static [&'static str]),
    /// A type of resources, `AWS::service::kind`.
    ResourceType,
    /// ARNs; whole ones where an operator compares the whole.
    Arns,
}

/// Returns what can be said of a field in a selector of a category, or `None` if there is no such field.
pub(super) fn rule(holder: Holder, category: &str, field: &str) -> Option<Rule> {
    const EQUALS: &[&str] = &["Equals"];
    const ALL: &[&str] = OPERATORS.as_slice();
    let rule = |operators, values_max, values| Some(Rule { operators, values_max, values });
    match field {
        "resources.type" => rule(EQUALS, 1, Values::ResourceType),
        "readOnly" => rule(EQUALS, 1, Values::OneOf(&["true", "false"])),
        "eventSource" => match (holder, category) {
            (Holder::Trail, "Management") => rule(&["NotEquals"], VALUES_MAX, Values::OneOf(&EXCLUDABLE)),
            (_, "NetworkActivity") => rule(EQUALS, 1, Values::Any),
            _ => rule(ALL, VALUES_MAX, Values::Any),
        },
        "eventName" | "eventType" | "userIdentity.arn" | "vpcEndpointId" => rule(ALL, VALUES_MAX, Values::Any),
        "resources.ARN" => rule(ALL, VALUES_MAX, Values::Arns),
        "errorCode" => rule(EQUALS, VALUES_MAX, Values::OneOf(&["VpceAccessDenied"])),
        "sessionCredentialFromConsole" => rule(&["Equals", "NotEquals"], VALUES_MAX, Values::OneOf(&["true"])),
        _ => None,
    }
}
