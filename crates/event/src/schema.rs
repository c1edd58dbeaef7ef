//! The columns of an event: the one list that says which member of a record goes into which column.
//!
//! The walker (`walk`), the rebuilder (`shape`), the lake's tables and the SQL views all read this list, so a new AWS
//! field is one line here. Source of the members: AWS CloudTrail user guide, "CloudTrail record contents",
//! "CloudTrail userIdentity element", "CloudTrail Insights record contents" and the CloudTrail Lake event schema.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

/// How a column holds the value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text: a JSON string decoded; any other JSON value as its own bytes.
    Text,
    /// UTF-8 text that is exactly the record's own bytes for the value, whatever its type.
    Json,
    /// A Boolean; `"true"` and `"false"` as strings count too.
    Boolean,
    /// Microseconds since 1970-01-01 UTC.
    Time,
}

/// A member of a record that has a column of its own.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name of the flat column: AWS's names in lower case, joined by `_`.
    pub name: &'static str,
    /// Where the member stands in a record, in AWS's spelling.
    pub path: &'static [&'static str],
    /// How the value is held.
    pub kind: Kind,
}

const fn text(name: &'static str, path: &'static [&'static str]) -> Column {
    Column { name, path, kind: Kind::Text }
}
const fn json(name: &'static str, path: &'static [&'static str]) -> Column {
    Column { name, path, kind: Kind::Json }
}
const fn boolean(name: &'static str, path: &'static [&'static str]) -> Column {
    Column { name, path, kind: Kind::Boolean }
}

/// Every column that holds a member of the record. `eventtime` comes first: files are sorted by it.
pub const COLUMNS: &[Column] = &[
    Column { name: "eventtime", path: &["eventTime"], kind: Kind::Time },
    text("eventversion", &["eventVersion"]),
    text("useridentity_type", &["userIdentity", "type"]),
    text("useridentity_principalid", &["userIdentity", "principalId"]),
    text("useridentity_arn", &["userIdentity", "arn"]),
    text("useridentity_accountid", &["userIdentity", "accountId"]),
    text("useridentity_accesskeyid", &["userIdentity", "accessKeyId"]),
    text("useridentity_username", &["userIdentity", "userName"]),
    text(
        "useridentity_sessioncontext_sessionissuer_type",
        &["userIdentity", "sessionContext", "sessionIssuer", "type"],
    ),
    text(
        "useridentity_sessioncontext_sessionissuer_principalid",
        &["userIdentity", "sessionContext", "sessionIssuer", "principalId"],
    ),
    text("useridentity_sessioncontext_sessionissuer_arn", &["userIdentity", "sessionContext", "sessionIssuer", "arn"]),
    text(
        "useridentity_sessioncontext_sessionissuer_accountid",
        &["userIdentity", "sessionContext", "sessionIssuer", "accountId"],
    ),
    text(
        "useridentity_sessioncontext_sessionissuer_username",
        &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
    ),
    text(
        "useridentity_sessioncontext_webidfederationdata_federatedprovider",
        &["userIdentity", "sessionContext", "webIdFederationData", "federatedProvider"],
    ),
    json(
        "useridentity_sessioncontext_webidfederationdata_attributes",
        &["userIdentity", "sessionContext", "webIdFederationData", "attributes"],
    ),
    text(
        "useridentity_sessioncontext_attributes_creationdate",
        &["userIdentity", "sessionContext", "attributes", "creationDate"],
    ),
    text(
        "useridentity_sessioncontext_attributes_mfaauthenticated",
        &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"],
    ),
    text("useridentity_sessioncontext_sourceidentity", &["userIdentity", "sessionContext", "sourceIdentity"]),
    text("useridentity_sessioncontext_ec2roledelivery", &["userIdentity", "sessionContext", "ec2RoleDelivery"]),
    text("useridentity_sessioncontext_ec2issuedinvpc", &["userIdentity", "sessionContext", "ec2IssuedInVpc"]),
    text("useridentity_sessioncontext_assumedroot", &["userIdentity", "sessionContext", "assumedRoot"]),
    text("useridentity_sessioncontext_signinsessionarn", &["userIdentity", "sessionContext", "signInSessionArn"]),
    text("useridentity_invokedby", &["userIdentity", "invokedBy"]),
    text("useridentity_invokedbydelegate_accountid", &["userIdentity", "invokedByDelegate", "accountId"]),
    text("useridentity_onbehalfof_userid", &["userIdentity", "onBehalfOf", "userId"]),
    text("useridentity_onbehalfof_identitystorearn", &["userIdentity", "onBehalfOf", "identityStoreArn"]),
    text("useridentity_inscopeof_sourcearn", &["userIdentity", "inScopeOf", "sourceArn"]),
    text("useridentity_inscopeof_sourceaccount", &["userIdentity", "inScopeOf", "sourceAccount"]),
    text("useridentity_inscopeof_issuertype", &["userIdentity", "inScopeOf", "issuerType"]),
    text("useridentity_inscopeof_credentialsissuedto", &["userIdentity", "inScopeOf", "credentialsIssuedTo"]),
    text(
        "useridentity_inscopeof_credentialsissuedtoversion",
        &["userIdentity", "inScopeOf", "credentialsIssuedToVersion"],
    ),
    text("useridentity_credentialid", &["userIdentity", "credentialId"]),
    text("useridentity_identityprovider", &["userIdentity", "identityProvider"]),
    text("eventsource", &["eventSource"]),
    text("eventname", &["eventName"]),
    text("awsregion", &["awsRegion"]),
    text("sourceipaddress", &["sourceIPAddress"]),
    text("useragent", &["userAgent"]),
    text("errorcode", &["errorCode"]),
    text("errormessage", &["errorMessage"]),
    json("requestparameters", &["requestParameters"]),
    json("responseelements", &["responseElements"]),
    json("additionaleventdata", &["additionalEventData"]),
    text("requestid", &["requestID"]),
    text("eventid", &["eventID"]),
    text("eventtype", &["eventType"]),
    text("apiversion", &["apiVersion"]),
    boolean("managementevent", &["managementEvent"]),
    boolean("readonly", &["readOnly"]),
    json("resources", &["resources"]),
    text("recipientaccountid", &["recipientAccountId"]),
    json("serviceeventdetails", &["serviceEventDetails"]),
    text("sharedeventid", &["sharedEventID"]),
    text("vpcendpointid", &["vpcEndpointId"]),
    text("vpcendpointaccountid", &["vpcEndpointAccountId"]),
    text("eventcategory", &["eventCategory"]),
    json("addendum", &["addendum"]),
    text("sessioncredentialfromconsole", &["sessionCredentialFromConsole"]),
    json("eventcontext", &["eventContext"]),
    json("edgedevicedetails", &["edgeDeviceDetails"]),
    text("tlsdetails_tlsversion", &["tlsDetails", "tlsVersion"]),
    text("tlsdetails_ciphersuite", &["tlsDetails", "cipherSuite"]),
    text("tlsdetails_clientprovidedhostheader", &["tlsDetails", "clientProvidedHostHeader"]),
    text("tlsdetails_keyexchange", &["tlsDetails", "keyExchange"]),
    json("insightdetails", &["insightDetails"]),
    text("annotation", &["annotation"]),
    json("timewindow", &["timeWindow"]),
    json("summary", &["summary"]),
    json("metadata", &["metadata"]),
    json("eventdata", &["eventData"]),
];

/// A second spelling of a member: aggregated events write `eventId` and `accountId`.
/// It fills the column only when the column's own member is absent.
pub const ALIASES: &[(&str, &str)] = &[("eventId", "eventid"), ("accountId", "recipientaccountid")];

/// Columns that the opener adds to those of the record.
pub mod added {
    /// Top-level members without a column of their own: a JSON object of their bytes, in record order; null if none.
    pub const UNMAPPED: &str = "unmapped";
    /// 1-based place of the record in its file, rejects counted.
    pub const LOG_NUMBER: &str = "log_number";
    /// When CloudWatch Logs got the record; null for other sources.
    pub const CWL_TIME: &str = "cwl_time";
    /// What the record's envelope knew, as a JSON object; null for a plain log file.
    pub const ENVELOPE: &str = "envelope";
}

/// Columns that the lake adds when it stores an event.
pub mod stored {
    /// The record's text with the byte 0x01 where a column gives the same bytes back (see `shape`).
    pub const SHAPE: &str = "shape";
    /// Ever-growing sequence number: batch << 20 | row.
    pub const SEQ: &str = "seq";
    /// URI of the object the event came from.
    pub const LOG_FILE: &str = "log_file";
    /// ETag of that object, where its store has one.
    pub const LOG_FILE_ETAG: &str = "log_file_etag";
    /// When the event was collected.
    pub const COLLECTED_AT: &str = "collected_at";
    /// True on an event whose eventID and account were already stored with other content.
    pub const CONFLICT: &str = "conflict";
    /// UTC date of `eventtime`: the partition.
    pub const EVENT_DATE: &str = "eventdate";
}

/// Returns the type of a timestamp column: microseconds, UTC.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Returns the schema of an `EventBatch`: the record's columns, then those in [`added`].
pub fn batch_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields: Vec<ArrowField> = COLUMNS
            .iter()
            .map(|column| match column.kind {
                Kind::Time => ArrowField::new(column.name, timestamp(), false),
                Kind::Boolean => ArrowField::new(column.name, DataType::Boolean, true),
                Kind::Text | Kind::Json => ArrowField::new(column.name, DataType::Utf8, true),
            })
            .collect();
        fields.push(ArrowField::new(added::UNMAPPED, DataType::Utf8, true));
        fields.push(ArrowField::new(added::LOG_NUMBER, DataType::Int64, false));
        fields.push(ArrowField::new(added::CWL_TIME, timestamp(), true));
        fields.push(ArrowField::new(added::ENVELOPE, DataType::Utf8, true));
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns the schema of a stored event, as it stands in the lake's files: [`batch_schema`], then those in [`stored`]
/// but the partition column `eventdate`, which stands in the path.
pub fn stored_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields: Vec<ArrowField> = batch_schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(ArrowField::new(stored::SHAPE, DataType::Utf8, false));
        fields.push(ArrowField::new(stored::SEQ, DataType::Int64, false));
        fields.push(ArrowField::new(stored::LOG_FILE, DataType::Utf8, false));
        fields.push(ArrowField::new(stored::LOG_FILE_ETAG, DataType::Utf8, true));
        fields.push(ArrowField::new(stored::COLLECTED_AT, timestamp(), false));
        fields.push(ArrowField::new(stored::CONFLICT, DataType::Boolean, false));
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns the position of a record column by its name.
pub fn column_index(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| column.name == name)
}

/// Returns the position of a record column, at compile time.
pub(crate) const fn position(name: &str) -> u8 {
    let mut at = 0;
    while at < COLUMNS.len() {
        let (a, b) = (COLUMNS[at].name.as_bytes(), name.as_bytes());
        let mut same = if a.len() == b.len() { a.len() } else { usize::MAX };
        while same > 0 && same != usize::MAX {
            same = if a[same - 1] == b[same - 1] { same - 1 } else { usize::MAX };
        }
        if same == 0 {
            return at as u8;
        }
        at += 1;
    }
    panic!("no such column")
}
