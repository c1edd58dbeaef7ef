//! `RestoreEventDataStore`.

use lake::Expect;
use serde::Deserialize;
use trail::model::{EVENT_DATA_STORE, Millis};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::service::Service;
use crate::stores::{self, StoreAnswer};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
}

pub(crate) async fn restore_event_data_store(service: &Service, call: &Call, input: Input) -> Result<StoreAnswer> {
    let found = stores::find(service, call, &input.event_data_store)?;
    let mut store = found.value;
    if store.deleted.is_none() {
        let message = format!("The event data store {} is not pending deletion.", store.arn);
        return Err(Fault::new(Code::InvalidEventDataStoreStatusException, message));
    }
    stores::check_count(&stores::all(service, call)?)?;
    store.deleted = None;
    store.updated = Millis::from(call.now);
    kept::put(service, (EVENT_DATA_STORE, &store.arn), &store, Expect::Revision(found.revision))?;
    Ok(StoreAnswer::of(store))
}
