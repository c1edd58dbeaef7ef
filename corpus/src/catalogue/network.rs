//! Names, load balancers, content delivery, certificates, firewalls.

use super::{Action, Service, read, service, write};

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    Service {
        api_version: "2015-12-01",
        ..service("elasticloadbalancing", "elasticloadbalancing.<region>.amazonaws.com", BALANCERS)
    },
    Service { global: true, api_version: "2013-04-01", ..service("route53", "route53.amazonaws.com", ROUTE53) },
    Service {
        global: true,
        api_version: "2020-05-31",
        ..service("cloudfront", "cloudfront.amazonaws.com", CLOUDFRONT)
    },
    service("acm", "acm.<region>.amazonaws.com", CERTIFICATES),
    service("wafv2", "wafv2.<region>.amazonaws.com", FIREWALL),
    service("apigateway", "apigateway.<region>.amazonaws.com", API_GATEWAY),
];

const BALANCERS: &[Action] = &[
    read(
        "DescribeLoadBalancers",
        14,
        r#"{"loadBalancerArns":["arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name:balancer>/<hex:16>"]}"#,
    ),
    read("DescribeTargetGroups", 12, r#"{"names":["<name:service>-tg"]}"#),
    read(
        "DescribeTargetHealth",
        20,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name:service>-tg/<hex:16>"}"#,
    ),
    read(
        "DescribeListeners",
        7,
        r#"{"loadBalancerArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name:balancer>/<hex:16>"}"#,
    ),
    read(
        "DescribeRules",
        6,
        r#"{"listenerArn":"arn:aws:elasticloadbalancing:<region>:<account>:listener/app/<name:balancer>/<hex:16>/<hex:16>"}"#,
    ),
    read(
        "DescribeLoadBalancerAttributes",
        5,
        r#"{"loadBalancerArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name:balancer>/<hex:16>"}"#,
    ),
    read(
        "DescribeTags",
        5,
        r#"{"resourceArns":["arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name:balancer>/<hex:16>"]}"#,
    ),
    write(
        "RegisterTargets",
        8,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name:service>-tg/<hex:16>","targets":[{"id":"<address>","port":8080}]}"#,
        "",
    ),
    write(
        "DeregisterTargets",
        7,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name:service>-tg/<hex:16>","targets":[{"id":"<address>","port":8080}]}"#,
        "",
    ),
    write(
        "ModifyRule",
        1,
        r#"{"ruleArn":"arn:aws:elasticloadbalancing:<region>:<account>:listener-rule/app/<name:balancer>/<hex:16>/<hex:16>/<hex:16>"}"#,
        "",
    ),
];

const ROUTE53: &[Action] = &[
    read("ListHostedZones", 6, r#"{"maxItems":"100"}"#),
    read("ListResourceRecordSets", 10, r#"{"hostedZoneId":"Z<base32:20>","maxItems":"300"}"#),
    read("GetHostedZone", 6, r#"{"id":"Z<base32:20>"}"#),
    read("GetChange", 6, r#"{"id":"/change/C<base32:20>"}"#),
    read("ListTagsForResource", 3, r#"{"resourceType":"hostedzone","resourceId":"Z<base32:20>"}"#),
    read("ListHealthChecks", 2, ""),
    write(
        "ChangeResourceRecordSets",
        8,
        r#"{"hostedZoneId":"Z<base32:20>","changeBatch":{"changes":[{"action":"UPSERT","resourceRecordSet":{"name":"<name:service>.internal.meridian.example","type":"A","tTL":60,"resourceRecords":[{"value":"<address>"}]}}]}}"#,
        r#"{"changeInfo":{"status":"PENDING","id":"/change/C<base32:20>","submittedAt":"<text time>"}}"#,
    ),
];

const CLOUDFRONT: &[Action] = &[
    read("ListDistributions", 4, r#"{"maxItems":"100"}"#),
    read("GetDistribution", 6, r#"{"id":"E<base32:13>"}"#),
    read("GetDistributionConfig", 4, r#"{"id":"E<base32:13>"}"#),
    read("ListInvalidations", 2, r#"{"distributionId":"E<base32:13>"}"#),
    read("ListCachePolicies", 1, r#"{"type":"custom"}"#),
    write(
        "CreateInvalidation",
        5,
        r#"{"distributionId":"E<base32:13>","invalidationBatch":{"callerReference":"<ms>","paths":{"quantity":1,"items":["/*"]}}}"#,
        r#"{"invalidation":{"id":"I<base32:25>","status":"InProgress","createTime":"<text time>"}}"#,
    ),
    write("UpdateDistribution", 1, r#"{"id":"E<base32:13>","ifMatch":"E<base32:12>"}"#, r#"{"eTag":"E<base32:12>"}"#),
];

const CERTIFICATES: &[Action] = &[
    read("ListCertificates", 5, r#"{"certificateStatuses":["ISSUED"],"maxItems":100}"#),
    read(
        "DescribeCertificate",
        8,
        r#"{"certificateArn":"arn:aws:acm:<region>:<account>:certificate/<uid:certificate>"}"#,
    ),
    read(
        "ListTagsForCertificate",
        4,
        r#"{"certificateArn":"arn:aws:acm:<region>:<account>:certificate/<uid:certificate>"}"#,
    ),
    write(
        "RequestCertificate",
        1,
        r#"{"domainName":"<name:service>.meridian.example","validationMethod":"DNS","idempotencyToken":"<hex:32>"}"#,
        r#"{"certificateArn":"arn:aws:acm:<region>:<account>:certificate/<guid>"}"#,
    ),
];

const FIREWALL: &[Action] = &[
    read("ListWebACLs", 3, r#"{"scope":"REGIONAL","limit":100}"#),
    read("GetWebACL", 4, r#"{"name":"<name:acl>","scope":"REGIONAL","id":"<uid:acl>"}"#),
    read(
        "GetWebACLForResource",
        4,
        r#"{"resourceArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name:balancer>/<hex:16>"}"#,
    ),
    write(
        "UpdateIPSet",
        2,
        r#"{"name":"blocklist","scope":"REGIONAL","id":"<uid:acl>","addresses":["192.0.2.<number:1-254>/32"],"lockToken":"<guid>"}"#,
        r#"{"nextLockToken":"<guid>"}"#,
    ),
];

const API_GATEWAY: &[Action] = &[
    read("GetRestApis", 4, r#"{"limit":500}"#),
    read("GetStages", 4, r#"{"restApiId":"<hex:10>"}"#),
    read("GetResources", 3, r#"{"restApiId":"<hex:10>","limit":500}"#),
    write(
        "CreateDeployment",
        2,
        r#"{"restApiId":"<hex:10>","createDeploymentInput":{"stageName":"live","description":"build <number:100-9000>"},"template":false}"#,
        r#"{"id":"<hex:6>","createdDate":"<text time>"}"#,
    ),
];
