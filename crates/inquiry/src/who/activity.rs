//! What was done: one pass over the events that fit, folded into counts.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use datafusion::execution::context::SessionContext;
use event::schema::COLUMNS;
use event::time::EventTime;
use futures::TryStreamExt;
use lineage::columns::Columns;
use lineage::credential::{IDENTITY, Use};
use lineage::origins::Origins;
use lineage::sessions::Sessions;
use serde::Serialize;

use super::{ask, number_at, text_at, time_at};
use crate::error::{Error, Result};

/// Most values of a kind that are listed.
const VALUES_MAX: usize = 25;

/// What was done, counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Activity {
    /// Events in all.
    pub events: u64,
    /// Events that failed.
    pub failed: u64,
    /// Events that failed for want of a right.
    pub denied: u64,
    /// Time of the first event.
    pub first: Option<String>,
    /// Time of the last event.
    pub last: Option<String>,
    /// Calls, as `service:name`.
    pub calls: Vec<Counted>,
    /// Error codes.
    pub errors: Vec<Counted>,
    /// Addresses.
    pub addresses: Vec<Counted>,
    /// Regions.
    pub regions: Vec<Counted>,
    /// Accounts that recorded it.
    pub accounts: Vec<Counted>,
    /// Accounts of those who called.
    pub identity_accounts: Vec<Counted>,
    /// User agents.
    pub user_agents: Vec<Counted>,
    /// ARNs of those who called.
    pub arns: Vec<Counted>,
    /// Access keys that signed the calls.
    pub keys: Vec<Counted>,
}

/// A value with how often and when it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The value.
    pub value: String,
    /// Events that have it.
    pub events: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Time of the first.
    pub first: String,
    /// Time of the last.
    pub last: String,
    #[serde(skip)]
    pub(super) first_micros: i64,
    #[serde(skip)]
    pub(super) last_micros: i64,
}

/// A person, a service, or where the evidence ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The furthest identity that is proven.
    pub origin: String,
    /// How sure that is.
    pub status: String,
    /// What is likely and not proven.
    pub hint: Option<String>,
    /// Events of theirs.
    pub events: u64,
}

/// An event in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Did {
    /// When.
    pub time: Option<String>,
    /// What, as `service:name`.
    pub call: String,
    /// What it was done to, as far as the request names it.
    pub target: Option<String>,
    /// Who, as the record has it.
    pub arn: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// Where.
    pub region: Option<String>,
    /// In which account.
    pub account: Option<String>,
    /// How it failed, if so.
    pub error: Option<String>,
    /// Its `eventID`.
    pub event_id: Option<String>,
}

/// Returns the members of an identity as columns of a query on `events`, by the names that lineage knows them by.
pub(super) fn identity_columns() -> Vec<String> {
    let path = |name: &str| COLUMNS.iter().find(|column| column.name == name).map(|column| column.path.join("."));
    IDENTITY.iter().filter_map(|member| Some(format!("{} AS {}", path(member.column())?, member.column()))).collect()
}

/// How a call ended that its caller had no right to: services have no common code.
const DENIED: &str =
    "regexp_like(errorCode, 'AccessDenied|Unauthorized|NotAuthorized|Forbidden|OperationNotPermitted')";

/// Goes through the events that fit.
pub(super) async fn of(ctx: &SessionContext, filter: &str, sessions: &Sessions) -> Result<(Activity, Vec<Person>)> {
    let mut columns = identity_columns();
    columns.extend(
        ["eventName", "eventSource", "errorCode", "sourceIPAddress", "awsRegion", "recipientAccountId", "userAgent"]
            .map(|name| format!("{name} AS {}", name.to_ascii_lowercase())),
    );
    let groups: Vec<String> = (1..=columns.len()).map(|nth| nth.to_string()).collect();
    let sql = format!(
        "SELECT {}, count(*) AS n, count(CASE WHEN {DENIED} THEN 1 END) AS denied, min(eventTime) AS first, \
         max(eventTime) AS last FROM events WHERE {filter} GROUP BY {}",
        columns.join(", "),
        groups.join(", ")
    );
    let failed = |error| Error::query("look at what was done", sql.clone(), error);
    let (_, mut rows) = lake::sql::query(ctx, &sql).await.map_err(failed)?;
    let mut fold = Fold::default();
    while let Some(batch) = rows.try_next().await.map_err(|error| failed(lake::sql::Error::from(error)))? {
        fold.batch(&batch, sessions)?;
    }
    Ok(fold.finish())
}

/// Events so far: all, failed, first, last.
#[derive(Clone, Copy)]
struct Sum {
    events: u64,
    failed: u64,
    first: i64,
    last: i64,
}

