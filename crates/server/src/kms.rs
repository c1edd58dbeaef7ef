//! Keys of AWS KMS as requests name them. Answers name them by ARN, whatever form came in.

use event::arn::Arn;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};

/// Most characters of what names a key.
const KEY_MAX: usize = 350;

/// Returns the ARN of a key: from an ARN, an id or an alias.
///
/// # Errors
/// `InvalidKmsKeyIdException`.
pub(crate) fn key_arn(call: &Call, key: &str) -> Result<String> {
    let is_id = |id: &str| {
        let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let lengths = [8, 4, 4, 4, 12];
        let is_uuid = id.split('-').count() == lengths.len()
            && id.split('-').zip(lengths).all(|(part, length)| hex(part, length));
        is_uuid || id.strip_prefix("mrk-").is_some_and(|id| hex(id, 32))
    };
    let is_alias = |alias: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
        alias.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && name.bytes().all(fits))
    };
    let is_resource = |resource: &str| resource.strip_prefix("key/").is_some_and(is_id) || is_alias(resource);
    let own = |resource: &str| {
        let (partition, region, account) = (call.partition(), call.region.as_str(), call.account.as_str());
        format!("arn:{partition}:kms:{region}:{account}:{resource}")
    };
    let arn = Arn::parse(key).filter(|arn| {
        arn.service() == "kms" && !arn.region().is_empty() && arn.account().is_some() && is_resource(arn.resource())
    });
    match arn {
        _ if key.len() > KEY_MAX => {}
        Some(_) => return Ok(key.to_owned()),
        None if is_id(key) => return Ok(own(&format!("key/{key}"))),
        None if is_alias(key) => return Ok(own(key)),
        None => {}
    }
    let shown: String = key.chars().filter(|letter| !letter.is_control()).take(KEY_MAX).collect();
    let message = format!("The KMS key {shown} is neither the ARN, the id nor an alias of a key.");
    Err(Fault::new(Code::InvalidKmsKeyIdException, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Ground;

    #[test]
    fn keys_are_named_by_arn_id_or_alias() {
        let own = "arn:aws:kms:us-east-1:111122223333:";
        let id = "11111111-2222-3333-4444-555555555555";
        let far = format!("arn:aws:kms:eu-west-1:444455556666:key/{id}");
        let multi = format!("mrk-{}", "0".repeat(32));
        let cases = [
            (id, Some(format!("{own}key/{id}"))),
            (&multi, Some(format!("{own}key/{multi}"))),
            ("alias/MyAlias", Some(format!("{own}alias/MyAlias"))),
            (&far, Some(far.clone())),
            ("alias/", None),
            ("MyAlias", None),
            ("11111111-2222-3333-4444", None),
            ("arn:aws:kms:eu-west-1:444455556666:key/x", None),
            ("arn:aws:s3:::alias/MyAlias", None),
        ];
        let ground = Ground::new();
        for (given, expected) in cases {
            match key_arn(&ground.call(), given) {
                Ok(arn) => assert_eq!(Some(arn), expected, "{given}"),
                Err(fault) => assert_eq!((fault.code, expected), (Code::InvalidKmsKeyIdException, None), "{given}"),
            }
        }
    }
}
