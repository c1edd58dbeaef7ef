//! Selectors lowered to a condition. Source: AWS CloudTrail user guide, "Logging data events" and "Filtering data events
//! by using advanced event selectors".

use crate::selectors::arn_shape;
use crate::selectors::condition::{Condition, Hit, How, Texts};
use crate::selectors::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType, Selectors,
};

/// The type whose events are those of a table's stream: a basic selector of the table records them as well.
const STREAM: &str = "AWS::DynamoDB::Stream";

/// Returns what an event must be to be recorded: what any of the selectors takes.
pub(super) fn selectors(selectors: &Selectors) -> Condition {
    match selectors {
        Selectors::Basic(selectors) => Condition::Any(selectors.iter().map(basic).collect()),
        Selectors::Advanced(selectors) => Condition::Any(selectors.iter().map(advanced).collect()),
    }
}

fn basic(selector: &EventSelector) -> Condition {
    let reads = match selector.read_write_type.clone().unwrap_or_default() {
        ReadWriteType::ReadOnly => Some(Condition::ReadOnly(true)),
        ReadWriteType::WriteOnly => Some(Condition::ReadOnly(false)),
        ReadWriteType::All => None,
        // No check lets it pass, so it takes nothing.
        ReadWriteType::Other(_) => Some(Condition::Any(Vec::new())),
    };
    let mut taken = Vec::new();
    if selector.includes_management_events() {
        taken.push(management(selector));
    }
    let resources: Vec<Condition> = selector.data_resources.iter().flatten().flat_map(data_resource).collect();
    if !resources.is_empty() {
        taken.push(Condition::All(vec![Condition::Category("Data".to_owned()), Condition::Any(resources)]));
    }
    let mut all: Vec<Condition> = reads.into_iter().collect();
    all.push(Condition::Any(taken));
    Condition::All(all)
}

fn management(selector: &EventSelector) -> Condition {
    let category = Condition::Category("Management".to_owned());
    match selector.exclude_management_event_sources.as_deref() {
        None | Some([]) => category,
        Some(sources) => {
            let others = Texts::deselecting(How::Equals, sources.to_vec());
            Condition::All(vec![category, Condition::Member("eventSource", others)])
        }
    }
}

fn data_resource(resource: &DataResource) -> Vec<Condition> {
    let kind = resource.r#type.clone().unwrap_or_default();
    let values = resource.values.clone().unwrap_or_default();
    let is_table = kind == arn_shape::TABLE;
    let of = |kind: &str, arn: Texts| Condition::Resource { kind: kind.to_owned(), arn };
    if values.is_empty() {
        return Vec::new();
    }
    if values.iter().any(|value| arn_shape::is_all(&kind, value)) {
        let stream = is_table.then(|| of(STREAM, Texts::default()));
        return [Some(of(&kind, Texts::default())), stream].into_iter().flatten().collect();
    }
    let how = if kind == arn_shape::OBJECT { How::StartsWith } else { How::Equals };
    let streams: Vec<String> = values.iter().map(|table| format!("{table}/stream/")).collect();
    let stream = is_table.then(|| of(STREAM, Texts::selecting(How::StartsWith, streams)));
    [Some(of(&kind, Texts::selecting(how, values))), stream].into_iter().flatten().collect()
}

fn advanced(selector: &AdvancedEventSelector) -> Condition {
    // No check lets a selector pass that has no category, so it takes nothing.
    let has_category = selector.field_selectors.iter().any(|field| field.field == "eventCategory");
    let mut all = if has_category { Vec::new() } else { vec![Condition::Any(Vec::new())] };
    let mut kinds: Option<Vec<String>> = None;
    let mut arn = Texts::default();
    for field in &selector.field_selectors {
        match field.field.as_str() {
            "eventCategory" => {
                let categories = field.equals.iter().flatten().cloned().map(Condition::Category);
                all.push(Condition::Any(categories.collect()));
            }
            "readOnly" => {
                let reads = field.equals.iter().flatten().map(|value| Condition::ReadOnly(value == "true"));
                all.push(Condition::Any(reads.collect()));
            }
            "resources.type" => kinds = Some(field.equals.clone().unwrap_or_default()),
            "resources.ARN" => arn = texts(field),
            name => all.push(match MEMBERS.iter().find(|member| **member == name) {
                Some(member) => Condition::Member(member, texts(field)),
                // No check lets it pass, so it takes nothing.
                None => Condition::Any(Vec::new()),
            }),
        }
    }
    if let Some(kinds) = kinds {
        let resources = kinds.into_iter().map(|kind| Condition::Resource { kind, arn: arn.clone() });
        all.push(Condition::Any(resources.collect()));
    }
    Condition::All(all)
}

/// Fields that are members of the record, by their paths.
const MEMBERS: [&str; 7] = [
    "eventName",
    "eventSource",
    "eventType",
    "errorCode",
    "vpcEndpointId",
    "userIdentity.arn",
    "sessionCredentialFromConsole",
];

fn texts(field: &AdvancedFieldSelector) -> Texts {
    let hits = |operators: [(How, &Option<Vec<String>>); 3]| {
        let set = operators.into_iter().filter_map(|(how, values)| {
            let values = values.clone().filter(|values| !values.is_empty())?;
            Some(Hit { how, values })
        });
        set.collect()
    };
    Texts {
        selecting: hits([
            (How::Equals, &field.equals),
            (How::StartsWith, &field.starts_with),
            (How::EndsWith, &field.ends_with),
        ]),
        deselecting: hits([
            (How::Equals, &field.not_equals),
            (How::StartsWith, &field.not_starts_with),
            (How::EndsWith, &field.not_ends_with),
        ]),
    }
}
