//! What selectors take, straight from the rules and over plain JSON: slow, simple, and nothing of ours in it but the wire.

use serde_json::Value;
use trail::selectors::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Selectors};

pub(crate) fn takes(selectors: &Selectors, event: &Value) -> bool {
    match selectors {
        Selectors::Basic(selectors) => selectors.iter().any(|selector| basic(selector, event)),
        Selectors::Advanced(selectors) => selectors.iter().any(|selector| advanced(selector, event)),
    }
}

fn text<'e>(event: &'e Value, name: &str) -> Option<&'e str> {
    event.get(name).and_then(Value::as_str)
}

/// The category that stands in the record, or the one that follows from the few facts that the cases here have.
fn category(event: &Value) -> &str {
    if let Some(category) = text(event, "eventCategory") {
        return category;
    }
    let is_management = event.get("managementEvent").and_then(Value::as_bool);
    let is_object_call = text(event, "eventName").is_some_and(|name| name.ends_with("Object"));
    match (text(event, "eventType"), is_management) {
        (Some("AwsCloudTrailInsight"), _) => "Insight",
        (Some("AwsVpceEvents"), _) => "NetworkActivity",
        (_, Some(false)) => "Data",
        (_, None) if is_object_call && text(event, "eventSource") == Some("s3.amazonaws.com") => "Data",
        _ => "Management",
    }
}

fn resources(event: &Value) -> Vec<(Option<&str>, Vec<&str>)> {
    let all = match event.get("resources") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    all.into_iter()
        .map(|resource| {
            let arns = ["ARN", "arn", "ARNPrefix"].iter().filter_map(|name| text(resource, name)).collect();
            (text(resource, "type"), arns)
        })
        .collect()
}

fn basic(selector: &EventSelector, event: &Value) -> bool {
    let reads = event.get("readOnly") == Some(&Value::Bool(true));
    let fits = match selector.read_write_type.clone().unwrap_or_default() {
        ReadWriteType::ReadOnly => reads,
        ReadWriteType::WriteOnly => !reads,
        ReadWriteType::All => true,
        ReadWriteType::Other(_) => false,
    };
    let excluded = selector.exclude_management_event_sources.clone().unwrap_or_default();
    let source = text(event, "eventSource").unwrap_or_default();
    match category(event) {
        "Management" => fits && selector.includes_management_events() && !excluded.iter().any(|one| one == source),
        "Data" => fits && resources(event).iter().any(|(kind, arns)| listed(selector, kind.unwrap_or_default(), arns)),
        _ => false,
    }
}

fn listed(selector: &EventSelector, kind: &str, arns: &[&str]) -> bool {
    selector.data_resources.iter().flatten().any(|resource| {
        let (listed, values) = (resource.r#type.as_deref().unwrap(), resource.values.clone().unwrap_or_default());
        values.iter().any(|value| {
            let all = match listed {
                "AWS::S3::Object" => ["arn:aws:s3", "arn:aws:s3:::"].contains(&value.as_str()),
                "AWS::Lambda::Function" => value == "arn:aws:lambda",
                _ => value == "arn:aws:dynamodb",
            };
            let any = |fits: &dyn Fn(&str) -> bool| all || arns.iter().any(|arn| fits(arn));
            match (listed, kind) {
                ("AWS::S3::Object", "AWS::S3::Object") => any(&|arn| arn.starts_with(value.as_str())),
                ("AWS::DynamoDB::Table", "AWS::DynamoDB::Stream") => {
                    any(&|arn| arn.starts_with(&format!("{value}/stream/")))
                }
                (listed, kind) => listed == kind && any(&|arn| arn == value),
            }
        })
    })
}

fn advanced(selector: &AdvancedEventSelector, event: &Value) -> bool {
    let of_record = selector.field_selectors.iter().filter(|field| !field.field.starts_with("resources."));
    let fits = of_record.into_iter().all(|field| {
        let found = match field.field.as_str() {
            "eventCategory" => Some(category(event)),
            "readOnly" if event.get("readOnly") == Some(&Value::Bool(true)) => Some("true"),
            "readOnly" => Some("false"),
            "userIdentity.arn" => event.pointer("/userIdentity/arn").and_then(Value::as_str),
            name => text(event, name),
        };
        passes(field, &found.into_iter().collect::<Vec<_>>())
    });
    let of_resource: Vec<_> =
        selector.field_selectors.iter().filter(|field| field.field.starts_with("resources.")).collect();
    let about_resource = |(kind, arns): &(Option<&str>, Vec<&str>)| {
        of_resource.iter().all(|field| match field.field.as_str() {
            "resources.type" => passes(field, &kind.iter().copied().collect::<Vec<_>>()),
            _ => passes(field, arns),
        })
    };
    fits && (of_resource.is_empty() || resources(event).iter().any(about_resource))
}

fn passes(field: &AdvancedFieldSelector, found: &[&str]) -> bool {
    let hit = |values: &Option<Vec<String>>, test: &dyn Fn(&str, &str) -> bool| {
        values.iter().flatten().any(|value| found.iter().any(|text| test(text, value)))
    };
    let equals = |text: &str, value: &str| text == value;
    let starts = |text: &str, value: &str| text.starts_with(value);
    let ends = |text: &str, value: &str| text.ends_with(value);
    let selects =
        field.equals.iter().chain(&field.starts_with).chain(&field.ends_with).any(|values| !values.is_empty());
    let selected = hit(&field.equals, &equals) || hit(&field.starts_with, &starts) || hit(&field.ends_with, &ends);
    let deselected =
        hit(&field.not_equals, &equals) || hit(&field.not_starts_with, &starts) || hit(&field.not_ends_with, &ends);
    (!selects || selected) && !deselected
}
