//! Metrics, logs, traces, health.

use super::{Action, Service, read, service, write};

/// The services of this room.
pub(super) const SERVICES: &[Service] = &[
    service("monitoring", "monitoring.<region>.amazonaws.com", MONITORING),
    service("logs", "logs.<region>.amazonaws.com", LOGS),
    service("xray", "xray.<region>.amazonaws.com", XRAY),
    service("health", "health.<region>.amazonaws.com", HEALTH),
];

const MONITORING: &[Action] = &[
    read(
        "GetMetricData",
        40,
        r#"{"metricDataQueries":[{"id":"q<number:1-99>","metricStat":{"metric":{"namespace":"AWS/<one:EC2|RDS|SQS|Lambda|ApplicationELB>","metricName":"<one:CPUUtilization|Errors|Duration|RequestCount>"},"period":60,"stat":"Average"}}],"startTime":"<text time>","endTime":"<text time>","scanBy":"TimestampDescending"}"#,
    ),
    read(
        "GetMetricStatistics",
        16,
        r#"{"namespace":"AWS/<one:EC2|RDS|SQS|Lambda>","metricName":"CPUUtilization","dimensions":[{"name":"InstanceId","value":"<id:i>"}],"startTime":"<text time>","endTime":"<text time>","period":300,"statistics":["Average","Maximum"]}"#,
    ),
    read(
        "ListMetrics",
        14,
        r#"{"namespace":"AWS/<one:EC2|RDS|SQS|Lambda|ECS>","recentlyActive":"PT3H","nextToken":"<base64:280>"}"#,
    ),
    read("DescribeAlarms", 14, r#"{"alarmNames":["<name:alarm>"],"maxRecords":100}"#),
    read("DescribeAlarmHistory", 3, r#"{"alarmName":"<name:alarm>","historyItemType":"StateUpdate"}"#),
    read("GetDashboard", 4, r#"{"dashboardName":"<name:dashboard>"}"#),
    read("ListDashboards", 2, ""),
    write(
        "PutMetricAlarm",
        4,
        r#"{"alarmName":"<name:alarm>","namespace":"AWS/SQS","metricName":"ApproximateAgeOfOldestMessage","dimensions":[{"name":"QueueName","value":"<name:queue>"}],"statistic":"Maximum","period":60,"evaluationPeriods":5,"threshold":<number:60-900>,"comparisonOperator":"GreaterThanThreshold","actionsEnabled":true}"#,
        "",
    ),
    write(
        "DeleteAlarms",
        2,
        r#"{"alarmNames":["TargetTracking-service/<name:cluster>/<name:service>-AlarmHigh-<guid>"]}"#,
        "",
    ),
];

const LOGS: &[Action] = &[
    read("DescribeLogGroups", 14, r#"{"logGroupNamePrefix":"/aws/lambda/<name:function>"}"#),
    read(
        "DescribeLogStreams",
        12,
        r#"{"logGroupName":"/aws/lambda/<name:function>","orderBy":"LastEventTime","descending":true,"limit":50}"#,
    ),
    read(
        "GetLogEvents",
        8,
        r#"{"logGroupName":"/ecs/<name:service>","logStreamName":"app/app/<hex:32>","startFromHead":true,"nextToken":"f/3<number:100000000-999999999><number:100000000-999999999>/s"}"#,
    ),
    read(
        "FilterLogEvents",
        8,
        r#"{"logGroupName":"/aws/lambda/<name:function>","startTime":<ms>,"interleaved":true,"nextToken":"<base64:240>"}"#,
    ),
    read(
        "StartQuery",
        5,
        r#"{"logGroupNames":["/ecs/<name:service>"],"startTime":<ms>,"endTime":<ms>,"queryString":"fields @timestamp, @message | filter @message like /ERROR/ | limit 100"}"#,
    ),
    read("GetQueryResults", 10, r#"{"queryId":"<guid>"}"#),
    read("DescribeSubscriptionFilters", 3, r#"{"logGroupName":"/ecs/<name:service>"}"#),
    read("DescribeMetricFilters", 2, r#"{"logGroupName":"/ecs/<name:service>"}"#),
    read(
        "ListTagsForResource",
        3,
        r#"{"resourceArn":"arn:aws:logs:<region>:<account>:log-group:/aws/lambda/<name:function>"}"#,
    ),
    write(
        "CreateLogStream",
        24,
        r#"{"logGroupName":"/aws/lambda/<name:function>","logStreamName":"<date>/[$LATEST]<hex:32>"}"#,
        "",
    ),
    write("CreateLogGroup", 3, r#"{"logGroupName":"/aws/lambda/<name:function>"}"#, ""),
    write(
        "PutRetentionPolicy",
        2,
        r#"{"logGroupName":"/aws/lambda/<name:function>","retentionInDays":<one:14|30|90|365>}"#,
        "",
    ),
    write(
        "PutSubscriptionFilter",
        1,
        r#"{"logGroupName":"/ecs/<name:service>","filterName":"archive","filterPattern":"","destinationArn":"arn:aws:firehose:<region>:<account>:deliverystream/<name:delivery>"}"#,
        "",
    ),
];

const XRAY: &[Action] = &[
    read("GetTraceSummaries", 5, r#"{"startTime":"<text time>","endTime":"<text time>","sampling":false}"#),
    read("GetServiceGraph", 3, r#"{"startTime":"<text time>","endTime":"<text time>"}"#),
    read("GetSamplingRules", 4, ""),
];

const HEALTH: &[Action] = &[
    read(
        "DescribeEventAggregates",
        6,
        r#"{"filter":{"eventStatusCodes":["open","upcoming"]},"aggregateField":"eventTypeCategory"}"#,
    ),
    read("DescribeEvents", 4, r#"{"filter":{"eventStatusCodes":["open"]},"maxResults":100}"#),
];
