//! Who is behind something: the chain from a call or a key back to its origin, and what an identity did.
//!
//! The thing asked about becomes a condition on events. One pass over the events that fit tells what was done, from where
//! and by whom; the issuing calls that the lake keeps tell who stands behind each credential.

mod activity;
mod candidates;
mod chain;
mod thing;

use arrow::array::RecordBatch;
use datafusion::execution::context::SessionContext;
use detect::indicator::{Indicators, Kind};
use event::time::EventTime;
use futures::TryStreamExt;
use jiff::Timestamp;
use lineage::sessions::Sessions;
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::lookup::sql::{moment, text};

pub use activity::{Activity, Counted, Did, Person};
pub use candidates::{Candidate, candidates};
pub use chain::{Chain, Step};
pub use thing::{Thing, parse};

/// Most findings, changes and sessions that are listed; there may be more, and counts say so.
pub const LISTED_MAX: usize = 50;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// About what.
    pub thing: Thing,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// How many events are listed in their order; none if 0.
    pub timeline_max: u64,
}

/// The answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answer {
    /// What kind of thing was asked about: `user`, `key`, `ip` ...
    pub kind: &'static str,
    /// The thing.
    pub thing: String,
    /// Who stands behind it: of an event or a key the chain to its origin.
    pub chain: Option<Chain>,
    /// The people and services behind the events, those with most events first.
    pub people: Vec<Person>,
    /// What was done.
    pub activity: Activity,
    /// What was changed: calls that went through and do not only read, those first that make or widen a way in.
    pub changes: Vec<Did>,
    /// Credentials that were issued to it, in their order.
    pub issued: Vec<Step>,
    /// What rules found, newest first, as the table `findings` has it.
    pub findings: Vec<FoundBefore>,
    /// Indicators that its addresses, keys, accounts and user agents meet.
    pub indicators: Vec<Met>,
    /// Events in their order, if that was asked for.
    pub timeline: Vec<Did>,
}

/// A finding of the lake.
#[derive(Debug, Clone, Serialize)]
pub struct FoundBefore {
    /// When.
    pub time: Option<String>,
    /// How grave.
    pub level: Option<String>,
    /// The rule's title.
    pub rule: String,
    /// Its id.
    pub rule_id: String,
    /// `done` or `attempted`.
    pub outcome: String,
    /// `eventID` of the event at which the rule held.
    pub event_id: Option<String>,
}

/// An indicator that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Met {
    /// `address`, `key`, `account` or `user-agent`.
    pub kind: &'static str,
    /// What met it.
    pub value: String,
    /// Who says so.
    pub source: Option<String>,
    /// What it is said to be.
    pub description: Option<String>,
    /// Until when it counts.
    pub expires: Option<String>,
}

