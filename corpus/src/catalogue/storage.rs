//! Buckets, objects, tables, databases, file systems, backups.

use super::{Action, Service, read, service, write};
use crate::record::RequestId;

const S3_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":<number:0-4096>,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"<base64:86>==","bytesTransferredOut":<number:0-1048576>}"#;
const BUCKET: &str = r#"[{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#;
const OBJECT: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::<bucket>/<key>"},{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#;
const TABLE: &str = r#"[{"accountId":"<account>","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:<region>:<account>:table/<name:table>"}]"#;

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    Service {
        source: "s3",
        request_id: RequestId::Short,
        extra: S3_EXTRA,
        ..service("s3 account", "s3.<region>.amazonaws.com", S3_ACCOUNT)
    },
    Service {
        request_id: RequestId::Short,
        extra: S3_EXTRA,
        ..service("s3", "<bucket>.s3.<region>.amazonaws.com", S3)
    },
    Service {
        source: "s3",
        data: true,
        request_id: RequestId::Short,
        extra: S3_EXTRA,
        ..service("s3 objects", "<bucket>.s3.<region>.amazonaws.com", S3_OBJECTS)
    },
    Service {
        source: "s3",
        request_id: RequestId::Short,
        extra: S3_EXTRA,
        ..service("s3 delivery checks", "", S3_DELIVERY_CHECKS)
    },
    Service {
        source: "s3",
        data: true,
        request_id: RequestId::Short,
        extra: S3_EXTRA,
        ..service("s3 deliveries", "", S3_DELIVERIES)
    },
    Service {
        api_version: "2012-08-10",
        request_id: RequestId::Long,
        ..service("dynamodb", "dynamodb.<region>.amazonaws.com", DYNAMODB)
    },
    Service {
        source: "dynamodb",
        data: true,
        api_version: "2012-08-10",
        request_id: RequestId::Long,
        ..service("dynamodb items", "dynamodb.<region>.amazonaws.com", DYNAMODB_ITEMS)
    },
    service("rds", "rds.<region>.amazonaws.com", RDS),
    service("elasticache", "elasticache.<region>.amazonaws.com", ELASTICACHE),
    Service {
        api_version: "2015-02-01",
        ..service("elasticfilesystem", "elasticfilesystem.<region>.amazonaws.com", FILES)
    },
    service("backup", "backup.<region>.amazonaws.com", BACKUP),
];

