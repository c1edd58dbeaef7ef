//! Trails, configuration, findings, the organisation, money.

use super::{Action, Service, read, service, write};

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    service("cloudtrail", "cloudtrail.<region>.amazonaws.com", CLOUDTRAIL),
    service("config", "config.<region>.amazonaws.com", CONFIG),
    service("guardduty", "guardduty.<region>.amazonaws.com", GUARDDUTY),
    service("securityhub", "securityhub.<region>.amazonaws.com", SECURITY_HUB),
    service("inspector2", "inspector2.<region>.amazonaws.com", INSPECTOR),
    service("access-analyzer", "access-analyzer.<region>.amazonaws.com", ACCESS_ANALYZER),
    service("macie2", "macie2.<region>.amazonaws.com", MACIE),
    Service { global: true, ..service("organizations", "organizations.us-east-1.amazonaws.com", ORGANIZATIONS) },
    Service { global: true, ..service("account", "account.us-east-1.amazonaws.com", ACCOUNT) },
    Service { global: true, ..service("ce", "ce.us-east-1.amazonaws.com", COST_EXPLORER) },
    Service { global: true, ..service("budgets", "budgets.amazonaws.com", BUDGETS) },
    Service { global: true, ..service("support", "support.us-east-1.amazonaws.com", SUPPORT) },
    service("servicequotas", "servicequotas.<region>.amazonaws.com", QUOTAS),
    service("resource-explorer-2", "resource-explorer-2.<region>.api.aws", RESOURCE_EXPLORER),
];

