//! PutInsightSelectors: replaces what was there; an empty list switches Insights off.

use lake::Expect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trail::model::EVENT_DATA_STORE;
use trail::selectors::{Call as Asked, Selectors};

use crate::actions::get_insight_selectors::{Holder, Output};
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::{kept, stores, trails};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: Option<String>,
    insight_selectors: Vec<InsightSelector>,
    event_data_store: Option<String>,
    insights_destination: Option<String>,
}

/// A selector, with what was left out left out: answers echo what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InsightSelector {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    insight_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_categories: Option<Vec<String>>,
}

pub(crate) async fn put_insight_selectors(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let holder = Holder::of(input.trail_name, input.event_data_store)?;
    let selectors = input.insight_selectors.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
    let selectors = selectors.map_err(|error| Fault::internal("keep insight selectors", &error))?;
    match holder {
        Holder::Trail(name) => {
            let mut kept = trails::find_at_home(service, call, &name)?;
            check(&input.insight_selectors, limits::SOURCE_EVENT_CATEGORY)?;
            if input.insights_destination.is_some() {
                return Err(Fault::new(
                    Code::InvalidParameterCombinationException,
                    "InsightsDestination goes with EventDataStore: a trail delivers Insights to its bucket.",
                ));
            }
            let taken = kept.value.selectors.clone().unwrap_or_else(Selectors::of_new_trail);
            check_recorded(&selectors, &taken, "the trail")?;
            kept.value.insight_selectors.clone_from(&selectors);
            trails::put(service, &kept)?;
            Ok(Output { trail_arn: Some(kept.value.arn), insight_selectors: selectors, ..Output::default() })
        }
        Holder::EventDataStore(name) => {
            put_store(service, call, &name, (&input.insight_selectors, selectors), input.insights_destination)
        }
    }
}

fn put_store(
    service: &Service,
    call: &Call,
    name: &str,
    (given, selectors): (&[InsightSelector], Vec<Value>),
    destination: Option<String>,
) -> Result<Output> {
    let mut found = stores::active(service, call, name)?;
    // Stores look at management events only.
    check(given, &["Management"])?;
    let taken = Selectors::Advanced(found.value.advanced_event_selectors.clone());
    check_recorded(&selectors, &taken, "the event data store")?;
    let destination = match (destination, selectors.is_empty()) {
        (Some(destination), _) => Some(destination_arn(service, call, &destination)?),
        (None, true) => None,
        (None, false) => {
            return Err(Fault::new(
                Code::InvalidParameterException,
                "InsightsDestination must be given with EventDataStore: the event data store that Insights go to.",
            ));
        }
    };
    let store = &mut found.value;
    store.insight_selectors.clone_from(&selectors);
    store.insights_destination.clone_from(&destination);
    store.updated = call.now.into();
    kept::put(service, (EVENT_DATA_STORE, &store.arn), store, Expect::Revision(found.revision))?;
    Ok(Output {
        trail_arn: None,
        insight_selectors: selectors,
        event_data_store_arn: Some(found.value.arn),
        insights_destination: destination,
    })
}

/// Finds the store that Insights of another one go to.
fn destination_arn(service: &Service, call: &Call, name: &str) -> Result<String> {
    let store = stores::active(service, call, name)?.value;
    if store.categories().contains(&"Insight") {
        return Ok(store.arn);
    }
    let message =
        format!("The event data store {} is no destination of Insights: it does not log Insights events.", store.arn);
    Err(Fault::new(Code::InvalidInsightSelectorsException, message))
}

/// Refuses Insights into events that are not recorded: call rates need management events that write, all others any events
/// of their category. Selectors are those of [`check`]. Source: AWS CloudTrail API reference, PutInsightSelectors.
///
/// # Errors
/// `InvalidInsightSelectorsException`.
pub(crate) fn check_recorded(selectors: &[Value], taken: &Selectors, holder: &str) -> Result<()> {
    for selector in selectors {
        let kind = selector.get("InsightType").and_then(Value::as_str).unwrap_or_default();
        let given = selector.get("EventCategories").and_then(Value::as_array);
        let given = given.map(|given| given.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        for category in given.unwrap_or_else(|| vec!["Management"]) {
            let writes_only = kind == "ApiCallRateInsight" && category == "Management";
            let read_only = writes_only.then_some(false);
            if taken.may_take(&Asked { event_category: Some(category), read_only, ..Asked::default() }) {
                continue;
            }
            let events = if writes_only { "write management" } else { category };
            let message = format!("Insights of the type {kind} need {events} events, and {holder} does not log any.");
            return Err(Fault::new(Code::InvalidInsightSelectorsException, message));
        }
    }
    Ok(())
}

fn check(selectors: &[InsightSelector], categories: &[&str]) -> Result<()> {
    let invalid = |message: String| Err(Fault::new(Code::InvalidInsightSelectorsException, message));
    let mut seen: Vec<&str> = Vec::new();
    for selector in selectors {
        let kind = selector.insight_type.as_deref().unwrap_or_default();
        if !limits::INSIGHT_TYPE.contains(&kind) {
            return invalid(format!("The InsightType of a selector is one of {}.", limits::INSIGHT_TYPE.join(", ")));
        }
        if seen.contains(&kind) {
            return invalid(format!("The InsightType {kind} is given more than once."));
        }
        seen.push(kind);
        let given = selector.event_categories.as_deref();
        let fits = given.is_none_or(|given| {
            !given.is_empty() && given.iter().all(|category| categories.contains(&category.as_str()))
        });
        if !fits {
            return invalid(format!("The EventCategories of a selector are one or more of {}.", categories.join(", ")));
        }
    }
    Ok(())
}
