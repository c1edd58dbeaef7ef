//! A credential as a record shows it: all of `userIdentity` that says who stands behind a call.
//!
//! Many events share one credential, so what is known of it is small and can be compared and hashed: resolve each
//! distinct [`Use`] once.

use event::time::EventTime;

use crate::moment;
use crate::record::{Member, Record};

/// A credential in use: it borrows from the event.
pub type Use<'a> = Credential<&'a str>;

/// What a record's `userIdentity` says of the credential that signed a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credential<S> {
    /// `type`: `IAMUser`, `AssumedRole`, `AWSService` ...
    pub identity_type: Option<S>,
    /// `principalId`: of a role session `AROA...:session name`.
    pub principal_id: Option<S>,
    /// `arn`.
    pub arn: Option<S>,
    /// `accountId`.
    pub account: Option<S>,
    /// `accessKeyId`, if it is one: masked keys and placeholders count as absent.
    pub access_key: Option<S>,
    /// `sessionContext.attributes.creationDate`: when the session began.
    pub creation_date: Option<EventTime>,
    /// `userName`.
    pub user_name: Option<S>,
    /// `invokedBy`: the service that made the call, for itself or with the caller's session.
    pub invoked_by: Option<S>,
    /// `sessionContext.sessionIssuer.type`.
    pub issuer_type: Option<S>,
    /// `sessionContext.sessionIssuer.arn`.
    pub issuer_arn: Option<S>,
    /// `sessionContext.sourceIdentity`: set by the first call of a chain and kept to its end.
    pub source_identity: Option<S>,
    /// `sessionContext.webIdFederationData.federatedProvider` of a session, `identityProvider` of an outside identity.
    pub provider: Option<S>,
    /// `onBehalfOf.userId`: a user of IAM Identity Center.
    pub on_behalf_of: Option<S>,
    /// `onBehalfOf.identityStoreArn`.
    pub identity_store: Option<S>,
    /// `sessionContext.assumedRoot`: a session of a member account's root, taken from the management account.
    pub assumed_root: bool,
}

/// What [`Use::of`] reads of an event: a reader of columns needs no others.
pub const IDENTITY: [Member; 16] = [
    Member::IdentityType,
    Member::PrincipalId,
    Member::Arn,
    Member::AccountId,
    Member::AccessKeyId,
    Member::UserName,
    Member::InvokedBy,
    Member::IssuerType,
    Member::IssuerArn,
    Member::CreationDate,
    Member::SourceIdentity,
    Member::AssumedRoot,
    Member::FederatedProvider,
    Member::IdentityProvider,
    Member::OnBehalfOfUserId,
    Member::IdentityStoreArn,
];

impl<'a> Use<'a> {
    /// Returns the credential that signed an event's call.
    pub fn of(record: &'a impl Record) -> Use<'a> {
        let text = |member| record.text(member).filter(|text| !text.is_empty());
        Use {
            identity_type: text(Member::IdentityType),
            principal_id: text(Member::PrincipalId),
            arn: text(Member::Arn),
            account: text(Member::AccountId),
            access_key: text(Member::AccessKeyId).filter(|key| is_access_key(key)),
            creation_date: text(Member::CreationDate).and_then(moment::creation_date),
            user_name: text(Member::UserName),
            invoked_by: text(Member::InvokedBy),
            issuer_type: text(Member::IssuerType),
            issuer_arn: text(Member::IssuerArn),
            source_identity: text(Member::SourceIdentity),
            provider: text(Member::FederatedProvider).or_else(|| text(Member::IdentityProvider)),
            on_behalf_of: text(Member::OnBehalfOfUserId),
            identity_store: text(Member::IdentityStoreArn),
            assumed_root: text(Member::AssumedRoot).is_some_and(|text| text.eq_ignore_ascii_case("true")),
        }
    }

    /// Returns a copy that owns its texts.
    pub fn to_owned(&self) -> Credential<String> {
        self.map(|text| (*text).to_owned())
    }
}

impl Credential<String> {
    /// Returns the credential, borrowed.
    pub fn as_use(&self) -> Use<'_> {
        self.map(String::as_str)
    }
}

