//! The category of events that do not say theirs: `eventCategory` came with event version 1.07.
//!
//! Source: AWS CloudTrail user guide, "CloudTrail record contents" and "Logging data events".

/// What the category follows from: values as the columns hold them.
#[derive(Debug, Default, Clone, Copy)]
pub struct Facts<'a> {
    /// `eventSource`.
    pub event_source: Option<&'a str>,
    /// `eventName`.
    pub event_name: Option<&'a str>,
    /// `eventType`.
    pub event_type: Option<&'a str>,
    /// `managementEvent`.
    pub management_event: Option<bool>,
}

/// S3 calls on objects: the data events of `AWS::S3::Object`.
const S3_OBJECT_CALLS: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListParts",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
];

/// DynamoDB calls on items: the data events of `AWS::DynamoDB::Table`.
const DYNAMODB_ITEM_CALLS: &[&str] = &[
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

impl Facts<'_> {
    /// Returns the category of an event that does not say its own.
    pub fn category(&self) -> &'static str {
        match self.event_type {
            Some("AwsCloudTrailInsight") => return "Insight",
            Some("AwsVpceEvents" | "AwsVpceEvent") => return "NetworkActivity",
            Some("AwsAggregatedEvent") => return "Aggregated",
            Some("ActivityLog") => return "ActivityAuditLog",
            _ => {}
        }
        let name = self.event_name.unwrap_or("");
        let data = self.management_event == Some(false)
            || match self.event_source {
                Some("s3.amazonaws.com") => S3_OBJECT_CALLS.binary_search(&name).is_ok(),
                Some("lambda.amazonaws.com") => name == "Invoke" || name == "InvokeExecution",
                Some("dynamodb.amazonaws.com") => DYNAMODB_ITEM_CALLS.binary_search(&name).is_ok(),
                _ => false,
            };
        if data && self.management_event != Some(true) { "Data" } else { "Management" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_lists_are_sorted_for_the_search() {
        assert!(S3_OBJECT_CALLS.is_sorted() && DYNAMODB_ITEM_CALLS.is_sorted());
    }

    #[test]
    fn category_follows_from_the_call() {
        let cases = [
            ("s3.amazonaws.com", "GetObject", None, "Data"),
            ("s3.amazonaws.com", "CreateBucket", None, "Management"),
            ("lambda.amazonaws.com", "Invoke", None, "Data"),
            ("dynamodb.amazonaws.com", "CreateTable", None, "Management"),
            ("dynamodb.amazonaws.com", "PutItem", None, "Data"),
            ("kms.amazonaws.com", "Decrypt", Some(false), "Data"),
            ("s3.amazonaws.com", "GetObject", Some(true), "Management"),
        ];
        for (source, name, management_event, expect) in cases {
            let facts =
                Facts { event_source: Some(source), event_name: Some(name), event_type: None, management_event };
            assert_eq!(facts.category(), expect, "{source} {name}");
        }
    }
}
