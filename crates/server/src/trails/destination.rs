//! Where a trail delivers: what a call wants, checked against the rules for names and against what is there.
//!
//! Source: AWS CloudTrail API reference, CreateTrail and UpdateTrail. Delivery uses credentials of our own, so a policy of a
//! bucket is never evaluated: that bucket, topic and log group are there and can be reached is all that is asked.

use event::arn::Arn;
use trail::model::CloudWatchLogs;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::kms;
use crate::service::Service;
use crate::world::{Found, WorldError};

/// Most characters of what stands in front of `AWSLogs/`.
const PREFIX_MAX: usize = 200;
/// Most characters of a topic's name or ARN.
const TOPIC_MAX: usize = 256;

/// Where a trail is to deliver, as a call has it. An empty text is as good as none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub bucket: String,
    pub prefix: Option<String>,
    pub topic: Option<String>,
    pub log_group_arn: Option<String>,
    pub role_arn: Option<String>,
    pub kms_key_id: Option<String>,
}

/// What [`Wanted`] comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    pub bucket: String,
    pub prefix: Option<String>,
    /// The topic as it was written.
    pub topic_name: Option<String>,
    pub topic_arn: Option<String>,
    pub cloud_watch_logs: Option<CloudWatchLogs>,
    pub kms_key_id: Option<String>,
}

/// Checks where a trail is to deliver.
///
/// # Errors
/// Those of CreateTrail, in AWS's order.
pub(crate) async fn check(service: &Service, call: &Call, wanted: Wanted) -> Result<Checked> {
    check_bucket_name(&wanted.bucket)?;
    let prefix = given(wanted.prefix);
    check_prefix(prefix.as_deref())?;
    let topic_name = given(wanted.topic);
    let topic_arn = topic_name.as_deref().map(|topic| topic_arn(call, topic)).transpose()?;
    check_bucket(service, &wanted.bucket).await?;
    if let Some(arn) = &topic_arn {
        check_topic(service, arn).await?;
    }
    let cloud_watch_logs = cloud_watch_logs(service, given(wanted.log_group_arn), given(wanted.role_arn)).await?;
    let kms_key_id = given(wanted.kms_key_id).map(|key| kms::key_arn(call, &key)).transpose()?;
    Ok(Checked { bucket: wanted.bucket, prefix, topic_name, topic_arn, cloud_watch_logs, kms_key_id })
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Source: Amazon S3 user guide, "Bucket naming rules".
fn check_bucket_name(name: &str) -> Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let fits = (3..=63).contains(&name.len())
        && name.chars().all(|letter| is_plain(letter) || matches!(letter, '.' | '-'))
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if fits {
        return Ok(());
    }
    let message = format!(
        "The S3 bucket name {} is not valid: it has 3 to 63 lower-case letters, digits, periods and hyphens, and starts and \
         ends with a letter or digit.",
        shown(name)
    );
    Err(Fault::new(Code::InvalidS3BucketNameException, message))
}

fn check_prefix(prefix: Option<&str>) -> Result<()> {
    let Some(prefix) = prefix else { return Ok(()) };
    let length = prefix.chars().count();
    let message = if length > PREFIX_MAX {
        format!("The S3 key prefix has {length} characters. Maximum allowed length: {PREFIX_MAX} characters.")
    } else if prefix.chars().any(char::is_control) || prefix.split('/').any(|part| matches!(part, "." | "..")) {
        format!("The S3 key prefix {} has control characters, or parts that are paths.", shown(prefix))
    } else {
        return Ok(());
    };
    Err(Fault::new(Code::InvalidS3PrefixException, message))
}

