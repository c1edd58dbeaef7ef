//! RegisterOrganizationDelegatedAdmin: there is no organisation here whose administration could be delegated.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    member_account_id: String,
}

pub(crate) async fn register_organization_delegated_admin(_: &Service, _: &Call, input: Input) -> Result<Empty> {
    refuse("MemberAccountId", &input.member_account_id)
}

/// # Errors
/// Always: that no organisation is in use, or what is wrong with the account's id.
pub(crate) fn refuse(member: &str, account: &str) -> Result<Empty> {
    let mut violations = Violations::default();
    violations.text(member, Some(account), &limits::ACCOUNT_ID);
    violations.refuse(Code::InvalidParameterException)?;
    Err(Fault::new(
        Code::OrganizationsNotInUseException,
        "This service is not part of AWS Organizations, so nothing can be delegated: make a key for each account instead.",
    ))
}
