//! `UpdateDashboard`.

use lake::Expect;
use serde::Deserialize;
use trail::model::Millis;

use crate::call::Call;
use crate::dashboards::{self, DASHBOARD, DashboardAnswer, Members};
use crate::fault::Result;
use crate::kept;
use crate::service::Service;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    dashboard_id: String,
    #[serde(flatten)]
    members: Members,
}

pub(crate) async fn update_dashboard(service: &Service, call: &Call, input: Input) -> Result<DashboardAnswer> {
    let found = dashboards::find(service, call, &input.dashboard_id)?;
    dashboards::check(service, call, &input.members)?;
    let mut dashboard = found.value;
    if let Some(widgets) = input.members.widgets {
        dashboard.widgets = dashboards::widgets(widgets);
    }
    if let Some(schedule) = input.members.refresh_schedule {
        dashboard.set_schedule(schedule, call.now);
    }
    if let Some(is_protected) = input.members.termination_protection_enabled {
        dashboard.termination_protection_enabled = is_protected;
    }
    dashboard.updated = Some(Millis::from(call.now));
    kept::put(service, (DASHBOARD, &dashboard.arn), &dashboard, Expect::Revision(found.revision))?;
    let mut answer = DashboardAnswer::of(&dashboard).with_times(&dashboard);
    answer.name = Some(dashboard.name);
    Ok(answer)
}
