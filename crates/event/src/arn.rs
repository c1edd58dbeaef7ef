//! The names AWS gives to things: ARNs, account IDs, organization IDs and Regions, each parsed once, at the door.
//!
//! Every `parse` here answers `None` for text that is no such name: what an unusable name means is the caller's to say,
//! and records hold plenty of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS account ID: twelve digits.
///
/// ```
/// use event::arn::AccountId;
/// let account = AccountId::parse("111122223333").expect("twelve digits");
/// assert_eq!(account.as_str(), "111122223333");
/// assert_eq!(AccountId::parse("1111-2222-3333"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId([u8; 12]);

impl TryFrom<String> for AccountId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no account ID: write twelve digits"))
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> String {
        account.as_str().to_owned()
    }
}

impl AccountId {
    /// Returns the account ID spelled by `text`, leading zeros included.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// Returns the twelve digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("only ASCII digits are let in")
    }
}

/// The ID of an organization in AWS Organizations: `o-` and lower-case letters or digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationId(String);

impl OrganizationId {
    /// Returns the organization ID spelled by `text`.
    ///
    /// AWS gives 10 to 32 characters after `o-`; shorter ones occur in anonymised data and are taken as well.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix("o-")?;
        let fits = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the ID as AWS writes it, `o-` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an AWS Region, such as `eu-central-1` or `us-gov-west-1`.
///
/// New Regions appear all the time, so the form is checked and no list is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no Region: write one such as `eu-central-1`"))
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl Region {
    /// Returns the Region spelled by `text`: words of lower-case letters and a number, joined by `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let (words, number) = text.rsplit_once('-')?;
        let numbered = !number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        let worded = text.len() <= 32 && words.contains('-') && words.split('-').all(is_word);
        (numbered && worded).then(|| Self(text.to_owned()))
    }

    /// Returns the Region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An Amazon Resource Name, `arn:partition:service:region:account-id:resource`.
///
/// The parts are kept as they are written: the Region and the account are empty for some services, `aws` stands for the
/// account of managed policies, and the resource may hold `:` and `/`.
///
/// ```
/// use event::arn::Arn;
/// let role = Arn::parse("arn:aws:iam::111122223333:role/ops/Deploy").expect("an ARN");
/// assert_eq!((role.service(), role.resource_type(), role.resource_id()), ("iam", Some("role"), "ops/Deploy"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: String,
    /// Where each of the five colons stands; a part is what lies between two of them.
    colons: [u32; 5],
}

impl Arn {
    /// Returns the ARN spelled by `text`: six parts, of which partition and resource are not empty.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("arn:") || u32::try_from(text.len()).is_err() {
            return None;
        }
        let mut colons = [0_u32; 5];
        let mut found = text.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
        for colon in &mut colons {
            *colon = u32::try_from(found.next()?).ok()?;
        }
        let arn = Self { text: text.to_owned(), colons };
        (!arn.partition().is_empty() && !arn.resource().is_empty()).then_some(arn)
    }

    /// Returns the ARN as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the partition: `aws`, `aws-cn`, `aws-us-gov` ...
    pub fn partition(&self) -> &str {
        self.between(0)
    }

    /// Returns the service's namespace, such as `iam`.
    pub fn service(&self) -> &str {
        self.between(1)
    }

    /// Returns the Region as written, empty for global services and buckets.
    pub fn region(&self) -> &str {
        self.between(2)
    }

    /// Returns the account, if the ARN names one.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.account_text())
    }

    /// Returns the account part as written: twelve digits, empty, `aws`, `*` ...
    pub fn account_text(&self) -> &str {
        self.between(3)
    }

    /// Returns all that follows the account, such as `assumed-role/Deploy/i-0abc` or `function:name:3`.
    pub fn resource(&self) -> &str {
        &self.text[self.colons[4] as usize + 1..]
    }

    /// Returns what stands before the first `/` or `:` of the resource; `None` for resources without a type.
    pub fn resource_type(&self) -> Option<&str> {
        self.resource().split_once(['/', ':']).map(|(kind, _)| kind)
    }

    /// Returns what stands after the first `/` or `:` of the resource; the whole resource when there is no type.
    pub fn resource_id(&self) -> &str {
        self.resource().split_once(['/', ':']).map_or(self.resource(), |(_, id)| id)
    }

    fn between(&self, colon: usize) -> &str {
        &self.text[self.colons[colon] as usize + 1..self.colons[colon + 1] as usize]
    }
}

