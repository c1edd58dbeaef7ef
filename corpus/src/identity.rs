//! Who calls: the `userIdentity` element for each kind of caller, with the address and the software of the call
//! ("CloudTrail userIdentity element").

use crate::organisation::{ACCOUNTS, ORGANIZATION_ID, unique_id};
use crate::record::iso;

/// Somebody or something that calls, ready to be put into records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    /// The JSON of `userIdentity`.
    pub(crate) identity: String,
    pub(crate) arn: String,
    pub(crate) principal_id: String,
    pub(crate) key: String,
    /// The account the calls are made in.
    pub(crate) account: usize,
    pub(crate) address: String,
    pub(crate) agent: String,
    /// True where a service calls: such records have no `tlsDetails`.
    pub(crate) is_service: bool,
    pub(crate) from_console: bool,
    /// `vpcEndpointId`, where the calls leave through one.
    pub(crate) endpoint: String,
}

impl Caller {
    /// Returns the caller at an address, with its software.
    pub(crate) fn at(self, address: String, agent: &str) -> Self {
        Self { address, agent: agent.to_owned(), ..self }
    }

    /// Returns a service that acts with this caller's credentials ("forward access sessions").
    pub(crate) fn through(&self, principal: &str) -> Self {
        let mut forwarded = self.clone();
        forwarded.identity.pop();
        forwarded.identity.push_str(&format!(",\"invokedBy\":\"{principal}\"}}"));
        forwarded.endpoint.clear();
        Self { is_service: true, from_console: false, ..forwarded.at(principal.to_owned(), principal) }
    }
}

/// A role of an account.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) account: usize,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) id: String,
}

impl Role {
    /// Returns the role of that path (`/`, `/service-role/` and so on) and name.
    pub(crate) fn new(seed: u64, account: usize, path: &str, name: &str) -> Self {
        let arn = format!("arn:aws:iam::{}:role{path}{name}", ACCOUNTS[account].id);
        Self { account, name: name.to_owned(), arn, id: unique_id(seed, "AROA", account, name) }
    }

    /// Returns the ARN of a session of this role.
    pub(crate) fn session_arn(&self, session: &str) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{session}", ACCOUNTS[self.account].id, self.name)
    }
}

/// What a session's identity says beyond role, name, key and time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionMarks<'a> {
    pub(crate) mfa: bool,
    /// Version of the instance metadata service that handed out the credentials.
    pub(crate) ec2_role_delivery: Option<&'static str>,
    /// The provider of a web identity.
    pub(crate) federated_provider: Option<&'a str>,
    /// The function that holds the credentials.
    pub(crate) function_arn: Option<&'a str>,
    pub(crate) source_identity: Option<&'a str>,
}

/// Returns a role session, `AssumedRole`; without a key for the roles that services keep to themselves.
pub(crate) fn role_session(
    role: &Role,
    session: &str,
    key: Option<&str>,
    born: i64,
    marks: SessionMarks<'_>,
) -> Caller {
    let account = ACCOUNTS[role.account].id;
    let arn = role.session_arn(session);
    let principal_id = format!("{}:{session}", role.id);
    let mut identity = format!(
        "{{\"type\":\"AssumedRole\",\"principalId\":\"{principal_id}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\""
    );
    if let Some(key) = key {
        identity.push_str(&format!(",\"accessKeyId\":\"{key}\""));
    }
    identity.push_str(&format!(
        ",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{}\",\"arn\":\"{}\",\
         \"accountId\":\"{account}\",\"userName\":\"{}\"}}",
        role.id, role.arn, role.name
    ));
    if let Some(provider) = marks.federated_provider {
        identity.push_str(&format!(
            ",\"webIdFederationData\":{{\"federatedProvider\":\"{provider}\",\"attributes\":{{}}}}"
        ));
    }
    push_attributes(&mut identity, born, marks.mfa);
    if let Some(who) = marks.source_identity {
        identity.push_str(&format!(",\"sourceIdentity\":\"{who}\""));
    }
    if let Some(version) = marks.ec2_role_delivery {
        identity.push_str(&format!(",\"ec2RoleDelivery\":\"{version}\""));
    }
    identity.push('}');
    if let Some(function) = marks.function_arn {
        identity.push_str(&format!(
            ",\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"{function}\"}}"
        ));
    }
    identity.push('}');
    let key = key.unwrap_or_default().to_owned();
    Caller { identity, arn, principal_id, key, account: role.account, ..Caller::default() }
}

/// Returns an IAM user with a long-term key.
pub(crate) fn user(seed: u64, account: usize, name: &str, key: &str) -> Caller {
    let mut caller = user_start(seed, account, name, key);
    caller.identity.push('}');
    caller
}

