//! `CancelQuery`.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, queries};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: Option<String>,
    query_id: String,
    event_data_store_owner_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    query_id: String,
    query_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data_store_owner_account_id: Option<String>,
}

pub(crate) async fn cancel_query(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.text("QueryId", Some(&input.query_id), &limits::UUID);
    found.refuse(Code::InvalidParameterException)?;
    queries::check_owner(call, input.event_data_store_owner_account_id.as_deref())?;
    let query = queries::find(service, call, &input.query_id, input.event_data_store.as_deref())?;
    let query = queries::cancel(service, &query.id)?;
    Ok(Output {
        query_id: query.id,
        query_status: query.status.as_str(),
        event_data_store_owner_account_id: input.event_data_store_owner_account_id,
    })
}
