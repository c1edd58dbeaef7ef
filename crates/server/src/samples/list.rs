//! The sample queries.

use super::Sample;

const fn sample(name: &'static str, description: &'static str, sql: &'static str) -> Sample {
    Sample { name, description, sql }
}

/// All samples, by subject.
pub(super) const SAMPLES: &[Sample] = &[
    sample(
        "Root user activity",
        "Everything that was done by the root user of an account in the last month, newest first.",
        "SELECT eventTime, recipientAccountId, eventSource, eventName, sourceIPAddress, errorCode FROM $EDS_ID \
         WHERE userIdentity.type = 'Root' AND eventTime > current_timestamp - interval '30' day ORDER BY eventTime DESC",
    ),
    sample(
        "Console sign-ins without MFA",
        "Logins to the console that succeeded without multi-factor authentication.",
        "SELECT eventTime, userIdentity.arn, sourceIPAddress, awsRegion FROM $EDS_ID WHERE eventName = 'ConsoleLogin' \
         AND element_at(responseElements, 'ConsoleLogin') = 'Success' \
         AND element_at(additionalEventData, 'MFAUsed') = 'No' ORDER BY eventTime DESC",
    ),
    sample(
        "Failed console sign-ins",
        "Failed logins to the console, counted by user and source address.",
        "SELECT userIdentity.userName, sourceIPAddress, count(*) AS attempts, max(eventTime) AS last FROM $EDS_ID \
         WHERE eventName = 'ConsoleLogin' AND errorMessage IS NOT NULL GROUP BY 1, 2 ORDER BY attempts DESC",
    ),
    sample(
        "Denied calls by identity",
        "Who was refused most often: calls that ended in access denied or an unauthorized operation.",
        "SELECT userIdentity.arn, eventSource, eventName, count(*) AS denied FROM $EDS_ID \
         WHERE errorCode IN ('AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation') \
         GROUP BY 1, 2, 3 ORDER BY denied DESC LIMIT 100",
    ),
    sample(
        "IAM users, roles and policies changed",
        "Permission changes: every successful write to IAM, with who made it.",
        "SELECT eventTime, userIdentity.arn, eventName, requestParameters FROM $EDS_ID \
         WHERE eventSource = 'iam.amazonaws.com' AND readOnly = false AND errorCode IS NULL ORDER BY eventTime DESC",
    ),
    sample(
        "Access keys made",
        "New long-term credentials: access keys that were created, for whom and by whom.",
        "SELECT eventTime, userIdentity.arn, element_at(requestParameters, 'userName') AS for_user, sourceIPAddress \
         FROM $EDS_ID WHERE eventName = 'CreateAccessKey' AND errorCode IS NULL ORDER BY eventTime DESC",
    ),
    sample(
        "Use of one access key",
        "What was done by an access key: replace the key in the query.",
        "SELECT eventTime, eventSource, eventName, awsRegion, sourceIPAddress FROM $EDS_ID \
         WHERE userIdentity.accessKeyId = 'AKIAIOSFODNN7EXAMPLE' ORDER BY eventTime DESC",
    ),
    sample(
        "Roles assumed from other accounts",
        "Cross-account access: who assumed which role, counted by the caller's account.",
        "SELECT userIdentity.accountId, element_at(requestParameters, 'roleArn') AS role, count(*) AS times FROM $EDS_ID \
         WHERE eventName = 'AssumeRole' AND userIdentity.accountId <> recipientAccountId GROUP BY 1, 2 ORDER BY times DESC",
    ),
    sample(
        "Security group changes",
        "Network rules that were opened, closed or deleted.",
        "SELECT eventTime, userIdentity.arn, eventName, requestParameters FROM $EDS_ID WHERE eventName IN \
         ('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress', \
         'RevokeSecurityGroupEgress', 'CreateSecurityGroup', 'DeleteSecurityGroup') ORDER BY eventTime DESC",
    ),
    sample(
        "Network changes",
        "Changes of VPCs, subnets, routes, gateways and network ACLs.",
        "SELECT eventTime, userIdentity.arn, eventName, awsRegion FROM $EDS_ID WHERE eventSource = 'ec2.amazonaws.com' \
         AND readOnly = false AND (eventName LIKE '%Vpc%' OR eventName LIKE '%Subnet%' OR eventName LIKE '%Route%' \
         OR eventName LIKE '%Gateway%' OR eventName LIKE '%NetworkAcl%') ORDER BY eventTime DESC",
    ),
    sample(
        "Trails stopped or changed",
        "Tampering with logging: trails that were stopped, deleted or given other selectors.",
        "SELECT eventTime, userIdentity.arn, eventName, requestParameters FROM $EDS_ID WHERE eventName IN \
         ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore') ORDER BY eventTime DESC",
    ),
    sample(
        "S3 buckets made and deleted",
        "Buckets of S3 that came and went, with who did it.",
        "SELECT eventTime, userIdentity.arn, eventName, element_at(requestParameters, 'bucketName') AS bucket FROM $EDS_ID \
         WHERE eventName IN ('CreateBucket', 'DeleteBucket') AND errorCode IS NULL ORDER BY eventTime DESC",
    ),
    sample(
        "S3 bucket policy and access changes",
        "Changes of bucket policies, ACLs and public access blocks, which may make data public.",
        "SELECT eventTime, userIdentity.arn, eventName, element_at(requestParameters, 'bucketName') AS bucket FROM $EDS_ID \
         WHERE eventName IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', \
         'DeleteBucketPublicAccessBlock') ORDER BY eventTime DESC",
    ),
    sample(
        "S3 objects read most",
        "Data events: which objects were downloaded most often, and by how many identities.",
        "SELECT element_at(requestParameters, 'bucketName') AS bucket, element_at(requestParameters, 'key') AS object, \
         count(*) AS reads, count(DISTINCT userIdentity.arn) AS readers FROM $EDS_ID WHERE eventName = 'GetObject' \
         GROUP BY 1, 2 ORDER BY reads DESC LIMIT 100",
    ),
    sample(
        "KMS keys disabled or deleted",
        "Encryption keys that were disabled or scheduled for deletion.",
        "SELECT eventTime, userIdentity.arn, eventName, element_at(requestParameters, 'keyId') AS key_id FROM $EDS_ID \
         WHERE eventName IN ('DisableKey', 'ScheduleKeyDeletion') ORDER BY eventTime DESC",
    ),
    sample(
        "Secrets that were read",
        "Who read which secret of Secrets Manager, and how often.",
        "SELECT userIdentity.arn, element_at(requestParameters, 'secretId') AS secret, count(*) AS reads FROM $EDS_ID \
         WHERE eventName = 'GetSecretValue' GROUP BY 1, 2 ORDER BY reads DESC",
    ),
    sample(
        "EC2 instances launched",
        "Instances that were started, by identity, Region and type.",
        "SELECT userIdentity.arn, awsRegion, element_at(requestParameters, 'instanceType') AS type, count(*) AS launches \
         FROM $EDS_ID WHERE eventName = 'RunInstances' AND errorCode IS NULL GROUP BY 1, 2, 3 ORDER BY launches DESC",
    ),
    sample(
        "Lambda functions changed",
        "Functions of Lambda that were made, given other code or deleted.",
        "SELECT eventTime, userIdentity.arn, eventName, element_at(requestParameters, 'functionName') AS function_name \
         FROM $EDS_ID WHERE eventSource = 'lambda.amazonaws.com' AND readOnly = false ORDER BY eventTime DESC",
    ),
    sample(
        "Most frequent calls",
        "Which operations were called most often, by service.",
        "SELECT eventSource, eventName, count(*) AS calls FROM $EDS_ID GROUP BY 1, 2 ORDER BY calls DESC LIMIT 100",
    ),
    sample(
        "Most frequent errors",
        "Which error codes came back most often, and from which operations.",
        "SELECT errorCode, eventSource, eventName, count(*) AS errors FROM $EDS_ID WHERE errorCode IS NOT NULL \
         GROUP BY 1, 2, 3 ORDER BY errors DESC LIMIT 100",
    ),
    sample(
        "Calls by source address",
        "Source IP addresses with the number of calls and of identities behind each.",
        "SELECT sourceIPAddress, count(*) AS calls, count(DISTINCT userIdentity.arn) AS identities FROM $EDS_ID \
         GROUP BY 1 ORDER BY calls DESC LIMIT 100",
    ),
    sample(
        "Regions in use",
        "Activity by Region and service: calls in Regions that nobody should use stand out.",
        "SELECT awsRegion, eventSource, count(*) AS calls FROM $EDS_ID GROUP BY 1, 2 ORDER BY awsRegion, calls DESC",
    ),
    sample(
        "Activity by day",
        "Events a day, for an overview of a month.",
        "SELECT date_trunc('day', eventTime) AS day, count(*) AS events FROM $EDS_ID \
         WHERE eventTime > current_timestamp - interval '30' day GROUP BY 1 ORDER BY 1",
    ),
    sample(
        "Calls over old TLS",
        "Clients that still use TLS 1.0 or 1.1.",
        "SELECT userIdentity.arn, userAgent, tlsDetails.tlsVersion, count(*) AS calls FROM $EDS_ID \
         WHERE tlsDetails.tlsVersion IN ('TLSv1', 'TLSv1.1') GROUP BY 1, 2, 3 ORDER BY calls DESC",
    ),
    sample(
        "Events of one resource",
        "History of a resource by its ARN: replace the ARN in the query.",
        "SELECT eventTime, userIdentity.arn, eventName FROM $EDS_ID \
         WHERE element_at(resources, 1).arn = 'arn:aws:s3:::amzn-s3-demo-bucket' ORDER BY eventTime DESC",
    ),
];
