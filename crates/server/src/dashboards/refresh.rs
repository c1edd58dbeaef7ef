//! The refresh of a dashboard: its queries are started anew, at once or one after the other as there is room.

use std::collections::{BTreeMap, BTreeSet};

use event::time::{DAY, EventTime};

use super::{Dashboard, Widget};
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::queries::{self, Ask};
use crate::service::Service;

/// Days before the refresh at which `$StartTime$` lies unless told otherwise.
const USUAL_DAYS: i64 = 7;

/// Starts the query of each widget under one id, and returns that with the first fault, if any.
///
/// # Errors
/// If not a single query could be started.
pub(crate) async fn start(
    service: &Service,
    call: &Call,
    dashboard: &Dashboard,
    values: &BTreeMap<String, String>,
) -> Result<(String, Option<Fault>)> {
    let id = new_id(call.now);
    let mut first_fault = None;
    let mut started = 0_usize;
    for widget in &dashboard.widgets {
        let outcome = match ask(widget, &id, values, call.now) {
            Ok(ask) => queries::start(service, call, ask).await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(_) => started += 1,
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    match first_fault {
        Some(fault) if started == 0 => Err(match fault.code {
            Code::MaxConcurrentQueriesException => Fault::new(Code::ServiceQuotaExceededException, fault.message),
            _ => fault,
        }),
        fault => Ok((id, fault)),
    }
}

/// Starts the query of each widget under an id that is given, each once there is room for it, and returns the first fault, if
/// any. Widgets whose query was started under the id before are left out.
///
/// # Errors
/// If it cannot be told which were.
pub(super) async fn start_in_turn(
    service: &Service,
    call: &Call,
    dashboard: &Dashboard,
    id: &str,
) -> Result<Option<Fault>> {
    let of_refresh = queries::all(service, call)?.into_iter().filter(|query| query.refresh_id.as_deref() == Some(id));
    let started: BTreeSet<String> = of_refresh.filter_map(|query| query.alias).collect();
    let mut first_fault = None;
    for widget in dashboard.widgets.iter().filter(|widget| !started.contains(&widget.query_alias)) {
        let outcome = match ask(widget, id, &BTreeMap::new(), call.now) {
            Ok(ask) => queries::start_in_turn(service, call, ask).await,
            Err(fault) => Err(fault),
        };
        first_fault = first_fault.or(outcome.err());
    }
    Ok(first_fault)
}

/// Returns what the query of a widget asks.
fn ask(widget: &Widget, refresh_id: &str, values: &BTreeMap<String, String>, now: EventTime) -> Result<Ask> {
    Ok(Ask {
        statement: statement(widget, values, now)?,
        alias: Some(widget.query_alias.clone()),
        refresh_id: Some(refresh_id.to_owned()),
        delivery_s3_uri: None,
    })
}

/// Returns the text of a widget's query with what stands in its places.
fn statement(widget: &Widget, values: &BTreeMap<String, String>, now: EventTime) -> Result<String> {
    let parameters = widget.query_parameters.iter().flatten();
    let parameters = parameters.map(|parameter| {
        let is_name = parameter.len() > 2 && parameter.starts_with('$') && parameter.ends_with('$');
        match values.get(parameter) {
            _ if !is_name => Ok(parameter.clone()),
            Some(value) => Ok(value.clone()),
            None => usual(parameter, now).ok_or_else(|| {
                let message = format!("QueryParameterValues has no value for {parameter}.");
                Fault::new(Code::InvalidParameterException, message)
            }),
        }
    });
    let parameters: Vec<String> = parameters.collect::<Result<_>>()?;
    queries::filled(&widget.query_statement, &parameters)
}

fn usual(parameter: &str, now: EventTime) -> Option<String> {
    let time = match parameter {
        "$StartTime$" => now.as_micros() - USUAL_DAYS * DAY,
        "$EndTime$" => now.as_micros(),
        _ => return None,
    };
    let time = jiff::Timestamp::from_microsecond(time).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Returns an id of digits that no other refresh has: the time, and some that nobody guesses.
pub(super) fn new_id(now: EventTime) -> String {
    let tail = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    format!("{:013}{tail:06}", now.as_micros() / 1_000)
}
