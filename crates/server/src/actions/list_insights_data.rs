//! ListInsightsData: insights into the data events of a trail.

use std::collections::BTreeMap;

use inquiry::history::{Attribute, Category, Question, Scope};
use serde::Deserialize;

use crate::actions::lookup_events::{Output, walk, window};
use crate::call::Call;
use crate::fault::{Code, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::Timestamp;

/// Events of a page, unless the call asks for fewer.
const PAGE_EVENTS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    insight_source: String,
    data_type: String,
    dimensions: Option<BTreeMap<String, String>>,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list_insights_data(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let dimensions = input.dimensions.unwrap_or_default();
    check(&input.insight_source, &input.data_type, &dimensions, input.max_results)?;
    let (from, until) = window(call, input.start_time, input.end_time)
        .map_err(|fault| crate::fault::Fault { code: Code::InvalidParameterException, ..fault })?;
    let attributes = dimensions.iter().map(|(key, value)| match key.as_str() {
        "EventId" => Attribute::EventId(value.clone()),
        "EventName" => Attribute::EventName(value.clone()),
        _ => Attribute::EventSource(value.clone()),
    });
    let question = Question {
        attributes: attributes.collect(),
        scope: if call.sees_all { Scope::All } else { Scope::Of(call.account, call.region.clone()) },
        category: Category::DataInsight(input.insight_source.clone()),
        from,
        until,
        after: None,
        limit: input.max_results.and_then(|results| usize::try_from(results).ok()).unwrap_or(PAGE_EVENTS),
    };
    let times = [input.start_time, input.end_time].map(|time| time.map(|time| time.0.as_micros()));
    let asked = (&input.insight_source, &dimensions, times);
    let operation = ("ListInsightsData", Code::InvalidParameterException);
    walk(service, call, operation, (question, &asked), input.next_token).await
}

fn check(source: &str, data_type: &str, dimensions: &BTreeMap<String, String>, max_results: Option<i64>) -> Result<()> {
    let mut violations = Violations::default();
    violations.text("InsightSource", Some(source), &limits::RESOURCE_ARN);
    violations.one_of("DataType", Some(data_type), limits::LIST_INSIGHTS_DATA_TYPE);
    let keys: Vec<_> = dimensions.keys().collect();
    if !keys.is_empty() {
        violations.length("Dimensions", Some(&keys), limits::LIST_INSIGHTS_DATA_DIMENSIONS);
    }
    for (key, value) in dimensions {
        violations.one_of("Dimensions.key", Some(key), limits::LIST_INSIGHTS_DATA_DIMENSION_KEY);
        violations.text("Dimensions.value", Some(value), &limits::LIST_INSIGHTS_DATA_DIMENSION_VALUE);
    }
    violations.number("MaxResults", max_results, limits::MAX_RESULTS);
    violations.refuse(Code::InvalidParameterException)
}
