//! The ARNs that basic selectors name: of which type, whole or in part.

use event::arn::Arn;

/// The type of objects in buckets.
pub(super) const OBJECT: &str = "AWS::S3::Object";
/// The type of functions.
pub(super) const FUNCTION: &str = "AWS::Lambda::Function";
/// The type of tables.
pub(super) const TABLE: &str = "AWS::DynamoDB::Table";

/// Returns true if the value stands for all resources of the type.
pub(super) fn is_all(kind: &str, value: &str) -> bool {
    match (kind, service_start(value)) {
        (OBJECT, Some(rest)) => matches!(rest, "s3" | "s3:::"),
        (FUNCTION, Some(rest)) => rest == "lambda",
        (TABLE, Some(rest)) => rest == "dynamodb",
        _ => false,
    }
}

/// Returns true if a basic selector of the type takes the value, which does not stand for all.
pub(super) fn is_part(kind: &str, value: &str) -> bool {
    if value.contains('*') {
        return false;
    }
    match kind {
        // What follows the slash is the beginning of keys, and may be empty.
        OBJECT => object(value).is_some(),
        _ => is_whole(kind, value),
    }
}

/// Returns true if the value is the ARN of one resource of the type. Of types whose ARNs are not known here, any ARN is.
pub(super) fn is_whole(kind: &str, value: &str) -> bool {
    match kind {
        OBJECT => object(value).is_some_and(|(_, key)| !key.is_empty()),
        FUNCTION => resource(value, "lambda", "function:"),
        TABLE => resource(value, "dynamodb", "table/"),
        _ => Arn::parse(value).is_some(),
    }
}

/// Returns what follows `arn:partition:`.
fn service_start(value: &str) -> Option<&str> {
    let (partition, rest) = value.strip_prefix("arn:")?.split_once(':')?;
    is_partition(partition).then_some(rest)
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Returns bucket and key of an object's ARN.
fn object(value: &str) -> Option<(&str, &str)> {
    let (bucket, key) = service_start(value)?.strip_prefix("s3:::")?.split_once('/')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!bucket.is_empty() && bucket.bytes().all(fits)).then_some((bucket, key))
}

/// Returns true for the ARN of a resource that lies in an account and a Region and whose name follows `before`.
fn resource(value: &str, service: &str, before: &str) -> bool {
    let Some(arn) = Arn::parse(value) else { return false };
    let named = arn.resource().strip_prefix(before).is_some_and(|name| !name.is_empty());
    let placed = !arn.region().is_empty() && arn.account().is_some() && is_partition(arn.partition());
    named && placed && arn.service() == service
}
