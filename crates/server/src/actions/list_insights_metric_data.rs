//! ListInsightsMetricData: how often a call was made or failed, counted from what is stored.

use std::collections::BTreeMap;

use event::time::{DAY, EventTime, SECOND};
use inquiry::history::{Counted, Rate, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::Millis;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::trails;
use crate::validate::Violations;
use crate::wire::{Timestamp, seconds};

/// The periods in seconds, and for how many days there are points of each. Source: the operation's description.
const PERIODS: [(i64, i64); 3] = [(60, 15), (300, 63), (3_600, 90)];
const PERIOD_DEFAULT: i64 = 3_600;
/// Points of a page, unless the call asks for fewer.
const PAGE_POINTS: usize = 21_600;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: Option<String>,
    event_source: String,
    event_name: String,
    insight_type: String,
    error_code: Option<String>,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    period: Option<i64>,
    data_type: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "TrailARN", skip_serializing_if = "Option::is_none")]
    trail_arn: Option<String>,
    event_source: String,
    event_name: String,
    insight_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    timestamps: Vec<Number>,
    values: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(crate) async fn list_insights_metric_data(service: &Service, call: &Call, input: Input) -> Result<Output> {
    check(&input)?;
    let trail_arn = input.trail_name.as_deref().map(|name| trails::find(service, call, name)).transpose()?;
    let trail_arn = trail_arn.map(|kept| kept.value.arn);
    let span = Span::of(call, &input)?;
    let times = [input.start_time, input.end_time].map(|time| time.map(|time| time.0.as_micros()));
    let asked = (
        (&trail_arn, &input.event_source, &input.event_name, &input.insight_type, &input.error_code),
        (times, input.period, &input.data_type),
    );
    let operation = "ListInsightsMetricData";
    let read =
        |token: &String| service.tokens.read::<i64>(call, (operation, Code::InvalidParameterException), &asked, token);
    let after = input.next_token.as_ref().map(read).transpose()?;
    let rate = Rate {
        scope: if call.sees_all { Scope::All } else { Scope::Of(call.account, call.region.clone()) },
        event_source: input.event_source.clone(),
        event_name: input.event_name.clone(),
        counted: counted(&input),
        from: EventTime::from_micros(span.from * SECOND),
        until: EventTime::from_micros(span.until_micros),
        period_seconds: u32::try_from(span.period).unwrap_or(u32::MAX),
    };
    let counts = match service.history().await? {
        Some(history) => inquiry::history::rate(history.session(), &rate).await,
        None => Ok(Vec::new()),
    };
    let counts = counts.map_err(|error| Fault::internal("count calls", &error))?;
    let fills = input.data_type.as_deref() == Some("FillWithZeros");
    let size = input.max_results.and_then(|results| usize::try_from(results).ok()).unwrap_or(PAGE_POINTS);
    let mut points =
        span.points(&counts, fills).into_iter().filter(|(time, _)| after.is_none_or(|after| *time > after));
    let page: Vec<(i64, i64)> = points.by_ref().take(size).collect();
    let next_token = match (points.next(), page.last()) {
        (Some(_), Some((last, _))) => Some(service.tokens.make(call, operation, &asked, last)?),
        _ => None,
    };
    Ok(Output {
        trail_arn,
        event_source: input.event_source,
        event_name: input.event_name,
        insight_type: input.insight_type,
        error_code: input.error_code,
        timestamps: page.iter().map(|(time, _)| seconds(Millis(time * 1_000))).collect(),
        values: page.iter().map(|(_, calls)| *calls as f64).collect(),
        next_token,
    })
}

fn check(input: &Input) -> Result<()> {
    let mut found = Violations::default();
    found.text("EventSource", Some(&input.event_source), &limits::EVENT_SOURCE);
    found.text("EventName", Some(&input.event_name), &limits::EVENT_NAME);
    found.one_of("InsightType", Some(&input.insight_type), limits::INSIGHT_TYPE);
    found.text("ErrorCode", input.error_code.as_deref(), &limits::ERROR_CODE);
    found.number("Period", input.period, limits::INSIGHTS_METRIC_PERIOD);
    found.one_of("DataType", input.data_type.as_deref(), limits::INSIGHTS_METRIC_DATA_TYPE);
    found.number("MaxResults", input.max_results, limits::INSIGHTS_METRIC_MAX_RESULTS);
    found.text("NextToken", input.next_token.as_deref(), &limits::INSIGHTS_METRIC_NEXT_TOKEN);
    found.refuse(Code::InvalidParameterException)?;
    let is_of_errors = input.insight_type == "ApiErrorRateInsight";
    if is_of_errors != input.error_code.is_some() {
        let message = "ErrorCode must be given with the InsightType ApiErrorRateInsight, and with no other.";
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    Ok(())
}

fn counted(input: &Input) -> Counted {
    match (input.error_code.clone(), input.trail_name.is_some()) {
        (None, false) => Counted::Writes,
        (None, true) => Counted::DataCalls,
        (Some(code), false) => Counted::Errors(code),
        (Some(code), true) => Counted::DataErrors(code),
    }
}

/// From when until when there are points.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    /// The start of the first period, in seconds since 1970.
    from: i64,
    /// The end, which does not belong to it, in microseconds since 1970.
    until_micros: i64,
    /// Seconds of a period.
    period: i64,
}

impl Span {
    fn of(call: &Call, input: &Input) -> Result<Span> {
        let invalid = |message: String| Fault::new(Code::InvalidParameterException, message);
        let period = input.period.unwrap_or(PERIOD_DEFAULT);
        let (_, days) = PERIODS.into_iter().find(|(seconds, _)| *seconds == period).ok_or_else(|| {
            let periods = PERIODS.map(|(seconds, _)| seconds.to_string()).join(", ");
            invalid(format!("The Period is one of {periods} seconds."))
        })?;
        let now = call.now.as_micros();
        let until_micros = input.end_time.map_or(now, |time| time.0.as_micros()).min(now);
        let oldest = now - days * DAY;
        let start = input.start_time.map_or(oldest, |time| time.0.as_micros());
        if start > input.end_time.map_or(now, |time| time.0.as_micros()) {
            return Err(invalid("The start time is after the end time.".to_owned()));
        }
        let from = start.max(oldest).div_euclid(SECOND);
        Ok(Span { from: from - from.rem_euclid(period), until_micros, period })
    }

    /// Returns points in the order of their time, in seconds since 1970.
    fn points(&self, counts: &[(EventTime, i64)], fills: bool) -> Vec<(i64, i64)> {
        let counts = counts.iter().map(|(time, calls)| (time.as_micros().div_euclid(SECOND), *calls));
        let mut points: BTreeMap<i64, i64> = BTreeMap::new();
        if fills {
            let periods = (self.from..).step_by(usize::try_from(self.period).unwrap_or(usize::MAX));
            points.extend(periods.take_while(|time| time * SECOND < self.until_micros).map(|time| (time, 0)));
        }
        points.extend(counts);
        points.into_iter().collect()
    }
}
