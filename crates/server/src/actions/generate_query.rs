//! `GenerateQuery`: refused, for there is no language model here that could write one.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::Empty;
use crate::{limits, stores};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_stores: Vec<String>,
    prompt: String,
}

pub(crate) async fn generate_query(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let mut found = Violations::default();
    found.length("EventDataStores", Some(&input.event_data_stores), limits::EVENT_DATA_STORE_LIST);
    found.text("Prompt", Some(&input.prompt), &limits::PROMPT);
    found.refuse(Code::InvalidParameterException)?;
    for name in &input.event_data_stores {
        stores::active(service, call, name)?;
    }
    Err(Fault::new(
        Code::GenerateResponseException,
        "No query can be generated: this service has no language model. SearchSampleQueries finds queries that are ready \
         to be run.",
    ))
}
