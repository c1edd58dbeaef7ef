//! Dashboards: named sets of queries, kept as documents and run together.

mod members;
mod refresh;
mod schedule;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use event::arn::{AccountId, Region};
use lake::{Expect, Kept};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::{Millis, Tag};

pub(crate) use members::{Members, check, widgets};
pub(crate) use refresh::start;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::named::{self, Named};
use crate::resource::Kind;
use crate::service::Service;
use crate::wire::seconds;
use crate::{kept, limits};

/// The kind of document that holds a [`Dashboard`]; its id is the dashboard's ARN.
pub(crate) const DASHBOARD: &str = "dashboard";
/// Dashboards of an account in a Region at most.
pub(crate) const DASHBOARDS_MAX: usize = 1_000;

/// A dashboard as its owner set it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboard {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The Region that it was made in.
    pub region: Region,
    /// What it shows.
    pub widgets: Vec<Widget>,
    /// When it is refreshed by itself.
    pub refresh_schedule: Option<RefreshSchedule>,
    /// Behind which moment the times of its schedule count: those before are done, or lie before the schedule was set. None in
    /// documents of earlier builds.
    #[serde(default)]
    pub scheduled_after: Option<Millis>,
    /// The refresh by schedule that is under way.
    #[serde(default)]
    pub refreshing: Option<Refreshing>,
    /// Whether it is safe from being deleted.
    pub termination_protection_enabled: bool,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created: Millis,
    /// When its owner last changed it; none before.
    pub updated: Option<Millis>,
    /// Its last refresh.
    pub last_refresh_id: Option<String>,
    /// Why a query of that could not be started.
    pub last_refresh_failure_reason: Option<String>,
}

/// A part of a dashboard: a query, and how its rows are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Widget {
    /// What queries for it are called; given by the service.
    pub query_alias: String,
    /// The query.
    pub query_statement: String,
    /// What stands in the places of its text: texts, or names such as `$StartTime$`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_parameters: Option<Vec<String>>,
    /// How its rows are shown; kept and given back.
    #[serde(default)]
    pub view_properties: BTreeMap<String, String>,
}

/// A refresh by schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refreshing {
    /// The time of the schedule that it is for.
    pub time: Millis,
    /// Its id.
    pub id: String,
}

/// When a dashboard is refreshed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RefreshSchedule {
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Whether it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// At which time of the day in UTC, `HH:MM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_of_day: Option<String>,
}

/// How often a dashboard is refreshed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Frequency {
    /// `HOURS` or `DAYS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// So many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
}

impl Named for Dashboard {
    const DOCUMENT: &'static str = DASHBOARD;
    const KIND: Kind = Kind::Dashboard;
    const NOUN: &'static str = "dashboard";
    const INVALID: Code = Code::ResourceNotFoundException;
    const MISSING: Code = Code::ResourceNotFoundException;

    fn owner(&self) -> (AccountId, &Region) {
        (self.account, &self.region)
    }

    fn is_id(id: &str) -> bool {
        let mut found = crate::validate::Violations::default();
        found.text("Name", Some(id), &limits::DASHBOARD_NAME);
        found.refuse(Code::ResourceNotFoundException).is_ok()
    }
}

/// Finds one of the caller's dashboards.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn find(service: &Service, call: &Call, name: &str) -> Result<Kept<Dashboard>> {
    named::find(service, call, name)
}

/// Changes a dashboard, whatever was changed about it meanwhile; it may be gone.
///
/// # Errors
/// If the documents cannot be read or written.
pub(crate) fn change(service: &Service, arn: &str, change: impl Fn(&mut Dashboard)) -> Result<()> {
    while let Some(Kept { revision, mut value }) = service.documents.read::<Dashboard>(DASHBOARD, arn)? {
        change(&mut value);
        match kept::put(service, (DASHBOARD, arn), &value, Expect::Revision(revision)) {
            Err(fault) if fault.code == Code::ConflictException => {}
            done => return done.map(drop),
        }
    }
    Ok(())
}

/// Finds a widget of the caller's dashboards by its alias.
///
/// # Errors
/// `InvalidParameterException` if there is none.
pub(crate) fn widget(service: &Service, call: &Call, alias: &str) -> Result<Widget> {
    let dashboards = named::all::<Dashboard>(service, call)?;
    let mut widgets = dashboards.into_iter().flat_map(|kept| kept.value.widgets);
    widgets.find(|widget| widget.query_alias == alias).ok_or_else(|| {
        let message = format!("No dashboard of this account in this Region has a widget '{alias}'.");
        Fault::new(Code::InvalidParameterException, message)
    })
}

/// A dashboard as answers tell it; each operation takes off what it does not have.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DashboardAnswer {
    dashboard_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    widgets: Vec<Widget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags_list: Option<Vec<Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_schedule: Option<RefreshSchedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_timestamp: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_timestamp: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refresh_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refresh_failure_reason: Option<String>,
    termination_protection_enabled: bool,
}

/// What dashboards that people make are.
pub(crate) const CUSTOM: &str = "CUSTOM";

impl DashboardAnswer {
    /// Tells what every answer tells.
    pub(crate) fn of(dashboard: &Dashboard) -> DashboardAnswer {
        DashboardAnswer {
            dashboard_arn: dashboard.arn.clone(),
            r#type: CUSTOM,
            widgets: dashboard.widgets.clone(),
            refresh_schedule: dashboard.refresh_schedule.clone(),
            termination_protection_enabled: dashboard.termination_protection_enabled,
            ..DashboardAnswer::default()
        }
    }

    /// The same, with when it was made and changed.
    pub(crate) fn with_times(mut self, dashboard: &Dashboard) -> DashboardAnswer {
        self.created_timestamp = Some(seconds(dashboard.created));
        self.updated_timestamp = Some(seconds(dashboard.updated.unwrap_or(dashboard.created)));
        self
    }
}
