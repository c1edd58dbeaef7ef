//! An event data store as answers tell it.

use serde::Serialize;
use serde_json::Number;
use trail::model::EventDataStore;
use trail::selectors::AdvancedEventSelector;

use crate::wire::seconds;

/// An event data store as answers tell it; each operation takes off what it does not have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StoreAnswer {
    event_data_store_arn: String,
    name: String,
    status: &'static str,
    advanced_event_selectors: Vec<AdvancedEventSelector>,
    multi_region_enabled: bool,
    organization_enabled: bool,
    retention_period: u32,
    termination_protection_enabled: bool,
    created_timestamp: Number,
    updated_timestamp: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    billing_mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_status: Option<&'static str>,
}

impl StoreAnswer {
    /// Tells a store as it is.
    pub(crate) fn of(store: EventDataStore) -> StoreAnswer {
        StoreAnswer {
            status: status(&store),
            event_data_store_arn: store.arn,
            name: store.name,
            advanced_event_selectors: store.advanced_event_selectors,
            multi_region_enabled: store.multi_region_enabled,
            organization_enabled: store.organization_enabled,
            retention_period: store.retention_days,
            termination_protection_enabled: store.termination_protection_enabled,
            created_timestamp: seconds(store.created),
            updated_timestamp: seconds(store.updated),
            kms_key_id: store.kms_key_id,
            billing_mode: store.billing_mode,
            federation_status: None,
        }
    }

    /// The same, as it is right after it was made.
    pub(crate) fn new_born(mut self) -> StoreAnswer {
        self.status = "CREATED";
        self
    }

    /// The same, with the state of its federation: there is none outside AWS.
    pub(crate) fn with_federation(mut self) -> StoreAnswer {
        self.federation_status = Some("DISABLED");
        self
    }
}

/// Returns the state of a store as the API spells it. Changes are done when their call is answered, so that the states in
/// between do not occur.
fn status(store: &EventDataStore) -> &'static str {
    match (store.deleted, store.is_ingesting()) {
        (Some(_), _) => "PENDING_DELETION",
        (None, true) => "ENABLED",
        (None, false) => "STOPPED_INGESTION",
    }
}