/// Returns the ARN of a topic that is given by its ARN, or by its name in the caller's account and Region.
fn topic_arn(call: &Call, topic: &str) -> Result<String> {
    let invalid = || {
        let message = format!("The SNS topic {} is neither a name nor an ARN of a topic.", shown(topic));
        Fault::new(Code::InvalidSnsTopicNameException, message)
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if topic.chars().count() > TOPIC_MAX {
        return Err(invalid());
    }
    if is_name(topic) {
        let (partition, region, account) = (call.partition(), call.region.as_str(), call.account.as_str());
        return Ok(format!("arn:{partition}:sns:{region}:{account}:{topic}"));
    }
    let arn = Arn::parse(topic).ok_or_else(invalid)?;
    let is_topic =
        arn.service() == "sns" && !arn.region().is_empty() && arn.account().is_some() && is_name(arn.resource());
    if is_topic { Ok(topic.to_owned()) } else { Err(invalid()) }
}

/// Checks that a bucket is there.
///
/// # Errors
/// `S3BucketDoesNotExistException` and `InsufficientS3BucketPolicyException`.
async fn check_bucket(service: &Service, bucket: &str) -> Result<()> {
    match service.world.bucket(bucket).await.map_err(|error| unreachable_world(&error))? {
        Found::Usable => Ok(()),
        Found::Missing => {
            let message = format!("S3 bucket {bucket} does not exist!");
            Err(Fault::new(Code::S3BucketDoesNotExistException, message))
        }
        Found::Forbidden => {
            let message = format!("Incorrect S3 bucket policy is detected for bucket: {bucket}");
            Err(Fault::new(Code::InsufficientS3BucketPolicyException, message))
        }
    }
}

async fn check_topic(service: &Service, arn: &str) -> Result<()> {
    match service.world.topic(arn).await.map_err(|error| unreachable_world(&error))? {
        Found::Usable => Ok(()),
        Found::Missing | Found::Forbidden => Err(Fault::new(
            Code::InsufficientSnsTopicPolicyException,
            "SNS Topic does not exist or the topic policy is incorrect!",
        )),
    }
}

/// A log group and a role come together or not at all.
async fn cloud_watch_logs(
    service: &Service,
    log_group_arn: Option<String>,
    role_arn: Option<String>,
) -> Result<Option<CloudWatchLogs>> {
    let (log_group_arn, role_arn) = match (log_group_arn, role_arn) {
        (None, None) => return Ok(None),
        (Some(log_group_arn), Some(role_arn)) => (log_group_arn, role_arn),
        _ => {
            return Err(Fault::new(
                Code::InvalidParameterCombinationException,
                "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn must be given together.",
            ));
        }
    };
    let invalid = |message: &'static str| Fault::new(Code::InvalidCloudWatchLogsLogGroupArnException, message);
    let group = log_group_arn.strip_suffix(":*").filter(|group| {
        let arn = Arn::parse(group);
        arn.is_some_and(|arn| {
            let name = arn.resource().strip_prefix("log-group:").unwrap_or_default();
            arn.service() == "logs" && arn.account().is_some() && !name.is_empty() && !name.contains(':')
        })
    });
    let group = group.ok_or_else(|| {
        invalid("CloudTrail cannot validate the specified log group ARN: it is that of a log group and ends in :*.")
    })?;
    let is_role = Arn::parse(&role_arn)
        .is_some_and(|arn| arn.service() == "iam" && arn.account().is_some() && arn.resource_type() == Some("role"));
    if !is_role {
        return Err(Fault::new(
            Code::InvalidCloudWatchLogsRoleArnException,
            "CloudTrail cannot validate the specified role ARN: it is not that of a role.",
        ));
    }
    match service.world.log_group(group).await.map_err(|error| unreachable_world(&error))? {
        Found::Usable => Ok(Some(CloudWatchLogs { log_group_arn, role_arn })),
        Found::Missing => Err(invalid("CloudTrail cannot validate the specified log group ARN: there is none.")),
        Found::Forbidden => Err(invalid("Access denied. Check the permissions for the log group.")),
    }
}

/// What lies outside did not answer. The code is the one that the model has for what is not ready yet.
fn unreachable_world(error: &WorldError) -> Fault {
    tracing::warn!(%error, code = error.code, "a bucket, topic or log group could not be looked up");
    Fault::new(
        Code::ConflictException,
        "The bucket, topic or log group could not be looked up. Wait a little and try again.",
    )
}

/// A text of the caller's, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(TOPIC_MAX).collect()
}
