//! `DescribeQuery`: by its id, or the newest one of a widget.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::queries::{self, Query};
use crate::service::Service;
use crate::stores;
use crate::validate::Violations;
use crate::wire::seconds;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: Option<String>,
    query_id: Option<String>,
    query_alias: Option<String>,
    refresh_id: Option<String>,
    event_data_store_owner_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    query_id: String,
    query_string: String,
    query_status: &'static str,
    query_statistics: Statistics,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(rename = "DeliveryS3Uri", skip_serializing_if = "Option::is_none")]
    delivery_s3_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data_store_owner_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    events_matched: u64,
    events_scanned: u64,
    bytes_scanned: u64,
    execution_time_in_millis: i64,
    creation_time: Number,
}

pub(crate) async fn describe_query(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.text("QueryId", input.query_id.as_deref(), &limits::UUID);
    found.text("QueryAlias", input.query_alias.as_deref(), &limits::QUERY_ALIAS);
    found.text("RefreshId", input.refresh_id.as_deref(), &limits::REFRESH_ID);
    found.refuse(Code::InvalidParameterException)?;
    queries::check_owner(call, input.event_data_store_owner_account_id.as_deref())?;
    let store = input.event_data_store.as_deref();
    let query = match (&input.query_id, &input.query_alias) {
        (Some(id), None) => queries::find(service, call, id, store)?,
        (None, Some(alias)) => newest(service, call, alias, input.refresh_id.as_deref())?,
        _ => {
            let message = "Give either the QueryId of a query, or the QueryAlias of a widget of a dashboard.";
            return Err(Fault::new(Code::InvalidParameterException, message));
        }
    };
    stores::check_all_active(service, &query.stores)?;
    Ok(told(query, input.event_data_store_owner_account_id))
}

/// Returns the newest query of a widget, of one refresh if that is named.
fn newest(service: &Service, call: &Call, alias: &str, refresh_id: Option<&str>) -> Result<Query> {
    let mut all = queries::all(service, call)?;
    all.retain(|query| {
        let of_refresh = refresh_id.is_none() || query.refresh_id.as_deref() == refresh_id;
        query.alias.as_deref() == Some(alias) && of_refresh
    });
    // They come in the order in which they were made.
    all.pop().ok_or_else(|| {
        Fault::new(
            Code::QueryIdNotFoundException,
            format!("No query was run for the alias '{alias}' in the last week."),
        )
    })
}

fn told(query: Query, owner: Option<String>) -> Output {
    let statistics = Statistics {
        events_matched: query.events_matched,
        events_scanned: query.events_scanned,
        bytes_scanned: query.bytes_scanned,
        execution_time_in_millis: query.milliseconds(),
        creation_time: seconds(query.created),
    };
    let (delivery_s3_uri, delivery_status) = query.delivery.map(|delivery| (delivery.uri, delivery.status)).unzip();
    Output {
        query_id: query.id,
        query_string: query.statement,
        query_status: query.status.as_str(),
        query_statistics: statistics,
        error_message: query.error,
        delivery_s3_uri,
        delivery_status,
        event_data_store_owner_account_id: owner,
    }
}
