//! Requests of the API: any bytes are read or refused as any operation's, and nobody signs or makes a token by chance.
#![no_main]

use event::time::EventTime;
use fuzz::parts;
use http::Request;
use libfuzzer_sys::fuzz_target;
use server::fuzzing;

/// 2026-03-01T12:00:00Z, in microseconds.
const NOW: i64 = 1_772_366_400_000_000;

fuzz_target!(|input: &[u8]| {
    let mut halves = input.splitn(2, |byte| *byte == 0);
    let (body, rest) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let rest = String::from_utf8_lossy(rest);
    let [target, authorization, query, parameter] = parts(&rest);
    is_bounded(&String::from_utf8_lossy(body), parameter);
    fuzzing::reads(target, body);
    for name in fuzzing::operations() {
        fuzzing::reads(&format!("CloudTrail_20131101.{name}"), body);
    }
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/cloudtrail/aws4_request, SignedHeaders=host;x-amz-date, \
         Signature={authorization}"
    );
    for header in [authorization, &signed] {
        let request = Request::post(format!("/?{}", query.escape_default()))
            .header("host", "localhost")
            .header("x-amz-date", "20260301T120000Z")
            .header("x-amz-target", target)
            .header("authorization", header)
            .body(());
        // A header that HTTP does not allow never arrives.
        let Ok(request) = request else { continue };
        let (head, ()) = request.into_parts();
        assert!(!fuzzing::is_signed(&head, body, "a secret", EventTime::from_micros(NOW)), "{head:?}");
    }
    // Without the header the signature is looked for in the query.
    if let Ok(request) = Request::post(format!("/?{query}")).header("host", "localhost").body(()) {
        let (head, ()) = request.into_parts();
        assert!(!fuzzing::is_signed(&head, body, "a secret", EventTime::from_micros(NOW)), "{head:?}");
    }
});

/// What requests hold: tokens that nobody made, policies of channels, parameters of queries.
fn is_bounded(text: &str, parameter: &str) {
    assert!(!fuzzing::takes_token(text), "nobody makes a token by chance");
    fuzzing::policy_allows(text, Some(parameter));
    for count in 1..4 {
        let values = vec![parameter.to_owned(); count];
        let places = vec!["?".to_owned(); count];
        // Places filled with places are the places that they were, unless quotes beside them take them in.
        if let Some(again) = fuzzing::filled(text, &places).and_then(|once| fuzzing::filled(&once, &values)) {
            assert_eq!(Some(again), fuzzing::filled(text, &values), "{text}");
        }
    }
}
