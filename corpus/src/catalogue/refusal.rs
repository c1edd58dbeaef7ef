//! How calls fail: error codes and messages by service.

use super::Call;
use crate::dice::Dice;
use crate::identity::Caller;
use crate::organisation::{ACCOUNTS, REGIONS};

/// An error a call can end with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// What can go wrong beside the refusal of permission: service, start of the action's name, code, message.
const FAILURES: &[(&str, &str, &str, &str)] = &[
    ("s3", "GetObject", "NoSuchKey", "The specified key does not exist."),
    ("s3", "HeadObject", "NoSuchKey", "The specified key does not exist."),
    ("s3", "GetBucketPolicy", "NoSuchBucketPolicy", "The bucket policy does not exist"),
    ("s3", "GetBucketTagging", "NoSuchTagSet", "The TagSet does not exist"),
    (
        "s3",
        "GetBucketEncryption",
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    ("s3", "GetBucketCors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    (
        "s3",
        "GetBucketWebsite",
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
    ("ec2", "DescribeInstance", "Client.InvalidInstanceID.NotFound", "The instance ID does not exist"),
    ("ec2", "DescribeSecurityGroup", "Client.InvalidGroup.NotFound", "The security group does not exist in this VPC"),
    ("ec2", "", "Client.RequestLimitExceeded", "Request limit exceeded."),
    ("iam", "Get", "NoSuchEntityException", "The entity with that name cannot be found."),
    ("iam", "List", "Throttling", "Rate exceeded"),
    ("kms", "Decrypt", "InvalidCiphertextException", ""),
    ("kms", "DescribeKey", "NotFoundException", "Alias is not found."),
    ("lambda", "Get", "ResourceNotFoundException", "The resource you requested does not exist."),
    ("lambda", "", "TooManyRequestsException", "Rate exceeded"),
    ("dynamodb", "Describe", "ResourceNotFoundException", "Requested resource not found"),
    ("dynamodb", "Put", "ConditionalCheckFailedException", "The conditional request failed"),
    ("dynamodb", "Update", "ConditionalCheckFailedException", "The conditional request failed"),
    ("ssm", "GetParameter", "ParameterNotFound", ""),
    ("ssm", "", "ThrottlingException", "Rate exceeded"),
    ("sqs", "Get", "QueueDoesNotExist", "The specified queue does not exist."),
    ("rds", "DescribeDBInstances", "DBInstanceNotFoundFault", "DBInstance not found."),
    ("logs", "Create", "ResourceAlreadyExistsException", "The specified log stream already exists"),
    ("cloudformation", "Describe", "ValidationException", "Stack does not exist"),
    ("monitoring", "", "ThrottlingException", "Rate exceeded"),
    (
        "secretsmanager",
        "GetSecretValue",
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    ),
    ("ecs", "Describe", "ClusterNotFoundException", "Cluster not found."),
    ("glue", "Get", "EntityNotFoundException", "Entity Not Found"),
    ("athena", "GetQueryResults", "InvalidRequestException", "Query has not yet finished. Current state: RUNNING"),
];

/// Calls that no policy can refuse.
const NEVER_REFUSED: &[&str] = &["GetCallerIdentity"];

/// Returns how a call fails: in half of the cases by refusal of permission, as the service words it, otherwise by
/// something else that can go wrong there; nothing if this call does not fail.
pub(crate) fn refusal(call: &Call, caller: &Caller, region: usize, dice: &mut Dice) -> Option<Refusal> {
    let service = call.source.trim_end_matches(".amazonaws.com");
    let ways: Vec<_> =
        FAILURES.iter().filter(|(owner, start, _, _)| *owner == service && call.name.starts_with(start)).collect();
    // A service has the rights it needs: it is never refused, it only meets what is not there.
    let denied = !caller.is_service && !NEVER_REFUSED.contains(&call.name) && (ways.is_empty() || dice.chance(500));
    if denied {
        return Some(denial(service, call.name, caller, region));
    }
    if ways.is_empty() {
        return None;
    }
    let (_, _, code, message) = **dice.pick(&ways);
    Some(Refusal { code, message: message.to_owned() })
}

fn denial(service: &str, action: &str, caller: &Caller, region: usize) -> Refusal {
    if caller.arn.is_empty() {
        // Nobody in particular gets no reasons.
        return Refusal { code: "AccessDenied", message: "Access Denied".to_owned() };
    }
    let resource = match service {
        "s3" | "iam" | "organizations" => "*".to_owned(),
        _ => format!("arn:aws:{service}:{}:{}:*", REGIONS[region].name, ACCOUNTS[caller.account].id),
    };
    let (code, prefix) = match service {
        "ec2" => ("Client.UnauthorizedOperation", "You are not authorized to perform this operation. "),
        "ssm" | "ecs" | "eks" | "kms" | "logs" | "dynamodb" | "organizations" | "secretsmanager" | "glue"
        | "athena" => ("AccessDeniedException", ""),
        _ => ("AccessDenied", ""),
    };
    let action = plain(action);
    let message = format!(
        "{prefix}User: {} is not authorized to perform: {service}:{action} on resource: {resource} because no \
         identity-based policy allows the {service}:{action} action",
        caller.arn
    );
    Refusal { code, message }
}

/// Returns the name of an action as policies know it: Lambda's event names end in the date of the API.
fn plain(action: &str) -> &str {
    action.trim_end_matches("v2").trim_end_matches(|c: char| c.is_ascii_digit())
}
