//! Queries, jobs, catalogues of tables, warehouses.

use super::{Action, Service, read, service, write};

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    service("athena", "athena.<region>.amazonaws.com", ATHENA),
    service("glue", "glue.<region>.amazonaws.com", GLUE),
    service("lakeformation", "lakeformation.<region>.amazonaws.com", LAKE_FORMATION),
    service("redshift", "redshift.<region>.amazonaws.com", REDSHIFT),
    service("redshift-data", "redshift-data.<region>.amazonaws.com", REDSHIFT_DATA),
    service("es", "es.<region>.amazonaws.com", OPEN_SEARCH),
    service("elasticmapreduce", "elasticmapreduce.<region>.amazonaws.com", EMR),
    service("sagemaker", "api.sagemaker.<region>.amazonaws.com", SAGEMAKER),
    service("quicksight", "quicksight.<region>.amazonaws.com", QUICKSIGHT),
];

const ATHENA: &[Action] = &[
    read("GetQueryExecution", 30, r#"{"queryExecutionId":"<guid>"}"#),
    read("GetQueryResults", 12, r#"{"queryExecutionId":"<guid>","maxResults":1000}"#),
    read("ListQueryExecutions", 3, r#"{"workGroup":"<name:workgroup>","maxResults":50,"nextToken":"<base64:400>"}"#),
    read("GetWorkGroup", 4, r#"{"workGroup":"<name:workgroup>"}"#),
    read("ListDataCatalogs", 1, ""),
    read(
        "GetTableMetadata",
        4,
        r#"{"catalogName":"AwsDataCatalog","databaseName":"lake","tableName":"<name:dataset>"}"#,
    ),
    write(
        "StartQueryExecution",
        14,
        r#"{"queryString":"HIDDEN_DUE_TO_SECURITY_REASONS","clientRequestToken":"<guid>","queryExecutionContext":{"database":"lake","catalog":"AwsDataCatalog"},"workGroup":"<name:workgroup>","resultConfiguration":{"outputLocation":"s3://<bucket>/athena/"}}"#,
        r#"{"queryExecutionId":"<guid>"}"#,
    ),
    write("StopQueryExecution", 1, r#"{"queryExecutionId":"<guid>"}"#, ""),
];

const GLUE: &[Action] = &[
    read("GetTable", 30, r#"{"databaseName":"lake","name":"<name:dataset>"}"#),
    read(
        "GetPartitions",
        18,
        r#"{"databaseName":"lake","tableName":"<name:dataset>","expression":"year = '2026'","maxResults":1000,"nextToken":"<base64:200>"}"#,
    ),
    read("GetDatabase", 8, r#"{"name":"lake"}"#),
    read("GetDatabases", 4, r#"{"maxResults":100}"#),
    read("GetTables", 8, r#"{"databaseName":"lake","maxResults":100}"#),
    read("GetJobRun", 6, r#"{"jobName":"<name:job>","runId":"jr_<hex:64>","predecessorsIncluded":false}"#),
    read("GetJobs", 2, r#"{"maxResults":100}"#),
    read("GetCrawler", 2, r#"{"name":"<name:dataset>-crawler"}"#),
    write(
        "StartJobRun",
        4,
        r#"{"jobName":"<name:job>","arguments":"HIDDEN_DUE_TO_SECURITY_REASONS","workerType":"G.1X","numberOfWorkers":<number:2-20>}"#,
        r#"{"jobRunId":"jr_<hex:64>"}"#,
    ),
    write(
        "BatchCreatePartition",
        4,
        r#"{"databaseName":"lake","tableName":"<name:dataset>","partitionInputList":[{"values":["<date>"],"storageDescriptor":{"location":"s3://<bucket>/lake/<name:dataset>/<date>/"}}]}"#,
        r#"{"errors":[]}"#,
    ),
    write(
        "UpdateTable",
        3,
        r#"{"databaseName":"lake","tableInput":{"name":"<name:dataset>","tableType":"EXTERNAL_TABLE"}}"#,
        "",
    ),
];

const LAKE_FORMATION: &[Action] = &[
    read(
        "GetDataAccess",
        12,
        r#"{"tableArn":"arn:aws:glue:<region>:<account>:table/lake/<name:dataset>","permissions":["SELECT"],"auditContext":{"additionalAuditContext":"{queryId: <guid>}"}}"#,
    ),
    read("ListPermissions", 2, r#"{"maxResults":100}"#),
];

const REDSHIFT: &[Action] = &[
    read("DescribeClusters", 5, r#"{"clusterIdentifier":"<name:warehouse>"}"#),
    read("DescribeLoggingStatus", 2, r#"{"clusterIdentifier":"<name:warehouse>"}"#),
    read(
        "GetClusterCredentials",
        6,
        r#"{"dbUser":"<name:robot>","dbName":"dw","clusterIdentifier":"<name:warehouse>","durationSeconds":900,"autoCreate":false}"#,
    ),
];

const REDSHIFT_DATA: &[Action] = &[
    read("DescribeStatement", 8, r#"{"id":"<guid>"}"#),
    write(
        "ExecuteStatement",
        4,
        r#"{"clusterIdentifier":"<name:warehouse>","database":"dw","sql":"HIDDEN_DUE_TO_SECURITY_REASONS","clientToken":"<guid>"}"#,
        r#"{"id":"<guid>","database":"dw","createdAt":"<text time>"}"#,
    ),
];

const OPEN_SEARCH: &[Action] =
    &[read("DescribeDomain", 5, r#"{"domainName":"<name:domain>"}"#), read("ListDomainNames", 2, "")];

const EMR: &[Action] = &[
    read("DescribeCluster", 4, r#"{"clusterId":"j-<base32:13>"}"#),
    read("ListClusters", 3, r#"{"clusterStates":["RUNNING","WAITING"]}"#),
    read("ListSteps", 2, r#"{"clusterId":"j-<base32:13>"}"#),
];

const SAGEMAKER: &[Action] = &[
    read("DescribeEndpoint", 4, r#"{"endpointName":"<name:model>"}"#),
    read("ListTrainingJobs", 2, r#"{"maxResults":50,"sortBy":"CreationTime"}"#),
    read("DescribeTrainingJob", 2, r#"{"trainingJobName":"<name:model>-<date>"}"#),
];

const QUICKSIGHT: &[Action] = &[
    read("DescribeDashboard", 4, r#"{"awsAccountId":"<account>","dashboardId":"<uid:dashboard>"}"#),
    read("ListDataSets", 2, r#"{"awsAccountId":"<account>","maxResults":100}"#),
];
