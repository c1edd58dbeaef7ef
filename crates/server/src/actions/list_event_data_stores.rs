//! `ListEventDataStores`.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, stores};

/// Members of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    event_data_stores: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The API still has other members here, and answers without them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    event_data_store_arn: String,
    name: String,
}

pub(crate) async fn list_event_data_stores(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.refuse(Code::InvalidMaxResultsException)?;
    let all = stores::all(service, call)?.into_iter().map(|kept| {
        let store = kept.value;
        let key = (store.created.0, store.id);
        (key, Listed { event_data_store_arn: store.arn, name: store.name })
    });
    let asked = Asked {
        operation: "ListEventDataStores",
        question: &(),
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (event_data_stores, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { event_data_stores, next_token })
}
