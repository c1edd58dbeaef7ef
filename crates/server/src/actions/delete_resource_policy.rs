//! DeleteResourcePolicy.

use serde::Deserialize;

use crate::actions::get_resource_policy::{find, missing};
use crate::call::Call;
use crate::fault::Result;
use crate::kept;
use crate::policy::{Kept, RESOURCE_POLICY};
use crate::service::Service;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
}

pub(crate) async fn delete_resource_policy(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let arn = &input.resource_arn;
    find(service, call, arn)?;
    let there = service.documents.read::<Kept>(RESOURCE_POLICY, arn)?.ok_or_else(|| missing(arn))?;
    kept::delete(service, (RESOURCE_POLICY, arn), there.revision)?;
    Ok(Empty {})
}