const S3_ACCOUNT: &[Action] = &[
    read("ListBuckets", 8, r#"{"Host":"s3.<region>.amazonaws.com"}"#),
    read(
        "GetAccountPublicAccessBlock",
        3,
        r#"{"Host":"<account>.s3-control.<region>.amazonaws.com","publicAccessBlock":""}"#,
    ),
    read(
        "GetStorageLensConfiguration",
        1,
        r#"{"Host":"<account>.s3-control.<region>.amazonaws.com","storageLensId":"default-account-dashboard"}"#,
    ),
    read("ListAccessPoints", 1, r#"{"Host":"<account>.s3-control.<region>.amazonaws.com","maxResults":"100"}"#),
];

const S3: &[Action] = &[
    read("GetBucketAcl", 10, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","acl":""}"#).on(BUCKET),
    read("GetBucketPolicy", 8, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}"#).on(BUCKET),
    read("GetBucketLocation", 9, r#"{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","location":""}"#).on(BUCKET),
    read("GetBucketVersioning", 7, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","versioning":""}"#).on(BUCKET),
    read("GetBucketEncryption", 7, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","encryption":""}"#).on(BUCKET),
    read("GetBucketPublicAccessBlock", 7, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","publicAccessBlock":""}"#).on(BUCKET),
    read("GetBucketPolicyStatus", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policyStatus":""}"#).on(BUCKET),
    read("GetBucketLogging", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","logging":""}"#).on(BUCKET),
    read("GetBucketTagging", 5, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","tagging":""}"#).on(BUCKET),
    read("GetBucketLifecycle", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","lifecycle":""}"#).on(BUCKET),
    read("GetBucketNotification", 3, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","notification":""}"#).on(BUCKET),
    read("GetBucketReplication", 3, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","replication":""}"#).on(BUCKET),
    read("GetBucketCors", 3, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","cors":""}"#).on(BUCKET),
    read("GetBucketWebsite", 2, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","website":""}"#).on(BUCKET),
    read("GetBucketOwnershipControls", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","ownershipControls":""}"#).on(BUCKET),
    read("GetBucketObjectLockConfiguration", 3, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","object-lock":""}"#).on(BUCKET),
    write("CreateBucket", 3, r#"{"CreateBucketConfiguration":{"LocationConstraint":"<region>","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","x-amz-object-ownership":"BucketOwnerEnforced"}"#, "").on(BUCKET),
    write("PutBucketPolicy", 4, r#"{"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"DenyInsecureTransport","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::<bucket>","arn:aws:s3:::<bucket>/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}"#, "").on(BUCKET),
    write("PutBucketTagging", 4, r#"{"Tagging":{"TagSet":{"Tag":[{"Key":"team","Value":"<one:orders|payments|catalog|platform>"},{"Key":"cost-center","Value":"<number:4100-4199>"}]},"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","tagging":""}"#, "").on(BUCKET),
    write("PutBucketEncryption", 3, r#"{"ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"arn:aws:kms:<region>:<account>:key/<uid:kms>"},"BucketKeyEnabled":true},"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","encryption":""}"#, "").on(BUCKET),
    write("PutBucketLifecycle", 2, r#"{"LifecycleConfiguration":{"Rule":{"ID":"expire-after-<number:30-365>","Status":"Enabled","Filter":{"Prefix":"logs/"},"Expiration":{"Days":<number:30-365>}},"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","lifecycle":""}"#, "").on(BUCKET),
    write("PutBucketVersioning", 2, r#"{"VersioningConfiguration":{"Status":"Enabled","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","versioning":""}"#, "").on(BUCKET),
    write("PutBucketPublicAccessBlock", 2, r#"{"publicAccessBlock":"","PublicAccessBlockConfiguration":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","RestrictPublicBuckets":true,"BlockPublicPolicy":true,"BlockPublicAcls":true,"IgnorePublicAcls":true},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com"}"#, "").on(BUCKET),
];

const S3_OBJECTS: &[Action] = &[
    read("GetObject", 60, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#).on(OBJECT),
    read("HeadObject", 22, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#).on(OBJECT),
    read("ListObjects", 14, r#"{"list-type":"2","bucketName":"<bucket>","encoding-type":"url","max-keys":"1000","prefix":"lake/<name:dataset>/","delimiter":"/","Host":"<bucket>.s3.<region>.amazonaws.com"}"#).on(r#"[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::<bucket>/lake/<name:dataset>/"},{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#),
    read("HeadBucket", 6, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com"}"#).on(BUCKET),
    read("GetObjectTagging", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","tagging":""}"#).on(OBJECT),
    read("GetObjectAcl", 1, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","acl":""}"#).on(OBJECT),
    write("PutObject", 60, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-server-side-encryption":"AES256"}"#, r#"{"x-amz-server-side-encryption":"AES256","x-amz-version-id":"<base32:32>"}"#).on(OBJECT),
    write("DeleteObject", 10, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#, "").on(OBJECT),
    write("CopyObject", 6, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","x-amz-copy-source":"<bucket>/<key>","key":"<key>.copy"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(OBJECT),
    write("CreateMultipartUpload", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","uploads":"","key":"<key>"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(OBJECT),
    write("UploadPart", 8, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","uploadId":"<base64:64>","partNumber":"<number:1-40>","key":"<key>"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(OBJECT),
    write("CompleteMultipartUpload", 4, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","uploadId":"<base64:64>","key":"<key>"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(OBJECT),
];

const S3_DELIVERY_CHECKS: &[Action] =
    &[read("GetBucketAcl", 1, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","acl":""}"#)
        .on(BUCKET)];

/// What services put into customers' buckets.
const S3_DELIVERIES: &[Action] = &[
    write("PutObject", 1, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"AWSLogs/<account>/<one:elasticloadbalancing|vpcflowlogs|WAFLogs>/<region>/<date>/<name:balancer>_<hex:20>.log.gz","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"AES256"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(BUCKET),
];

const DYNAMODB: &[Action] = &[
    read("DescribeTable", 20, r#"{"tableName":"<name:table>"}"#).on(TABLE),
    read("ListTables", 5, r#"{"limit":100}"#),
    read("DescribeContinuousBackups", 4, r#"{"tableName":"<name:table>"}"#).on(TABLE),
    read("DescribeTimeToLive", 4, r#"{"tableName":"<name:table>"}"#).on(TABLE),
    read("ListTagsOfResource", 4, r#"{"resourceArn":"arn:aws:dynamodb:<region>:<account>:table/<name:table>"}"#),
    read("DescribeLimits", 1, ""),
    read("ListBackups", 2, r#"{"tableName":"<name:table>","limit":50}"#),
    read("DescribeStream", 3, r#"{"streamArn":"arn:aws:dynamodb:<region>:<account>:table/<name:table>/stream/<date>T00:00:00.000","limit":100}"#),
    write("UpdateTable", 3, r#"{"tableName":"<name:table>","billingMode":"PAY_PER_REQUEST"}"#, r#"{"tableDescription":{"tableName":"<name:table>","tableStatus":"UPDATING","tableArn":"arn:aws:dynamodb:<region>:<account>:table/<name:table>","itemCount":<number:1000-9999999>}}"#).on(TABLE),
    write("CreateBackup", 2, r#"{"tableName":"<name:table>","backupName":"<name:table>-<date>"}"#, r#"{"backupDetails":{"backupStatus":"CREATING","backupArn":"arn:aws:dynamodb:<region>:<account>:table/<name:table>/backup/<ms>-<hex:8>","backupName":"<name:table>-<date>","backupType":"USER"}}"#),
    write("TagResource", 1, r#"{"resourceArn":"arn:aws:dynamodb:<region>:<account>:table/<name:table>","tags":[{"key":"team","value":"platform"}]}"#, ""),
];

const DYNAMODB_ITEMS: &[Action] = &[
    read("GetItem", 40, r#"{"tableName":"<name:table>","key":{"pk":"<guid>"},"consistentRead":false}"#).on(TABLE),
    read("Query", 35, r#"{"tableName":"<name:table>","keyConditionExpression":"pk = :pk and begins_with(sk, :sk)","indexName":"gsi1","limit":<number:10-100>}"#).on(TABLE),
    read("BatchGetItem", 8, r#"{"requestItems":{"<name:table>":{"keys":[{"pk":"<guid>"},{"pk":"<guid>"}]}}}"#).on(TABLE),
    read("Scan", 3, r#"{"tableName":"<name:table>","limit":1000,"segment":<number:0-15>,"totalSegments":16}"#).on(TABLE),
    write("PutItem", 30, r#"{"tableName":"<name:table>","key":{"pk":"<guid>"}}"#, "").on(TABLE),
    write("UpdateItem", 25, r#"{"tableName":"<name:table>","key":{"pk":"<guid>"},"conditionExpression":"attribute_exists(pk)"}"#, "").on(TABLE),
    write("DeleteItem", 6, r#"{"tableName":"<name:table>","key":{"pk":"<guid>"}}"#, "").on(TABLE),
    write("BatchWriteItem", 6, r#"{"requestItems":{"<name:table>":[{"putRequest":{"item":{"pk":"<guid>"}}},{"putRequest":{"item":{"pk":"<guid>"}}}]}}"#, "").on(TABLE),
    write("TransactWriteItems", 3, r#"{"clientRequestToken":"<guid>","transactItems":[{"update":{"tableName":"<name:table>","key":{"pk":"<guid>"}}}]}"#, "").on(TABLE),
];

const RDS: &[Action] = &[
    read("DescribeDBInstances", 25, r#"{"dBInstanceIdentifier":"<name:db>-1"}"#),
    read("DescribeDBClusters", 18, r#"{"dBClusterIdentifier":"<name:db>","includeShared":false}"#),
    read(
        "DescribeDBSnapshots",
        8,
        r#"{"includePublic":false,"dBInstanceIdentifier":"<name:db>-1","includeShared":false}"#,
    ),
    read(
        "DescribeDBClusterSnapshots",
        6,
        r#"{"includePublic":false,"dBClusterIdentifier":"<name:db>","includeShared":false}"#,
    ),
    read("DescribeDBSubnetGroups", 4, r#"{"dBSubnetGroupName":"<name:db>-subnets"}"#),
    read("DescribeDBParameterGroups", 4, r#"{"maxRecords":100}"#),
    read(
        "DescribeDBEngineVersions",
        3,
        r#"{"engine":"aurora-postgresql","defaultOnly":false,"listSupportedCharacterSets":false}"#,
    ),
    read("DescribeDBLogFiles", 6, r#"{"dBInstanceIdentifier":"<name:db>-1","fileLastWritten":<ms>}"#),
    read("DescribePendingMaintenanceActions", 3, r#"{"maxRecords":100}"#),
    read("DescribeEventSubscriptions", 2, ""),
    read("DescribeOptionGroups", 1, ""),
    read("ListTagsForResource", 8, r#"{"resourceName":"arn:aws:rds:<region>:<account>:db:<name:db>-1"}"#),
    write(
        "CreateDBSnapshot",
        4,
        r#"{"dBInstanceIdentifier":"<name:db>-1","dBSnapshotIdentifier":"<name:db>-<date>-<hex:6>"}"#,
        r#"{"allocatedStorage":200,"dBSnapshotIdentifier":"<name:db>-<date>","dBInstanceIdentifier":"<name:db>-1","dbiResourceId":"db-<base32:26>","engine":"postgres","status":"creating","encrypted":true,"kmsKeyId":"arn:aws:kms:<region>:<account>:key/<uid:kms>","port":5432,"availabilityZone":"<region>b"}"#,
    ),
    write(
        "ModifyDBInstance",
        3,
        r#"{"dBInstanceIdentifier":"<name:db>-1","applyImmediately":false,"backupRetentionPeriod":<number:7-35>,"allowMajorVersionUpgrade":false}"#,
        r#"{"dBInstanceIdentifier":"<name:db>-1","dBInstanceStatus":"available","engine":"postgres","dbiResourceId":"db-<base32:26>","storageEncrypted":true,"publiclyAccessible":false}"#,
    ),
    write(
        "DeleteDBSnapshot",
        3,
        r#"{"dBSnapshotIdentifier":"<name:db>-<date>-<hex:6>"}"#,
        r#"{"dBSnapshotIdentifier":"<name:db>-<date>","status":"deleted","engine":"postgres","dbiResourceId":"db-<base32:26>"}"#,
    ),
    write(
        "AddTagsToResource",
        2,
        r#"{"resourceName":"arn:aws:rds:<region>:<account>:db:<name:db>-1","tags":[{"key":"backup","value":"daily"}]}"#,
        "",
    ),
];

const ELASTICACHE: &[Action] = &[
    read("DescribeCacheClusters", 6, r#"{"cacheClusterId":"<name:cache>-001","showCacheNodeInfo":true}"#),
    read("DescribeReplicationGroups", 6, r#"{"replicationGroupId":"<name:cache>"}"#),
    read("DescribeCacheSubnetGroups", 2, ""),
    write(
        "ModifyReplicationGroup",
        1,
        r#"{"replicationGroupId":"<name:cache>","applyImmediately":false,"snapshotRetentionLimit":7}"#,
        r#"{"replicationGroupId":"<name:cache>","status":"modifying"}"#,
    ),
];

const FILES: &[Action] = &[
    read("DescribeFileSystems", 5, r#"{"fileSystemId":"<id:fs>"}"#),
    read("DescribeMountTargets", 5, r#"{"fileSystemId":"<id:fs>"}"#),
    read("DescribeLifecycleConfiguration", 2, r#"{"fileSystemId":"<id:fs>"}"#),
];

const BACKUP: &[Action] = &[
    read("ListBackupJobs", 5, r#"{"byState":"COMPLETED","maxResults":1000}"#),
    read("DescribeBackupVault", 4, r#"{"backupVaultName":"<name:vault>"}"#),
    read(
        "ListRecoveryPointsByBackupVault",
        4,
        r#"{"backupVaultName":"<name:vault>","maxResults":1000,"nextToken":"<base64:180>"}"#,
    ),
    write(
        "StartBackupJob",
        3,
        r#"{"backupVaultName":"<name:vault>","resourceArn":"arn:aws:ec2:<region>:<account>:volume/<id:vol>","iamRoleArn":"arn:aws:iam::<account>:role/service-role/AWSBackupDefaultServiceRole","idempotencyToken":"<guid>"}"#,
        r#"{"backupJobId":"<GUID>","creationDate":"<text time>"}"#,
    ),
];
