//! The SQL of a lookup. Every value passes through [`text`], so that none can leave its quotes.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Address, Columns, Lookup, Outcome};

/// Error codes of calls without the right to them; services have no common one.
const DENIED: &str = "AccessDenied|Unauthorized|NotAuthorized|Forbidden|OperationNotPermitted";

/// Who acted, in the fewest words: a role's session as `role/session`, else a user's name, else the rest of what is
/// known, `root` and service names included.
const WHO: &str = "\
coalesce(regexp_extract(userIdentity.arn, ':assumed-role/(.+)$', 1), userIdentity.userName, \
regexp_extract(userIdentity.arn, '([^:/]+)$', 1), userIdentity.invokedBy, userIdentity.principalId, userIdentity.type)";

/// Returns the whole query.
pub(super) fn select(lookup: &Lookup, columns: Columns) -> String {
    let mut sql = match columns {
        Columns::All => String::from("SELECT *"),
        Columns::Summary => format!(
            "SELECT eventTime AS time, recipientAccountId AS account, awsRegion AS region,\n  {WHO} AS who,\n  \
             eventName AS event, regexp_replace(eventSource, '[.]amazonaws[.]com$', '') AS source,\n  \
             sourceIPAddress AS address, errorCode AS error"
        ),
    };
    sql.push_str("\nFROM events");
    for (nth, condition) in conditions(lookup).iter().enumerate() {
        sql.push_str(if nth == 0 { "\nWHERE " } else { "\n  AND " });
        sql.push_str(condition);
    }
    sql.push_str("\nORDER BY eventTime DESC");
    if let Some(limit) = lookup.limit {
        // Writing to a `String` cannot fail.
        write!(sql, "\nLIMIT {limit}").expect("a string takes what is written");
    }
    sql
}

/// One condition for each field that filters, the cheapest to prune by first.
pub(crate) fn conditions(lookup: &Lookup) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(since) = lookup.since {
        all.push(format!("eventTime >= {}", moment(since)));
    }
    if let Some(until) = lookup.until {
        all.push(format!("eventTime < {}", moment(until)));
    }
    all.extend(one_of("recipientAccountId", lookup.accounts.iter().map(event::arn::AccountId::as_str)));
    all.extend(one_of("awsRegion", lookup.regions.iter().map(event::arn::Region::as_str)));
    all.extend(one_of("userIdentity.accessKeyId", lookup.keys.iter().map(String::as_str)));
    all.extend(one_of("eventSource", lookup.sources.iter().map(super::EventSource::as_str)));
    all.extend(any(lookup.names.iter().map(|name| like("eventName", name))));
    all.extend(lookup.read_only.map(|read_only| format!("readOnly = {read_only}")));
    all.extend(any(lookup.errors.iter().map(ended)));
    all.extend(any(lookup.addresses.iter().map(came_from)));
    all.extend(any(lookup.users.iter().map(|user| is_user(user))));
    all.extend(any(lookup.roles.iter().map(|role| is_role(role))));
    all.extend(any(lookup.resources.iter().map(|resource| is_about(resource))));
    all.extend(any(lookup.text.iter().map(|text| contains(text))));
    all
}

/// Joins alternatives.
fn any(conditions: impl Iterator<Item = String>) -> Option<String> {
    let mut conditions: Vec<String> = conditions.collect();
    match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(format!("({})", conditions.join(" OR "))),
    }
}

fn one_of<'a>(column: &str, values: impl Iterator<Item = &'a str>) -> Option<String> {
    let values: Vec<String> = values.map(text).collect();
    match values.as_slice() {
        [] => None,
        [value] => Some(format!("{column} = {value}")),
        several => Some(format!("{column} IN ({})", several.join(", "))),
    }
}

/// An equality, or a pattern where the value has a `*`.
fn like(column: &str, value: &str) -> String {
    if !value.contains('*') {
        return format!("{column} = {}", text(value));
    }
    let pattern: Vec<String> = value.split('*').map(regex::escape).collect();
    format!("regexp_like({column}, {})", text(&format!("^{}$", pattern.join(".*"))))
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Code(code) => like("errorCode", code),
        Outcome::Failed => "errorCode IS NOT NULL".to_owned(),
        Outcome::Succeeded => "errorCode IS NULL".to_owned(),
        Outcome::Denied => format!("regexp_like(errorCode, '{DENIED}')"),
    }
}

fn came_from(address: &Address) -> String {
    match address {
        Address::Block(block) => format!("ip_in(sourceIPAddress, {})", text(block)),
        Address::Service(service) => format!("sourceIPAddress = {}", text(service)),
    }
}

fn is_user(user: &str) -> String {
    let name = text(user);
    let (after_slash, after_colon) = (text(&format!("/{user}")), text(&format!(":{user}")));
    format!(
        "(userIdentity.userName = {name} OR userIdentity.sessionContext.sessionIssuer.userName = {name} \
         OR userIdentity.arn = {name} OR userIdentity.principalId = {name} \
         OR ends_with(userIdentity.arn, {after_slash}) OR ends_with(userIdentity.arn, {after_colon}) \
         OR ends_with(userIdentity.principalId, {after_colon}))"
    )
}

fn is_role(role: &str) -> String {
    let name = text(role);
    if role.starts_with("arn:") {
        return format!("(userIdentity.sessionContext.sessionIssuer.arn = {name} OR userIdentity.arn = {name})");
    }
    // Records of sessions do not always name their issuer; the session's ARN has the role's name without its path.
    let session = text(&format!(":assumed-role/{role}/"));
    format!(
        "((userIdentity.type = 'AssumedRole' AND userIdentity.sessionContext.sessionIssuer.userName = {name}) \
         OR strpos(userIdentity.arn, {session}) > 0)"
    )
}

/// A name is meant whole: it stands between quotes, slashes or colons, as in `"bucketName":"logs"` and in ARNs.
fn is_about(resource: &str) -> String {
    let pattern = text(&format!("[\"/:]{}[\"/:]", regex::escape(&in_json(resource))));
    format!("(regexp_like(requestParameters, {pattern}) OR regexp_like(to_json(resources), {pattern}))")
}

fn contains(wanted: &str) -> String {
    let pattern = text(&format!("(?i){}", regex::escape(&in_json(wanted))));
    format!("(regexp_like(requestParameters, {pattern}) OR regexp_like(responseElements, {pattern}))")
}

/// Text as it stands inside a JSON string. What is JSON already, such as `"a":1`, stays as it is.
pub(crate) fn in_json(text: &str) -> String {
    if text.contains('"') {
        return text.to_owned();
    }
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

pub(crate) fn moment(time: Timestamp) -> String {
    text(&time.to_string())
}

/// A text literal.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
