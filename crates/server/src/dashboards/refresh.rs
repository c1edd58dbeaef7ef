//! The refresh of a dashboard: its queries are started anew.

use std::collections::BTreeMap;

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
pub(crate) async fn refresh(
    service: &Service,
    call: &Call,
    dashboard: &Dashboard,
    values: &BTreeMap<String, String>,
) -> Result<(String, Option<Fault>)> {
    let id = new_id(call);
    let mut first_fault = None;
    let mut started = 0_usize;
    for widget in &dashboard.widgets {
        let outcome = match statement(widget, values, call.now) {
            Ok(statement) => {
                let ask = Ask {
                    statement,
                    alias: Some(widget.query_alias.clone()),
                    refresh_id: Some(id.clone()),
                    delivery_s3_uri: None,
                };
                queries::start(service, call, ask).await.map(drop)
            }
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(()) => started += 1,
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
fn new_id(call: &Call) -> String {
    let tail = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    format!("{:013}{tail:06}", call.now.as_micros() / 1_000)
}