macro_rules! spelled {
    ($($name:ident: $what:literal),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                Self::parse(text).ok_or_else(|| NotAName { text: text.to_owned(), what: $what })
            }
        }
    )*};
}
spelled!(
    AccountId: "an account ID (twelve digits)",
    OrganizationId: "an organization ID (`o-` and lower-case letters or digits)",
    Region: "a Region (such as `eu-central-1`)",
    Arn: "an ARN (`arn:partition:service:region:account-id:resource`)"
);

/// Text that a person gave for a name and that is none; made by the `FromStr` implementations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}")]
pub struct NotAName {
    text: String,
    what: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, then its parts from partition to resource; no parts: not an ARN.
    const ARNS: &[(&str, Option<[&str; 5]>)] = &[
        ("arn:aws:iam::111122223333:root", Some(["aws", "iam", "", "111122223333", "root"])),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", Some(["aws", "iam", "", "aws", "policy/ReadOnlyAccess"])),
        ("arn:aws:s3:::amzn-s3-demo-bucket/a:b/c", Some(["aws", "s3", "", "", "amzn-s3-demo-bucket/a:b/c"])),
        (
            "arn:aws-us-gov:sts::111122223333:assumed-role/Deploy/i-0abc",
            Some(["aws-us-gov", "sts", "", "111122223333", "assumed-role/Deploy/i-0abc"]),
        ),
        (
            "arn:aws:lambda:eu-west-1:111122223333:function:näme:3",
            Some(["aws", "lambda", "eu-west-1", "111122223333", "function:näme:3"]),
        ),
        ("arn:aws:iam::111122223333:", None),
        ("arn:aws:iam::111122223333", None),
        ("arn::iam::111122223333:root", None),
        ("ARN:aws:iam::111122223333:root", None),
        ("", None),
    ];

    #[test]
    fn arns() {
        for (text, parts) in ARNS {
            let arn = Arn::parse(text);
            let found = arn.as_ref().map(|a| [a.partition(), a.service(), a.region(), a.account_text(), a.resource()]);
            assert_eq!(found, *parts, "{text}");
            if let Some(arn) = &arn {
                assert_eq!(arn.to_string(), *text);
                assert_eq!(arn.account().is_some(), arn.account_text().len() == 12, "{text}");
            }
        }
    }

    #[test]
    fn resources() {
        let cases = [
            ("arn:aws:iam::111122223333:role/ops/Deploy", Some("role"), "ops/Deploy"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f:3", Some("function"), "f:3"),
            ("arn:aws:sns:eu-west-1:111122223333:topic", None, "topic"),
        ];
        for (text, kind, id) in cases {
            let arn = Arn::parse(text).unwrap();
            assert_eq!((arn.resource_type(), arn.resource_id()), (kind, id), "{text}");
        }
    }

    #[test]
    fn names() {
        let cases = [
            ("account", AccountId::parse as fn(&str) -> Option<AccountId>, "000011112222", true),
            ("account", AccountId::parse, "11112222333", false),
            ("account", AccountId::parse, "1111222233334", false),
            ("account", AccountId::parse, "١١١١٢٢", false),
        ];
        for (what, parse, text, good) in cases {
            assert_eq!(parse(text).map(|a| a.to_string()), good.then(|| text.to_owned()), "{what} {text}");
        }
        let regions = ["us-east-1", "us-gov-west-1", "ap-southeast-12", "eusc-de-east-1", "us-isob-east-1"];
        for region in regions {
            assert_eq!(Region::parse(region).unwrap().as_str(), region);
        }
        for text in ["us-east", "us-1", "US-EAST-1", "us--east-1", "us-east-1a", "us-west-2-lax-1", "", "-"] {
            assert_eq!(Region::parse(text), None, "{text}");
        }
        assert_eq!(OrganizationId::parse("o-abcdef1234").unwrap().as_str(), "o-abcdef1234");
        for text in ["o-", "r-abcd", "o-ABC", "o-a/b", "abcdef"] {
            assert_eq!(OrganizationId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_name_is_explained() {
        let error = "1234".parse::<AccountId>().unwrap_err();
        assert_eq!(error.to_string(), "`1234` is not an account ID (twelve digits)");
    }
}
