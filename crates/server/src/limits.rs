//! Limits of members, as the API's model names and gives them. What a call sends is held against them by `validate`.
//!
//! Source: AWS CloudTrail's service model, "Value limits and enums".

use crate::validate::{Length, Range, Text};

/// Letters of ARNs and names of resources.
const NAMING: &str = r"[a-zA-Z0-9._/\-:]+";

pub(crate) const ACCOUNT_ID: Text = Text::new(12, 16).like(r"[0-9]+");
pub(crate) const AGGREGATION_CONFIGURATIONS: Length = Length::new(0, 1);
pub(crate) const BILLING_MODE: &[&str] = &["EXTENDABLE_RETENTION_PRICING", "FIXED_RETENTION_PRICING"];
pub(crate) const CHANNEL_NAME: Text = Text::new(3, 128).like(r"[a-zA-Z0-9._\-]+");
pub(crate) const CONTEXT_KEY_SELECTORS: Length = Length::new(0, 2);
pub(crate) const DASHBOARD_NAME: Text = Text::new(3, 128).like(r"[a-zA-Z0-9_\-]+");
pub(crate) const DASHBOARD_TYPE: &[&str] = &["MANAGED", "CUSTOM"];
pub(crate) const DELIVERY_S3_URI: Text = Text::new(0, 1024).like(r"s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?");
pub(crate) const DESTINATION_TYPE: &[&str] = &["EVENT_DATA_STORE", "AWS_SERVICE"];
pub(crate) const DESTINATIONS: Length = Length::new(1, 200);
pub(crate) const ERROR_CODE: Text = Text::new(0, 128).like(r"[A-Za-z0-9_\s.,\-:\[\]]+");
pub(crate) const EVENT_CATEGORY_AGGREGATION: &[&str] = &["Data"];
pub(crate) const EVENT_DATA_STORE_KMS_KEY_ID: Text = Text::new(1, 350).like(NAMING);
pub(crate) const EVENT_DATA_STORE_LIST: Length = Length::new(1, 1);
pub(crate) const EVENT_DATA_STORE_NAME: Text = Text::new(3, 128).like(r"[a-zA-Z0-9._\-]+");
pub(crate) const EVENT_NAME: Text = Text::new(0, 128).like(r"[A-Za-z0-9_]+");
pub(crate) const EVENT_SOURCE: Text = Text::new(0, 256).like(r"[a-z0-9_-]+\.amazonaws\.com");
pub(crate) const FEDERATION_ROLE_ARN: Text = Text::new(3, 125).like(r"[a-zA-Z0-9._/\-:@=+,]+");
pub(crate) const IMPORT_DESTINATIONS: Length = Length::new(1, 1);
pub(crate) const IMPORT_STATUS: &[&str] = &["INITIALIZING", "IN_PROGRESS", "FAILED", "STOPPED", "COMPLETED"];
pub(crate) const INSIGHT_TYPE: &[&str] = &["ApiCallRateInsight", "ApiErrorRateInsight"];
pub(crate) const INSIGHTS_METRIC_DATA_TYPE: &[&str] = &["FillWithZeros", "NonZeroData"];
pub(crate) const INSIGHTS_METRIC_MAX_RESULTS: Range = Range::new(1, 21_600);
pub(crate) const INSIGHTS_METRIC_NEXT_TOKEN: Text = Text::new(1, 5_000);
pub(crate) const INSIGHTS_METRIC_PERIOD: Range = Range::new(60, 3_600);
/// `MaxResults` of ListChannels, ListDashboards, ListEventDataStores, ListImports, ListImportFailures and ListQueries.
pub(crate) const LIST_MAX_RESULTS: Range = Range::new(1, 1_000);
pub(crate) const LIST_INSIGHTS_DATA_DIMENSION_KEY: &[&str] = &["EventId", "EventName", "EventSource"];
pub(crate) const LIST_INSIGHTS_DATA_DIMENSION_VALUE: Text = Text::new(1, 2_000);
pub(crate) const LIST_INSIGHTS_DATA_DIMENSIONS: Length = Length::new(1, 1);
pub(crate) const LIST_INSIGHTS_DATA_TYPE: &[&str] = &["InsightsEvents"];
pub(crate) const LOCATION: Text = Text::new(3, 1_024).like(r"[a-zA-Z0-9._/\-:*]+");
pub(crate) const LOOKUP_ATTRIBUTE_KEY: &[&str] =
    &["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];
pub(crate) const MAX_EVENT_SIZE: &[&str] = &["Standard", "Large"];
/// `MaxQueryResults` of GetQueryResults.
pub(crate) const MAX_QUERY_RESULTS: Range = Range::new(1, 1_000);
/// `MaxResults` of LookupEvents, ListInsightsData and SearchSampleQueries.
pub(crate) const MAX_RESULTS: Range = Range::new(1, 50);
pub(crate) const OPERATOR_TARGET_LIST: Length = Length::new(1, 50);
pub(crate) const OPERATOR_TARGET_LIST_MEMBER: Text = Text::new(1, 128);
pub(crate) const PROMPT: Text = Text::new(3, 500).like(r"[ -~\n]*");
pub(crate) const QUERY_ALIAS: Text = Text::new(1, 256).like(r"[a-zA-Z][a-zA-Z0-9._\-]*");
pub(crate) const QUERY_PARAMETER: Text = Text::new(1, 1_024);
pub(crate) const QUERY_PARAMETER_KEY: Text = Text::new(3, 128).like(r"[a-zA-Z0-9._/\-:$]+");
pub(crate) const QUERY_PARAMETER_VALUE: Text = Text::new(1, 128).like(NAMING);
pub(crate) const QUERY_PARAMETERS: Length = Length::new(1, 10);
pub(crate) const QUERY_STATEMENT: Text = Text::new(1, 10_000);
pub(crate) const QUERY_STATUS: &[&str] = &["QUEUED", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "TIMED_OUT"];
pub(crate) const REFRESH_ID: Text = Text::new(10, 20).like(r"[0-9]+");
pub(crate) const REFRESH_SCHEDULE_FREQUENCY_UNIT: &[&str] = &["HOURS", "DAYS"];
pub(crate) const REFRESH_SCHEDULE_STATUS: &[&str] = &["ENABLED", "DISABLED"];
pub(crate) const RESOURCE_ARN: Text = Text::new(3, 256).like(NAMING);
/// `ResourceIdList` of ListTags. Source: its description; the model has no limit.
pub(crate) const RESOURCE_ID_LIST: Length = Length::new(0, 20);
pub(crate) const RESOURCE_POLICY: Text = Text::new(1, 8_192);
pub(crate) const RETENTION_PERIOD: Range = Range::new(7, 3_653);
pub(crate) const SEARCH_SAMPLE_QUERIES_SEARCH_PHRASE: Text = Text::new(2, 1_000).like(r"[ -~\n]*");
pub(crate) const SOURCE: Text = Text::new(1, 256);
pub(crate) const SOURCE_EVENT_CATEGORY: &[&str] = &["Management", "Data"];
pub(crate) const TEMPLATE: &[&str] = &["API_ACTIVITY", "RESOURCE_ACCESS", "USER_ACTIONS"];
pub(crate) const TEMPLATES: Length = Length::new(1, 50);
pub(crate) const TIME_OF_DAY: Text = Text::new(0, usize::MAX).like(r"[0-9]{2}:[0-9]{2}");
/// `Type` of a context key selector.
pub(crate) const TYPE: &[&str] = &["TagContext", "RequestContext"];
pub(crate) const UUID: Text = Text::new(36, 36).like(r"[a-f0-9\-]+");
pub(crate) const VIEW_PROPERTIES_KEY: Text = Text::new(3, 128).like(r"[a-zA-Z0-9._\-]+");
pub(crate) const VIEW_PROPERTIES_VALUE: Text = Text::new(1, 128).like(r"[a-zA-Z0-9._\- ]+");
// Those of cloudtrail-data.
pub(crate) const AUDIT_EVENTS: Length = Length::new(1, 100);
pub(crate) const AUDIT_EXTERNAL_ID: Text = Text::new(2, 1_224).like(r"[A-Za-z0-9_+=,.@:/-]*");
pub(crate) const AUDIT_UUID: Text = Text::new(1, 128).like(r"[-_A-Za-z0-9]+");
