//! `ListQueries`: those of the last week over one event data store, newest first.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::{Timestamp, seconds};
use crate::{limits, queries, stores};

/// Queries of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
    next_token: Option<String>,
    max_results: Option<i64>,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    query_status: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    queries: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    query_id: String,
    query_status: &'static str,
    creation_time: Number,
}

pub(crate) async fn list_queries(service: &Service, call: &Call, input: Input) -> Result<Output> {
    check(&input)?;
    let store = stores::active(service, call, &input.event_data_store)?.value;
    let bounds = (input.start_time.map(|time| time.0), input.end_time.map(|time| time.0));
    let wanted = queries::all(service, call)?.into_iter().filter(|query| {
        let created = query.created.time();
        let is_within = bounds.0.is_none_or(|from| from <= created) && bounds.1.is_none_or(|to| created <= to);
        let has_status = input.query_status.as_deref().is_none_or(|status| status == query.status.as_str());
        is_within && has_status && query.stores.contains(&store.arn)
    });
    let listed = wanted.map(|query| {
        let key = (Reverse(query.created.0), query.id.clone());
        let status = query.status.as_str();
        (key, Listed { query_id: query.id, query_status: status, creation_time: seconds(query.created) })
    });
    let question = (&store.arn, bounds.0.map(|time| time.as_micros()), bounds.1.map(|time| time.as_micros()));
    let asked = Asked {
        operation: "ListQueries",
        question: &(question, &input.query_status),
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (queries, next_token) = page((service, call), &asked, listed.collect())?;
    Ok(Output { queries, next_token })
}

fn check(input: &Input) -> Result<()> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.refuse(Code::InvalidMaxResultsException)?;
    let mut found = Violations::default();
    found.one_of("QueryStatus", input.query_status.as_deref(), limits::QUERY_STATUS);
    found.refuse(Code::InvalidQueryStatusException)?;
    match (input.start_time, input.end_time) {
        (Some(start), Some(end)) if start > end => {
            Err(Fault::new(Code::InvalidDateRangeException, "StartTime is after EndTime."))
        }
        _ => Ok(()),
    }
}
