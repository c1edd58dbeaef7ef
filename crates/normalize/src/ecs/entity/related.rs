//! What an event names: the values that go into `related.entity`.

use super::{Entities, NotText};
use crate::ecs::record::Member;
use crate::text_set::TextSet;
use crate::tree::{NodeId, Tree};

/// Paths that hold an entity whatever the service is.
const ALWAYS: &[&str] = &[
    "userIdentity.accessKeyId",
    "userIdentity.arn",
    "userIdentity.userName",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.userName",
];

/// Where a user of Identity Center comes from.
const IDENTITY_STORE: &str = "userIdentity.onBehalfOf.identityStoreArn";

/// Paths that hold an entity, by service.
#[rustfmt::skip]
const BY_SERVICE: &[(&str, &[&str])] = &[
    ("cloudtrail", &[
        "requestParameters.name", "requestParameters.s3BucketName", "responseElements.cloudWatchLogsLogGroupArn",
        "responseElements.cloudWatchLogsRoleArn", "responseElements.kmsKeyId", "responseElements.snsTopicARN",
        "responseElements.trailARN", "responseElements.name",
    ]),
    ("config", &["requestParameters.configurationRecorderName"]),
    ("ec2", &[
        "requestParameters.groupId", "requestParameters.groupName", "requestParameters.roleName",
        "requestParameters.subnetId", "requestParameters.volumeId", "requestParameters.networkInterfaceId",
        "requestParameters.vpcId", "requestParameters.snapshotId", "responseElements.groupId",
        "responseElements.reservationId", "responseElements.vpc.vpcId", "responseElements.vpc.dhcpOptionsId",
        "responseElements.snapshotId", "responseElements.volumeId",
    ]),
    ("guardduty", &["requestParameters.detectorId", "responseElements.detectorId"]),
    ("iam", &[
        "requestParameters.userName", "requestParameters.serialNumber", "requestParameters.accessKeyId",
        "requestParameters.policyArn", "requestParameters.roleName", "requestParameters.policyName",
        "responseElements.accessKey.userName", "responseElements.accessKey.accessKeyId", "responseElements.user.arn",
        "responseElements.user.userId", "responseElements.user.userName", "responseElements.userId",
        "responseElements.role.arn", "responseElements.serialNumber",
    ]),
    ("kms", &[
        "requestParameters.keyId", "responseElements.keyId", "responseElements.keyMetadata.arn",
        "responseElements.keyMetadata.keyId",
    ]),
    ("lambda", &[
        "requestParameters.functionName", "responseElements.functionArn", "responseElements.functionName",
        "responseElements.role",
    ]),
    ("rds", &[
        "requestParameters.dBInstanceIdentifier", "requestParameters.dBInstanceArn",
        "responseElements.dBInstanceIdentifier", "responseElements.dbInstanceArn",
        "responseElements.dBSubnetGroup.vpcId", "responseElements.vpcSecurityGroups.vpcSecurityGroupId",
    ]),
    ("s3", &["requestParameters.bucketName"]),
    ("sts", &[
        "requestParameters.roleArn", "sourceIdentity", "additionalEventData.MFAIdentifier",
        "responseElements.assumedRoleUser.arn", "requestParameters.roleSessionName", "responseElements.accessKeyId",
    ]),
    ("wafv2", &["requestParameters.id", "responseElements.summary"]),
];

/// A security group's rules: each is a chain.
const RULE_CHAIN: &[&str] = &["groupId", "referencedGroupInfo.groupId", "securityGroupRuleId"];
const INSTANCE_CHAIN: &[&str] = &["subnetId", "vpcId", "instanceId", "imageId", "iamInstanceProfile.arn"];
const INTERFACE_CHAIN: &[&str] = &["networkInterfaceId", "vpcId", "subnetId"];
const REVOKED_RULE_CHAIN: &[&str] = &["securityGroupRuleId", "groupId"];

