//! What the fuzz targets call: reading of signatures, of requests and of what is in them, without a server around them. No
//! part of the API.

use axum::http::request::Parts;
use event::arn::{AccountId, Region};
use event::time::EventTime;
use serde_json::Value;

use crate::call::{Call, Role};
use crate::fault::Code;
use crate::keys::{AccessKey, Scope};
use crate::operation::Operation;
use crate::policy::Policy;
use crate::queries;
use crate::resource::Kind;
use crate::sigv4::{self, Signed};
use crate::token::Tokens;

/// The channel whose policy is read.
const CHANNEL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE";

/// Returns whether a body can be read as the request that an `X-Amz-Target` names.
pub fn reads(target: &str, body: &[u8]) -> bool {
    Operation::of_target(Some(target)).is_ok_and(|operation| operation.reads(body))
}

/// Returns the names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    Operation::ALL.iter().map(|operation| operation.name())
}

/// Returns whether a request is signed by a key that nobody has told the caller.
pub fn is_signed(request: &Parts, body: &[u8], secret: &str, now: EventTime) -> bool {
    let (Ok(signed), Some(account)) = (Signed::of(request), AccountId::parse("111122223333")) else { return false };
    let key = AccessKey {
        id: signed.credential.key_id.clone(),
        secret: secret.to_owned(),
        session_token: signed.session_token.clone(),
        account,
        role: Role::Admin,
        scope: Scope::Account,
        created: now.into(),
        expires: None,
    };
    sigv4::verify(request, body, &signed, &key, now).is_ok()
}

/// Returns whether a token for the next page is taken that was made by nobody.
pub fn takes_token(token: &str) -> bool {
    let (Some(account), Some(region)) = (AccountId::parse("111122223333"), Region::parse("us-east-1")) else {
        return false;
    };
    let call = Call::by_service(account, region, EventTime::from_micros(0));
    let read =
        Tokens::new(b"a secret").read::<Value>(&call, ("ListTrails", Code::InvalidNextTokenException), &(), token);
    read.is_ok()
}

/// Returns whether the policy of a channel lets somebody send events, or `None` for text that is no such policy.
pub fn policy_allows(text: &str, external_id: Option<&str>) -> Option<bool> {
    let policy = Policy::parse(text, Kind::Channel, CHANNEL).ok()?;
    let account = AccountId::parse("444455556666")?;
    Some(policy.allows_put(account, "arn:aws:iam::444455556666:user/a", external_id))
}

/// Returns a query with its parameters in their places, or `None` for one that has others.
pub fn filled(statement: &str, parameters: &[String]) -> Option<String> {
    queries::filled(statement, parameters).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_read_or_refused() {
        let deep = |depth: usize| format!("{{\"Extra\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let cases = [
            ("CloudTrail_20131101.ListTrails", String::new(), true),
            ("CloudTrail_20131101.ListTrails", "{}".to_owned(), true),
            ("CloudTrail_20131101.ListTrails", deep(50), true),
            ("CloudTrail_20131101.GetTrail", r#"{"Name":"abc"}"#.to_owned(), true),
            ("CloudTrail_20131101.GetTrail", r#"{"Name":1}"#.to_owned(), false),
            ("CloudTrail_20131101.GetTrail", "{}".to_owned(), false),
            ("CloudTrail_20131101.GetTrail", "\0".to_owned(), false),
            ("CloudTrail_20131101.Nothing", "{}".to_owned(), false),
            ("ListTrails", "{}".to_owned(), false),
        ];
        for (target, body, expect) in cases {
            assert_eq!(reads(target, body.as_bytes()), expect, "{target} {body}");
        }
    }

    #[test]
    fn nobody_signs_by_chance() {
        let now = EventTime::from_micros(1_772_366_400_000_000);
        let credential = "Credential=AKIDEXAMPLE/20260301/us-east-1/cloudtrail/aws4_request";
        let whole =
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host;x-amz-date, Signature={}", "0".repeat(64));
        for header in ["", "AWS4-HMAC-SHA256", &whole, &whole.replace("0000", ""), &whole.replace("host", "")] {
            let request = Request::post("/").header("host", "localhost").header("x-amz-date", "20260301T120000Z");
            let (head, ()) = request.header("authorization", header).body(()).unwrap().into_parts();
            assert!(!is_signed(&head, b"{}", "a secret", now), "{header}");
        }
    }

    #[test]
    fn no_token_is_made_up() {
        for token in ["", "e30", "====", &"A".repeat(60), "\u{0}"] {
            assert!(!takes_token(token), "{token}");
        }
    }

    #[test]
    fn a_policy_is_read_before_it_is_asked() {
        let policy = |effect: &str| {
            let statement = json!({
                "Effect": effect, "Principal": "*", "Action": "cloudtrail-data:PutAuditEvents", "Resource": CHANNEL,
                "Condition": {"StringLike": {"cloudtrail:ExternalId": "a*?"}}
            });
            json!({"Statement": statement}).to_string()
        };
        let cases = [
            (policy("Allow"), Some("abc"), Some(true)),
            (policy("Allow"), Some("a"), Some(false)),
            (policy("Allow"), None, Some(false)),
            (policy("Deny"), Some("abc"), Some(false)),
            (policy("Perhaps"), Some("abc"), None),
            ("[".repeat(10_000), None, None),
        ];
        for (text, external_id, expect) in cases {
            assert_eq!(policy_allows(&text, external_id), expect, "{text} {external_id:?}");
        }
    }

    #[test]
    fn places_stay_places() {
        let parameters = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for statement in ["SELECT ?, '?' FROM t WHERE a = 'it''s' -- ?", "SELECT \"'\", ?, 'ü''', ? /* ' ? */"] {
            let once = filled(statement, &parameters(&["?", "?"])).unwrap();
            let values = parameters(&["'", "it''s --"]);
            assert_eq!(filled(&once, &values), filled(statement, &values), "{statement}");
            assert!(filled(statement, &values).is_some() && filled(statement, &values[..1]).is_none(), "{statement}");
        }
    }
}
