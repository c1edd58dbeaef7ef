//! Requests of the API: any bytes are read or refused as any operation's, and nobody signs by chance.
#![no_main]

use event::time::EventTime;
use http::Request;
use libfuzzer_sys::fuzz_target;
use server::fuzzing;

/// 2026-03-01T12:00:00Z, in microseconds.
const NOW: i64 = 1_772_366_400_000_000;

fuzz_target!(|input: (&[u8], &str, &str, &str)| {
    let (body, target, authorization, query) = input;
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
