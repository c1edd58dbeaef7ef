//! Event history as AWS's own LookupEvents gives it: management events or insights, newest first, page by page.
//!
//! Unlike [`lookup`](crate::lookup) it matches exactly and with case, and tells of each event what LookupEvents tells. A page
//! is found in two steps: `sql` asks a few columns for the places of the newest events that may fit, `facts` reads those
//! events and says what AWS says of them, and what does not fit exactly is left out. A place is a time and a sequence number, so
//! that a walk neither loses nor repeats an event while others are stored.

mod facts;
mod metric;
mod read;
mod resource;
mod sql;

use datafusion::execution::context::SessionContext;
use event::arn::{AccountId, Region};
use event::time::EventTime;

use crate::error::Result;
pub use metric::{Counted, Rate, rate};

/// Most places that are read at once where some may not fit.
const PLACES_MAX: usize = 1_000;

/// A question to event history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the events must have, all of it.
    pub attributes: Vec<Attribute>,
    /// Whose events.
    pub scope: Scope,
    /// Which kind of events.
    pub category: Category,
    /// The earliest time, inclusive.
    pub from: Option<EventTime>,
    /// The latest time, inclusive.
    pub until: Option<EventTime>,
    /// The place of the last event that was given: the answer goes on after it.
    pub after: Option<Place>,
    /// Most events to give.
    pub limit: usize,
}

/// What an event must have. Texts are compared whole and with case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// `eventID`.
    EventId(String),
    /// `eventName`.
    EventName(String),
    /// Whether it only reads.
    ReadOnly(bool),
    /// Who acted, as [`Event::username`] has it.
    Username(String),
    /// The type of one of its resources.
    ResourceType(String),
    /// The name of one of its resources.
    ResourceName(String),
    /// `eventSource`.
    EventSource(String),
    /// The access key that signed the call.
    AccessKeyId(String),
    /// Nothing has it.
    Never,
}

/// Whose events a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of every account and Region.
    All,
    /// Those that AWS would show: of one account in one Region. Global services are at home in one Region.
    Of(AccountId, Region),
}

/// Which kind of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Category {
    /// Management events.
    Management,
    /// Insights into management events.
    Insight,
    /// Insights into data events, of the trail with this ARN.
    DataInsight(String),
}

/// A place in event history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The time of an event.
    pub time: EventTime,
    /// Its sequence number in the lake.
    pub seq: i64,
}

/// An event as event history tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub place: Place,
    /// `eventID`.
    pub event_id: Option<String>,
    /// `eventName`; of insights that of the calls.
    pub event_name: Option<String>,
    /// `eventSource`; of insights that of the calls.
    pub event_source: Option<String>,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// The access key that signed the call.
    pub access_key_id: Option<String>,
    /// A user's name, a session's name, `root`, or the name of a service.
    pub username: Option<String>,
    /// What the call was about.
    pub resources: Vec<Resource>,
    /// The record, byte for byte.
    pub record: String,
}

/// A resource of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its type, such as `AWS::S3::Bucket`.
    pub kind: Option<String>,
    /// Its name or ARN.
    pub name: String,
}

/// A part of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Events, newest first; at one time those that were stored last first.
    pub events: Vec<Event>,
    /// Where the next page goes on, if there are more.
    pub next: Option<Place>,
}

/// Asks for a page.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
pub async fn page(ctx: &SessionContext, question: &Question) -> Result<Page> {
    let limit = question.limit;
    if limit == 0 || question.attributes.contains(&Attribute::Never) {
        return Ok(Page::default());
    }
    let mut events: Vec<Event> = Vec::new();
    let mut after = question.after;
    let is_exact = sql::is_exact(question);
    // One more than is given tells whether there are more.
    let mut wanted = limit.saturating_add(1);
    loop {
        let places = read::places(ctx, &sql::places(question, after, wanted)).await?;
        let is_last = places.len() < wanted;
        let needed = if is_exact { places.get(..limit.min(places.len())).unwrap_or_default() } else { &places };
        for event in read::events(ctx, needed).await? {
            if is_exact || facts::fits(&event, question) {
                events.push(event.event);
            }
        }
        let has_more = if is_exact { !is_last } else { events.len() > limit };
        if has_more || is_last {
            events.truncate(limit);
            let next = events.last().map(|event| event.place).filter(|_| has_more);
            return Ok(Page { events, next });
        }
        after = places.last().copied();
        wanted = wanted.saturating_mul(4).min(PLACES_MAX);
    }
}

#[cfg(test)]
mod tests;