impl<S> Credential<S> {
    fn map<'a, T>(&'a self, convert: impl Fn(&'a S) -> T) -> Credential<T> {
        let text = |text: &'a Option<S>| text.as_ref().map(&convert);
        Credential {
            identity_type: text(&self.identity_type),
            principal_id: text(&self.principal_id),
            arn: text(&self.arn),
            account: text(&self.account),
            access_key: text(&self.access_key),
            creation_date: self.creation_date,
            user_name: text(&self.user_name),
            invoked_by: text(&self.invoked_by),
            issuer_type: text(&self.issuer_type),
            issuer_arn: text(&self.issuer_arn),
            source_identity: text(&self.source_identity),
            provider: text(&self.provider),
            on_behalf_of: text(&self.on_behalf_of),
            identity_store: text(&self.identity_store),
            assumed_root: self.assumed_root,
        }
    }
}

impl<'a> Use<'a> {
    /// Returns true if the credential is a long-term one: nobody issued it for a while, so it is its own origin.
    pub fn is_long_term(&self) -> bool {
        let has_owner = matches!(self.identity_type, Some("IAMUser" | "Root"));
        match self.access_key {
            _ if self.assumed_root => false,
            Some(key) => has_owner && key.starts_with("AKIA"),
            None => has_owner && self.creation_date.is_none(),
        }
    }

    /// Returns the session name: what follows the colon in a session's `principalId`.
    pub fn session_name(&self) -> Option<&'a str> {
        self.principal_id?.split_once(':').map(|(_, name)| name).filter(|name| !name.is_empty())
    }

    /// Returns the EC2 instance whose role this is, as the session's name says: a hint, since a caller who may assume
    /// the role can choose that name too.
    pub fn instance(&self) -> Option<&'a str> {
        let name = self.session_name().filter(|_| self.identity_type == Some("AssumedRole"))?;
        let digits = name.strip_prefix("i-")?;
        let fits = (8..=17).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then_some(name)
    }

    /// Returns the user of IAM Identity Center whose session this is, as its name says.
    pub fn identity_center_user(&self) -> Option<&'a str> {
        let role = self.issuer_arn.or(self.arn)?.rsplit_once("AWSReservedSSO_");
        role.and_then(|_| self.session_name())
    }
}

/// Returns true for an access key ID that can be trusted to name one credential: `AKIA` or `ASIA`, then at least twelve
/// upper-case letters or digits. Masked keys, which stand for many, are none.
pub fn is_access_key(text: &str) -> bool {
    let rest = text.strip_prefix("AKIA").or_else(|| text.strip_prefix("ASIA"));
    rest.is_some_and(|rest| {
        rest.len() >= 12 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_keys_are_none() {
        let cases = [
            ("AKIAEXAMPLE000000001", true),
            ("ASIAEXAMPLE000000001", true),
            ("ASIAEXAMPLE00000", true),
            ("AKIA****************", false),
            ("ASIAEXAMPLE0000", false),
            ("asiaexample000000001", false),
            ("AIDAEXAMPLE000000001", false),
            ("XXXXXXXXXXXXXXXXXXXX", false),
            ("", false),
        ];
        for (text, expect) in cases {
            assert_eq!(is_access_key(text), expect, "{text}");
        }
    }

    #[test]
    fn session_names_give_hints() {
        let cases = [
            (
                "AssumedRole",
                "AROAEXAMPLE000000001:i-0123456789abcdef0",
                "arn:aws:iam::111122223333:role/Web",
                Some("i-0123456789abcdef0"),
                None,
            ),
            ("AssumedRole", "AROAEXAMPLE000000001:i-am-root", "arn:aws:iam::111122223333:role/Web", None, None),
            ("FederatedUser", "111122223333:i-01234567", "arn:aws:iam::111122223333:user/web", None, None),
            (
                "AssumedRole",
                "AROAEXAMPLE000000001:mary@example.com",
                "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ReadOnly_0123456789abcdef",
                None,
                Some("mary@example.com"),
            ),
        ];
        for (identity_type, principal_id, issuer_arn, instance, user) in cases {
            let used = Use {
                identity_type: Some(identity_type),
                principal_id: Some(principal_id),
                issuer_arn: Some(issuer_arn),
                ..Use::default()
            };
            assert_eq!((used.instance(), used.identity_center_user()), (instance, user), "{principal_id}");
        }
    }
}
