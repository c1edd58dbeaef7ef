//! What the fuzz targets call: reading of signatures and of requests, without a server around them. No part of the API.

use axum::http::request::Parts;
use event::arn::AccountId;
use event::time::EventTime;

use crate::call::Role;
use crate::keys::{AccessKey, Scope};
use crate::operation::Operation;
use crate::sigv4::{self, Signed};

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

#[cfg(test)]
mod tests {
    use axum::http::Request;

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
}
