//! What kind of event an event is (section "Categorisation" of the mapping).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::Member;

/// A category, its types, and the names of its events.
type Row = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// The table, whatever the service is.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (&["api"], &["info"], &["Converse", "DescribeRegions", "Publish"]),
    (&["authentication"], &["info"], &["AssumeRole", "ConsoleLogin", "GetCallerIdentity"]),
    (&["configuration"], &["change"], &["Subscribe"]),
    (&["configuration"], &["creation"], &["CreateTopic"]),
    (&["configuration"], &["deletion"], &["DeleteTrail"]),
    (&["configuration"], &["info"], &["DescribeTrails"]),
    (&["database"], &["info"], &["DescribeDBInstances", "ListTables"]),
    (&["file"], &["change"], &["PutObject"]),
    (&["file"], &["creation"], &["CreateBucket", "CreateDocument"]),
    (&["file"], &["deletion"], &["DeleteBucket", "DeleteObject"]),
    (&["file"], &["info"], &["GetObject", "HeadObject", "ListBuckets", "ListObjects"]),
    (&["host"], &["info"], &["DescribeInstances", "DescribeVolumes", "ListInstanceAssociations"]),
    (&["iam"], &["admin", "change"], &["SetDefaultPolicyVersion", "SetSecurityTokenServicePreferences", "UpdateAccountPasswordPolicy", "UpdateRole"]),
    (&["iam"], &["admin", "creation"], &["CreateKeyPair"]),
    (&["iam"], &["change"], &["AttachRolePolicy"]),
    (&["iam"], &["creation"], &["CreatePolicy"]),
    (&["iam"], &["group", "change"], &["AddUserToGroup", "AttachGroupPolicy", "DeleteGroupPolicy", "DetachGroupPolicy", "PutGroupPolicy", "RemoveUserFromGroup", "UpdateGroup"]),
    (&["iam"], &["group", "creation"], &["CreateGroup"]),
    (&["iam"], &["group", "deletion"], &["DeleteGroup"]),
    (&["iam"], &["group", "info"], &["GetGroup", "GetGroupPolicy", "ListAttachedGroupPolicies", "ListGroupPolicies", "ListGroups"]),
    (&["iam"], &["info"], &["GetPolicy", "ListAttachedRolePolicies", "ListRoles"]),
    (&["iam"], &["user", "change"], &["AttachUserPolicy", "ChangePassword", "CreateAccessKey", "CreateVirtualMFADevice", "DeactivateMFADevice", "DeleteAccessKey", "DeleteSSHPublicKey", "DeleteUserPermissionsBoundary", "DeleteUserPolicy", "DeleteVirtualMFADevice", "DetachUserPolicy", "EnableMFADevice", "PutUserPermissionsBoundary", "PutUserPolicy", "TagUser", "UntagUser", "UpdateAccessKey", "UpdateLoginProfile", "UpdateSSHPublicKey", "UpdateUser"]),
    (&["iam"], &["user", "creation"], &["CreateUser"]),
    (&["iam"], &["user", "deletion"], &["DeleteUser"]),
    (&["iam"], &["user", "info"], &["GetUser", "GetUserPolicy", "ListAttachedUserPolicies", "ListGroupsForUser", "ListUserPolicies", "ListUserTags", "ListUsers"]),
    (&["network"], &["access"], &["AuthorizeSecurityGroupIngress"]),
    (&["network"], &["info"], &["DescribeLoadBalancers", "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeVpcs"]),
    (&["package"], &["info"], &["ListFunctions"]),
    (&["process"], &["start"], &["SendCommand"]),
    (&["session"], &["end"], &["TerminateSession"]),
    (&["session"], &["start"], &["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel", "StartSession"]),
];

static BY_NAME: LazyLock<HashMap<&str, &Row>> =
    LazyLock::new(|| ROWS.iter().flat_map(|row| row.2.iter().map(move |name| (*name, row))).collect());

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let action = mapping.record.and_then(|record| record.text(Member::EventName));
    let document = &mut mapping.document;
    document.set_text(Field::EventKind, "event");
    match action.as_deref().and_then(|name| BY_NAME.get(name)) {
        Some((category, types, _)) => {
            document.set(Field::Category, Slot::Names(category));
            document.set(Field::Type, Slot::Names(types));
        }
        None => document.set(Field::Type, Slot::Names(&["info"])),
    }
    let failed = document.has(Field::ErrorCode) || document.has(Field::AwsErrorMessage);
    document.set_text(Field::Outcome, if failed { "failure" } else { "success" });
    if action.as_deref() == Some("ConsoleLogin") {
        console_login(mapping);
    }
}

/// A sign-in says itself how it ended.
fn console_login(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    let Some(result) = record.below(Member::ResponseElements, "ConsoleLogin") else { return };
    match record.tree.string(result) {
        Some(result) => mapping.document.set_text(Field::Outcome, result.to_lowercase()),
        None => mapping.fail("script", "script_categorize", "`responseElements.ConsoleLogin` is not a string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_in_two_rows() {
        assert_eq!(ROWS.iter().map(|row| row.2.len()).sum::<usize>(), BY_NAME.len());
        assert_eq!(BY_NAME.len(), 91);
    }
}
