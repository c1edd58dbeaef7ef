//! Who may send events over a channel: its owner, and whom its resource policy lets.

use event::arn::Arn;
use serde_json::Value;
use trail::model::Channel;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;

/// The action that policies of channels are about.
const ACTION: &str = "cloudtrail-data:PutAuditEvents";
/// The key of conditions that compares what the sender was told beforehand.
const EXTERNAL_ID: &str = "cloudtrail:ExternalId";

/// Refuses a sender that the channel does not let.
///
/// # Errors
/// `ChannelInsufficientPermission`.
pub(super) fn check(service: &Service, call: &Call, channel: &Channel, external_id: Option<&str>) -> Result<()> {
    if call.account == channel.account {
        return Ok(());
    }
    let policy = crate::policies::read(service, &channel.arn)?;
    let sender = Sender { account: call.account.as_str(), arn: &call.caller_arn(), external_id };
    if policy.is_some_and(|policy| allows(&policy, &channel.arn, &sender)) {
        return Ok(());
    }
    let message = format!("{} is not authorized to perform: {ACTION} on the channel.", call.caller_arn());
    Err(Fault::new(Code::ChannelInsufficientPermission, message))
}

/// Who sends.
struct Sender<'a> {
    account: &'a str,
    arn: &'a str,
    external_id: Option<&'a str>,
}

/// Returns whether a policy lets somebody send: one statement allows it and none denies it.
fn allows(policy: &Value, channel_arn: &str, sender: &Sender<'_>) -> bool {
    let statements = list(policy.get("Statement"));
    let applies = |statement: &&Value, effect: &str| {
        statement.get("Effect").and_then(Value::as_str) == Some(effect)
            && names(statement.get("Action"), |action| {
                action == "*" || action.eq_ignore_ascii_case(ACTION) || action.eq_ignore_ascii_case("cloudtrail-data:*")
            })
            && names(statement.get("Resource"), |resource| resource == "*" || resource == channel_arn)
            && is_principal(statement.get("Principal"), sender)
            // What is not understood does not allow, and does deny.
            && meets(statement.get("Condition"), sender).unwrap_or(effect == "Deny")
    };
    let allowed = statements.iter().any(|statement| applies(statement, "Allow"));
    allowed && !statements.iter().any(|statement| applies(statement, "Deny"))
}

/// Returns the members of a list, or the one that stands in its place.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(members)) => members.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn names(value: Option<&Value>, fits: impl Fn(&str) -> bool) -> bool {
    list(value).into_iter().filter_map(Value::as_str).any(fits)
}

/// A principal is everybody, an account by its number or its root, or one caller by ARN.
fn is_principal(value: Option<&Value>, sender: &Sender<'_>) -> bool {
    let named = match value {
        Some(Value::Object(kinds)) => kinds.get("AWS"),
        other => other,
    };
    names(named, |name| {
        let of_account = Arn::parse(name).is_some_and(|arn| {
            arn.service() == "iam" && arn.resource() == "root" && arn.account().is_some_and(|id| id.as_str() == sender.account)
        });
        name == "*" || name == sender.account || name == sender.arn || of_account
    })
}

/// Returns whether the sender meets a condition; none if it asks for what is not known here.
fn meets(condition: Option<&Value>, sender: &Sender<'_>) -> Option<bool> {
    let Some(Value::Object(operators)) = condition else { return Some(condition.is_none()) };
    let mut holds = true;
    for (operator, keys) in operators {
        for (key, values) in keys.as_object()? {
            if !key.eq_ignore_ascii_case(EXTERNAL_ID) {
                return None;
            }
            let is_one = names(Some(values), |value| sender.external_id == Some(value));
            holds &= match operator.as_str() {
                "StringEquals" => is_one,
                "StringNotEquals" => !is_one,
                _ => return None,
            };
        }
    }
    Some(holds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHANNEL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:channel/c";

    #[test]
    fn a_policy_lets_whom_it_names() {
        let sender = Sender {
            account: "444455556666",
            arn: "arn:aws:iam::444455556666:user/k",
            external_id: Some("secret"),
        };
        let statement = |effect: &str, principal: Value, condition: Value| {
            json!({ "Effect": effect, "Principal": principal, "Action": ACTION, "Resource": CHANNEL, "Condition": condition })
        };
        let equals = |id: &str| json!({ "StringEquals": { EXTERNAL_ID: id } });
        let root = json!({ "AWS": ["arn:aws:iam::777788889999:root", "arn:aws:iam::444455556666:root"] });
        let cases = [
            (json!([statement("Allow", root.clone(), equals("secret"))]), true),
            (json!(statement("Allow", json!({ "AWS": "444455556666" }), equals("secret"))), true),
            (json!([statement("Allow", root.clone(), equals("other"))]), false),
            (json!([statement("Allow", json!({ "AWS": "arn:aws:iam::777788889999:root" }), equals("secret"))]), false),
            (json!([statement("Allow", root.clone(), json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }))]), false),
            (
                json!([
                    statement("Allow", root.clone(), equals("secret")),
                    statement("Deny", json!("*"), json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } })),
                ]),
                false,
            ),
            (json!([]), false),
        ];
        for (statements, expected) in cases {
            assert_eq!(allows(&json!({ "Statement": statements }), CHANNEL, &sender), expected, "{statements}");
        }
        let no_condition = json!({ "Effect": "Allow", "Principal": root, "Action": ACTION, "Resource": CHANNEL });
        assert!(allows(&json!({ "Statement": [no_condition] }), CHANNEL, &sender));
    }
}
