//! The SQL of event history.
//!
//! The first question is to the flat table and asks for places only. Its conditions hold for every event that fits, and for
//! some that do not where exactness would cost a look into each record.

use event::schema::COLUMNS;
use event::schema::stored::SHAPE;
use event::time::EventTime;
use jiff::Timestamp;
use trail::selectors::global_services;

use super::{Attribute, Category, Place, Question, Scope};
use super::{recent, resource};
use crate::lookup::sql::{in_json, moment, text};

/// Data events.
pub(super) const DATA: &str = "eventcategory = 'Data'";

/// Asks for the places of the newest events that may fit, after a place.
pub(super) fn places(question: &Question, after: Option<Place>, limit: usize) -> String {
    let mut all = Vec::new();
    if let Some(from) = question.from {
        all.push(format!("eventtime >= {}", time(from)));
    }
    if let Some(until) = question.until {
        all.push(format!("eventtime <= {}", time(until)));
    }
    if let Some(Place { time: last, seq }) = after {
        let last = time(last);
        // The first half alone prunes files.
        all.push(format!("eventtime <= {last}"));
        all.push(format!("(eventtime < {last} OR seq < {seq})"));
    }
    all.extend(scope(&question.scope));
    all.push(category(&question.category).to_owned());
    let is_insight = question.category != Category::Management;
    all.extend(question.attributes.iter().map(|attribute| has(attribute, is_insight)));
    let conditions = all.join(" AND ");
    format!("SELECT eventtime, seq FROM events_flat WHERE {conditions} ORDER BY eventtime DESC, seq DESC LIMIT {limit}")
}

/// Columns by which an event is looked up.
const TRAITS: [&str; 16] = [
    "eventid",
    "eventname",
    "eventsource",
    "readonly",
    "awsregion",
    "recipientaccountid",
    "useridentity_type",
    "useridentity_principalid",
    "useridentity_arn",
    "useridentity_accountid",
    "useridentity_accesskeyid",
    "useridentity_username",
    "useridentity_invokedby",
    "resources",
    "requestparameters",
    "responseelements",
];

/// Asks for what management events are looked up by: of those from a time on and before another, with a sequence number above
/// one and up to another.
pub(super) fn traits((from, before): (EventTime, EventTime), (above, until): (i64, i64)) -> String {
    let mut all = vec![category(&Category::Management).to_owned()];
    if from != recent::ALL {
        all.push(format!("eventtime >= {}", time(from)));
    }
    if before != recent::NONE {
        all.push(format!("eventtime < {}", time(before)));
    }
    if above >= 0 {
        all.push(format!("seq > {above}"));
    }
    all.push(format!("seq <= {until}"));
    format!("SELECT eventtime, seq, {} FROM events_flat WHERE {}", TRAITS.join(", "), all.join(" AND "))
}

/// Asks for the events at some places: time, sequence number, shape, and every column of the record.
pub(super) fn events(places: &[Place]) -> Option<String> {
    let first = places.iter().min()?;
    let last = places.iter().max()?;
    let seqs: Vec<String> = places.iter().map(|place| place.seq.to_string()).collect();
    let columns: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    Some(format!(
        "SELECT eventtime AS at, seq, {SHAPE}, {} FROM events_flat WHERE eventtime >= {} AND eventtime <= {} \
         AND seq >= {} AND seq <= {} AND seq IN ({})",
        columns.join(", "),
        time(first.time),
        time(last.time),
        places.iter().map(|place| place.seq).min()?,
        places.iter().map(|place| place.seq).max()?,
        seqs.join(", ")
    ))
}

pub(super) fn time(time: EventTime) -> String {
    moment(Timestamp::from_microsecond(time.as_micros()).unwrap_or(Timestamp::MAX))
}

/// As AWS scopes event history. A record that does not say whose it is belongs to who called.
pub(super) fn scope(scope: &Scope) -> Vec<String> {
    let Scope::Of(account, region) = scope else { return Vec::new() };
    let id = text(account.as_str());
    let of_account =
        format!("(recipientaccountid = {id} OR (recipientaccountid IS NULL AND useridentity_accountid = {id}))");
    let sources: Vec<String> = global_services().iter().map(|source| text(source)).collect();
    let sources = sources.join(", ");
    let here = text(region.as_str());
    let of_region = if recent::is_home_of_global_services(region) {
        format!("(awsregion = {here} OR eventsource IN ({sources}))")
    } else {
        format!("awsregion = {here} AND (eventsource IS NULL OR eventsource NOT IN ({sources}))")
    };
    vec![of_account, of_region]
}

/// The lake says the category of every event, also where its record does not.
pub(super) fn category(category: &Category) -> &'static str {
    match category {
        Category::Management => "eventcategory = 'Management'",
        Category::Insight | Category::DataInsight(_) => "eventcategory = 'Insight'",
    }
}

/// The event has, or may have, an attribute.
fn has(attribute: &Attribute, is_insight: bool) -> String {
    let inside = |column: &str, value: &str| format!("strpos({column}, {}) > 0", text(&in_json(value)));
    match attribute {
        Attribute::EventId(id) => format!("eventid = {}", text(id)),
        Attribute::EventName(name) if is_insight => inside("insightdetails", name),
        Attribute::EventSource(source) if is_insight => inside("insightdetails", source),
        Attribute::EventName(name) => format!("eventname = {}", text(name)),
        Attribute::EventSource(source) => format!("eventsource = {}", text(source)),
        Attribute::ReadOnly(is_read_only) => format!("readonly = {is_read_only}"),
        Attribute::AccessKeyId(key) => format!("useridentity_accesskeyid = {}", text(key)),
        Attribute::Username(name) => user(name),
        Attribute::ResourceName(name) => {
            let columns = ["resources", "requestparameters", "responseelements"];
            format!("({})", columns.map(|column| inside(column, name)).join(" OR "))
        }
        Attribute::ResourceType(kind) => {
            let sources: Vec<String> = resource::sources_of(kind).map(text).collect();
            let listed = inside("resources", kind);
            if sources.is_empty() { listed } else { format!("({listed} OR eventsource IN ({}))", sources.join(", ")) }
        }
        Attribute::Never => "FALSE".to_owned(),
    }
}

fn user(name: &str) -> String {
    let whole = text(name);
    let root = if name == "root" { " OR useridentity_type = 'Root'" } else { "" };
    let (after_colon, after_slash) = (text(&format!(":{name}")), text(&format!("/{name}")));
    format!(
        "(useridentity_username = {whole} OR useridentity_invokedby = {whole} OR \
         ends_with(useridentity_principalid, {after_colon}) OR ends_with(useridentity_arn, {after_slash}){root})"
    )
}
