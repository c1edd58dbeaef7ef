//! What event history tells of an event: who acted and on what, in AWS's own way.
//!
//! Source: AWS CloudTrail API reference, `Event`; AWS CloudTrail user guide, "CloudTrail userIdentity element".

use serde::Deserialize;
use trail::selectors::global_services;

use super::recent::is_home_of_global_services;
use super::resource::{self, Resources};
use super::{Attribute, Category, Event, Place, Question, Scope};

/// An event, and what is asked of it beside.
#[derive(Debug)]
pub(super) struct Facts {
    /// The event as it is told.
    pub event: Event,
    /// Whose it is: the account that was told of it, or else the caller's.
    pub owner: Option<String>,
    /// `awsRegion`.
    pub region: Option<String>,
    /// Whether its service is a global one.
    is_global: bool,
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
    /// Tells of an event whose texts are given by the names of their columns.
    pub(super) fn of<'t>(
        place: Place,
        text: &dyn Fn(&str) -> Option<&'t str>,
        read_only: Option<bool>,
        record: String,
    ) -> Facts {
        let insight = text("insightdetails").and_then(|details| serde_json::from_str::<Insight>(details).ok());
        let of_insight =
            |get: fn(&Insight) -> &Option<String>| insight.as_ref().and_then(|insight| get(insight).clone());
        let own = |name| text(name).map(str::to_owned);
        let identity = Identity {
            kind: text("useridentity_type"),
            principal_id: text("useridentity_principalid"),
            arn: text("useridentity_arn"),
            user_name: text("useridentity_username"),
            invoked_by: text("useridentity_invokedby"),
        };
        let event_source = own("eventsource").or_else(|| of_insight(|insight| &insight.event_source));
        let resources = Resources {
            listed: text("resources"),
            request: text("requestparameters"),
            response: text("responseelements"),
        };
        let event = Event {
            place,
            event_id: own("eventid"),
            event_name: own("eventname").or_else(|| of_insight(|insight| &insight.event_name)),
            resources: resource::of(event_source.as_deref(), &resources),
            event_source,
            read_only,
            access_key_id: own("useridentity_accesskeyid"),
            username: identity.username(),
            record,
        };
        Facts {
            event,
            owner: own("recipientaccountid").or_else(|| own("useridentity_accountid")),
            region: own("awsregion"),
            is_global: text("eventsource").is_some_and(|source| global_services().contains(&source)),
            insight,
        }
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
    is_of_kind
        && is_in(facts, &question.scope)
        && question.attributes.iter().all(|attribute| has(&facts.event, attribute))
}

fn is_in(facts: &Facts, scope: &Scope) -> bool {
    let Scope::Of(account, region) = scope else { return true };
    let is_here = facts.region.as_deref() == Some(region.as_str());
    let is_of_region = match is_home_of_global_services(region) {
        true => is_here || facts.is_global,
        false => is_here && !facts.is_global,
    };
    facts.owner.as_deref() == Some(account.as_str()) && is_of_region
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
            Some("AWSService") | None => self.invoked_by.or(self.user_name),
            Some(_) => self.user_name,
        };
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn session(&self) -> Option<&str> {
        let of_principal = self.principal_id.and_then(|id| id.split_once(':')).map(|(_, session)| session);
        of_principal.or_else(|| self.arn.and_then(|arn| arn.rsplit_once('/')).map(|(_, session)| session))
    }
}
