//! `StartDashboardRefresh`.

use std::collections::BTreeMap;

use lake::Expect;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::dashboards::{self, DASHBOARD};
use crate::fault::{Code, Result};
use crate::service::Service;
use crate::validate::Violations;
use crate::{kept, limits};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    dashboard_id: String,
    query_parameter_values: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    refresh_id: String,
}

pub(crate) async fn start_dashboard_refresh(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let values = input.query_parameter_values.unwrap_or_default();
    let mut found = Violations::default();
    for (key, value) in &values {
        found.text("QueryParameterValues", Some(key), &limits::QUERY_PARAMETER_KEY);
        found.text("QueryParameterValues", Some(value), &limits::QUERY_PARAMETER_VALUE);
    }
    found.refuse(Code::InvalidParameterException)?;
    let found = dashboards::find(service, call, &input.dashboard_id)?;
    let mut dashboard = found.value;
    let (refresh_id, fault) = dashboards::refresh(service, call, &dashboard, &values).await?;
    dashboard.last_refresh_id = Some(refresh_id.clone());
    dashboard.last_refresh_failure_reason = fault.map(|fault| fault.message.into_owned());
    kept::put(service, (DASHBOARD, &dashboard.arn), &dashboard, Expect::Revision(found.revision))?;
    Ok(Output { refresh_id })
}
