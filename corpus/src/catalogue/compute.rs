//! Instances, functions, containers, images.

use super::{Action, Service, read, service, write};

const FUNCTION: &str = r#"[{"accountId":"<account>","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:<region>:<account>:function:<name:function>"}]"#;
const REPOSITORY: &str =
    r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<name:repository>"}]"#;

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    service("ec2", "ec2.<region>.amazonaws.com", EC2),
    service("lambda", "lambda.<region>.amazonaws.com", LAMBDA),
    Service {
        source: "lambda",
        data: true,
        api_version: "2015-03-31",
        extra: r#"{"functionVersion":"arn:aws:lambda:<region>:<account>:function:<name:function>:$LATEST"}"#,
        ..service("lambda invocations", "lambda.<region>.amazonaws.com", INVOKE)
    },
    service("ecs", "ecs.<region>.amazonaws.com", ECS),
    service("eks", "eks.<region>.amazonaws.com", EKS),
    service("ecr", "api.ecr.<region>.amazonaws.com", ECR),
    service("autoscaling", "autoscaling.<region>.amazonaws.com", AUTOSCALING),
    service("application-autoscaling", "application-autoscaling.<region>.amazonaws.com", APPLICATION_AUTOSCALING),
    service("batch", "batch.<region>.amazonaws.com", BATCH),
];

