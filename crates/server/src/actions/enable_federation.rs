//! `EnableFederation`: refused, for there is neither Lake Formation nor Glue outside AWS.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::Empty;
use crate::{limits, stores};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    event_data_store: String,
    federation_role_arn: String,
}

pub(crate) async fn enable_federation(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let mut found = Violations::default();
    found.text("FederationRoleArn", Some(&input.federation_role_arn), &limits::FEDERATION_ROLE_ARN);
    found.refuse(Code::InvalidParameterException)?;
    let store = stores::active(service, call, &input.event_data_store)?.value;
    Err(stores::no_federation(&store))
}
