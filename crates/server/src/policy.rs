//! Policies of resources: who else may use a channel, an event data store or a dashboard.
//!
//! Source: AWS CloudTrail user guide, "AWS CloudTrail resource-based policy examples". Of a channel's policy every part is
//! understood, for it decides who may send events; those of the others are checked for their form, kept and shown.

use event::arn::{AccountId, Arn};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;

/// The kind of document that holds a [`Kept`]; its id is the resource's ARN.
pub(crate) const RESOURCE_POLICY: &str = "resource-policy";

/// Most statements of a policy.
const STATEMENTS_MAX: usize = 20;
/// Most principals of a statement.
const PRINCIPALS_MAX: usize = 50;
/// What the policy of a channel is about.
const PUT_AUDIT_EVENTS: &str = "cloudtrail-data:PutAuditEvents";
/// The key by which a sender proves that its partner sent it.
const EXTERNAL_ID: &str = "cloudtrail:externalid";
/// Operators of conditions that are understood.
const OPERATORS: [&str; 4] = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotEquals"];

/// A policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Its text, as it was sent.
    pub text: String,
}

/// A policy that was understood.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    #[serde(deserialize_with = "one_or_more")]
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Value,
    #[serde(deserialize_with = "one_or_more")]
    action: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    resource: Vec<String>,
    #[serde(default)]
    condition: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

fn one_or_more<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> std::result::Result<Vec<T>, D::Error> {
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        one => vec![one],
    };
    values.into_iter().map(|value| serde_json::from_value(value).map_err(serde::de::Error::custom)).collect()
}

impl Policy {
    /// Reads the policy of a resource.
    ///
    /// # Errors
    /// `ResourcePolicyNotValidException`.
    pub(crate) fn parse(text: &str, kind: Kind, arn: &str) -> Result<Policy> {
        let policy: Policy =
            serde_json::from_str(text).map_err(|error| invalid(format!("it cannot be read: {error}")))?;
        if !(1..=STATEMENTS_MAX).contains(&policy.statement.len()) {
            return Err(invalid(format!("it has 1 to {STATEMENTS_MAX} statements, not {}", policy.statement.len())));
        }
        policy.statement.iter().try_for_each(|statement| statement.check(kind, arn))?;
        Ok(policy)
    }

    /// Returns true if somebody may send events to the channel of this policy.
    pub(crate) fn allows_put(&self, account: AccountId, caller_arn: &str, external_id: Option<&str>) -> bool {
        let mut is_allowed = false;
        for statement in &self.statement {
            if !statement.is_about(account, caller_arn) || !statement.holds(external_id) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return false,
                Effect::Allow => is_allowed = true,
            }
        }
        is_allowed
    }
}

impl Statement {
    fn check(&self, kind: Kind, arn: &str) -> Result<()> {
        let principals = self.principals().ok_or_else(|| invalid("a statement has no principal that is understood"))?;
        if !(1..=PRINCIPALS_MAX).contains(&principals.len()) {
            return Err(invalid(format!("a statement has 1 to {PRINCIPALS_MAX} principals, not {}", principals.len())));
        }
        if let Some(other) = self.resource.iter().find(|resource| *resource != arn) {
            return Err(invalid(format!("its resource is {arn}, not {other}")));
        }
        if kind != Kind::Channel {
            return match self.action.iter().find(|action| !action.starts_with("cloudtrail:")) {
                Some(other) => Err(invalid(format!("{other} is no action on this resource"))),
                None => Ok(()),
            };
        }
        if self.action != [PUT_AUDIT_EVENTS] {
            return Err(invalid(format!("the action of a channel's statement is {PUT_AUDIT_EVENTS}")));
        }
        for (operator, keys) in &self.condition {
            let keys = keys.as_object().filter(|_| OPERATORS.contains(&operator.as_str()));
            let keys = keys.ok_or_else(|| invalid(format!("the condition {operator} is not understood")))?;
            if let Some(other) = keys.keys().find(|key| !key.eq_ignore_ascii_case(EXTERNAL_ID)) {
                return Err(invalid(format!("the condition key {other} is not understood")));
            }
            if keys.values().any(|value| texts(value).is_none()) {
                return Err(invalid(format!("the condition {operator} has a value that is no text")));
            }
        }
        Ok(())
    }

    /// Returns who the statement is about: account ids, ARNs, services, or `*`.
    fn principals(&self) -> Option<Vec<&str>> {
        match &self.principal {
            Value::String(all) if all == "*" => Some(vec!["*"]),
            Value::Object(kinds) => {
                let mut all = Vec::new();
                for (kind, names) in kinds {
                    let names = texts(names).filter(|_| matches!(kind.as_str(), "AWS" | "Service"))?;
                    let fits = |name: &&str| kind == "Service" || is_principal(name);
                    all.extend(names.iter().all(fits).then_some(names)?);
                }
                Some(all)
            }
            _ => None,
        }
    }

    fn is_about(&self, account: AccountId, caller_arn: &str) -> bool {
        let principals = self.principals().unwrap_or_default();
        principals.into_iter().any(|principal| {
            principal == "*"
                || principal == account.as_str()
                || principal == caller_arn
                || Arn::parse(principal).is_some_and(|arn| arn.account() == Some(account) && arn.resource() == "root")
        })
    }

