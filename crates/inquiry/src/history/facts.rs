//! What event history tells of an event: who acted and on what, in AWS's own way.
//!
//! Source: AWS CloudTrail API reference, `Event`; AWS CloudTrail user guide, "CloudTrail userIdentity element".

use serde::Deserialize;

use super::resource::{self, Resources};
use super::{Attribute, Category, Event, Place, Question};

/// An event, and what is asked of it beside.
#[derive(Debug)]
pub(super) struct Facts {
    /// The event as it is told.
    pub event: Event,
    /// Of an insight, what it is about.
    insight: Option<Insight>,
}

/// `insightDetails`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Insight {
    event_source: Option<String>,
    event_name: Option<String>,
    source_event_category: Option<String>,
    insight_source: Option<String>,
}

impl Facts {
    /// Tells of an event whose texts are given by the number of their column in the question for events.
    pub(super) fn of<'t>(place: Place, text: &dyn Fn(usize) -> Option<&'t str>, read_only: Option<bool>) -> Facts {
        let insight = text(15).and_then(|details| serde_json::from_str::<Insight>(details).ok());
        let of_insight =
            |get: fn(&Insight) -> &Option<String>| insight.as_ref().and_then(|insight| get(insight).clone());
        let own = |column| text(column).map(str::to_owned);
        let identity = Identity {
            kind: text(6),
            principal_id: text(7),
            arn: text(8),
            user_name: text(10),
            invoked_by: text(11),
        };
        let event_source = own(4).or_else(|| of_insight(|insight| &insight.event_source));
        let resources = Resources { listed: text(14), request: text(12), response: text(13) };
        let event = Event {
            place,
            event_id: own(2),
            event_name: own(3).or_else(|| of_insight(|insight| &insight.event_name)),
            resources: resource::of(event_source.as_deref(), &resources),
            event_source,
            read_only,
            access_key_id: own(9),
            username: identity.username(),
            record: own(16).unwrap_or_default(),
        };
        Facts { event, insight }
    }
}

/// Returns true if the event is what is asked for.
pub(super) fn fits(facts: &Facts, question: &Question) -> bool {
    let source_category = facts.insight.as_ref().and_then(|insight| insight.source_event_category.as_deref());
    let is_of_data = source_category == Some("Data");
    let is_of_kind = match &question.category {
        Category::Management => true,
        Category::Insight => !is_of_data,
        Category::DataInsight(trail) => {
            let of = facts.insight.as_ref().and_then(|insight| insight.insight_source.as_ref());
            is_of_data && of == Some(trail)
        }
    };
    is_of_kind && question.attributes.iter().all(|attribute| has(&facts.event, attribute))
}

fn has(event: &Event, attribute: &Attribute) -> bool {
    let is = |told: &Option<String>, value: &String| told.as_ref() == Some(value);
    match attribute {
        Attribute::EventId(id) => is(&event.event_id, id),
        Attribute::EventName(name) => is(&event.event_name, name),
        Attribute::EventSource(source) => is(&event.event_source, source),
        Attribute::AccessKeyId(key) => is(&event.access_key_id, key),
        Attribute::Username(name) => is(&event.username, name),
        Attribute::ReadOnly(is_read_only) => event.read_only == Some(*is_read_only),
        Attribute::ResourceType(kind) => event.resources.iter().any(|resource| is(&resource.kind, kind)),
        Attribute::ResourceName(name) => event.resources.iter().any(|resource| resource.name == *name),
        Attribute::Never => false,
    }
}

/// `userIdentity`, as far as it names somebody.
struct Identity<'t> {
    kind: Option<&'t str>,
    principal_id: Option<&'t str>,
    arn: Option<&'t str>,
    user_name: Option<&'t str>,
    invoked_by: Option<&'t str>,
}

impl Identity<'_> {
    fn username(&self) -> Option<String> {
        let name = match self.kind {
            Some("Root") => Some("root"),
            // A session is called as whoever took the role called it.
            Some("AssumedRole" | "FederatedUser") => self.session().or(self.user_name),
            Some("AWSService") => self.invoked_by.or(self.user_name),
            _ => self.user_name.or_else(|| match self.kind {
                None => self.invoked_by,
                Some(_) => None,
            }),
        };
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn session(&self) -> Option<&str> {
        let of_principal = self.principal_id.and_then(|id| id.split_once(':')).map(|(_, session)| session);
        of_principal.or_else(|| self.arn.and_then(|arn| arn.rsplit_once('/')).map(|(_, session)| session))
    }
}