pub(super) fn collect(entities: &mut Entities<'_>) -> Result<(), NotText> {
    add_paths(entities, ALWAYS)?;
    let identity = entities.record.below(Member::UserIdentity, "type");
    if identity.and_then(|kind| entities.record.tree.string(kind)).as_deref() == Some("IdentityCenterUser") {
        add_paths(entities, &[IDENTITY_STORE])?;
    }
    add_each(entities, "resources[].ARN")?;
    let service = entities.service.clone();
    if let Some((_, paths)) = BY_SERVICE.iter().find(|(name, _)| service == *name) {
        add_paths(entities, paths)?;
    }
    match service.as_ref() {
        "ec2" => collect_ec2(entities),
        "rds" => {
            add_each(entities, "responseElements.dBSubnetGroup.subnets[].subnetIdentifier")?;
            add_each(entities, "responseElements.vpcSecurityGroups[].vpcSecurityGroupId")
        }
        "lambda" => {
            for path in ["responseElements.vpcConfig.securityGroupIds[]", "responseElements.vpcConfig.subnetIds[]"] {
                let chain = entities.record.each(path);
                add_chain(entities.record.tree, &mut entities.related, chain.into_iter().map(Some))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn collect_ec2(entities: &mut Entities<'_>) -> Result<(), NotText> {
    for rule in entities.record.each("responseElements.securityGroupRuleSet.items[]") {
        add_chain_below(entities, rule, RULE_CHAIN)?;
    }
    add_each(entities, "responseElements.groupSet.items[].groupId")?;
    add_each(entities, "requestParameters.groupSet.items[].groupId")?;
    add_each(entities, "requestParameters.instancesSet.items[].instanceId")?;
    let tree = entities.record.tree;
    for instance in entities.record.each("responseElements.instancesSet.items[]") {
        add_chain_below(entities, instance, INSTANCE_CHAIN)?;
        let interfaces = tree.at(instance, "networkInterfaceSet.items").into_iter();
        for interface in interfaces.flat_map(|list| tree.elements(list)) {
            add_chain_below(entities, interface, INTERFACE_CHAIN)?;
            let groups = tree.at(interface, "groupSet.items").into_iter().flat_map(|list| tree.elements(list));
            for group in groups.filter_map(|group| tree.member(group, "groupId")) {
                let group = entities.text(group)?;
                entities.related.insert(group);
            }
        }
    }
    // The mapping looks for revoked rules in the request, though EC2 answers with them.
    for rule in entities.record.each("requestParameters.revokedSecurityGroupRuleSet.items[]") {
        add_chain_below(entities, rule, REVOKED_RULE_CHAIN)?;
    }
    Ok(())
}

fn add_paths(entities: &mut Entities<'_>, paths: &[&str]) -> Result<(), NotText> {
    for path in paths {
        if let Some(text) = entities.text_at(path)? {
            entities.related.insert(text);
        }
    }
    Ok(())
}

fn add_each(entities: &mut Entities<'_>, path: &str) -> Result<(), NotText> {
    for node in entities.record.each(path) {
        let text = entities.text(node)?;
        entities.related.insert(text);
    }
    Ok(())
}

fn add_chain_below(entities: &mut Entities<'_>, node: NodeId, paths: &[&str]) -> Result<(), NotText> {
    let tree = entities.record.tree;
    add_chain(tree, &mut entities.related, paths.iter().map(|path| tree.at(node, path)))
}

/// Adds value by value and ends for good at the first that is missing or known already.
pub(super) fn add_chain<'t>(
    tree: Tree<'t>,
    set: &mut TextSet<'t>,
    chain: impl Iterator<Item = Option<NodeId>>,
) -> Result<(), NotText> {
    for link in chain {
        let Some(node) = link else { break };
        let text = tree.string(node).ok_or(NotText(node))?;
        if !set.insert(text) {
            break;
        }
    }
    Ok(())
}
