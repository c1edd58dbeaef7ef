//! `ListDashboards`.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::dashboards::{CUSTOM, Dashboard};
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, named};

/// Dashboards of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name_prefix: Option<String>,
    r#type: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    dashboards: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    dashboard_arn: String,
    r#type: &'static str,
}

pub(crate) async fn list_dashboards(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.text("NamePrefix", input.name_prefix.as_deref(), &limits::DASHBOARD_NAME);
    found.one_of("Type", input.r#type.as_deref(), limits::DASHBOARD_TYPE);
    found.refuse(Code::InvalidParameterException)?;
    let prefix = input.name_prefix.as_deref().unwrap_or_default();
    let is_wanted = |dashboard: &Dashboard| {
        dashboard.name.starts_with(prefix) && input.r#type.as_deref().is_none_or(|kind| kind == CUSTOM)
    };
    let all = named::all::<Dashboard>(service, call)?.into_iter().map(|kept| kept.value).filter(is_wanted);
    let all = all.map(|dashboard| {
        ((dashboard.created.0, dashboard.name), Listed { dashboard_arn: dashboard.arn, r#type: CUSTOM })
    });
    let asked = Asked {
        operation: "ListDashboards",
        question: &(&input.name_prefix, &input.r#type),
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (dashboards, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { dashboards, next_token })
}
