//! `DisableFederation`: refused, for there is neither Lake Formation nor Glue outside AWS.

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

pub(crate) async fn disable_federation(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let store = stores::active(service, call, &input.event_data_store)?.value;
    Err(stores::no_federation(&store))
}
