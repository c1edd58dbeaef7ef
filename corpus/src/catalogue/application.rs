//! Queues, topics, streams, events, workflows, parameters, builds, stacks, models.

use super::{Action, Service, read, service, write};

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    service("sqs", "sqs.<region>.amazonaws.com", SQS),
    service("sns", "sns.<region>.amazonaws.com", SNS),
    service("kinesis", "kinesis.<region>.amazonaws.com", KINESIS),
    service("firehose", "firehose.<region>.amazonaws.com", FIREHOSE),
    service("events", "events.<region>.amazonaws.com", EVENTS),
    service("states", "states.<region>.amazonaws.com", STATES),
    service("ssm", "ssm.<region>.amazonaws.com", SSM),
    service("cloudformation", "cloudformation.<region>.amazonaws.com", CLOUDFORMATION),
    service("codebuild", "codebuild.<region>.amazonaws.com", CODEBUILD),
    service("codepipeline", "codepipeline.<region>.amazonaws.com", CODEPIPELINE),
    service("bedrock", "bedrock-runtime.<region>.amazonaws.com", BEDROCK),
    service("ses", "email.<region>.amazonaws.com", SES),
    service("tagging", "tagging.<region>.amazonaws.com", TAGGING),
];

const SQS: &[Action] = &[
    read(
        "GetQueueAttributes",
        16,
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<name:queue>","attributeNames":["ApproximateNumberOfMessages","QueueArn"]}"#,
    ),
    read("GetQueueUrl", 12, r#"{"queueName":"<name:queue>"}"#),
    read("ListQueues", 4, r#"{"queueNamePrefix":"<one:orders|payments|billing>"}"#),
    read("ListQueueTags", 4, r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<name:queue>"}"#),
    write(
        "SetQueueAttributes",
        4,
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<name:queue>","attributes":{"VisibilityTimeout":"<number:30-900>"}}"#,
        "",
    ),
    write(
        "CreateQueue",
        2,
        r#"{"queueName":"<name:queue>-dlq","attributes":{"MessageRetentionPeriod":"1209600"}}"#,
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<name:queue>-dlq"}"#,
    ),
    write("PurgeQueue", 1, r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<name:queue>-dlq"}"#, ""),
];

const SNS: &[Action] = &[
    read("GetTopicAttributes", 8, r#"{"topicArn":"arn:aws:sns:<region>:<account>:<name:topic>"}"#),
    read("ListTopics", 3, ""),
    read("ListSubscriptionsByTopic", 5, r#"{"topicArn":"arn:aws:sns:<region>:<account>:<name:topic>"}"#),
    read("GetSubscriptionAttributes", 4, r#"{"subscriptionArn":"arn:aws:sns:<region>:<account>:<name:topic>:<guid>"}"#),
    write(
        "Subscribe",
        2,
        r#"{"topicArn":"arn:aws:sns:<region>:<account>:<name:topic>","protocol":"sqs","endpoint":"arn:aws:sqs:<region>:<account>:<name:queue>","returnSubscriptionArn":true}"#,
        r#"{"subscriptionArn":"arn:aws:sns:<region>:<account>:<name:topic>:<guid>"}"#,
    ),
    write(
        "SetTopicAttributes",
        1,
        r#"{"topicArn":"arn:aws:sns:<region>:<account>:<name:topic>","attributeName":"DisplayName","attributeValue":"<name:topic>"}"#,
        "",
    ),
];

const KINESIS: &[Action] = &[
    read("DescribeStreamSummary", 8, r#"{"streamName":"<name:stream>"}"#),
    read("ListShards", 10, r#"{"streamName":"<name:stream>","maxResults":1000}"#),
    read("ListStreams", 2, r#"{"limit":100}"#),
    read(
        "GetShardIterator",
        8,
        r#"{"streamName":"<name:stream>","shardId":"shardId-0000000000<number:10-63>","shardIteratorType":"AFTER_SEQUENCE_NUMBER","startingSequenceNumber":"4966<number:100000000-999999999><number:100000000-999999999>"}"#,
    ),
    write(
        "UpdateShardCount",
        1,
        r#"{"streamName":"<name:stream>","targetShardCount":<number:2-32>,"scalingType":"UNIFORM_SCALING"}"#,
        r#"{"streamName":"<name:stream>","currentShardCount":8}"#,
    ),
];

const FIREHOSE: &[Action] = &[
    read("DescribeDeliveryStream", 5, r#"{"deliveryStreamName":"<name:delivery>"}"#),
    read("ListDeliveryStreams", 2, r#"{"limit":100}"#),
];

const EVENTS: &[Action] = &[
    read("ListRules", 6, r#"{"eventBusName":"default","limit":100}"#),
    read("DescribeRule", 8, r#"{"name":"<name:rule>","eventBusName":"default"}"#),
    read("ListTargetsByRule", 7, r#"{"rule":"<name:rule>","eventBusName":"default"}"#),
    write(
        "PutRule",
        3,
        r#"{"name":"<name:rule>","scheduleExpression":"rate(<number:2-60> minutes)","state":"ENABLED","eventBusName":"default"}"#,
        r#"{"ruleArn":"arn:aws:events:<region>:<account>:rule/<name:rule>"}"#,
    ),
    write(
        "PutTargets",
        3,
        r#"{"rule":"<name:rule>","eventBusName":"default","targets":[{"id":"target0","arn":"arn:aws:lambda:<region>:<account>:function:<name:function>"}]}"#,
        r#"{"failedEntryCount":0,"failedEntries":[]}"#,
    ),
];

const STATES: &[Action] = &[
    read(
        "DescribeExecution",
        10,
        r#"{"executionArn":"arn:aws:states:<region>:<account>:execution:<name:machine>:<guid>"}"#,
    ),
    read(
        "ListExecutions",
        5,
        r#"{"stateMachineArn":"arn:aws:states:<region>:<account>:stateMachine:<name:machine>","maxResults":100}"#,
    ),
    read(
        "DescribeStateMachine",
        5,
        r#"{"stateMachineArn":"arn:aws:states:<region>:<account>:stateMachine:<name:machine>"}"#,
    ),
    read("ListStateMachines", 2, r#"{"maxResults":1000}"#),
    write(
        "StartExecution",
        12,
        r#"{"stateMachineArn":"arn:aws:states:<region>:<account>:stateMachine:<name:machine>","name":"<guid>","input":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"executionArn":"arn:aws:states:<region>:<account>:execution:<name:machine>:<guid>","startDate":"<text time>"}"#,
    ),
    write(
        "SendTaskSuccess",
        5,
        r#"{"taskToken":"HIDDEN_DUE_TO_SECURITY_REASONS","output":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        "",
    ),
];

const SSM: &[Action] = &[
    read("GetParameter", 22, r#"{"name":"/<name:parameter>/settings","withDecryption":true}"#),
    read(
        "GetParameters",
        10,
        r#"{"names":["/<name:parameter>/settings","/<name:parameter>/flags"],"withDecryption":true}"#,
    ),
    read(
        "GetParametersByPath",
        14,
        r#"{"path":"/<name:parameter>","recursive":true,"withDecryption":true,"maxResults":10,"nextToken":"<base64:260>"}"#,
    ),
    read(
        "DescribeParameters",
        5,
        r#"{"parameterFilters":[{"key":"Name","option":"BeginsWith","values":["/<name:parameter>"]}],"maxResults":50}"#,
    ),
    read(
        "DescribeInstanceInformation",
        8,
        r#"{"filters":[{"key":"InstanceIds","values":["<id:i>"]}],"maxResults":50}"#,
    ),
    read("ListInstanceAssociations", 8, r#"{"instanceId":"<id:i>","maxResults":20}"#),
    read("GetDocument", 5, r#"{"name":"AWS-GatherSoftwareInventory","documentVersion":"1"}"#),
    read("GetCommandInvocation", 4, r#"{"commandId":"<guid>","instanceId":"<id:i>"}"#),
    read("ListCommandInvocations", 3, r#"{"commandId":"<guid>","details":false}"#),
    read("GetDeployablePatchSnapshotForInstance", 2, r#"{"instanceId":"<id:i>","snapshotId":"<guid>"}"#),
    read("ListTagsForResource", 3, r#"{"resourceType":"Parameter","resourceId":"/<name:parameter>/settings"}"#),
    write(
        "UpdateInstanceInformation",
        20,
        r#"{"instanceId":"<id:i>","agentVersion":"3.3.<number:300-987>.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"<address>","computerName":"ip-<number:10-11>-<number:0-255>-<number:0-255>-<number:4-250>.ec2.internal","agentName":"amazon-ssm-agent"}"#,
        "",
    ),
    write(
        "PutInventory",
        8,
        r#"{"instanceId":"<id:i>","items":[{"typeName":"AWS:InstanceInformation","schemaVersion":"1.0","captureTime":"<time>","contentHash":"<base64:22>=="},{"typeName":"AWS:Application","schemaVersion":"1.1","captureTime":"<time>","contentHash":"<base64:22>=="},{"typeName":"AWS:Network","schemaVersion":"1.0","captureTime":"<time>","contentHash":"<base64:22>=="}]}"#,
        "",
    ),
    write(
        "UpdateInstanceAssociationStatus",
        6,
        r#"{"associationId":"<guid>","instanceId":"<id:i>","executionResult":{"executionDate":"<text time>","status":"Success","executionSummary":"1 out of 1 plugin processed, 1 success, 0 failed, 0 timedout, 0 skipped.","errorCode":"","outputUrl":{"s3OutputUrl":{}}}}"#,
        "",
    ),
    write(
        "PutComplianceItems",
        4,
        r#"{"resourceId":"<id:i>","resourceType":"ManagedInstance","complianceType":"Association","executionSummary":{"executionTime":"<text time>"},"itemContentHash":"<base64:43>="}"#,
        "",
    ),
    write(
        "PutParameter",
        3,
        r#"{"name":"/<name:parameter>/settings","value":"HIDDEN_DUE_TO_SECURITY_REASONS","type":"SecureString","overwrite":true,"tier":"Standard"}"#,
        r#"{"version":<number:2-80>,"tier":"Standard"}"#,
    ),
    write(
        "SendCommand",
        2,
        r#"{"instanceIds":["<id:i>"],"documentName":"AWS-RunPatchBaseline","parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","interactive":false}"#,
        r#"{"command":{"commandId":"<guid>","documentName":"AWS-RunPatchBaseline","status":"Pending","requestedDateTime":"<text time>"}}"#,
    ),
    write(
        "StartSession",
        2,
        r#"{"target":"<id:i>"}"#,
        r#"{"sessionId":"session-<hex:17>","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.<region>.amazonaws.com/v1/data-channel/session-<hex:17>?role=publish_subscribe"}"#,
    ),
];

const CLOUDFORMATION: &[Action] = &[
    read("DescribeStacks", 16, r#"{"stackName":"<name:stack>"}"#),
    read("DescribeStackEvents", 10, r#"{"stackName":"<name:stack>"}"#),
    read("DescribeStackResources", 6, r#"{"stackName":"<name:stack>"}"#),
    read("DescribeChangeSet", 6, r#"{"stackName":"<name:stack>","changeSetName":"deploy-<number:100-9999>"}"#),
    read("GetTemplate", 5, r#"{"stackName":"<name:stack>","templateStage":"Original"}"#),
    read("GetTemplateSummary", 4, r#"{"stackName":"<name:stack>"}"#),
    read("ListStacks", 4, r#"{"stackStatusFilter":["CREATE_COMPLETE","UPDATE_COMPLETE"],"nextToken":"<base64:180>"}"#),
    read("ListStackResources", 4, r#"{"stackName":"<name:stack>"}"#),
    read("DescribeStackDriftDetectionStatus", 1, r#"{"stackDriftDetectionId":"<guid>"}"#),
    write(
        "CreateChangeSet",
        5,
        r#"{"stackName":"<name:stack>","changeSetName":"deploy-<number:100-9999>","changeSetType":"UPDATE","templateURL":"https://<bucket>.s3.<region>.amazonaws.com/<hex:40>.template","capabilities":["CAPABILITY_NAMED_IAM"]}"#,
        r#"{"id":"arn:aws:cloudformation:<region>:<account>:changeSet/deploy/<guid>","stackId":"arn:aws:cloudformation:<region>:<account>:stack/<name:stack>/<uid:stack>"}"#,
    ),
    write(
        "ExecuteChangeSet",
        5,
        r#"{"stackName":"<name:stack>","changeSetName":"deploy-<number:100-9999>","clientRequestToken":"<guid>"}"#,
        "",
    ),
    write(
        "UpdateStack",
        3,
        r#"{"stackName":"<name:stack>","usePreviousTemplate":false,"capabilities":["CAPABILITY_IAM"],"clientRequestToken":"<guid>"}"#,
        r#"{"stackId":"arn:aws:cloudformation:<region>:<account>:stack/<name:stack>/<uid:stack>"}"#,
    ),
    write("DeleteStack", 1, r#"{"stackName":"<name:stack>-preview-<number:1-400>","clientRequestToken":"<guid>"}"#, ""),
];

const CODEBUILD: &[Action] = &[
    read("BatchGetBuilds", 8, r#"{"ids":["<name:build>:<guid>"]}"#),
    read("ListBuildsForProject", 4, r#"{"projectName":"<name:build>","sortOrder":"DESCENDING"}"#),
    read("BatchGetProjects", 4, r#"{"names":["<name:build>"]}"#),
    write(
        "StartBuild",
        5,
        r#"{"projectName":"<name:build>","sourceVersion":"<hex:40>"}"#,
        r#"{"build":{"id":"<name:build>:<guid>","buildStatus":"IN_PROGRESS","sourceVersion":"<hex:40>","startTime":"<text time>"}}"#,
    ),
];

const CODEPIPELINE: &[Action] = &[
    read("GetPipelineState", 7, r#"{"name":"<name:build>"}"#),
    read("ListPipelineExecutions", 4, r#"{"pipelineName":"<name:build>","maxResults":20}"#),
    read("GetPipeline", 3, r#"{"name":"<name:build>"}"#),
    write("StartPipelineExecution", 3, r#"{"name":"<name:build>"}"#, r#"{"pipelineExecutionId":"<guid>"}"#),
    write("PutJobSuccessResult", 3, r#"{"jobId":"<guid>"}"#, ""),
];

const BEDROCK: &[Action] = &[
    read("InvokeModel", 8, r#"{"modelId":"<one:amazon.nova-lite-v1:0|amazon.titan-embed-text-v2:0>"}"#),
    read(
        "Converse",
        6,
        r#"{"modelId":"arn:aws:bedrock:<region>:<account>:inference-profile/us.amazon.nova-pro-v1:0"}"#,
    ),
    read("ListFoundationModels", 1, ""),
];

const SES: &[Action] = &[
    read("GetSendQuota", 2, ""),
    read("GetIdentityVerificationAttributes", 2, r#"{"identities":["meridian.example"]}"#),
    write(
        "SendRawEmail",
        6,
        r#"{"source":"no-reply@meridian.example","destinations":["HIDDEN_DUE_TO_SECURITY_REASONS"],"rawMessage":{"data":"HIDDEN_DUE_TO_SECURITY_REASONS"}}"#,
        r#"{"messageId":"0100<hex:12>-<guid>-000000"}"#,
    ),
];

const TAGGING: &[Action] = &[
    read(
        "GetResources",
        8,
        r#"{"resourcesPerPage":100,"tagFilters":[{"key":"team","values":["<one:orders|payments|platform>"]}],"paginationToken":"<base64:300>"}"#,
    ),
    read("GetTagKeys", 1, ""),
];
