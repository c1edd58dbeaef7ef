//! What a call was about: the resources that its record lists, and those that its parameters name.
//!
//! AWS does not publish which parameters count. Ours are those that name a resource by themselves in the calls of the most used
//! services, wherever they stand in the request or the answer.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Resource;

/// Most resources of one event.
const RESOURCES_MAX: usize = 100;
/// How deep parameters are looked into.
const DEPTH_MAX: usize = 12;

/// Members that name a resource: the service that is called, the member, and the type of what it names.
const NAMING: &[(&str, &str, &str)] = &[
    ("autoscaling.amazonaws.com", "autoScalingGroupName", "AWS::AutoScaling::AutoScalingGroup"),
    ("cloudformation.amazonaws.com", "stackName", "AWS::CloudFormation::Stack"),
    ("cloudtrail.amazonaws.com", "trailARN", "AWS::CloudTrail::Trail"),
    ("cloudtrail.amazonaws.com", "trailName", "AWS::CloudTrail::Trail"),
    ("cloudtrail.amazonaws.com", "s3BucketName", "AWS::S3::Bucket"),
    ("dynamodb.amazonaws.com", "tableName", "AWS::DynamoDB::Table"),
    ("ec2.amazonaws.com", "allocationId", "AWS::EC2::EIP"),
    ("ec2.amazonaws.com", "groupId", "AWS::EC2::SecurityGroup"),
    ("ec2.amazonaws.com", "groupName", "AWS::EC2::SecurityGroup"),
    ("ec2.amazonaws.com", "imageId", "AWS::EC2::Ami"),
    ("ec2.amazonaws.com", "instanceId", "AWS::EC2::Instance"),
    ("ec2.amazonaws.com", "internetGatewayId", "AWS::EC2::InternetGateway"),
    ("ec2.amazonaws.com", "keyName", "AWS::EC2::KeyPair"),
    ("ec2.amazonaws.com", "networkAclId", "AWS::EC2::NetworkAcl"),
    ("ec2.amazonaws.com", "networkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("ec2.amazonaws.com", "routeTableId", "AWS::EC2::RouteTable"),
    ("ec2.amazonaws.com", "snapshotId", "AWS::EC2::Snapshot"),
    ("ec2.amazonaws.com", "subnetId", "AWS::EC2::Subnet"),
    ("ec2.amazonaws.com", "volumeId", "AWS::EC2::Volume"),
    ("ec2.amazonaws.com", "vpcId", "AWS::EC2::VPC"),
    ("elasticloadbalancing.amazonaws.com", "loadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing.amazonaws.com", "loadBalancerName", "AWS::ElasticLoadBalancing::LoadBalancer"),
    ("iam.amazonaws.com", "accessKeyId", "AWS::IAM::AccessKey"),
    ("iam.amazonaws.com", "groupName", "AWS::IAM::Group"),
    ("iam.amazonaws.com", "instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("iam.amazonaws.com", "policyArn", "AWS::IAM::Policy"),
    ("iam.amazonaws.com", "policyName", "AWS::IAM::Policy"),
    ("iam.amazonaws.com", "roleName", "AWS::IAM::Role"),
    ("iam.amazonaws.com", "userName", "AWS::IAM::User"),
    ("kms.amazonaws.com", "keyId", "AWS::KMS::Key"),
    ("lambda.amazonaws.com", "functionName", "AWS::Lambda::Function"),
    ("logs.amazonaws.com", "logGroupName", "AWS::Logs::LogGroup"),
    ("rds.amazonaws.com", "dBClusterIdentifier", "AWS::RDS::DBCluster"),
    ("rds.amazonaws.com", "dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("s3.amazonaws.com", "bucketName", "AWS::S3::Bucket"),
    ("secretsmanager.amazonaws.com", "secretId", "AWS::SecretsManager::Secret"),
    ("sns.amazonaws.com", "topicArn", "AWS::SNS::Topic"),
    ("sqs.amazonaws.com", "queueUrl", "AWS::SQS::Queue"),
    ("sts.amazonaws.com", "accessKeyId", "AWS::IAM::AccessKey"),
    ("sts.amazonaws.com", "roleArn", "AWS::IAM::Role"),
    ("sts.amazonaws.com", "roleSessionName", "AWS::STS::AssumedRole"),
];

/// Where resources are named, as JSON.
pub(super) struct Resources<'t> {
    /// `resources`.
    pub listed: Option<&'t str>,
    /// `requestParameters`.
    pub request: Option<&'t str>,
    /// `responseElements`.
    pub response: Option<&'t str>,
}

/// Returns the services whose parameters name resources of a type.
pub(super) fn sources_of(kind: &str) -> impl Iterator<Item = &'static str> {
    NAMING.iter().filter(move |(_, _, named)| *named == kind).map(|(source, _, _)| *source)
}

/// Returns the resources of an event, each once: those that are listed first.
pub(super) fn of(event_source: Option<&str>, named: &Resources<'_>) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::new();
    let mut add = |kind: Option<String>, name: String| {
        let is_known = found.iter().any(|there| there.name == name && (there.kind == kind || kind.is_none()));
        if !is_known && !name.is_empty() && found.len() < RESOURCES_MAX {
            found.push(Resource { kind, name });
        }
    };
    let listed = named.listed.and_then(|text| serde_json::from_str::<Vec<Map<String, Value>>>(text).ok());
    for element in listed.unwrap_or_default() {
        // AWS spells the members in more than one way.
        let member = |name: &str| {
            let value = element.iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            value.and_then(Value::as_str).map(str::to_owned)
        };
        if let Some(name) = member("arn").or_else(|| member("arnprefix")) {
            add(member("type"), name);
        }
    }
    let naming: Vec<_> = NAMING.iter().filter(|(source, _, _)| Some(*source) == event_source).collect();
    if naming.is_empty() {
        return found;
    }
    let kind_of = |member: &str| naming.iter().find(|(_, naming, _)| *naming == member).map(|(_, _, kind)| *kind);
    for text in [named.request, named.response].into_iter().flatten() {
        let mut see = |member: &str, name: &str| {
            if let Some(kind) = kind_of(member) {
                add(Some(kind.to_owned()), name.to_owned());
            }
        };
        let walk = Walk { see: &mut see, member: None, depth: DEPTH_MAX };
        // What is no JSON names nothing.
        walk.deserialize(&mut serde_json::Deserializer::from_str(text)).ok();
    }
    found
}

/// Shows every member whose value is a text, without building the values.
struct Walk<'s> {
    see: &'s mut dyn FnMut(&str, &str),
    /// The member whose value comes.
    member: Option<Cow<'s, str>>,
    /// Levels that are still looked into.
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth == 0 {
            IgnoredAny::deserialize(deserializer).map(drop)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if let Some(member) = self.member {
            (self.see)(&member, value);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(member)) = map.next_key()? {
            map.next_value_seed(Walk { see: &mut *self.see, member: Some(member), depth: self.depth - 1 })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(Walk { see: &mut *self.see, member: None, depth: self.depth - 1 })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The name of a member, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);
