//! `GetDashboard`.

use serde::Deserialize;

use crate::call::Call;
use crate::dashboards::{self, DashboardAnswer};
use crate::fault::Result;
use crate::service::Service;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    dashboard_id: String,
}

pub(crate) async fn get_dashboard(service: &Service, call: &Call, input: Input) -> Result<DashboardAnswer> {
    let dashboard = dashboards::find(service, call, &input.dashboard_id)?.value;
    let mut answer = DashboardAnswer::of(&dashboard).with_times(&dashboard);
    answer.status = Some(if dashboard.updated.is_some() { "UPDATED" } else { "CREATED" });
    answer.last_refresh_id = dashboard.last_refresh_id;
    answer.last_refresh_failure_reason = dashboard.last_refresh_failure_reason;
    Ok(answer)
}
