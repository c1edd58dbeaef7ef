//! `SearchSampleQueries`.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, samples};

/// Queries of a page unless told otherwise.
const USUAL: i64 = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    search_phrase: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    search_results: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    name: &'static str,
    description: &'static str,
    #[serde(rename = "SQL")]
    sql: &'static str,
    relevance: f32,
}

pub(crate) async fn search_sample_queries(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.text("SearchPhrase", Some(&input.search_phrase), &limits::SEARCH_SAMPLE_QUERIES_SEARCH_PHRASE);
    found.number("MaxResults", input.max_results, limits::MAX_RESULTS);
    found.refuse(Code::InvalidParameterException)?;
    let all = samples::search(&input.search_phrase).into_iter().enumerate().map(|(nth, (relevance, sample))| {
        let listed = Listed { name: sample.name, description: sample.description, sql: sample.sql, relevance };
        (nth, listed)
    });
    let asked = Asked {
        operation: "SearchSampleQueries",
        question: &input.search_phrase,
        token: input.next_token.as_deref(),
        code: Code::InvalidParameterException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (search_results, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { search_results, next_token })
}