const CLOUDTRAIL: &[Action] = &[
    read(
        "LookupEvents",
        8,
        r#"{"lookupAttributes":[{"attributeKey":"<one:EventName|Username|ResourceName>","attributeValue":"<name:robot>"}],"startTime":"<text time>","maxResults":50,"nextToken":"<base64:340>"}"#,
    ),
    read("DescribeTrails", 8, r#"{"trailNameList":[],"includeShadowTrails":true}"#),
    read("GetTrailStatus", 8, r#"{"name":"arn:aws:cloudtrail:us-east-1:111122223333:trail/organization-trail"}"#),
    read(
        "GetEventSelectors",
        5,
        r#"{"trailName":"arn:aws:cloudtrail:us-east-1:111122223333:trail/organization-trail"}"#,
    ),
    read("ListTrails", 3, ""),
    read(
        "GetInsightSelectors",
        2,
        r#"{"trailName":"arn:aws:cloudtrail:us-east-1:111122223333:trail/organization-trail"}"#,
    ),
    read("ListEventDataStores", 1, ""),
];

const CONFIG: &[Action] = &[
    read("DescribeConfigurationRecorders", 5, ""),
    read("DescribeConfigurationRecorderStatus", 5, ""),
    read("DescribeConfigRules", 6, r#"{"configRuleNames":["<name:rule>"]}"#),
    read(
        "GetComplianceDetailsByConfigRule",
        6,
        r#"{"configRuleName":"<name:rule>","complianceTypes":["NON_COMPLIANT"],"limit":100}"#,
    ),
    read("DescribeComplianceByConfigRule", 5, r#"{"complianceTypes":["NON_COMPLIANT"]}"#),
    read(
        "BatchGetResourceConfig",
        5,
        r#"{"resourceKeys":[{"resourceType":"AWS::EC2::SecurityGroup","resourceId":"<id:sg>"}]}"#,
    ),
    read("GetResourceConfigHistory", 3, r#"{"resourceType":"AWS::EC2::Instance","resourceId":"<id:i>","limit":10}"#),
    read(
        "SelectResourceConfig",
        3,
        r#"{"expression":"SELECT resourceId WHERE resourceType = 'AWS::S3::Bucket'","limit":100}"#,
    ),
    read(
        "ListDiscoveredResources",
        3,
        r#"{"resourceType":"AWS::IAM::Role","limit":100,"includeDeletedResources":false}"#,
    ),
    write(
        "PutEvaluations",
        12,
        r#"{"evaluations":[{"complianceResourceType":"AWS::S3::Bucket","complianceResourceId":"<bucket>","complianceType":"COMPLIANT","orderingTimestamp":"<text time>"}],"resultToken":"<base64:420>","testMode":false}"#,
        r#"{"failedEvaluations":[]}"#,
    ),
];

const GUARDDUTY: &[Action] = &[
    read("ListDetectors", 6, r#"{"maxResults":50}"#),
    read("GetDetector", 5, r#"{"detectorId":"<hex:32>"}"#),
    read("ListFindings", 6, r#"{"detectorId":"<hex:32>","maxResults":50}"#),
    read("GetFindings", 6, r#"{"detectorId":"<hex:32>","findingIds":["<hex:32>","<hex:32>"]}"#),
    read("ListMembers", 2, r#"{"detectorId":"<hex:32>","onlyAssociated":"true"}"#),
    write("ArchiveFindings", 1, r#"{"detectorId":"<hex:32>","findingIds":["<hex:32>"]}"#, ""),
];

const SECURITY_HUB: &[Action] = &[
    read(
        "GetFindings",
        10,
        r#"{"filters":{"recordState":[{"value":"ACTIVE","comparison":"EQUALS"}]},"maxResults":100,"nextToken":"<base64:360>"}"#,
    ),
    read("DescribeHub", 3, ""),
    read("GetEnabledStandards", 3, ""),
    read(
        "DescribeStandardsControls",
        3,
        r#"{"standardsSubscriptionArn":"arn:aws:securityhub:<region>:<account>:subscription/aws-foundational-security-best-practices/v/1.0.0"}"#,
    ),
    write("BatchImportFindings", 8, "", r#"{"failedCount":0,"successCount":<number:1-100>,"failedFindings":[]}"#),
    write(
        "BatchUpdateFindings",
        2,
        r#"{"findingIdentifiers":[{"id":"arn:aws:securityhub:<region>:<account>:finding/<guid>","productArn":"arn:aws:securityhub:<region>::product/aws/guardduty"}],"workflow":{"status":"RESOLVED"}}"#,
        r#"{"processedFindings":[{"id":"<guid>"}],"unprocessedFindings":[]}"#,
    ),
];

const INSPECTOR: &[Action] = &[
    read(
        "ListFindings",
        5,
        r#"{"filterCriteria":{"severity":[{"comparison":"EQUALS","value":"CRITICAL"}]},"maxResults":100,"nextToken":"<base64:300>"}"#,
    ),
    read("BatchGetAccountStatus", 3, r#"{"accountIds":["<account>"]}"#),
    read("ListCoverage", 3, r#"{"maxResults":200}"#),
];

const ACCESS_ANALYZER: &[Action] = &[
    read("ListAnalyzers", 4, r#"{"type":"ORGANIZATION"}"#),
    read(
        "ListFindingsV2",
        4,
        r#"{"analyzerArn":"arn:aws:access-analyzer:<region>:<account>:analyzer/organization","maxResults":100}"#,
    ),
    read("ValidatePolicy", 3, r#"{"policyDocument":"HIDDEN_DUE_TO_SECURITY_REASONS","policyType":"IDENTITY_POLICY"}"#),
];

const MACIE: &[Action] = &[read("GetMacieSession", 3, ""), read("ListClassificationJobs", 2, r#"{"maxResults":50}"#)];

const ORGANIZATIONS: &[Action] = &[
    read("DescribeOrganization", 8, ""),
    read("ListAccounts", 8, r#"{"maxResults":20}"#),
    read("DescribeAccount", 8, r#"{"accountId":"<account>"}"#),
    read("ListRoots", 3, ""),
    read("ListOrganizationalUnitsForParent", 4, r#"{"parentId":"r-exam"}"#),
    read("ListAccountsForParent", 4, r#"{"parentId":"ou-exam-<hex:8>"}"#),
    read("ListPolicies", 3, r#"{"filter":"SERVICE_CONTROL_POLICY"}"#),
    read("DescribePolicy", 3, r#"{"policyId":"p-<hex:8>"}"#),
    read(
        "ListDelegatedAdministrators",
        3,
        r#"{"servicePrincipal":"<one:guardduty|securityhub|config>.amazonaws.com"}"#,
    ),
    read("ListAWSServiceAccessForOrganization", 2, ""),
];

const ACCOUNT: &[Action] = &[read("GetContactInformation", 2, ""), read("ListRegions", 3, r#"{"maxResults":50}"#)];

const COST_EXPLORER: &[Action] = &[
    read(
        "GetCostAndUsage",
        8,
        r#"{"timePeriod":{"start":"2026-01-01","end":"<date>"},"granularity":"DAILY","metrics":["UnblendedCost"],"groupBy":[{"type":"DIMENSION","key":"SERVICE"}]}"#,
    ),
    read(
        "GetCostForecast",
        3,
        r#"{"timePeriod":{"start":"<date>","end":"2030-01-01"},"metric":"UNBLENDED_COST","granularity":"MONTHLY"}"#,
    ),
    read(
        "GetDimensionValues",
        2,
        r#"{"timePeriod":{"start":"2026-01-01","end":"<date>"},"dimension":"LINKED_ACCOUNT"}"#,
    ),
];

const BUDGETS: &[Action] = &[
    read("DescribeBudgets", 3, r#"{"accountId":"<account>","maxResults":100}"#),
    read("ViewBudget", 3, r#"{"accountId":"<account>","budgetName":"monthly"}"#),
];

const SUPPORT: &[Action] = &[
    read("DescribeTrustedAdvisorChecks", 3, r#"{"language":"en"}"#),
    read("DescribeTrustedAdvisorCheckResult", 4, r#"{"language":"en","checkId":"<base64:10>"}"#),
    read("DescribeCases", 1, r#"{"includeResolvedCases":false,"maxResults":10}"#),
];

const QUOTAS: &[Action] = &[
    read("ListServiceQuotas", 4, r#"{"serviceCode":"<one:ec2|lambda|vpc|rds>","maxResults":100}"#),
    read("GetServiceQuota", 4, r#"{"serviceCode":"ec2","quotaCode":"L-<base32:8>"}"#),
];

const RESOURCE_EXPLORER: &[Action] = &[
    read("Search", 4, r#"{"queryString":"<name:service>","maxResults":100}"#),
    read("ListIndexes", 2, r#"{"maxResults":100}"#),
];
