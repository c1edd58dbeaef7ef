//! `UpdateEventDataStore`.

use lake::Expect;
use serde::Deserialize;
use trail::model::{EVENT_DATA_STORE, EventDataStore, Millis};
use trail::selectors::Selectors;

use crate::actions::put_insight_selectors;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::kms;
use crate::service::Service;
use crate::stores::{self, Members, StoreAnswer};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
    #[serde(flatten)]
    members: Members,
}

pub(crate) async fn update_event_data_store(service: &Service, call: &Call, input: Input) -> Result<StoreAnswer> {
    stores::check(service, call, &input.members)?;
    let found = stores::active(service, call, &input.event_data_store)?;
    if input.members == Members::default() {
        let message = "Give at least one member that is to change.";
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    stores::check_not_importing(service, &found.value)?;
    let mut store = found.value;
    if let Some(name) = &input.members.name {
        stores::check_name(&stores::all(service, call)?, name, Some(&store.arn))?;
    }
    change(call, &mut store, input.members)?;
    store.updated = Millis::from(call.now);
    kept::put(service, (EVENT_DATA_STORE, &store.arn), &store, Expect::Revision(found.revision))?;
    Ok(StoreAnswer::of(store).with_federation())
}

/// Takes over the members that were sent.
fn change(call: &Call, store: &mut EventDataStore, members: Members) -> Result<()> {
    let refused = |message: &'static str| Err(Fault::new(Code::InvalidParameterException, message));
    if let Some(mode) = members.billing_mode {
        if mode == stores::FIXED && store.billing_mode != mode {
            return refused(
                "An event data store with extendable retention pricing cannot be given fixed retention pricing.",
            );
        }
        store.billing_mode = mode;
    }
    let days = members.retention_period.unwrap_or_else(|| i64::from(store.retention_days));
    store.retention_days = stores::retention(&store.billing_mode, Some(days))?;
    if let Some(key) = members.kms_key_id {
        let key = kms::key_arn(call, &key)?;
        if store.kms_key_id.as_ref().is_some_and(|known| *known != key) {
            return refused("The KMS key of an event data store cannot be changed once it is set.");
        }
        store.kms_key_id = Some(key);
    }
    if let Some(selectors) = members.advanced_event_selectors {
        if selectors.is_empty() {
            return Err(Fault::new(
                Code::InvalidEventSelectorsException,
                "An event data store needs an event selector.",
            ));
        }
        let before = stores::is_fed_by_channels(store);
        let taken = Selectors::Advanced(selectors.clone());
        put_insight_selectors::check_recorded(&store.insight_selectors, &taken, "the event data store")?;
        store.advanced_event_selectors = selectors;
        if before != stores::is_fed_by_channels(store) {
            return Err(Fault::new(
                Code::InvalidEventSelectorsException,
                "An event data store for the events of channels cannot become one for other events, nor the other way.",
            ));
        }
    }
    store.name = members.name.unwrap_or_else(|| store.name.clone());
    store.multi_region_enabled = members.multi_region_enabled.unwrap_or(store.multi_region_enabled);
    store.organization_enabled = members.organization_enabled.unwrap_or(store.organization_enabled);
    store.termination_protection_enabled =
        members.termination_protection_enabled.unwrap_or(store.termination_protection_enabled);
    let is_fed = store.feeds.iter().any(|feed| feed.stretch.until.is_none());
    if is_fed && (store.multi_region_enabled || store.organization_enabled) {
        return refused("The destination of a channel is an event data store of one Region and one account.");
    }
    Ok(())
}