/// Answers a question.
///
/// # Errors
/// [`ErrorKind::NotFound`] if nothing in the lake is about the thing, [`ErrorKind::Query`] if the lake cannot answer.
pub async fn who(
    ctx: &SessionContext,
    question: &Question,
    sessions: &Sessions,
    indicators: &Indicators,
) -> Result<Answer> {
    let thing = &question.thing;
    let start = chain::start(ctx, thing, sessions).await?;
    let issued = chain::issued(ctx, thing, sessions).await?;
    let keys: Vec<&str> = issued.iter().filter_map(|step| step.key.as_deref()).collect();
    let filter = filter(question, start.as_ref(), &keys);
    let (activity, mut people) = activity::of(ctx, &filter, sessions).await?;
    if activity.events == 0 && start.is_none() && issued.is_empty() {
        let message = format!("nothing in the lake is about {} `{}`", thing.kind(), thing.value());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    people.truncate(LISTED_MAX);
    let chain = match start {
        Some(start) => Some(chain::of(ctx, start, sessions).await?),
        None => None,
    };
    let writes = format!("{filter} AND readOnly = false AND errorCode IS NULL");
    let timeline = match question.timeline_max {
        0 => Vec::new(),
        max => activity::events(ctx, &filter, activity::BY_TIME, max).await?,
    };
    Ok(Answer {
        kind: thing.kind(),
        thing: thing.value().to_owned(),
        changes: activity::events(ctx, &writes, activity::WAYS_IN_FIRST, LISTED_MAX as u64).await?,
        findings: findings(ctx, question, chain.as_ref(), &activity).await?,
        indicators: met(indicators, &activity),
        issued,
        chain,
        people,
        activity,
        timeline,
    })
}

/// Returns the condition on events that are about the thing.
fn filter(question: &Question, start: Option<&chain::Start>, keys: &[&str]) -> String {
    let own = match (&question.thing, start) {
        // An event is asked about for the session that made it.
        (Thing::Event(_), Some(start)) => start.condition(),
        (thing, _) => thing.condition(),
    };
    let mut condition = match keys {
        // Things that are done to, and addresses, have no sessions of their own.
        [] => format!("({own})"),
        keys => {
            let keys: Vec<String> = keys.iter().map(|key| text(key)).collect();
            format!("({own} OR userIdentity.accessKeyId IN ({}))", keys.join(", "))
        }
    };
    if let Some(since) = question.since {
        condition.push_str(&format!(" AND eventTime >= {}", moment(since)));
    }
    if let Some(until) = question.until {
        condition.push_str(&format!(" AND eventTime < {}", moment(until)));
    }
    condition
}

/// Asks for findings about the thing.
async fn findings(
    ctx: &SessionContext,
    question: &Question,
    chain: Option<&Chain>,
    activity: &Activity,
) -> Result<Vec<FoundBefore>> {
    let value = text(question.thing.value());
    let mut about = vec![format!("eventid = {value}"), format!("strpos(events, {value}) > 0")];
    about.extend(["origin", "useridentity_arn", "sourceipaddress"].map(|column| format!("{column} = {value}")));
    let is_own =
        matches!(question.thing, Thing::User(_) | Thing::Key(_) | Thing::Event(_) | Thing::Session(_) | Thing::Arn(_));
    if is_own {
        let arns: Vec<String> = activity.arns.iter().take(LISTED_MAX).map(|arn| text(&arn.value)).collect();
        if !arns.is_empty() {
            about.push(format!("useridentity_arn IN ({})", arns.join(", ")));
        }
        if let Some(chain) = chain.filter(|chain| chain.is_resolved) {
            about.push(format!("origin = {}", text(&chain.origin)));
        }
    }
    let sql = format!(
        "SELECT eventtime, level, rule, rule_id, outcome, eventid FROM findings WHERE suppressed IS NULL AND ({}) \
         ORDER BY eventtime DESC LIMIT {LISTED_MAX}",
        about.join(" OR ")
    );
    let mut found = Vec::new();
    for batch in ask(ctx, "look findings up", &sql).await? {
        for row in 0..batch.num_rows() {
            found.push(FoundBefore {
                time: time_at(&batch, "eventtime", row).map(|time| time.to_string()),
                level: text_at(&batch, "level", row),
                rule: text_at(&batch, "rule", row).unwrap_or_default(),
                rule_id: text_at(&batch, "rule_id", row).unwrap_or_default(),
                outcome: text_at(&batch, "outcome", row).unwrap_or_default(),
                event_id: text_at(&batch, "eventid", row),
            });
        }
    }
    Ok(found)
}

/// Looks up what was met among indicators: at the times at which it was.
fn met(indicators: &Indicators, activity: &Activity) -> Vec<Met> {
    let lists = [
        (Kind::Address, &activity.addresses),
        (Kind::Key, &activity.keys),
        (Kind::Account, &activity.identity_accounts),
        (Kind::UserAgent, &activity.user_agents),
    ];
    let mut met: Vec<Met> = Vec::new();
    for (kind, values) in lists {
        for counted in values {
            let times = [counted.first_micros, counted.last_micros].map(|micros| Some(EventTime::from_micros(micros)));
            for indicator in times.into_iter().flat_map(|time| indicators.lookup(kind, &counted.value, time)) {
                let found = Met {
                    kind: indicator.kind.as_str(),
                    value: counted.value.clone(),
                    source: indicator.source.clone().or_else(|| Some(indicator.list.clone())),
                    description: indicator.description.clone(),
                    expires: indicator.expires.map(|time| time.to_string()),
                };
                if !met.contains(&found) {
                    met.push(found);
                }
            }
        }
    }
    met
}

/// Runs a query to its end.
async fn ask(ctx: &SessionContext, attempt: &str, sql: &str) -> Result<Vec<RecordBatch>> {
    let failed = |error| Error::query(attempt, sql.to_owned(), error);
    let (_, rows) = lake::sql::query(ctx, sql).await.map_err(failed)?;
    rows.try_collect().await.map_err(|error| failed(lake::sql::Error::from(error)))
}

fn text_at(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    use arrow::array::{Array, AsArray};
    let column = batch.column_by_name(column)?;
    if let Some(texts) = column.as_string_opt::<i32>() {
        return texts.is_valid(row).then(|| texts.value(row).to_owned());
    }
    let texts = column.as_string_view_opt()?;
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

fn time_at(batch: &RecordBatch, column: &str, row: usize) -> Option<EventTime> {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::TimestampMicrosecondType;
    let times = batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    times.is_valid(row).then(|| EventTime::from_micros(times.value(row)))
}

fn number_at(batch: &RecordBatch, column: &str, row: usize) -> i64 {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;
    let numbers = batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Int64Type>());
    numbers.filter(|numbers| numbers.is_valid(row)).map_or(0, |numbers| numbers.value(row))
}
