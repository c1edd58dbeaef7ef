//! GetEventConfiguration, of a trail or an event data store.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trail::model::{EventDataStore, Trail};

use crate::actions::get_insight_selectors::Holder;
use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::{stores, trails};

/// How large events are, unless somebody said otherwise.
pub(crate) const STANDARD: &str = "Standard";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: Option<String>,
    event_data_store: Option<String>,
}

/// What is answered about the events of a trail or an event data store.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "TrailARN", skip_serializing_if = "Option::is_none")]
    trail_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data_store_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_event_size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_key_selectors: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation_configurations: Option<Vec<Value>>,
}

impl Output {
    /// Tells of a trail.
    pub(crate) fn of_trail(trail: Trail) -> Output {
        let aggregation_configurations = Some(trail.aggregation_configurations);
        Output { trail_arn: Some(trail.arn), aggregation_configurations, ..Output::default() }
    }

    /// Tells of an event data store.
    pub(crate) fn of_store(store: EventDataStore) -> Output {
        Output {
            event_data_store_arn: Some(store.arn),
            max_event_size: Some(store.max_event_size.unwrap_or_else(|| STANDARD.to_owned())),
            context_key_selectors: Some(store.context_key_selectors),
            ..Output::default()
        }
    }
}

pub(crate) async fn get_event_configuration(service: &Service, call: &Call, input: Input) -> Result<Output> {
    match Holder::of(input.trail_name, input.event_data_store)? {
        Holder::Trail(name) => Ok(Output::of_trail(trails::find(service, call, &name)?.value)),
        Holder::EventDataStore(name) => Ok(Output::of_store(stores::active(service, call, &name)?.value)),
    }
}
