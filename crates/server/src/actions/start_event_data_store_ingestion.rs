//! `StartEventDataStoreIngestion`.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::stores;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
}

pub(crate) async fn start_event_data_store_ingestion(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    stores::switch(service, call, &input.event_data_store, stores::Ingestion::On)?;
    Ok(Empty {})
}
