//! The answer: who stands behind a call, how far the evidence reaches, and the records that are the evidence.

use std::fmt;

use event::time::EventTime;

/// How far the evidence reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// An unbroken chain of evidence leads from the call to an IAM user, root, an outside identity or an AWS service.
    Complete,
    /// A service made the call with its caller's session, and who began that session is not in the data.
    ServiceForwarded,
    /// The session names its own IAM user or root; how it began is not in the data.
    SelfNamed,
    /// Who began the session is not in the data.
    StartMissing,
    /// An identity from outside AWS: SAML, a web identity, IAM Identity Center.
    External,
    /// The evidence ends at an account whose trail is not in the data.
    ForeignAccount,
    /// The evidence fits several callers.
    Ambiguous,
    /// The evidence leads back to itself: keys of anonymised data, or forged records.
    Cycle,
}

impl Status {
    /// Returns the status as tables and rules spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::ServiceForwarded => "service-forwarded",
            Status::SelfNamed => "self-named",
            Status::StartMissing => "start-missing",
            Status::External => "external",
            Status::ForeignAccount => "foreign-account",
            Status::Ambiguous => "ambiguous",
            Status::Cycle => "cycle",
        }
    }

    /// Returns true if `origin` is who really called, so that calls may be grouped by it.
    pub fn is_resolved(self) -> bool {
        matches!(self, Status::Complete | Status::SelfNamed | Status::External)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who stands behind a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The furthest identity that is proven: an ARN, a service's name, an account ID, or provider and subject.
    pub arn: String,
    /// Its `userIdentity.type`: `IAMUser`, `AWSService`, `AssumedRole` ...
    pub origin_type: String,
    /// How far the evidence reaches.
    pub status: Status,
    /// How many times credentials were issued between origin and call.
    pub depth: u32,
    /// `eventID` of the issuing records, the latest first; an empty text for a record without one.
    pub via: Vec<String>,
    /// What is likely and not proven: the source identity, an EC2 instance, a user of IAM Identity Center.
    pub hint: Option<String>,
    /// Where the evidence fits several callers: each of them, in a fixed order, at most [`CANDIDATES_MAX`].
    pub candidates: Vec<Origin>,
    /// When the credential used ends. A later call was made by a service that still holds the session, or the record
    /// is not what it seems.
    pub expires: Option<EventTime>,
}

impl Origin {
    /// Returns the name of the person, where the origin is one: of an IAM user its user name, of a SAML user the subject.
    pub fn user_name(&self) -> Option<&str> {
        let name = match self.origin_type.as_str() {
            "IAMUser" => self.arn.rsplit_once(":user/").and_then(|(_, path)| path.rsplit('/').next()),
            "SAMLUser" => self.arn.rsplit_once(':').map(|(_, subject)| subject),
            _ => None,
        };
        name.filter(|name| !name.is_empty())
    }
}

/// Most candidates of an ambiguous origin that are kept.
pub const CANDIDATES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_have_names() {
        let cases = [
            ("IAMUser", "arn:aws:iam::111122223333:user/alice", Some("alice")),
            ("IAMUser", "arn:aws:iam::111122223333:user/team/ops/alice", Some("alice")),
            ("IAMUser", "alice", None),
            ("SAMLUser", "ExampleQualifier=:mary", Some("mary")),
            ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/Deploy/alice", None),
            ("AWSService", "ec2.amazonaws.com", None),
        ];
        for (origin_type, arn, expect) in cases {
            let origin = Origin {
                arn: arn.to_owned(),
                origin_type: origin_type.to_owned(),
                status: Status::Complete,
                depth: 0,
                via: Vec::new(),
                hint: None,
                candidates: Vec::new(),
                expires: None,
            };
            assert_eq!(origin.user_name(), expect, "{arn}");
        }
    }
}