#[derive(Default)]
struct Fold {
    activity: Activity,
    span: Option<(i64, i64)>,
    by: [BTreeMap<String, Sum>; 9],
    people: BTreeMap<(String, &'static str, Option<String>), u64>,
    origins: Origins,
}

impl Fold {
    fn batch(&mut self, batch: &RecordBatch, sessions: &Sessions) -> Result<()> {
        let columns = Columns::new(batch).map_err(|error| Error::new(crate::ErrorKind::Query, error.to_string()))?;
        for row in 0..batch.num_rows() {
            let text = |name: &str| text_at(batch, name, row);
            let events = number_at(batch, "n", row).unsigned_abs();
            let error = text("errorcode");
            let micros = |name| time_at(batch, name, row).map_or(0, EventTime::as_micros);
            let sum = Sum {
                events,
                failed: if error.is_some() { events } else { 0 },
                first: micros("first"),
                last: micros("last"),
            };
            self.activity.events += events;
            self.activity.failed += sum.failed;
            self.activity.denied += number_at(batch, "denied", row).unsigned_abs();
            let (first, last) = self.span.unwrap_or((sum.first, sum.last));
            self.span = Some((first.min(sum.first), last.max(sum.last)));
            let source = text("eventsource").unwrap_or_default();
            let call =
                format!("{}:{}", source.trim_end_matches(".amazonaws.com"), text("eventname").unwrap_or_default());
            let values = [
                Some(call),
                error,
                text("sourceipaddress"),
                text("awsregion"),
                text("recipientaccountid"),
                text("useridentity_accountid"),
                text("useragent"),
                text("useridentity_arn"),
                text("useridentity_accesskeyid"),
            ];
            for (by, value) in self.by.iter_mut().zip(values) {
                let Some(value) = value else { continue };
                by.entry(value)
                    .and_modify(|known| {
                        known.events += sum.events;
                        known.failed += sum.failed;
                        known.first = known.first.min(sum.first);
                        known.last = known.last.max(sum.last);
                    })
                    .or_insert(sum);
            }
            if let Some(origin) = self.origins.of(sessions, &Use::of(&columns.row(row))) {
                let person = (origin.arn.clone(), origin.status.as_str(), origin.hint.clone());
                *self.people.entry(person).or_default() += events;
            }
        }
        Ok(())
    }

    fn finish(self) -> (Activity, Vec<Person>) {
        let [calls, errors, addresses, regions, accounts, identity_accounts, user_agents, arns, keys] =
            self.by.map(counted);
        let time = |micros: i64| EventTime::from_micros(micros).to_string();
        let activity = Activity {
            first: self.span.map(|(first, _)| time(first)),
            last: self.span.map(|(_, last)| time(last)),
            calls,
            errors,
            addresses,
            regions,
            accounts,
            identity_accounts,
            user_agents,
            arns,
            keys,
            ..self.activity
        };
        let person = |((origin, status, hint), events): ((String, &str, Option<String>), u64)| Person {
            origin,
            status: status.to_owned(),
            hint,
            events,
        };
        let mut people: Vec<Person> = self.people.into_iter().map(person).collect();
        people.sort_by_key(|person| std::cmp::Reverse(person.events));
        (activity, people)
    }
}

fn counted(by: BTreeMap<String, Sum>) -> Vec<Counted> {
    let time = |micros: i64| EventTime::from_micros(micros).to_string();
    let mut all: Vec<Counted> = by
        .into_iter()
        .map(|(value, sum)| Counted {
            value,
            events: sum.events,
            failed: sum.failed,
            first: time(sum.first),
            last: time(sum.last),
            first_micros: sum.first,
            last_micros: sum.last,
        })
        .collect();
    all.sort_by_key(|counted| std::cmp::Reverse(counted.events));
    all.truncate(VALUES_MAX);
    all
}

/// The members of a request that name what a call is about, those that say most first.
const TARGETS: [&str; 12] = [
    "userName",
    "roleName",
    "groupName",
    "policyName",
    "policyArn",
    "roleArn",
    "bucketName",
    "functionName",
    "instanceId",
    "groupId",
    "keyId",
    "name",
];

/// Calls that make or widen a way in come first: whoever looks for what stays behind must not miss them among the rest.
pub(super) const WAYS_IN_FIRST: &str = "CASE WHEN eventSource = 'iam.amazonaws.com' OR eventName LIKE '%Permission%' \
                                        OR eventName LIKE '%Policy%' THEN 0 ELSE 1 END, eventTime";
/// In the order of their time.
pub(super) const BY_TIME: &str = "eventTime";

/// Lists events that fit, in an order.
pub(super) async fn events(ctx: &SessionContext, filter: &str, order: &str, max: u64) -> Result<Vec<Did>> {
    let targets: Vec<String> = TARGETS.iter().map(|name| format!("element_at(requestParameters, '{name}')")).collect();
    let sql = format!(
        "SELECT eventTime AS time, eventName AS name, eventSource AS source, coalesce({}) AS target, \
         userIdentity.arn AS arn, sourceIPAddress AS address, awsRegion AS region, recipientAccountId AS account, \
         errorCode AS error, eventID AS id FROM events WHERE {filter} ORDER BY {order} LIMIT {max}",
        targets.join(", ")
    );
    let mut events = Vec::new();
    for batch in ask(ctx, "list events", &sql).await? {
        for row in 0..batch.num_rows() {
            let text = |name: &str| text_at(&batch, name, row);
            let source = text("source").unwrap_or_default();
            events.push(Did {
                time: time_at(&batch, "time", row).map(|time| time.to_string()),
                call: format!("{}:{}", source.trim_end_matches(".amazonaws.com"), text("name").unwrap_or_default()),
                target: text("target"),
                arn: text("arn"),
                address: text("address"),
                region: text("region"),
                account: text("account"),
                error: text("error"),
                event_id: text("id"),
            });
        }
    }
    Ok(events)
}