    fn holds(&self, external_id: Option<&str>) -> bool {
        self.condition.iter().all(|(operator, keys)| {
            let wanted: Vec<&str> =
                keys.as_object().into_iter().flat_map(Map::values).filter_map(texts).flatten().collect();
            let any = |test: fn(&str, &str) -> bool| {
                external_id.is_some_and(|id| wanted.iter().any(|wanted| test(wanted, id)))
            };
            match operator.as_str() {
                "StringEquals" => any(|wanted, id| wanted == id),
                "StringEqualsIgnoreCase" => any(|wanted, id| wanted.eq_ignore_ascii_case(id)),
                "StringLike" => any(is_like),
                "StringNotEquals" => !any(|wanted, id| wanted == id),
                // No check lets it pass.
                _ => false,
            }
        })
    }
}

/// Returns true for an account id, or an ARN of IAM or STS, or `*`.
fn is_principal(name: &str) -> bool {
    let is_arn =
        || Arn::parse(name).is_some_and(|arn| matches!(arn.service(), "iam" | "sts") && arn.account().is_some());
    name == "*" || AccountId::parse(name).is_some() || is_arn()
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// `*` stands for any text, `?` for one character.
fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Which lengths of the text the pattern so far may end at.
    let mut ends = vec![false; text.len() + 1];
    if let Some(first) = ends.first_mut() {
        *first = true;
    }
    for wanted in pattern {
        let mut next = vec![false; ends.len()];
        let mut is_reached = false;
        for (length, next) in next.iter_mut().enumerate() {
            let before = length.checked_sub(1);
            let letter = before.and_then(|before| text.get(before));
            let from_before = before.and_then(|before| ends.get(before)).copied().unwrap_or(false);
            is_reached |= ends.get(length).copied().unwrap_or(false);
            *next = match wanted {
                '*' => is_reached,
                '?' => from_before,
                wanted => from_before && letter == Some(&wanted),
            };
        }
        ends = next;
    }
    ends.last().copied().unwrap_or(false)
}

fn invalid(why: impl std::fmt::Display) -> Fault {
    Fault::new(Code::ResourcePolicyNotValidException, format!("The resource-based policy is not valid: {why}."))
}

/// Returns true if a caller of another account may send events to a channel.
///
/// # Errors
/// If the policy cannot be read.
pub(crate) fn may_put(
    service: &Service,
    channel_arn: &str,
    (account, caller_arn): (AccountId, &str),
    external_id: Option<&str>,
) -> Result<bool> {
    let Some(kept) = service.documents.read::<Kept>(RESOURCE_POLICY, channel_arn)? else { return Ok(false) };
    let policy = Policy::parse(&kept.value.text, Kind::Channel, channel_arn)?;
    Ok(policy.allows_put(account, caller_arn, external_id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE";

    fn policy(given: Value) -> String {
        let mut statement = json!({
            "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::444455556666:root", "777788889999"]},
            "Action": "cloudtrail-data:PutAuditEvents", "Resource": ARN
        });
        statement.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }

    #[test]
    fn a_policy_says_who_may_send() {
        let external = json!({"Condition": {"StringEquals": {"cloudtrail:ExternalId": ["one", "two"]}}});
        let cases = [
            (json!({}), "444455556666", None, true),
            (json!({}), "777788889999", None, true),
            (json!({}), "000011112222", None, false),
            (json!({"Principal": "*"}), "000011112222", None, true),
            (json!({"Principal": {"AWS": "arn:aws:iam::000011112222:user/a"}}), "000011112222", None, true),
            (json!({"Principal": {"AWS": "arn:aws:iam::000011112222:user/b"}}), "000011112222", None, false),
            (json!({"Effect": "Deny"}), "444455556666", None, false),
            (external.clone(), "444455556666", Some("two"), true),
            (external.clone(), "444455556666", Some("TWO"), false),
            (external, "444455556666", None, false),
            (
                json!({"Condition": {"StringLike": {"cloudtrail:externalid": "t?o*"}}}),
                "444455556666",
                Some("two-three"),
                true,
            ),
            (
                json!({"Condition": {"StringLike": {"cloudtrail:externalid": "t?o"}}}),
                "444455556666",
                Some("twos"),
                false,
            ),
            (
                json!({"Condition": {"StringNotEquals": {"cloudtrail:ExternalId": "a"}}}),
                "444455556666",
                Some("b"),
                true,
            ),
        ];
        for (given, account, external_id, expected) in cases {
            let policy = Policy::parse(&policy(given.clone()), Kind::Channel, ARN).unwrap();
            let account = AccountId::parse(account).unwrap();
            let caller = format!("arn:aws:iam::{account}:user/a");
            assert_eq!(policy.allows_put(account, &caller, external_id), expected, "{given} {account} {external_id:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            json!({"Action": "cloudtrail:StartQuery"}),
            json!({"Action": ["cloudtrail-data:PutAuditEvents", "x"]}),
            json!({"Resource": "*"}),
            json!({"Effect": "Perhaps"}),
            json!({"Principal": "alice"}),
            json!({"Principal": {"AWS": []}}),
            json!({"Principal": {"AWS": vec!["777788889999"; 51]}}),
            json!({"Principal": {"Federated": "x"}}),
            json!({"Condition": {"Null": {"cloudtrail:ExternalId": "true"}}}),
            json!({"Condition": {"StringEquals": {"aws:SourceIp": "x"}}}),
            json!({"Condition": {"StringEquals": {"cloudtrail:ExternalId": 7}}}),
        ];
        for given in cases {
            let refused = Policy::parse(&policy(given.clone()), Kind::Channel, ARN).unwrap_err();
            assert_eq!(refused.code, Code::ResourcePolicyNotValidException, "{given}");
        }
        for text in ["{}", "", "[]", r#"{"Statement": []}"#] {
            assert!(Policy::parse(text, Kind::Channel, ARN).is_err(), "{text}");
        }
    }
}
