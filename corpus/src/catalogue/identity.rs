//! Users, roles, tokens, keys, secrets.

use super::{Action, Service, read, service, write};

const KEY: &str =
    r#"[{"accountId":"<account>","type":"AWS::KMS::Key","ARN":"arn:aws:kms:<region>:<account>:key/<uid:kms>"}]"#;

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    Service { global: true, ..service("iam", "iam.amazonaws.com", IAM) },
    service("sts", "sts.<region>.amazonaws.com", STS),
    Service { extra: r#"{"keyMaterialId":"<hex:64>"}"#, ..service("kms", "kms.<region>.amazonaws.com", KMS) },
    Service { source: "kms", ..service("kms keys", "kms.<region>.amazonaws.com", KMS_KEYS) },
    service("secretsmanager", "secretsmanager.<region>.amazonaws.com", SECRETS),
    service("sso", "portal.sso.<region>.amazonaws.com", SSO),
    service("cognito-idp", "cognito-idp.<region>.amazonaws.com", COGNITO),
];

const IAM: &[Action] = &[
    read("GetRole", 30, r#"{"roleName":"<name:role>"}"#),
    read("ListRoles", 14, r#"{"maxItems":100,"marker":"<base64:120>"}"#),
    read("GetRolePolicy", 14, r#"{"roleName":"<name:role>","policyName":"inline-<name:role>"}"#),
    read("ListRolePolicies", 14, r#"{"roleName":"<name:role>"}"#),
    read("ListAttachedRolePolicies", 16, r#"{"roleName":"<name:role>"}"#),
    read("ListRoleTags", 4, r#"{"roleName":"<name:role>"}"#),
    read("ListInstanceProfilesForRole", 6, r#"{"roleName":"<name:role>"}"#),
    read("GetInstanceProfile", 4, r#"{"instanceProfileName":"<name:instance>-profile"}"#),
    read("GetPolicy", 14, r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>"}"#),
    read(
        "GetPolicyVersion",
        14,
        r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>","versionId":"v<number:1-9>"}"#,
    ),
    read("ListPolicies", 5, r#"{"scope":"Local","onlyAttached":false,"maxItems":100}"#),
    read("ListPolicyVersions", 4, r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>"}"#),
    read("ListEntitiesForPolicy", 3, r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>"}"#),
    read("GetUser", 8, r#"{"userName":"<name:robot>"}"#),
    read("ListUsers", 6, r#"{"maxItems":100}"#),
    read("ListAccessKeys", 8, r#"{"userName":"<name:robot>"}"#),
    read("GetAccessKeyLastUsed", 6, r#"{"accessKeyId":"AKIA<base32:16>"}"#),
    read("ListMFADevices", 5, r#"{"userName":"<name:robot>"}"#),
    read("ListUserPolicies", 4, r#"{"userName":"<name:robot>"}"#),
    read("ListAttachedUserPolicies", 4, r#"{"userName":"<name:robot>"}"#),
    read("ListGroupsForUser", 4, r#"{"userName":"<name:robot>"}"#),
    read("GetLoginProfile", 3, r#"{"userName":"<name:robot>"}"#),
    read("ListGroups", 2, r#"{"maxItems":100}"#),
    read("ListVirtualMFADevices", 2, r#"{"assignmentStatus":"Assigned"}"#),
    read("GetAccountSummary", 5, ""),
    read("GetAccountPasswordPolicy", 4, ""),
    read("ListAccountAliases", 4, ""),
    read("ListOpenIDConnectProviders", 2, ""),
    read(
        "GetOpenIDConnectProvider",
        2,
        r#"{"openIDConnectProviderArn":"arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com"}"#,
    ),
    read("ListSAMLProviders", 2, ""),
    read("GenerateCredentialReport", 2, ""),
    read("GetCredentialReport", 2, ""),
    read("GetAccountAuthorizationDetails", 2, r#"{"maxItems":1000,"marker":"<base64:200>"}"#),
    read("GenerateServiceLastAccessedDetails", 2, r#"{"arn":"arn:aws:iam::<account>:role/<name:role>"}"#),
    read("GetServiceLastAccessedDetails", 2, r#"{"jobId":"<guid>"}"#),
    read(
        "SimulatePrincipalPolicy",
        1,
        r#"{"policySourceArn":"arn:aws:iam::<account>:role/<name:role>","actionNames":["s3:GetObject"]}"#,
    ),
    write(
        "CreateRole",
        4,
        r#"{"path":"/","roleName":"<name:role>","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}","maxSessionDuration":3600}"#,
        r#"{"role":{"path":"/","roleName":"<name:role>","roleId":"AROA<base32:17>","arn":"arn:aws:iam::<account>:role/<name:role>","createDate":"<text time>"}}"#,
    ),
    write(
        "AttachRolePolicy",
        5,
        r#"{"roleName":"<name:role>","policyArn":"arn:aws:iam::<account>:policy/<name:policy>"}"#,
        "",
    ),
    write(
        "DetachRolePolicy",
        3,
        r#"{"roleName":"<name:role>","policyArn":"arn:aws:iam::<account>:policy/<name:policy>"}"#,
        "",
    ),
    write(
        "PutRolePolicy",
        5,
        r#"{"roleName":"<name:role>","policyName":"inline-<name:role>","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"dynamodb:GetItem\",\"dynamodb:Query\"],\"Resource\":\"arn:aws:dynamodb:<region>:<account>:table/<name:table>\"}]}"}"#,
        "",
    ),
    write(
        "CreatePolicyVersion",
        3,
        r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::<bucket>/*\"}]}","setAsDefault":true}"#,
        r#"{"policyVersion":{"versionId":"v<number:2-9>","isDefaultVersion":true,"createDate":"<text time>"}}"#,
    ),
    write(
        "DeletePolicyVersion",
        2,
        r#"{"policyArn":"arn:aws:iam::<account>:policy/<name:policy>","versionId":"v<number:1-5>"}"#,
        "",
    ),
    write(
        "TagRole",
        3,
        r#"{"roleName":"<name:role>","tags":[{"key":"owner","value":"<one:platform|payments|orders>"}]}"#,
        "",
    ),
    write(
        "UpdateAssumeRolePolicy",
        1,
        r#"{"roleName":"<name:role>","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::777788889999:role/github-actions\"},\"Action\":\"sts:AssumeRole\"}]}"}"#,
        "",
    ),
    write("DeleteRole", 2, r#"{"roleName":"<name:role>"}"#, ""),
    write(
        "UpdateAccessKey",
        1,
        r#"{"userName":"<name:robot>","accessKeyId":"AKIA<base32:16>","status":"Inactive"}"#,
        "",
    ),
];

const STS: &[Action] = &[
    read("GetCallerIdentity", 30, ""),
    read("GetAccessKeyInfo", 1, r#"{"accessKeyId":"AKIA<base32:16>"}"#),
    read("DecodeAuthorizationMessage", 1, r#"{"encodedMessage":"<base64:700>"}"#),
];

const KMS: &[Action] = &[
    read("Decrypt", 60, r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<uid:kms>","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<bucket>/<key>"}}"#).on(KEY),
    read("GenerateDataKey", 40, r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<uid:kms>","keySpec":"AES_256","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<bucket>"}}"#).on(KEY),
    read("Encrypt", 6, r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<uid:kms>","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"PARAMETER_ARN":"arn:aws:ssm:<region>:<account>:parameter/<name:parameter>"}}"#).on(KEY),
];

const KMS_KEYS: &[Action] = &[
    read("DescribeKey", 20, r#"{"keyId":"<uid:kms>"}"#).on(KEY),
    read("ListAliases", 6, r#"{"limit":100}"#),
    read("ListKeys", 4, r#"{"limit":1000}"#),
    read("GetKeyPolicy", 5, r#"{"keyId":"<uid:kms>","policyName":"default"}"#).on(KEY),
    read("GetKeyRotationStatus", 6, r#"{"keyId":"<uid:kms>"}"#).on(KEY),
    read("ListResourceTags", 4, r#"{"keyId":"<uid:kms>"}"#).on(KEY),
    read("ListGrants", 2, r#"{"keyId":"<uid:kms>","limit":100}"#).on(KEY),
    write("CreateGrant", 6, r#"{"keyId":"<uid:kms>","granteePrincipal":"arn:aws:iam::<account>:role/<name:role>","operations":["Decrypt","GenerateDataKeyWithoutPlaintext","CreateGrant"],"constraints":{"encryptionContextSubset":{"aws:ebs:id":"<id:vol>"}},"retiringPrincipal":"ec2.<region>.amazonaws.com"}"#, r#"{"grantId":"<hex:64>","keyId":"arn:aws:kms:<region>:<account>:key/<uid:kms>"}"#).on(KEY),
    write("RetireGrant", 4, r#"{"keyId":"<uid:kms>","grantId":"<hex:64>"}"#, "").on(KEY),
    write("EnableKeyRotation", 1, r#"{"keyId":"<uid:kms>"}"#, "").on(KEY),
];

const SECRETS: &[Action] = &[
    read("GetSecretValue", 40, r#"{"secretId":"arn:aws:secretsmanager:<region>:<account>:secret:<name:secret>"}"#),
    read("DescribeSecret", 14, r#"{"secretId":"<name:secret>"}"#),
    read("ListSecrets", 5, r#"{"maxResults":100,"includePlannedDeletion":false,"nextToken":"<base64:240>"}"#),
    read("GetResourcePolicy", 3, r#"{"secretId":"<name:secret>"}"#),
    write(
        "PutSecretValue",
        3,
        r#"{"secretId":"<name:secret>","clientRequestToken":"<guid>","versionStages":["AWSPENDING"]}"#,
        r#"{"aRN":"arn:aws:secretsmanager:<region>:<account>:secret:<name:secret>","name":"<name:secret>","versionId":"<guid>"}"#,
    ),
    write(
        "RotateSecret",
        2,
        r#"{"secretId":"<name:secret>","clientRequestToken":"<guid>","rotateImmediately":true}"#,
        r#"{"aRN":"arn:aws:secretsmanager:<region>:<account>:secret:<name:secret>","versionId":"<guid>"}"#,
    ),
];

const SSO: &[Action] = &[
    read("ListAccounts", 4, r#"{"maxResults":1000}"#),
    read("ListAccountRoles", 4, r#"{"accountId":"<account>","maxResults":100}"#),
    read(
        "DescribePermissionSet",
        2,
        r#"{"instanceArn":"arn:aws:sso:::instance/ssoins-0<hex:15>","permissionSetArn":"arn:aws:sso:::permissionSet/ssoins-0<hex:15>/ps-<hex:16>"}"#,
    ),
];

const COGNITO: &[Action] = &[
    read("AdminGetUser", 8, r#"{"userPoolId":"<region>_<base32:9>","username":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#),
    read("DescribeUserPool", 3, r#"{"userPoolId":"<region>_<base32:9>"}"#),
    write(
        "AdminUpdateUserAttributes",
        2,
        r#"{"userPoolId":"<region>_<base32:9>","username":"HIDDEN_DUE_TO_SECURITY_REASONS","userAttributes":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        "",
    ),
];
