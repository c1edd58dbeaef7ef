//! PutResourcePolicy.

use lake::Expect;
use serde::Deserialize;

use crate::actions::get_resource_policy::{Output, find};
use crate::call::Call;
use crate::fault::{Code, Result};
use crate::kept;
use crate::limits;
use crate::policy::{Kept, Policy, RESOURCE_POLICY};
use crate::service::Service;
use crate::validate::Violations;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
    resource_policy: String,
}

pub(crate) async fn put_resource_policy(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let kind = find(service, call, &input.resource_arn)?;
    let mut violations = Violations::default();
    violations.text("ResourcePolicy", Some(&input.resource_policy), &limits::RESOURCE_POLICY);
    violations.refuse(Code::ResourcePolicyNotValidException)?;
    Policy::parse(&input.resource_policy, kind, &input.resource_arn)?;
    let policy = Kept { text: input.resource_policy };
    kept::put(service, (RESOURCE_POLICY, &input.resource_arn), &policy, Expect::Any)?;
    Ok(Output { resource_arn: input.resource_arn, resource_policy: policy.text })
}
