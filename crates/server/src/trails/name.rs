//! Names of trails.

use std::net::Ipv4Addr;

use event::arn::Arn;

use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;

const LENGTH_MIN: usize = 3;
const LENGTH_MAX: usize = 128;

/// How a call names a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// By its ARN.
    Arn(String),
    /// By its name.
    Name(String),
}

impl Named {
    /// Reads a name or an ARN.
    ///
    /// # Errors
    /// `InvalidTrailNameException` and `CloudTrailARNInvalidException`.
    pub(crate) fn parse(given: &str) -> Result<Named> {
        if !given.starts_with("arn:") {
            check_name(given)?;
            return Ok(Named::Name(given.to_owned()));
        }
        let name = Arn::parse(given).and_then(|arn| match Kind::of(&arn) {
            Some((Kind::Trail, name)) => Some(name.to_owned()),
            _ => None,
        });
        match name {
            Some(name) if check_name(&name).is_ok() => Ok(Named::Arn(given.to_owned())),
            _ => Err(Fault::new(
                Code::CloudTrailARNInvalidException,
                "The ARN of the trail is not valid. The following is the format of a trail ARN: \
                 arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail",
            )),
        }
    }
}

/// Checks a name, in AWS's own order. Source: AWS CloudTrail user guide, "Naming requirements".
///
/// # Errors
/// `InvalidTrailNameException`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    let is_mark = |letter: char| matches!(letter, '.' | '_' | '-');
    let message = if length < LENGTH_MIN {
        format!(
            "Trail name too short. Minimum allowed length: {LENGTH_MIN} characters. Specified name length: {length} \
             characters."
        )
    } else if length > LENGTH_MAX {
        format!(
            "Trail name too long. Maximum allowed length: {LENGTH_MAX} characters. Specified name length: {length} \
             characters."
        )
    } else if !name.starts_with(is_plain) {
        "Trail name must starts with a letter or number.".to_owned()
    } else if !name.ends_with(is_plain) {
        "Trail name must ends with a letter or number.".to_owned()
    } else if !name.chars().all(|letter| is_plain(letter) || is_mark(letter)) {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), \
         and underscores (_)."
            .to_owned()
    } else if name.chars().zip(name.chars().skip(1)).any(|(one, next)| is_mark(one) && is_mark(next)) {
        "Trail name cannot have adjacent periods (.), hyphens (-), or underscores (_).".to_owned()
    } else if name.parse::<Ipv4Addr>().is_ok() {
        "Trail name cannot be in IP address format.".to_owned()
    } else {
        return Ok(());
    };
    Err(Fault::new(Code::InvalidTrailNameException, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_in_order() {
        let long = "a".repeat(129);
        let cases = [
            ("a", "too short"),
            ("?", "too short"),
            ("", "length: 0 "),
            (&long, "length: 129 "),
            ("-trail", "must starts"),
            ("trail!", "must ends"),
            ("my#trail", "can only contain"),
            ("my--trail", "adjacent"),
            ("my._trail", "adjacent"),
            ("192.168.5.4", "IP address"),
            ("étrail", "must starts"),
            ("my-trail_1.2", ""),
            ("a.b", ""),
            (&long[1..], ""),
        ];
        for (name, expected) in cases {
            match check_name(name) {
                Ok(()) => assert_eq!(expected, "", "{name}"),
                Err(fault) => {
                    assert!(!expected.is_empty() && fault.message.contains(expected), "{name}: {}", fault.message);
                }
            }
        }
    }

    #[test]
    fn arns_are_those_of_trails() {
        let cases = [
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/my-trail", true),
            ("arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/my-trail", true),
            ("arn:aws:cloudtrail:us-east-1:111122223333:channel/my-trail", false),
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/", false),
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/a", false),
            ("arn:aws:s3:::trail/my-trail", false),
            ("arn:aws:cloudtrail", false),
        ];
        for (given, is_one) in cases {
            match Named::parse(given) {
                Ok(named) => assert!(is_one && named == Named::Arn(given.to_owned()), "{given}"),
                Err(fault) => assert_eq!((fault.code, is_one), (Code::CloudTrailARNInvalidException, false), "{given}"),
            }
        }
    }
}