const EC2: &[Action] = &[
    read(
        "DescribeInstances",
        40,
        r#"{"maxResults":1000,"instancesSet":{"items":[{"instanceId":"<id:i>"}]},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"pending"}]}}]}}"#,
    ),
    read(
        "DescribeInstanceStatus",
        14,
        r#"{"instancesSet":{"items":[{"instanceId":"<id:i>"}]},"filterSet":{},"includeAllInstances":false}"#,
    ),
    read("DescribeVolumes", 14, r#"{"volumeSet":{"items":[{"volumeId":"<id:vol>"}]},"filterSet":{}}"#),
    read(
        "DescribeSnapshots",
        9,
        r#"{"snapshotSet":{},"ownersSet":{"items":[{"owner":"self"}]},"sharedUsersSet":{},"filterSet":{"items":[{"name":"volume-id","valueSet":{"items":[{"value":"<id:vol>"}]}}]},"maxResults":1000}"#,
    ),
    read(
        "DescribeImages",
        9,
        r#"{"executableBySet":{},"imagesSet":{"items":[{"imageId":"<id:ami>"}]},"ownersSet":{},"filterSet":{}}"#,
    ),
    read(
        "DescribeSecurityGroups",
        16,
        r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"<id:sg>"}]},"filterSet":{}}"#,
    ),
    read(
        "DescribeSecurityGroupRules",
        6,
        r#"{"DescribeSecurityGroupRulesRequest":{"MaxResults":1000,"Filter":{"Value":{"tag":1,"content":"<id:sg>"},"tag":1,"Name":"group-id"}}}"#,
    ),
    read("DescribeSubnets", 12, r#"{"subnetSet":{"items":[{"subnetId":"<id:subnet>"}]},"filterSet":{}}"#),
    read("DescribeVpcs", 10, r#"{"vpcSet":{"items":[{"vpcId":"<id:vpc>"}]},"filterSet":{}}"#),
    read(
        "DescribeRouteTables",
        8,
        r#"{"routeTableIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"<id:vpc>"}]}}]}}"#,
    ),
    read(
        "DescribeNetworkInterfaces",
        12,
        r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"<id:eni>"}]},"filterSet":{}}"#,
    ),
    read(
        "DescribeNetworkAcls",
        4,
        r#"{"networkAclIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"<id:vpc>"}]}}]}}"#,
    ),
    read(
        "DescribeInternetGateways",
        4,
        r#"{"internetGatewayIdSet":{"items":[{"internetGatewayId":"<id:igw>"}]},"filterSet":{}}"#,
    ),
    read("DescribeNatGateways", 4, r#"{"DescribeNatGatewaysRequest":{"NatGatewayId":{"tag":1,"content":"<id:nat>"}}}"#),
    read(
        "DescribeAddresses",
        5,
        r#"{"publicIpsSet":{},"filterSet":{},"allocationIdsSet":{"items":[{"allocationId":"<id:eipalloc>"}]}}"#,
    ),
    read(
        "DescribeTags",
        10,
        r#"{"maxResults":1000,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"<id:i>"}]}}]}}"#,
    ),
    read(
        "DescribeAvailabilityZones",
        6,
        r#"{"availabilityZoneSet":{},"availabilityZoneIdSet":{},"filterSet":{"items":[{"name":"state","valueSet":{"items":[{"value":"available"}]}}]}}"#,
    ),
    read("DescribeRegions", 5, r#"{"regionSet":{},"allRegions":true}"#),
    read("DescribeKeyPairs", 3, r#"{"keySet":{},"filterSet":{},"keyPairIdSet":{},"includePublicKey":false}"#),
    read(
        "DescribeLaunchTemplates",
        5,
        r#"{"DescribeLaunchTemplatesRequest":{"LaunchTemplateId":{"tag":1,"content":"<id:lt>"}}}"#,
    ),
    read(
        "DescribeLaunchTemplateVersions",
        5,
        r#"{"DescribeLaunchTemplateVersionsRequest":{"LaunchTemplateId":"<id:lt>","LaunchTemplateVersion":{"tag":1,"content":"$Latest"}}}"#,
    ),
    read(
        "DescribeInstanceTypes",
        4,
        r#"{"DescribeInstanceTypesRequest":{"InstanceType":{"tag":1,"content":"<one:m6i|m7g|c7g|r6i|t3>.<one:large|xlarge|2xlarge>"}}}"#,
    ),
    read(
        "DescribeInstanceAttribute",
        3,
        r#"{"instanceId":"<id:i>","attribute":"<one:disableApiTermination|userData|instanceType|groupSet>"}"#,
    ),
    read(
        "DescribeVpcEndpoints",
        4,
        r#"{"DescribeVpcEndpointsRequest":{"VpcEndpointId":{"tag":1,"content":"<id:vpce>"}}}"#,
    ),
    read(
        "DescribeFlowLogs",
        3,
        r#"{"DescribeFlowLogsRequest":{"Filter":{"Value":{"tag":1,"content":"<id:vpc>"},"tag":1,"Name":"resource-id"}}}"#,
    ),
    read(
        "DescribeSpotPriceHistory",
        2,
        r#"{"instanceTypeSet":{"items":[{"instanceType":"m6i.large"}]},"productDescriptionSet":{"items":[{"productDescription":"Linux/UNIX"}]},"filterSet":{},"startTime":<ms>}"#,
    ),
    read("DescribeTransitGateways", 2, r#"{"DescribeTransitGatewaysRequest":{"MaxResults":1000}}"#),
    read(
        "DescribeIamInstanceProfileAssociations",
        3,
        r#"{"DescribeIamInstanceProfileAssociationsRequest":{"Filter":{"Value":{"tag":1,"content":"<id:i>"},"tag":1,"Name":"instance-id"}}}"#,
    ),
    read("GetConsoleOutput", 1, r#"{"instanceId":"<id:i>"}"#),
    read("GetEbsEncryptionByDefault", 2, r#"{"GetEbsEncryptionByDefaultRequest":""}"#),
    write(
        "RunInstances",
        8,
        r#"{"instancesSet":{"items":[{"imageId":"<id:ami>","minCount":1,"maxCount":1}]},"instanceType":"<one:m6i.large|m7g.xlarge|c7g.large|t3.medium>","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"disableApiStop":false,"clientToken":"<guid>","subnetId":"<id:subnet>","iamInstanceProfile":{"name":"<name:instance>-profile"},"ebsOptimized":true,"launchTemplate":{"launchTemplateId":"<id:lt>","version":"<number:1-60>"},"metadataOptions":{"httpTokens":"required"}}"#,
        r#"{"requestId":"<guid>","reservationId":"r-0<hex:16>","ownerId":"<account>","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-0<hex:16>","imageId":"<id:ami>","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-<number:10-11>-<number:0-255>-<number:0-255>-<number:4-250>.ec2.internal","amiLaunchIndex":0,"launchTime":<ms>,"placement":{"availabilityZone":"<region>a","tenancy":"default"},"subnetId":"<id:subnet>","architecture":"x86_64","virtualizationType":"hvm","hypervisor":"xen"}]}}"#,
    ),
    write(
        "TerminateInstances",
        6,
        r#"{"instancesSet":{"items":[{"instanceId":"<id:i>"}]}}"#,
        r#"{"requestId":"<guid>","instancesSet":{"items":[{"instanceId":"<id:i>","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#,
    ),
    write(
        "StartInstances",
        3,
        r#"{"instancesSet":{"items":[{"instanceId":"<id:i>"}]}}"#,
        r#"{"requestId":"<guid>","instancesSet":{"items":[{"instanceId":"<id:i>","currentState":{"code":0,"name":"pending"},"previousState":{"code":80,"name":"stopped"}}]}}"#,
    ),
    write(
        "StopInstances",
        3,
        r#"{"instancesSet":{"items":[{"instanceId":"<id:i>"}]},"force":false}"#,
        r#"{"requestId":"<guid>","instancesSet":{"items":[{"instanceId":"<id:i>","currentState":{"code":64,"name":"stopping"},"previousState":{"code":16,"name":"running"}}]}}"#,
    ),
    write(
        "CreateTags",
        12,
        r#"{"resourcesSet":{"items":[{"resourceId":"<id:vol>"}]},"tagSet":{"items":[{"key":"Name","value":"<name:instance>"},{"key":"team","value":"<one:orders|payments|platform|search>"}]}}"#,
        r#"{"requestId":"<guid>","_return":true}"#,
    ),
    write(
        "CreateSnapshot",
        6,
        r#"{"volumeId":"<id:vol>","description":"nightly <date>","tagSpecificationSet":{"items":[{"resourceType":"snapshot","tags":[{"key":"backup","value":"daily"}]}]}}"#,
        r#"{"requestId":"<guid>","snapshotId":"snap-0<hex:16>","volumeId":"<id:vol>","status":"pending","startTime":<ms>,"ownerId":"<account>","volumeSize":"<number:8-500>","encrypted":true}"#,
    ),
    write(
        "DeleteSnapshot",
        5,
        r#"{"snapshotId":"<id:snap>","force":false}"#,
        r#"{"requestId":"<guid>","_return":true}"#,
    ),
    write(
        "CreateVolume",
        2,
        r#"{"size":"<number:8-500>","zone":"<region>a","volumeType":"gp3","encrypted":true,"clientToken":"<guid>"}"#,
        r#"{"requestId":"<guid>","volumeId":"vol-0<hex:16>","size":"100","zone":"<region>a","status":"creating","createTime":<ms>,"volumeType":"gp3","encrypted":true}"#,
    ),
    write(
        "AttachVolume",
        2,
        r#"{"volumeId":"<id:vol>","instanceId":"<id:i>","device":"/dev/sdf","deleteOnTermination":false}"#,
        r#"{"requestId":"<guid>","volumeId":"<id:vol>","instanceId":"<id:i>","device":"/dev/sdf","status":"attaching","attachTime":<ms>}"#,
    ),
    write(
        "CreateNetworkInterface",
        6,
        r#"{"subnetId":"<id:subnet>","description":"AWS Lambda VPC ENI-<name:function>-<guid>","groupSet":{"items":[{"groupId":"<id:sg>"}]},"privateIpAddressesSet":{},"clientToken":"<guid>"}"#,
        r#"{"requestId":"<guid>","networkInterface":{"networkInterfaceId":"eni-0<hex:16>","subnetId":"<id:subnet>","vpcId":"<id:vpc>","availabilityZone":"<region>b","ownerId":"<account>","status":"pending","privateIpAddress":"<address>","sourceDestCheck":true}}"#,
    ),
    write(
        "DeleteNetworkInterface",
        5,
        r#"{"networkInterfaceId":"<id:eni>"}"#,
        r#"{"requestId":"<guid>","_return":true}"#,
    ),
    write(
        "AuthorizeSecurityGroupIngress",
        3,
        r#"{"groupId":"<id:sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.<number:0-255>.0.0/16","description":"internal TLS"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"<guid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"<id:sg>","securityGroupRuleId":"sgr-0<hex:16>","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443}]}}"#,
    ),
    write(
        "RevokeSecurityGroupIngress",
        2,
        r#"{"groupId":"<id:sg>","securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-0<hex:16>"}]}}"#,
        r#"{"requestId":"<guid>","_return":true}"#,
    ),
    write(
        "CreateLaunchTemplateVersion",
        2,
        r#"{"CreateLaunchTemplateVersionRequest":{"LaunchTemplateId":"<id:lt>","SourceVersion":"$Latest","LaunchTemplateData":{"ImageId":"<id:ami>"},"ClientToken":"terraform-<hex:26>"}}"#,
        r#"{"CreateLaunchTemplateVersionResponse":{"requestId":"<guid>","launchTemplateVersion":{"launchTemplateId":"<id:lt>","versionNumber":<number:2-90>,"createTime":"<time>","defaultVersion":false}}}"#,
    ),
    write(
        "ModifyInstanceAttribute",
        2,
        r#"{"instanceId":"<id:i>","disableApiTermination":{"value":true}}"#,
        r#"{"requestId":"<guid>","_return":true}"#,
    ),
];

const LAMBDA: &[Action] = &[
    read("GetFunction20150331v2", 16, r#"{"functionName":"arn:aws:lambda:<region>:<account>:function:<name:function>"}"#),
    read("GetFunctionConfiguration20150331v2", 12, r#"{"functionName":"<name:function>"}"#),
    read("ListFunctions20150331", 8, r#"{"maxItems":50,"marker":"<base64:320>"}"#),
    read("GetPolicy20150331v2", 7, r#"{"functionName":"<name:function>"}"#),
    read("ListTags20170331", 6, r#"{"resource":"arn:aws:lambda:<region>:<account>:function:<name:function>"}"#),
    read("ListVersionsByFunction20150331", 4, r#"{"functionName":"<name:function>","maxItems":10000}"#),
    read("ListAliases20150331", 3, r#"{"functionName":"<name:function>"}"#),
    read("ListEventSourceMappings20150331", 4, r#"{"functionName":"<name:function>"}"#),
    read("GetFunctionCodeSigningConfig", 4, r#"{"functionName":"<name:function>"}"#),
    read("GetAccountSettings20160819", 1, ""),
    write("UpdateFunctionCode20150331v2", 6, r#"{"functionName":"<name:function>","s3Bucket":"<bucket>","s3Key":"artifacts/<name:function>/<hex:40>.zip","publish":true,"dryRun":false}"#, r#"{"functionName":"<name:function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<name:function>:<number:2-300>","runtime":"python3.12","role":"arn:aws:iam::<account>:role/<name:function>-exec","handler":"app.handler","codeSize":<number:20000-9000000>,"timeout":30,"memorySize":512,"lastModified":"<time>","codeSha256":"<base64:43>=","version":"<number:2-300>","tracingConfig":{"mode":"Active"},"revisionId":"<guid>","state":"Active","packageType":"Zip","architectures":["arm64"]}"#).on(FUNCTION),
    write("UpdateFunctionConfiguration20150331v2", 4, r#"{"functionName":"<name:function>","timeout":<number:3-120>,"memorySize":<one:256|512|1024>,"environment":{}}"#, r#"{"functionName":"<name:function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<name:function>","revisionId":"<guid>","lastModified":"<time>"}"#).on(FUNCTION),
    write("PublishVersion20150331", 3, r#"{"functionName":"<name:function>","codeSha256":"<base64:43>=","description":"build <number:100-9000>"}"#, r#"{"functionName":"<name:function>","version":"<number:2-300>","revisionId":"<guid>"}"#),
    write("UpdateAlias20150331", 3, r#"{"functionName":"<name:function>","name":"live","functionVersion":"<number:2-300>"}"#, r#"{"name":"live","revisionId":"<guid>"}"#),
    write("AddPermission20150331v2", 1, r#"{"functionName":"<name:function>","statementId":"events-<hex:8>","action":"lambda:InvokeFunction","principal":"events.amazonaws.com"}"#, ""),
];

const INVOKE: &[Action] = &[
    read("GetFunctionUrlConfig", 1, r#"{"functionName":"<name:function>"}"#).on(FUNCTION),
    write("Invoke", 30, r#"{"functionName":"arn:aws:lambda:<region>:<account>:function:<name:function>","invocationType":"<one:RequestResponse|Event>","sourceArn":"arn:aws:events:<region>:<account>:rule/<name:rule>"}"#, "").on(FUNCTION),
];

const ECS: &[Action] = &[
    read("DescribeServices", 16, r#"{"cluster":"<name:cluster>","services":["<name:service>"]}"#),
    read(
        "DescribeTasks",
        14,
        r#"{"cluster":"arn:aws:ecs:<region>:<account>:cluster/<name:cluster>","tasks":["arn:aws:ecs:<region>:<account>:task/<name:cluster>/<hex:32>"]}"#,
    ),
    read("DescribeTaskDefinition", 12, r#"{"taskDefinition":"<name:service>:<number:1-400>"}"#),
    read("DescribeClusters", 7, r#"{"clusters":["<name:cluster>"],"include":["SETTINGS","TAGS"]}"#),
    read("ListTasks", 6, r#"{"cluster":"<name:cluster>","serviceName":"<name:service>","desiredStatus":"RUNNING"}"#),
    read("ListClusters", 3, ""),
    read("ListServices", 4, r#"{"cluster":"<name:cluster>","maxResults":100}"#),
    read(
        "DescribeContainerInstances",
        4,
        r#"{"cluster":"<name:cluster>","containerInstances":["arn:aws:ecs:<region>:<account>:container-instance/<name:cluster>/<hex:32>"]}"#,
    ),
    write(
        "RegisterTaskDefinition",
        5,
        r#"{"family":"<name:service>","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"512","memory":"1024","executionRoleArn":"arn:aws:iam::<account>:role/ecsTaskExecutionRole","taskRoleArn":"arn:aws:iam::<account>:role/<name:service>-task","containerDefinitions":[{"name":"app","image":"777788889999.dkr.ecr.<region>.amazonaws.com/<name:service>@sha256:<hex:64>","essential":true,"environment":"HIDDEN_DUE_TO_SECURITY_REASONS"}]}"#,
        r#"{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:<region>:<account>:task-definition/<name:service>:<number:2-400>","family":"<name:service>","status":"ACTIVE","registeredAt":"<text time>"}}"#,
    ),
    write(
        "UpdateService",
        5,
        r#"{"cluster":"<name:cluster>","service":"<name:service>","taskDefinition":"<name:service>:<number:2-400>","forceNewDeployment":false}"#,
        r#"{"service":{"serviceName":"<name:service>","status":"ACTIVE","desiredCount":<number:1-12>,"serviceArn":"arn:aws:ecs:<region>:<account>:service/<name:cluster>/<name:service>"}}"#,
    ),
    write(
        "RunTask",
        4,
        r#"{"cluster":"<name:cluster>","launchType":"FARGATE","taskDefinition":"<name:service>","count":1,"startedBy":"scheduler-<hex:12>"}"#,
        r#"{"failures":[],"tasks":[{"taskArn":"arn:aws:ecs:<region>:<account>:task/<name:cluster>/<hex:32>","lastStatus":"PROVISIONING","createdAt":"<text time>"}]}"#,
    ),
    write(
        "StopTask",
        2,
        r#"{"cluster":"<name:cluster>","task":"<hex:32>","reason":"scaled in"}"#,
        r#"{"task":{"taskArn":"arn:aws:ecs:<region>:<account>:task/<name:cluster>/<hex:32>","desiredStatus":"STOPPED"}}"#,
    ),
];

const EKS: &[Action] = &[
    read("DescribeCluster", 10, r#"{"name":"<name:cluster>"}"#),
    read("ListClusters", 3, r#"{"maxResults":100}"#),
    read("DescribeNodegroup", 5, r#"{"name":"<name:cluster>","nodegroupName":"workers-<number:1-4>"}"#),
    read("ListNodegroups", 3, r#"{"name":"<name:cluster>"}"#),
    read("ListAccessEntries", 2, r#"{"name":"<name:cluster>"}"#),
    read("DescribeAddonVersions", 2, r#"{"addonName":"<one:coredns|kube-proxy|vpc-cni>","kubernetesVersion":"1.30"}"#),
    write(
        "UpdateNodegroupVersion",
        1,
        r#"{"name":"<name:cluster>","nodegroupName":"workers-1","clientRequestToken":"<guid>"}"#,
        r#"{"update":{"id":"<guid>","status":"InProgress","type":"VersionUpdate"}}"#,
    ),
];

const ECR: &[Action] = &[
    read("BatchGetImage", 14, r#"{"registryId":"777788889999","repositoryName":"<name:repository>","imageIds":[{"imageDigest":"sha256:<hex:64>"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]}"#).on(REPOSITORY),
    read("GetDownloadUrlForLayer", 14, r#"{"registryId":"777788889999","repositoryName":"<name:repository>","layerDigest":"sha256:<hex:64>"}"#).on(REPOSITORY),
    read("GetAuthorizationToken", 10, ""),
    read("BatchCheckLayerAvailability", 8, r#"{"repositoryName":"<name:repository>","registryId":"777788889999","layerDigests":["sha256:<hex:64>"]}"#).on(REPOSITORY),
    read("DescribeRepositories", 5, r#"{"repositoryNames":["<name:repository>"]}"#),
    read("DescribeImages", 5, r#"{"repositoryName":"<name:repository>","maxResults":1000}"#),
    read("DescribeImageScanFindings", 2, r#"{"repositoryName":"<name:repository>","imageId":{"imageDigest":"sha256:<hex:64>"}}"#),
    write("PutImage", 4, r#"{"repositoryName":"<name:repository>","imageTag":"<hex:12>","registryId":"777788889999","imageManifestMediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#, r#"{"image":{"repositoryName":"<name:repository>","registryId":"777788889999","imageId":{"imageDigest":"sha256:<hex:64>","imageTag":"<hex:12>"}}}"#).on(REPOSITORY),
    write("InitiateLayerUpload", 4, r#"{"repositoryName":"<name:repository>","registryId":"777788889999"}"#, r#"{"uploadId":"<guid>","partSize":20971520}"#).on(REPOSITORY),
    write("CompleteLayerUpload", 4, r#"{"repositoryName":"<name:repository>","registryId":"777788889999","uploadId":"<guid>","layerDigests":["sha256:<hex:64>"]}"#, r#"{"registryId":"777788889999","repositoryName":"<name:repository>","layerDigest":"sha256:<hex:64>"}"#).on(REPOSITORY),
];

const AUTOSCALING: &[Action] = &[
    read("DescribeAutoScalingGroups", 12, r#"{"autoScalingGroupNames":["<name:service>-asg"],"maxRecords":100}"#),
    read("DescribeScalingActivities", 4, r#"{"autoScalingGroupName":"<name:service>-asg"}"#),
    read("DescribeLaunchConfigurations", 2, ""),
    read("DescribePolicies", 2, r#"{"autoScalingGroupName":"<name:service>-asg"}"#),
    write(
        "SetDesiredCapacity",
        3,
        r#"{"autoScalingGroupName":"<name:service>-asg","desiredCapacity":<number:1-20>,"honorCooldown":false}"#,
        "",
    ),
    write(
        "CompleteLifecycleAction",
        4,
        r#"{"lifecycleHookName":"drain","autoScalingGroupName":"<name:service>-asg","lifecycleActionResult":"CONTINUE","instanceId":"<id:i>"}"#,
        "",
    ),
];

const APPLICATION_AUTOSCALING: &[Action] = &[
    read(
        "DescribeScalableTargets",
        4,
        r#"{"serviceNamespace":"<one:ecs|dynamodb>","resourceIds":["service/<name:cluster>/<name:service>"]}"#,
    ),
    read(
        "DescribeScalingPolicies",
        4,
        r#"{"serviceNamespace":"ecs","resourceId":"service/<name:cluster>/<name:service>"}"#,
    ),
];

const BATCH: &[Action] = &[
    read("DescribeJobs", 6, r#"{"jobs":["<guid>"]}"#),
    read("DescribeComputeEnvironments", 3, ""),
    write(
        "SubmitJob",
        4,
        r#"{"jobName":"<name:job>-<date>","jobQueue":"default","jobDefinition":"<name:job>:<number:1-40>"}"#,
        r#"{"jobName":"<name:job>-<date>","jobId":"<guid>","jobArn":"arn:aws:batch:<region>:<account>:job/<guid>"}"#,
    ),
];
