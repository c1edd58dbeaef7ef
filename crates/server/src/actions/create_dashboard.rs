//! `CreateDashboard`.

use lake::Expect;
use serde::Deserialize;
use trail::model::{Millis, Tag};

use crate::call::Call;
use crate::dashboards::{self, DASHBOARD, DASHBOARDS_MAX, Dashboard, DashboardAnswer, Members};
use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;
use crate::validate::Violations;
use crate::{kept, limits, named, tags};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
    tags_list: Option<Vec<Tag>>,
    #[serde(flatten)]
    members: Members,
}

pub(crate) async fn create_dashboard(service: &Service, call: &Call, input: Input) -> Result<DashboardAnswer> {
    let mut found = Violations::default();
    found.text("Name", Some(&input.name), &limits::DASHBOARD_NAME);
    found.refuse(Code::InvalidParameterException)?;
    let tags = input.tags_list.unwrap_or_default();
    tags::check(&tags)?;
    dashboards::check(service, call, &input.members)?;
    let all = named::all::<Dashboard>(service, call)?;
    if all.iter().any(|kept| kept.value.name == input.name) {
        let message = format!("A dashboard with the name {} already exists.", input.name);
        return Err(Fault::new(Code::ConflictException, message));
    }
    if all.len() >= DASHBOARDS_MAX {
        let message = format!("This account has {DASHBOARDS_MAX} dashboards in this Region, which is the most.");
        return Err(Fault::new(Code::ServiceQuotaExceededException, message));
    }
    let mut dashboard = Dashboard {
        arn: Kind::Dashboard.arn(call, &input.name),
        name: input.name,
        account: call.account,
        region: call.region.clone(),
        widgets: dashboards::widgets(input.members.widgets.unwrap_or_default()),
        refresh_schedule: None,
        scheduled_after: None,
        refreshing: None,
        termination_protection_enabled: input.members.termination_protection_enabled.unwrap_or(false),
        tags,
        created: Millis::from(call.now),
        updated: None,
        last_refresh_id: None,
        last_refresh_failure_reason: None,
    };
    if let Some(schedule) = input.members.refresh_schedule {
        dashboard.set_schedule(schedule, call.now);
    }
    kept::put(service, (DASHBOARD, &dashboard.arn), &dashboard, Expect::Absent)?;
    let mut answer = DashboardAnswer::of(&dashboard);
    answer.name = Some(dashboard.name);
    answer.tags_list = Some(dashboard.tags);
    Ok(answer)
}
