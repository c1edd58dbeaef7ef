//! What the members of a request that makes or changes a dashboard must be.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::schedule::time_of_day_of;
use super::{RefreshSchedule, Widget};
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, queries};

/// Widgets of a dashboard at most.
const WIDGETS_MAX: usize = 10;
/// Hours after which a dashboard can be refreshed again and again.
const HOURS: [i64; 4] = [1, 6, 12, 24];

/// Members that CreateDashboard and UpdateDashboard have in common.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Members {
    pub widgets: Option<Vec<RequestWidget>>,
    pub refresh_schedule: Option<RefreshSchedule>,
    pub termination_protection_enabled: Option<bool>,
}

/// A widget as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RequestWidget {
    pub query_statement: String,
    pub query_parameters: Option<Vec<String>>,
    pub view_properties: BTreeMap<String, String>,
}

/// Holds members against the limits of the model, and the queries of widgets against the event data stores that they name.
///
/// # Errors
/// `InvalidParameterException`, `ServiceQuotaExceededException`, `InvalidQueryStatementException`, and what is wrong with
/// a store.
pub(crate) fn check(service: &Service, call: &Call, members: &Members) -> Result<()> {
    let widgets = members.widgets.as_deref().unwrap_or_default();
    let mut found = Violations::default();
    for widget in widgets {
        found.text("QueryStatement", Some(&widget.query_statement), &limits::QUERY_STATEMENT);
        found.length("QueryParameters", widget.query_parameters.as_deref(), limits::QUERY_PARAMETERS);
        for parameter in widget.query_parameters.iter().flatten() {
            found.text("QueryParameters", Some(parameter), &limits::QUERY_PARAMETER);
        }
        for (key, value) in &widget.view_properties {
            found.text("ViewProperties", Some(key), &limits::VIEW_PROPERTIES_KEY);
            found.text("ViewProperties", Some(value), &limits::VIEW_PROPERTIES_VALUE);
        }
    }
    let schedule = members.refresh_schedule.as_ref();
    let frequency = schedule.and_then(|schedule| schedule.frequency.as_ref());
    let unit = frequency.and_then(|frequency| frequency.unit.as_deref());
    let status = schedule.and_then(|schedule| schedule.status.as_deref());
    let time_of_day = schedule.and_then(|schedule| schedule.time_of_day.as_deref());
    found.one_of("RefreshSchedule.Frequency.Unit", unit, limits::REFRESH_SCHEDULE_FREQUENCY_UNIT);
    found.one_of("RefreshSchedule.Status", status, limits::REFRESH_SCHEDULE_STATUS);
    found.text("RefreshSchedule.TimeOfDay", time_of_day, &limits::TIME_OF_DAY);
    found.refuse(Code::InvalidParameterException)?;
    check_schedule(unit, frequency.and_then(|frequency| frequency.value), time_of_day)?;
    if widgets.len() > WIDGETS_MAX {
        let message = format!("A dashboard has at most {WIDGETS_MAX} widgets, not {}.", widgets.len());
        return Err(Fault::new(Code::ServiceQuotaExceededException, message));
    }
    widgets.iter().try_for_each(|widget| queries::check_stores(service, call, &widget.query_statement))
}

fn check_schedule(unit: Option<&str>, value: Option<i64>, time_of_day: Option<&str>) -> Result<()> {
    let refused = |message: String| Err(Fault::new(Code::InvalidParameterException, message));
    let fits = match (unit, value) {
        (None, None) => true,
        (Some("DAYS"), Some(value)) => value == 1,
        (Some(_), Some(value)) => HOURS.contains(&value),
        _ => false,
    };
    if !fits {
        return refused("A dashboard is refreshed every 1, 6, 12 or 24 HOURS, or every 1 DAYS.".to_owned());
    }
    match time_of_day {
        Some(text) if time_of_day_of(text).is_none() => refused(format!("'{text}' is no time of the day.")),
        _ => Ok(()),
    }
}

/// Gives each widget an alias.
pub(crate) fn widgets(sent: Vec<RequestWidget>) -> Vec<Widget> {
    let widgets = sent.into_iter().map(|widget| Widget {
        query_alias: format!("widget-{}", uuid::Uuid::new_v4()),
        query_statement: widget.query_statement,
        query_parameters: widget.query_parameters,
        view_properties: widget.view_properties,
    });
    widgets.collect()
}
