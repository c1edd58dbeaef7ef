//! Signatures that AWS's own clients make, and what must not pass.

use axum::http::Request;
use event::arn::AccountId;
use trail::model::Millis;

use super::*;
use crate::call::Role;
use crate::keys::Scope;

/// A request as botocore signs it, with its body.
const BODY: &str = r#"{"MaxResults":1}"#;

fn key() -> AccessKey {
    AccessKey {
        id: "AKIDEXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
        account: AccountId::parse("111122223333").unwrap(),
        role: Role::Admin,
        scope: Scope::Account,
        created: Millis(0),
        expires: None,
    }
}

fn now() -> EventTime {
    EventTime::parse("2026-11-20T12:00:00Z").unwrap()
}

/// Signs as a client does: independent of the code under test only in what it is told to cover.
fn signed_request(change: impl FnOnce(&mut Vec<(&'static str, String)>), date: &str, body: &str) -> (Parts, Vec<u8>) {
    let mut headers = vec![
        ("host", "localhost:4570".to_owned()),
        ("x-amz-date", date.to_owned()),
        ("x-amz-target", "T.LookupEvents".to_owned()),
    ];
    change(&mut headers);
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body_hash = hex(digest(&SHA256, body.as_bytes()).as_ref());
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{body_hash}");
    let day = &date[..8];
    let scope = format!("{day}/eu-central-1/cloudtrail/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
    let mut signing = Key::new(HMAC_SHA256, format!("AWS4{}", key().secret).as_bytes());
    for part in [day, "eu-central-1", "cloudtrail", "aws4_request"] {
        signing = Key::new(HMAC_SHA256, sign(&signing, part.as_bytes()).as_ref());
    }
    let signature = hex(sign(&signing, to_sign.as_bytes()).as_ref());
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}");
    let mut request = Request::post("/").header("authorization", authorization);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    (request.body(()).unwrap().into_parts().0, body.as_bytes().to_vec())
}

fn outcome(request: &Parts, body: &[u8], key: &AccessKey) -> Option<Code> {
    let checked = Signed::of(request).and_then(|signed| verify(request, body, &signed, key, now()));
    checked.err().map(|fault| fault.code)
}

#[test]
fn a_signature_covers_time_headers_and_body() {
    let good = "20261120T115959Z";
    let (request, body) = signed_request(|_| {}, good, BODY);
    assert_eq!(outcome(&request, &body, &key()), None);
    assert_eq!(outcome(&request, b"{}", &key()), Some(Code::InvalidSignatureException), "another body");
    let (mut changed, _) = signed_request(|_| {}, good, BODY);
    changed.headers.insert("x-amz-target", "T.DeleteTrail".parse().unwrap());
    assert_eq!(outcome(&changed, &body, &key()), Some(Code::InvalidSignatureException), "another operation");
    let (mut added, _) = signed_request(|_| {}, good, BODY);
    added.headers.insert("x-amz-security-token", "t".parse().unwrap());
    assert_eq!(outcome(&added, &body, &key()), Some(Code::UnrecognizedClientException), "a token nobody gave");
    let (mut added, _) = signed_request(|_| {}, good, BODY);
    added.headers.insert("x-amz-more", "t".parse().unwrap());
    assert_eq!(outcome(&added, &body, &key()), Some(Code::InvalidSignatureException), "a header that is not covered");
}

#[test]
fn times_are_near_ours() {
    let cases = [
        ("20261120T114501Z", None),
        ("20261120T114459Z", Some(Code::InvalidSignatureException)),
        ("20261120T121459Z", None),
        ("20261120T121501Z", Some(Code::InvalidSignatureException)),
        ("20261120T250000Z", Some(Code::IncompleteSignatureException)),
        ("2026-11-20T12:00:00Z", Some(Code::IncompleteSignatureException)),
    ];
    for (date, expected) in cases {
        let (request, body) = signed_request(|_| {}, date, BODY);
        let got = outcome(&request, &body, &key());
        // A date that is no date makes a scope that is none either.
        assert!(
            got == expected || (expected.is_some() && got == Some(Code::IncompleteSignatureException)),
            "{date}: {got:?}"
        );
    }
}

#[test]
fn temporary_keys_need_their_token_and_end() {
    let temporary = AccessKey {
        session_token: Some("token".to_owned()),
        expires: Some(Millis(now().as_micros() / 1_000 + 1)),
        ..key()
    };
    let with = |token: &'static str| {
        move |headers: &mut Vec<(&'static str, String)>| headers.insert(2, ("x-amz-security-token", token.to_owned()))
    };
    let date = "20261120T115959Z";
    let cases = [("token", None), ("other", Some(Code::UnrecognizedClientException))];
    for (token, expected) in cases {
        let (request, body) = signed_request(with(token), date, BODY);
        assert_eq!(outcome(&request, &body, &temporary), expected, "{token}");
    }
    let ended = AccessKey { expires: Some(Millis(now().as_micros() / 1_000)), ..temporary };
    let (request, body) = signed_request(with("token"), date, BODY);
    assert_eq!(outcome(&request, &body, &ended), Some(Code::ExpiredTokenException));
}

#[test]
fn what_is_not_whole_says_so() {
    let cases = [
        (None, Code::MissingAuthenticationTokenException),
        (Some("Bearer x"), Code::IncompleteSignatureException),
        (Some("AWS4-HMAC-SHA256"), Code::IncompleteSignatureException),
        (Some("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0"), Code::IncompleteSignatureException),
        (
            Some("AWS4-HMAC-SHA256 Credential=a/20261120/../cloudtrail/aws4_request, SignedHeaders=host, Signature=0"),
            Code::IncompleteSignatureException,
        ),
        (
            Some(
                "AWS4-HMAC-SHA256 Credential=a/20261120/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            ),
            Code::InvalidSignatureException,
        ),
    ];
    for (header, expected) in cases {
        let mut request = Request::post("/").header("host", "h").header("x-amz-date", "20261120T115959Z");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(outcome(&parts, b"", &key()), Some(expected), "{header:?}");
    }
}
