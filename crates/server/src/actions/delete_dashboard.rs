//! `DeleteDashboard`.

use serde::Deserialize;

use crate::call::Call;
use crate::dashboards::{self, DASHBOARD};
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::service::Service;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    dashboard_id: String,
}

pub(crate) async fn delete_dashboard(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let found = dashboards::find(service, call, &input.dashboard_id)?;
    let arn = &found.value.arn;
    if found.value.termination_protection_enabled {
        let message =
            format!("The dashboard {arn} cannot be deleted because termination protection is enabled for it.");
        return Err(Fault::new(Code::ConflictException, message));
    }
    kept::delete(service, (DASHBOARD, arn), found.revision)?;
    Ok(Empty {})
}
