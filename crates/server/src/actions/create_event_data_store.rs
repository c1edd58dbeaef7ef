//! `CreateEventDataStore`.

use lake::Expect;
use serde::{Deserialize, Serialize};
use trail::model::{EVENT_DATA_STORE, EventDataStore, Millis, Stretch, Tag};
use trail::selectors::{AdvancedEventSelector, Selectors};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;
use crate::stores::{self, Members, StoreAnswer};
use crate::{kept, kms, tags};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
    tags_list: Option<Vec<Tag>>,
    start_ingestion: Option<bool>,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(flatten)]
    store: StoreAnswer,
    tags_list: Vec<Tag>,
}

pub(crate) async fn create_event_data_store(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let Input { name, tags_list, start_ingestion, members } = input;
    stores::check(service, call, &Members { name: Some(name.clone()), ..members.clone() })?;
    let tags = tags_list.unwrap_or_default();
    tags::check(&tags)?;
    let billing_mode = members.billing_mode.unwrap_or_else(|| "EXTENDABLE_RETENTION_PRICING".to_owned());
    let retention_days = stores::retention(&billing_mode, members.retention_period)?;
    let all = stores::all(service, call)?;
    stores::check_name(&all, &name, None)?;
    stores::check_count(&all)?;
    let id = uuid::Uuid::new_v4().to_string();
    let now = Millis::from(call.now);
    let stop = Stretch { from: now, until: None };
    let store = EventDataStore {
        arn: Kind::EventDataStore.arn(call, &id),
        id,
        name,
        account: call.account,
        region: call.region.clone(),
        advanced_event_selectors: members.advanced_event_selectors.unwrap_or_else(usual),
        multi_region_enabled: members.multi_region_enabled.unwrap_or(true),
        organization_enabled: members.organization_enabled.unwrap_or(false),
        retention_days,
        termination_protection_enabled: members.termination_protection_enabled.unwrap_or(true),
        billing_mode,
        kms_key_id: members.kms_key_id.map(|key| kms::key_arn(call, &key)).transpose()?,
        max_event_size: None,
        context_key_selectors: Vec::new(),
        insight_selectors: Vec::new(),
        insights_destination: None,
        tags: tags.clone(),
        stops: if start_ingestion == Some(false) { vec![stop] } else { Vec::new() },
        feeds: Vec::new(),
        imported: Vec::new(),
        created: now,
        updated: now,
        deleted: None,
    };
    if start_ingestion == Some(false) {
        stores::check_switchable(&store)?;
    }
    if store.advanced_event_selectors.is_empty() {
        return Err(Fault::new(Code::InvalidEventSelectorsException, "An event data store needs an event selector."));
    }
    kept::put(service, (EVENT_DATA_STORE, &store.arn), &store, Expect::Absent)?;
    Ok(Output { store: StoreAnswer::of(store).new_born(), tags_list: tags })
}

/// What a store shows unless told otherwise.
fn usual() -> Vec<AdvancedEventSelector> {
    match Selectors::of_new_store() {
        Selectors::Advanced(selectors) => selectors,
        Selectors::Basic(_) => Vec::new(),
    }
}
