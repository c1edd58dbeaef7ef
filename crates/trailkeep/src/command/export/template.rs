//! The index template that ECS documents want: types of fields, so that addresses, times and places can be asked for.
//!
//! It stands beside this file as JSON, as Elasticsearch takes it by `PUT _index_template/NAME`. Types are those of
//! Elastic's AWS CloudTrail integration; fields that it does not name become `keyword`.

use clap::ValueEnum;
use serde_json::Value;

use crate::fault::{Fault, Result};

const TEMPLATE: &str = include_str!("index-template.json");

/// Types that OpenSearch calls otherwise ("Supported field types", OpenSearch 2.14 and later).
const IN_OPENSEARCH: [(&str, &str); 1] = [("flattened", "flat_object")];

/// Parameters of types that OpenSearch does not take for them.
const NOT_IN_OPENSEARCH: [&str; 2] = ["depth_limit", "ignore_above"];

/// Who is to take the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Service {
    /// Elasticsearch 8 and later
    Elasticsearch,
    /// OpenSearch 2.14 and later
    Opensearch,
}

/// Returns the template as JSON.
///
/// # Errors
/// If the template that ships cannot be read.
pub(super) fn text(service: Service) -> Result<String> {
    let failed = |error| Fault::new("could not read the index template of this program").because(error);
    if service == Service::Elasticsearch {
        return Ok(TEMPLATE.trim_end().to_owned());
    }
    let mut template: Value = serde_json::from_str(TEMPLATE).map_err(failed)?;
    for_opensearch(&mut template);
    serde_json::to_string_pretty(&template).map_err(failed)
}

fn for_opensearch(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let found = members.get("type").and_then(Value::as_str);
            let other = IN_OPENSEARCH.iter().find(|(name, _)| found == Some(name));
            if let Some((_, name)) = other {
                members.insert("type".to_owned(), Value::from(*name));
                members.retain(|name, _| !NOT_IN_OPENSEARCH.contains(&name.as_str()));
            }
            members.values_mut().for_each(for_opensearch);
        }
        Value::Array(elements) => elements.iter_mut().for_each(for_opensearch),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Names and types of the integration's exported fields, one a line.
    const FIELDS: &str = include_str!("../../../testdata/ecs-field-types.txt");

    /// Goes through the fields of a mapping, those of a second kind included.
    fn types(properties: &Value, above: &str, found: &mut BTreeMap<String, String>) {
        for (name, field) in properties.as_object().into_iter().flatten() {
            let name = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            if let Some(kind) = field["type"].as_str() {
                found.insert(name.clone(), kind.to_owned());
            }
            types(&field["properties"], &name, found);
            types(&field["fields"], &name, found);
        }
    }

    #[test]
    fn every_field_has_its_type() {
        for service in [Service::Elasticsearch, Service::Opensearch] {
            let template: Value = serde_json::from_str(&text(service).unwrap()).unwrap();
            let mut found = BTreeMap::new();
            types(&template["template"]["mappings"]["properties"], "", &mut found);
            let mut expected: BTreeMap<String, String> = FIELDS
                .lines()
                .map(|line| line.split_once(' ').unwrap())
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect();
            assert_eq!(expected.len(), 132);
            if service == Service::Opensearch {
                for kind in expected.values_mut().filter(|kind| *kind == "flattened") {
                    *kind = "flat_object".to_owned();
                }
            }
            assert_eq!(found, expected, "{service:?}");
            assert_eq!(template["index_patterns"][0], "logs-aws.cloudtrail-*");
            assert!(template["data_stream"].is_object());
        }
    }
}
