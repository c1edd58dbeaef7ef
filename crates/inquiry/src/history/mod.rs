//! Event history as AWS's own LookupEvents gives it: management events or insights, newest first, page by page.
//!
//! Unlike [`lookup`](crate::lookup) it matches exactly and with case, and tells of each event what LookupEvents tells. A page
//! is found in two steps: `recent` looks for the places of the newest events that may fit in memory, and `sql` asks a few columns
//! of the lake for older ones; `facts` reads those events and says what AWS says of them, and what does not fit exactly is left
//! out. A place is a time and a sequence number, so that a walk neither loses nor repeats an event while others are stored.

mod facts;
mod held;
mod kept;
mod metric;
mod read;
mod recent;
mod resource;
mod sql;

use std::sync::Arc;

use datafusion::execution::context::SessionContext;
use event::arn::{AccountId, Region};
use event::time::EventTime;

use crate::error::Result;
pub use held::{Bounds, History};
use kept::Kept;
pub use metric::{Counted, Rate, rate};
use recent::Recent;

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

/// Event history at one moment: pages that are asked of the same one fit together.
#[derive(Clone)]
pub struct View {
    session: SessionContext,
    recent: Recent,
    kept: Arc<Kept>,
}

impl View {
    /// Returns a session of SQL over the same events.
    pub fn session(&self) -> &SessionContext {
        &self.session
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot answer.
    pub async fn page(&self, question: &Question) -> Result<Page> {
        let limit = question.limit;
        if limit == 0 || question.attributes.contains(&Attribute::Never) {
            return Ok(Page::default());
        }
        let mut events: Vec<Event> = Vec::new();
        let mut after = question.after;
        // One more than is given tells whether there are more.
        let mut wanted = limit.saturating_add(1);
        loop {
            let places = self.places(question, after, wanted).await?;
            let is_last = places.len() < wanted;
            for facts in self.kept.events(&self.session, &places).await? {
                if facts::fits(&facts, question) {
                    events.push(facts.event.clone());
                }
            }
            let has_more = events.len() > limit;
            if has_more || is_last {
                events.truncate(limit);
                let next = events.last().map(|event| event.place).filter(|_| has_more);
                return Ok(Page { events, next });
            }
            after = places.last().copied();
            wanted = wanted.saturating_mul(4).min(PLACES_MAX);
        }
    }

    /// Finds the places of the newest events that may fit: in memory, and what is older in the lake.
    async fn places(&self, question: &Question, after: Option<Place>, wanted: usize) -> Result<Vec<Place>> {
        // Of other events nothing is in memory.
        let floor = if question.category == Category::Management { self.recent.floor } else { recent::NONE };
        let mut places = self.recent.places(question, after, wanted);
        let is_above = floor == recent::ALL || question.from.is_some_and(|from| from >= floor);
        if places.len() < wanted && !is_above {
            let mut older = question.clone();
            if floor != recent::NONE {
                let below = EventTime::from_micros(floor.as_micros() - 1);
                older.until = Some(question.until.map_or(below, |until| until.min(below)));
            }
            places.extend(read::places(&self.session, &sql::places(&older, after, wanted - places.len())).await?);
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests;
