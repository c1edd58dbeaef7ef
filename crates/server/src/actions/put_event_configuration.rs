//! PutEventConfiguration: how large and how rich the events of an event data store are, and how a trail aggregates them.

use lake::Expect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trail::model::EVENT_DATA_STORE;

use crate::actions::get_event_configuration::{Output, STANDARD};
use crate::actions::get_insight_selectors::Holder;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;
use crate::{kept, stores, trails};

/// How large events must be able to be to hold context keys.
const LARGE: &str = "Large";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: Option<String>,
    event_data_store: Option<String>,
    max_event_size: Option<String>,
    context_key_selectors: Option<Vec<ContextKeySelector>>,
    aggregation_configurations: Option<Vec<AggregationConfiguration>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ContextKeySelector {
    r#type: String,
    equals: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AggregationConfiguration {
    templates: Vec<String>,
    event_category: String,
}

pub(crate) async fn put_event_configuration(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let holder = Holder::of(input.trail_name.clone(), input.event_data_store.clone())?;
    check(&input)?;
    match holder {
        Holder::Trail(name) => put_trail(service, call, &name, input),
        Holder::EventDataStore(name) => put_store(service, call, &name, input),
    }
}

fn put_trail(service: &Service, call: &Call, name: &str, input: Input) -> Result<Output> {
    let mut found = trails::find_at_home(service, call, name)?;
    if input.max_event_size.is_some() || input.context_key_selectors.is_some() {
        return Err(combination("MaxEventSize and ContextKeySelectors go with EventDataStore, not with TrailName."));
    }
    if let Some(configurations) = input.aggregation_configurations {
        found.value.aggregation_configurations = values(&configurations)?;
        trails::put(service, &found)?;
    }
    Ok(Output::of_trail(found.value))
}

fn put_store(service: &Service, call: &Call, name: &str, input: Input) -> Result<Output> {
    let mut found = stores::active(service, call, name)?;
    if input.aggregation_configurations.is_some() {
        return Err(combination("AggregationConfigurations go with TrailName, not with EventDataStore."));
    }
    let store = &mut found.value;
    if let Some(size) = input.max_event_size {
        store.max_event_size = Some(size);
    }
    if let Some(selectors) = input.context_key_selectors {
        store.context_key_selectors = values(&selectors)?;
    }
    let size = store.max_event_size.as_deref().unwrap_or(STANDARD);
    if size != LARGE && !store.context_key_selectors.is_empty() {
        return Err(combination("ContextKeySelectors need the MaxEventSize Large."));
    }
    store.updated = call.now.into();
    kept::put(service, (EVENT_DATA_STORE, &store.arn), store, Expect::Revision(found.revision))?;
    Ok(Output::of_store(found.value))
}

fn check(input: &Input) -> Result<()> {
    let mut found = Violations::default();
    found.one_of("MaxEventSize", input.max_event_size.as_deref(), limits::MAX_EVENT_SIZE);
    let selectors = input.context_key_selectors.as_deref();
    found.length("ContextKeySelectors", selectors, limits::CONTEXT_KEY_SELECTORS);
    for selector in selectors.into_iter().flatten() {
        found.one_of("ContextKeySelectors.member.Type", Some(&selector.r#type), limits::TYPE);
        found.length("ContextKeySelectors.member.Equals", Some(&selector.equals), limits::OPERATOR_TARGET_LIST);
        for key in &selector.equals {
            found.text("ContextKeySelectors.member.Equals", Some(key), &limits::OPERATOR_TARGET_LIST_MEMBER);
        }
    }
    let configurations = input.aggregation_configurations.as_deref();
    found.length("AggregationConfigurations", configurations, limits::AGGREGATION_CONFIGURATIONS);
    for configuration in configurations.into_iter().flatten() {
        let member = "AggregationConfigurations.member";
        found.length(&format!("{member}.Templates"), Some(&configuration.templates), limits::TEMPLATES);
        for template in &configuration.templates {
            found.one_of(&format!("{member}.Templates"), Some(template), limits::TEMPLATE);
        }
        let category = Some(configuration.event_category.as_str());
        found.one_of(&format!("{member}.EventCategory"), category, limits::EVENT_CATEGORY_AGGREGATION);
    }
    found.refuse(Code::InvalidParameterException)?;
    match selectors {
        Some([one, other]) if one.r#type == other.r#type => Err(Fault::new(
            Code::InvalidParameterException,
            format!("There can be one context key selector of the type {}.", one.r#type),
        )),
        _ => Ok(()),
    }
}

fn values(given: &[impl Serialize]) -> Result<Vec<Value>> {
    let values = given.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    values.map_err(|error| Fault::internal("keep the configuration of events", &error))
}

fn combination(message: &'static str) -> Fault {
    Fault::new(Code::InvalidParameterCombinationException, message)
}
