//! `GetQueryResults`: rows page by page, once the query has ended.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::limits;
use crate::queries::{self, Query};
use crate::service::Service;
use crate::stores;
use crate::validate::Violations;

const OPERATION: &str = "GetQueryResults";
/// Rows of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: Option<String>,
    query_id: String,
    next_token: Option<String>,
    max_query_results: Option<i64>,
    event_data_store_owner_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    query_status: &'static str,
    query_statistics: Statistics,
    /// A row is a list of columns, each a map with one member: so two columns may have the same name.
    query_result_rows: Vec<Vec<Map<String, Value>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    results_count: usize,
    total_results_count: u64,
    bytes_scanned: u64,
}

pub(crate) async fn get_query_results(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxQueryResults", input.max_query_results, limits::MAX_QUERY_RESULTS);
    found.refuse(Code::InvalidMaxResultsException)?;
    let mut found = Violations::default();
    found.text("QueryId", Some(&input.query_id), &limits::UUID);
    found.refuse(Code::InvalidParameterException)?;
    queries::check_owner(call, input.event_data_store_owner_account_id.as_deref())?;
    let query = queries::find(service, call, &input.query_id, input.event_data_store.as_deref())?;
    stores::check_all_active(service, &query.stores)?;
    let from = match &input.next_token {
        Some(token) => service.tokens.read(call, (OPERATION, Code::InvalidNextTokenException), &query.id, token)?,
        None => 0,
    };
    let (rows, next) = if query.status.has_rows() {
        let size = usize::try_from(input.max_query_results.unwrap_or(USUAL)).unwrap_or(1);
        let page = service.queries.page(&query.id, from, size)?;
        (page.rows, page.next)
    } else {
        (Vec::new(), None)
    };
    let next_token = next.map(|next| service.tokens.make(call, OPERATION, &query.id, &next)).transpose()?;
    let query_result_rows: Vec<_> = rows.into_iter().map(|row| named(&query, row)).collect();
    Ok(Output {
        query_status: query.status.as_str(),
        query_statistics: Statistics {
            results_count: query_result_rows.len(),
            total_results_count: query.rows,
            bytes_scanned: query.bytes_scanned,
        },
        query_result_rows,
        next_token,
        error_message: query.error,
    })
}

/// Gives the values of a row their names. Where there is no value the text is empty, as in the files of results.
fn named(query: &Query, row: Vec<Option<String>>) -> Vec<Map<String, Value>> {
    let columns = query.columns.iter().zip(row);
    let columns = columns.map(|(column, text)| {
        std::iter::once((column.name.clone(), Value::String(text.unwrap_or_default()))).collect()
    });
    columns.collect()
}
