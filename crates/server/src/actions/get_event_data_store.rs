//! `GetEventDataStore`.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::stores::{self, StoreAnswer};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
}

pub(crate) async fn get_event_data_store(service: &Service, call: &Call, input: Input) -> Result<StoreAnswer> {
    Ok(StoreAnswer::of(stores::find(service, call, &input.event_data_store)?.value).with_federation())
}
