//! DeregisterOrganizationDelegatedAdmin: there is no organisation here whose administration could be delegated.

use serde::Deserialize;

use crate::actions::register_organization_delegated_admin::refuse;
use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    delegated_admin_account_id: String,
}

pub(crate) async fn deregister_organization_delegated_admin(_: &Service, _: &Call, input: Input) -> Result<Empty> {
    refuse("DelegatedAdminAccountId", &input.delegated_admin_account_id)
}
