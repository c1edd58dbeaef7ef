//! What an event was done to: the values that go into `target.entity.id`.

use std::borrow::Cow;

use super::related::add_chain;
use super::{Entities, NotText};
use crate::java::Java;
use crate::tree::NodeId;

/// How a target is taken from a record. `[]` in a path stands for each element of a list.
enum Take {
    Path(&'static str),
    /// A value of any type, as text.
    Text(&'static str),
    /// The instances that a command was sent to.
    Instances,
}
use Take::{Instances, Path, Text};

/// Service, names of its events, and where their targets are.
type Row = (&'static str, &'static [&'static str], &'static [Take]);

const ACCOUNT: Take = Path("recipientAccountId");
const RESOURCES: Take = Path("resources[].ARN");

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("bedrock", &["Converse"], &[Path("requestParameters.modelId")]),
    ("cloudformation", &["CreateStackSet"], &[Path("responseElements.stackSetId")]),
    ("cloudformation", &["CreateStack"], &[Path("responseElements.stackId")]),
    ("cloudtrail", &["DeleteTrail", "StopLogging"], &[Path("requestParameters.name")]),
    ("cloudtrail", &["DescribeTrails"], &[ACCOUNT]),
    ("config", &["StopConfigurationRecorder", "StartConfigurationRecorder"], &[Path("requestParameters.configurationRecorderName")]),
    ("dynamodb", &["ListTables"], &[ACCOUNT]),
    ("ec2", &["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"], &[
        Path("requestParameters.groupId"), Path("responseElements.securityGroupRuleSet.items[].securityGroupRuleId"),
    ]),
    ("ec2", &["CreateTrafficMirrorFilter"], &[Path("responseElements.CreateTrafficMirrorFilterResponse.trafficMirrorFilter.trafficMirrorFilterId")]),
    ("ec2", &["CreateTrafficMirrorFilterRule"], &[Path("responseElements.CreateTrafficMirrorFilterRuleResponse.trafficMirrorFilterRule.trafficMirrorFilterRuleId")]),
    ("ec2", &["CreateTrafficMirrorSession"], &[Path("responseElements.CreateTrafficMirrorSessionResponse.trafficMirrorSession.trafficMirrorSessionId")]),
    ("ec2", &["CreateTrafficMirrorTarget"], &[Path("responseElements.CreateTrafficMirrorTargetResponse.trafficMirrorTarget.trafficMirrorTargetId")]),
    ("ec2", &["DeleteFlowLogs"], &[Path("requestParameters.DeleteFlowLogsRequest.FlowLogId.content")]),
    ("ec2", &["DeleteNetworkAcl"], &[Path("requestParameters.networkAclId")]),
    ("ec2", &["DeleteNetworkAclEntry"], &[Path("requestParameters.networkAclId"), Text("requestParameters.ruleNumber")]),
    ("ec2", &["GetPasswordData"], &[Path("requestParameters.instanceId")]),
    ("ec2", &["ModifyImageAttribute"], &[Path("requestParameters.imageId")]),
    ("ec2", &["ModifySnapshotAttribute"], &[Path("requestParameters.snapshotId")]),
    ("ec2", &["DescribeSecurityGroups", "DescribeNetworkInterfaces", "DescribeRegions", "DescribeVpcs", "DescribeNetworkAcls", "DescribeVolumes"], &[ACCOUNT]),
    ("ec2-instance-connect", &["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"], &[Path("requestParameters.instanceId")]),
    ("elasticfilesystem", &["DeleteFileSystem"], &[Path("requestParameters.fileSystemId")]),
    ("elasticfilesystem", &["DeleteMountTarget"], &[Path("requestParameters.mountTargetId")]),
    ("elasticloadbalancing", &["DescribeLoadBalancers"], &[ACCOUNT]),
    ("events", &["DeleteRule"], &[Path("requestParameters.name")]),
    ("guardduty", &["CreateDetector"], &[Path("responseElements.detectorId")]),
    ("guardduty", &["DeleteDetector"], &[Path("requestParameters.detectorId")]),
    ("iam", &["AttachGroupPolicy"], &[Path("requestParameters.groupName")]),
    ("iam", &["AttachRolePolicy", "ListAttachedRolePolicies", "UpdateAssumeRolePolicy"], &[Path("requestParameters.roleName")]),
    ("iam", &["AttachUserPolicy"], &[Path("requestParameters.policyArn"), Path("requestParameters.userName")]),
    ("iam", &["CreateAccessKey"], &[Path("responseElements.accessKey.accessKeyId"), Path("requestParameters.userName")]),
    ("iam", &["CreateUser", "DeactivateMFADevice"], &[Path("requestParameters.userName")]),
    ("iam", &["DeleteVirtualMFADevice"], &[Path("requestParameters.serialNumber")]),
    ("iam", &["GetPolicy"], &[Path("requestParameters.policyArn")]),
    ("iam", &["CreatePolicy"], &[Path("responseElements.policy.arn")]),
    ("iam", &["ListRoles", "ListUsers"], &[ACCOUNT]),
    ("kms", &["DisableKey", "ScheduleKeyDeletion"], &[RESOURCES]),
    ("logs", &["DeleteLogGroup"], &[Path("requestParameters.logGroupName")]),
    ("logs", &["DeleteLogStream"], &[Path("requestParameters.logStreamName")]),
    ("monitoring", &["DeleteAlarms"], &[Path("requestParameters.alarmNames[]")]),
    ("rds", &["DeleteDBCluster", "ModifyDBCluster", "StopDBCluster"], &[Path("responseElements.dBClusterArn")]),
    ("rds", &["DeleteDBInstance", "ModifyDBInstance", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceFromS3", "StopDBInstance"], &[Path("responseElements.dBInstanceArn")]),
    ("rds", &["DeleteGlobalCluster"], &[Path("responseElements.globalClusterArn")]),
    ("rds", &["ModifyDBClusterSnapshotAttribute"], &[Path("responseElements.dBClusterSnapshotIdentifier")]),
    ("rds", &["ModifyDBSnapshotAttribute"], &[Path("responseElements.dBSnapshotIdentifier")]),
    ("rds", &["DescribeDBInstances"], &[ACCOUNT]),
    ("rolesanywhere", &["CreateTrustAnchor"], &[Path("responseElements.trustAnchor.trustAnchorArn")]),
    ("route53resolver", &["DeleteResolverQueryLogConfig"], &[Path("responseElements.resolverQueryLogConfig.arn")]),
    ("s3", &["CopyObject", "PutBucketLogging", "PutBucketVersioning", "PutObject", "GetBucketPolicy", "ListObjects", "HeadObject", "GetObject", "DeleteObject", "DeleteBucket"], &[RESOURCES]),
    ("s3", &["PutBucketReplication"], &[RESOURCES, Path("requestParameters.ReplicationConfiguration.Rule.Destination.Bucket")]),
    ("s3", &["ListBuckets"], &[ACCOUNT]),
    ("secretsmanager", &["BatchGetSecretValue"], &[Path("requestParameters.secretIdList[]")]),
    ("secretsmanager", &["GetSecretValue"], &[Path("requestParameters.secretId")]),
    ("signin", &["ConsoleLogin"], &[ACCOUNT]),
    ("sns", &["CreateTopic"], &[Path("responseElements.topicArn")]),
    ("sns", &["Subscribe", "Publish"], &[Path("requestParameters.topicArn")]),
    ("ssm", &["GetParameter", "GetParameters", "CreateControlChannel", "OpenControlChannel"], &[RESOURCES]),
    ("ssm", &["StartSession"], &[Path("requestParameters.target")]),
    ("ssm", &["CreateDocument"], &[Path("requestParameters.name")]),
    ("ssm", &["TerminateSession", "OpenDataChannel"], &[Path("requestParameters.sessionId")]),
    ("ssm", &["ListInstanceAssociations"], &[ACCOUNT]),
    ("ssm", &["SendCommand"], &[Instances]),
    ("sts", &["AssumeRole"], &[Path("requestParameters.roleArn")]),
    ("sts", &["GetCallerIdentity"], &[ACCOUNT]),
    ("wafv2", &["DeleteRuleGroup", "DeleteWebACL"], &[Path("requestParameters.id")]),
];

/// Lambda's events have the date of their API version in their names.
const LAMBDA: &[(&str, Take)] =
    &[("AddPermission", Path("requestParameters.functionName")), ("ListFunctions", ACCOUNT)];

pub(super) fn collect(entities: &mut Entities<'_>) -> Result<(), NotText> {
    let (service, name) = (entities.service.clone(), entities.event_name.clone());
    let takes = if service == "lambda" {
        let row = LAMBDA.iter().find(|(part, _)| name.contains(part));
        row.map(|(_, take)| std::slice::from_ref(take))
    } else {
        let row = ROWS.iter().find(|(of, names, _)| service == *of && names.contains(&name.as_ref()));
        row.map(|(_, _, takes)| *takes)
    };
    for take in takes.unwrap_or_default() {
        match take {
            Path(path) => {
                for node in entities.record.each(path) {
                    let target = entities.text(node)?;
                    entities.targets.insert(target);
                }
            }
            Text(path) => {
                if let Some(node) = entities.record.at(path) {
                    let target = as_java(entities, node);
                    entities.targets.insert(target);
                }
            }
            Instances => instances(entities)?,
        }
    }
    Ok(())
}

/// Returns a value of any type as Java prints it.
fn as_java<'t>(entities: &Entities<'t>, node: NodeId) -> Cow<'t, str> {
    if let Some(scalar) = entities.record.scalar(node) {
        return scalar;
    }
    let mut out = Vec::new();
    Java::default().write(entities.record.tree, node, &mut out);
    Cow::Owned(crate::tree::scan::unescape(&String::from_utf8_lossy(&out)))
}

/// Adds the instances of a command: those named, or else the values of its targets; `*` stands for the account.
fn instances(entities: &mut Entities<'_>) -> Result<(), NotText> {
    let tree = entities.record.tree;
    let mut ids = entities.record.each("requestParameters.instanceIds[]");
    if ids.is_empty() {
        let targets = entities.record.each("requestParameters.targets[].values");
        ids = targets.into_iter().flat_map(|values| tree.elements(values)).collect();
    }
    if let [only] = ids.as_slice()
        && tree.string(*only).as_deref() == Some("*")
    {
        ids = entities.record.at("recipientAccountId").into_iter().collect();
    }
    add_chain(tree, &mut entities.targets, ids.into_iter().map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_stands_in_two_rows() {
        let mut names: Vec<(&str, &str)> =
            ROWS.iter().flat_map(|(service, names, _)| names.iter().map(move |name| (*service, *name))).collect();
        let rows = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows);
    }
}
