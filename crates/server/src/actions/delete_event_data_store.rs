//! `DeleteEventDataStore`: the store waits some days to be restored.

use lake::Expect;
use serde::Deserialize;
use trail::model::{CHANNEL, Channel, EVENT_DATA_STORE, EventDataStore, Millis};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::wire::Empty;
use crate::{kept, stores};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
}

pub(crate) async fn delete_event_data_store(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let found = stores::active(service, call, &input.event_data_store)?;
    let mut store = found.value;
    check(service, &store)?;
    store.deleted = Some(Millis::from(call.now));
    store.updated = Millis::from(call.now);
    kept::put(service, (EVENT_DATA_STORE, &store.arn), &store, Expect::Revision(found.revision))?;
    Ok(Empty {})
}

/// Refuses to delete what is protected or in use.
fn check(service: &Service, store: &EventDataStore) -> Result<()> {
    let refused = |code: Code, why: &str| Err(Fault::new(code, format!("The event data store {} {why}.", store.arn)));
    if store.termination_protection_enabled {
        return refused(
            Code::EventDataStoreTerminationProtectedException,
            "cannot be deleted because termination protection is enabled for it",
        );
    }
    let channels = service.documents.read_all::<Channel>(CHANNEL)?;
    if channels.iter().any(|channel| channel.value.destinations.contains(&store.arn)) {
        return refused(Code::ChannelExistsForEDSException, "is the destination of a channel");
    }
    stores::check_not_importing(service, store)
}
