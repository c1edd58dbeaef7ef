//! `StartDashboardRefresh`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::dashboards;
use crate::fault::{Code, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;

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
    let dashboard = dashboards::find(service, call, &input.dashboard_id)?.value;
    let (refresh_id, fault) = dashboards::start(service, call, &dashboard, &values).await?;
    dashboards::change(service, &dashboard.arn, |dashboard| {
        dashboard.last_refresh_id = Some(refresh_id.clone());
        dashboard.last_refresh_failure_reason = fault.as_ref().map(|fault| fault.message.to_string());
    })?;
    Ok(Output { refresh_id })
}