/// Returns an IAM user with temporary credentials: from the console's sign-in, or from `GetSessionToken`.
pub(crate) fn user_session(seed: u64, account: usize, name: &str, key: &str, born: i64, mfa: bool) -> Caller {
    let mut caller = user_start(seed, account, name, key);
    caller.identity.push_str(",\"sessionContext\":{\"sessionIssuer\":{},\"webIdFederationData\":{}");
    push_attributes(&mut caller.identity, born, mfa);
    caller.identity.push_str("}}");
    caller
}

/// Returns the account's root, with a key only where one was given.
pub(crate) fn root(account: usize, key: &str, born: i64) -> Caller {
    let id = ACCOUNTS[account].id;
    let arn = format!("arn:aws:iam::{id}:root");
    let mut identity = format!("{{\"type\":\"Root\",\"principalId\":\"{id}\",\"arn\":\"{arn}\",\"accountId\":\"{id}\"");
    if key.is_empty() {
        identity.push_str(",\"accessKeyId\":\"\"}");
    } else {
        identity.push_str(&format!(",\"accessKeyId\":\"{key}\",\"sessionContext\":{{\"sessionIssuer\":{{}}"));
        push_attributes(&mut identity, born, true);
        identity.push_str("}}");
    }
    Caller { identity, arn, principal_id: id.to_owned(), key: key.to_owned(), account, ..Caller::default() }
}

/// Returns a service that acts for itself.
pub(crate) fn service(account: usize, principal: &str) -> Caller {
    let identity = format!("{{\"type\":\"AWSService\",\"invokedBy\":\"{principal}\"}}");
    let caller = Caller { identity, arn: principal.to_owned(), account, is_service: true, ..Caller::default() };
    caller.at(principal.to_owned(), principal)
}

/// Returns a caller as the owner of the resource sees it: account and principal ID, no ARN.
pub(crate) fn foreign(principal_id: &str, account_id: &str) -> String {
    format!("{{\"type\":\"AWSAccount\",\"principalId\":\"{principal_id}\",\"accountId\":\"{account_id}\"}}")
}

/// Returns the identity of a subject at a SAML provider.
pub(crate) fn saml(qualifier: &str, subject: &str) -> String {
    format!(
        "{{\"type\":\"SAMLUser\",\"principalId\":\"{qualifier}:{subject}\",\"userName\":\"{subject}\",\
         \"identityProvider\":\"{qualifier}\"}}"
    )
}

/// Returns the identity of a subject at a web identity provider.
pub(crate) fn web(provider_arn: &str, audience: &str, subject: &str) -> String {
    format!(
        "{{\"type\":\"WebIdentityUser\",\"principalId\":\"{provider_arn}:{audience}:{subject}\",\
         \"userName\":\"{subject}\",\"identityProvider\":\"{provider_arn}\"}}"
    )
}

/// Returns the identity of a person at IAM Identity Center.
pub(crate) fn identity_center(account: usize, user_id: &str, credential: &str) -> String {
    let id = ACCOUNTS[account].id;
    let store = &ORGANIZATION_ID[2..12];
    format!(
        "{{\"type\":\"IdentityCenterUser\",\"accountId\":\"{id}\",\"onBehalfOf\":{{\"userId\":\"{user_id}\",\
         \"identityStoreArn\":\"arn:aws:identitystore::{id}:identitystore/d-{store}\"}},\"credentialId\":\"{credential}\"}}"
    )
}

/// Returns a user's identity without key or end: the start of both forms, and all of a sign-in.
fn user_start(seed: u64, account: usize, name: &str, key: &str) -> Caller {
    let id = ACCOUNTS[account].id;
    let arn = format!("arn:aws:iam::{id}:user/{name}");
    let principal_id = unique_id(seed, "AIDA", account, name);
    let mut identity =
        format!("{{\"type\":\"IAMUser\",\"principalId\":\"{principal_id}\",\"arn\":\"{arn}\",\"accountId\":\"{id}\"");
    if !key.is_empty() {
        identity.push_str(&format!(",\"accessKeyId\":\"{key}\""));
    }
    identity.push_str(&format!(",\"userName\":\"{name}\""));
    Caller { identity, arn, principal_id, key: key.to_owned(), account, ..Caller::default() }
}

fn push_attributes(out: &mut String, born: i64, mfa: bool) {
    out.push_str(",\"attributes\":{\"creationDate\":\"");
    iso(out, born);
    out.push_str("\",\"mfaAuthenticated\":\"");
    out.push_str(if mfa { "true" } else { "false" });
    out.push_str("\"}");
}
