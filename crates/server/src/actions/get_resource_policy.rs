//! GetResourcePolicy.

use event::arn::Arn;
use serde::{Deserialize, Serialize};
use trail::model::{Channel, EventDataStore};

use crate::call::Call;
use crate::dashboards::Dashboard;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::named;
use crate::policy::{Kept, RESOURCE_POLICY};
use crate::resource::Kind;
use crate::service::Service;
use crate::validate::Violations;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    pub resource_arn: String,
    pub resource_policy: String,
}

pub(crate) async fn get_resource_policy(service: &Service, call: &Call, input: Input) -> Result<Output> {
    find(service, call, &input.resource_arn)?;
    match service.documents.read::<Kept>(RESOURCE_POLICY, &input.resource_arn)? {
        Some(kept) => Ok(Output { resource_arn: input.resource_arn, resource_policy: kept.value.text }),
        None => Err(missing(&input.resource_arn)),
    }
}

/// What is answered where there is no policy.
pub(crate) fn missing(arn: &str) -> Fault {
    Fault::new(Code::ResourcePolicyNotFoundException, format!("The resource {arn} has no resource-based policy."))
}

/// Finds one of the caller's resources that can have a policy, and returns its kind.
///
/// # Errors
/// `ResourceARNNotValidException`, `ResourceTypeNotSupportedException` and `ResourceNotFoundException`.
pub(crate) fn find(service: &Service, call: &Call, arn: &str) -> Result<Kind> {
    let mut violations = Violations::default();
    violations.text("ResourceArn", Some(arn), &limits::RESOURCE_ARN);
    violations.refuse(Code::ResourceARNNotValidException)?;
    let parsed = Arn::parse(arn).filter(|arn| arn.service() == "cloudtrail");
    let invalid = || Fault::new(Code::ResourceARNNotValidException, "The ARN is not that of a resource of CloudTrail.");
    let kind = Kind::of(&parsed.ok_or_else(invalid)?).map(|(kind, _)| kind);
    let found = match kind {
        Some(Kind::EventDataStore) => named::find::<EventDataStore>(service, call, arn).map(drop),
        Some(Kind::Channel) => named::find::<Channel>(service, call, arn).map(drop),
        Some(Kind::Dashboard) => named::find::<Dashboard>(service, call, arn).map(drop),
        Some(Kind::Trail) => {
            return Err(Fault::new(Code::ResourceTypeNotSupportedException, "A trail has no resource-based policy."));
        }
        None => return Err(invalid()),
    };
    match (found, kind) {
        (Ok(()), Some(kind)) => Ok(kind),
        (Err(fault), _) if fault.code == Code::InternalFailure => Err(fault),
        _ => Err(Fault::new(Code::ResourceNotFoundException, format!("There is no resource {arn} of this account."))),
    }
}
