//! LookupEvents: event history, newest first. A key of the scope `all` sees every account, Region and age.

use event::time::{DAY, EventTime};
use inquiry::history::{Attribute, Category, Event, Place, Question, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::Millis;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::{Timestamp, seconds};

/// Days that event history goes back for keys of one account.
const HISTORY_DAYS: i64 = 90;
/// Events of a page, unless the call asks for fewer.
const PAGE_EVENTS: usize = 50;
/// Longest value of an attribute. Some characters count twice.
const VALUE_MAX: usize = 2_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    lookup_attributes: Option<Vec<LookupAttribute>>,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    event_category: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LookupAttribute {
    attribute_key: String,
    attribute_value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    pub events: Vec<Looked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// An event of an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Looked {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    event_time: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    resources: Vec<LookedResource>,
    cloud_trail_event: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LookedResource {
    resource_type: Option<String>,
    resource_name: String,
}

impl From<Event> for Looked {
    fn from(event: Event) -> Looked {
        let resources = event.resources.into_iter();
        Looked {
            event_id: event.event_id,
            event_name: event.event_name,
            read_only: event.read_only.map(|is_read_only| is_read_only.to_string()),
            access_key_id: event.access_key_id,
            event_time: seconds(Millis::from(event.place.time)),
            event_source: event.event_source,
            username: event.username,
            resources: resources
                .map(|resource| LookedResource { resource_type: resource.kind, resource_name: resource.name })
                .collect(),
            cloud_trail_event: event.record,
        }
    }
}

pub(crate) async fn lookup_events(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let category = category(input.event_category.as_deref())?;
    let given = input.lookup_attributes.unwrap_or_default();
    let attributes = given.iter().map(|given| attribute(given, &category)).collect::<Result<Vec<_>>>()?;
    let limit = page_size(input.max_results)?;
    let window = window(call, input.start_time, input.end_time)?;
    let asked = (&given, input.start_time.map(|time| micros(time.0)), input.end_time.map(|time| micros(time.0)));
    let asked = (asked, input.event_category.as_deref());
    let scope = if call.sees_all { Scope::All } else { Scope::Of(call.account, call.region.clone()) };
    let question = Question { attributes, scope, category, from: window.0, until: window.1, after: None, limit };
    walk(service, call, ("LookupEvents", Code::InvalidNextTokenException), (question, &asked), input.next_token).await
}

/// Gives the page that a token stands for. `asked` must be the same on every page.
///
/// # Errors
/// The code, for a token that is not good.
pub(crate) async fn walk(
    service: &Service,
    call: &Call,
    (operation, code): (&str, Code),
    (mut question, asked): (Question, &impl Serialize),
    token: Option<String>,
) -> Result<Output> {
    if let Some(token) = token {
        let (time, seq): (i64, i64) = service.tokens.read(call, (operation, code), asked, &token)?;
        question.after = Some(Place { time: EventTime::from_micros(time), seq });
    }
    let Some(history) = service.history().await? else { return Ok(Output { events: Vec::new(), next_token: None }) };
    let page = history.page(&question).await;
    let page = page.map_err(|error| Fault::internal("look up event history", &error))?;
    let token = page.next.map(|place| service.tokens.make(call, operation, asked, &(micros(place.time), place.seq)));
    Ok(Output { events: page.events.into_iter().map(Looked::from).collect(), next_token: token.transpose()? })
}

fn category(given: Option<&str>) -> Result<Category> {
    match given {
        None => Ok(Category::Management),
        Some("insight") => Ok(Category::Insight),
        Some(_) => Err(Fault::new(
            Code::InvalidEventCategoryException,
            "The event category is not valid. The only valid value is insight.",
        )),
    }
}

fn attribute(given: &LookupAttribute, category: &Category) -> Result<Attribute> {
    let invalid = |message: String| Err(Fault::new(Code::InvalidLookupAttributesException, message));
    let (key, value) = (given.attribute_key.as_str(), given.attribute_value.as_str());
    let counts_twice = |letter: char| matches!(letter, '_' | ' ' | ',' | '\n');
    let length: usize = value.chars().map(|letter| if counts_twice(letter) { 2 } else { 1 }).sum();
    if !limits::LOOKUP_ATTRIBUTE_KEY.contains(&key) {
        return invalid(format!("The lookup attribute key is not one of {}.", limits::LOOKUP_ATTRIBUTE_KEY.join(", ")));
    }
    if !(1..=VALUE_MAX).contains(&length) {
        return invalid(format!(
            "The value of the lookup attribute {key} has 1 to {VALUE_MAX} characters, not {length}."
        ));
    }
    let is_of_insights = limits::LIST_INSIGHTS_DATA_DIMENSION_KEY.contains(&key);
    if *category != Category::Management && !is_of_insights {
        return invalid(format!("Insights events cannot be looked up by {key}."));
    }
    let value = value.to_owned();
    Ok(match key {
        "EventId" => Attribute::EventId(value),
        "EventName" => Attribute::EventName(value),
        "EventSource" => Attribute::EventSource(value),
        "Username" => Attribute::Username(value),
        "ResourceType" => Attribute::ResourceType(value),
        "ResourceName" => Attribute::ResourceName(value),
        "AccessKeyId" => Attribute::AccessKeyId(value),
        _ => match value.as_str() {
            "true" => Attribute::ReadOnly(true),
            "false" => Attribute::ReadOnly(false),
            _ => Attribute::Never,
        },
    })
}

/// Returns how many events a page has.
///
/// # Errors
/// `InvalidMaxResultsException`.
fn page_size(max_results: Option<i64>) -> Result<usize> {
    let mut violations = Violations::default();
    violations.number("MaxResults", max_results, limits::MAX_RESULTS);
    violations.refuse(Code::InvalidMaxResultsException)?;
    Ok(max_results.and_then(|results| usize::try_from(results).ok()).unwrap_or(PAGE_EVENTS))
}

/// Returns the times between which events are looked up.
///
/// # Errors
/// `InvalidTimeRangeException`.
pub(crate) fn window(
    call: &Call,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<(Option<EventTime>, Option<EventTime>)> {
    let (start, end) = (start.map(|time| time.0), end.map(|time| time.0));
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Fault::new(
            Code::InvalidTimeRangeException,
            "The start time is after the end time. The start time must be the same as or before the end time.",
        ));
    }
    let oldest = EventTime::from_micros(micros(call.now) - HISTORY_DAYS * DAY);
    let start = if call.sees_all { start } else { Some(start.map_or(oldest, |start| start.max(oldest))) };
    Ok((start, end))
}

fn micros(time: EventTime) -> i64 {
    time.as_micros()
}

#[cfg(test)]
mod tests;
