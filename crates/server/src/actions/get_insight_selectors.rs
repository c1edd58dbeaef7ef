//! GetInsightSelectors, of a trail or an event data store.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::{stores, trails};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: Option<String>,
    event_data_store: Option<String>,
}

/// What is answered about Insights of a trail or an event data store.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "TrailARN", skip_serializing_if = "Option::is_none")]
    pub trail_arn: Option<String>,
    pub insight_selectors: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_data_store_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insights_destination: Option<String>,
}

/// Which of the two a call is about.
pub(crate) enum Holder {
    /// A trail, by name or ARN.
    Trail(String),
    /// An event data store.
    EventDataStore(String),
}

impl Holder {
    /// Takes the one that is given.
    ///
    /// # Errors
    /// `InvalidParameterCombinationException` for both, `InvalidParameterException` for none.
    pub(crate) fn of(trail_name: Option<String>, event_data_store: Option<String>) -> Result<Holder> {
        match (trail_name, event_data_store) {
            (Some(name), None) => Ok(Holder::Trail(name)),
            (None, Some(store)) => Ok(Holder::EventDataStore(store)),
            (Some(_), Some(_)) => Err(Fault::new(
                Code::InvalidParameterCombinationException,
                "You can specify either TrailName or EventDataStore, but not both.",
            )),
            (None, None) => {
                Err(Fault::new(Code::InvalidParameterException, "You must specify either TrailName or EventDataStore."))
            }
        }
    }
}

pub(crate) async fn get_insight_selectors(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let output = match Holder::of(input.trail_name, input.event_data_store)? {
        Holder::Trail(name) => {
            let trail = trails::find(service, call, &name)?.value;
            Output {
                trail_arn: Some(trail.arn),
                insight_selectors: trail.insight_selectors,
                insights_destination: trail.insights_destination,
                ..Output::default()
            }
        }
        Holder::EventDataStore(name) => {
            let store = stores::active(service, call, &name)?.value;
            Output {
                event_data_store_arn: Some(store.arn),
                insight_selectors: store.insight_selectors,
                insights_destination: store.insights_destination,
                ..Output::default()
            }
        }
    };
    if output.insight_selectors.is_empty() {
        return Err(not_enabled(&output));
    }
    Ok(output)
}

fn not_enabled(output: &Output) -> Fault {
    let message = match (&output.trail_arn, &output.event_data_store_arn) {
        (Some(arn), _) => format!(
            "Trail {arn} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the \
             operation again."
        ),
        (None, arn) => format!(
            "Event data store {} does not have Insights enabled. Edit the event data store to enable Insights, and then \
             try the operation again.",
            arn.as_deref().unwrap_or_default()
        ),
    };
    Fault::new(Code::InsightNotEnabledException, message)
}
