//! Signature Version 4, from the side that verifies.
//!
//! Source: AWS's "Signature Version 4 for API requests". A request is signed in its headers or, presigned, in its query. What
//! is signed must cover the host and every `x-amz-` header, the body always counts, and the time must be ours within
//! [`SKEW_MAX`]. A request that is repeated within that time is good, as at AWS.

mod canonical;
mod parse;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::http::request::Parts;
use event::time::{EventTime, SECOND};

use crate::fault::{Code, Fault, Result};
use crate::keys::AccessKey;
pub(crate) use parse::{Credential, Signed, text_header};

/// How far a request's time may be from ours, in microseconds: fifteen minutes.
pub(crate) const SKEW_MAX: i64 = 15 * 60 * SECOND;
/// The services that requests may be signed for.
const SERVICES: [&str; 3] = ["cloudtrail", "cloudtrail-data", "trailkeep"];

/// Verifies that the holder of `key` has signed the request, now.
///
/// # Errors
/// What the caller is told: which part does not fit, never what would.
pub(crate) fn verify(request: &Parts, body: &[u8], signed: &Signed, key: &AccessKey, now: EventTime) -> Result<()> {
    check_scope(&signed.credential)?;
    check_time(signed, now)?;
    check_token(signed, key, now)?;
    let body_hash = hex(digest(&SHA256, body).as_ref());
    check_body(request, signed, &body_hash)?;
    let canonical = canonical::request(request, signed, &body_hash)?;
    let scope = signed.credential.scope();
    let canonical_hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{canonical_hash}", signed.date);
    let expected = sign(&signing_key(&key.secret, &signed.credential), to_sign.as_bytes());
    verify_slices_are_equal(hex(expected.as_ref()).as_bytes(), signed.signature.as_bytes()).map_err(|_| {
        Fault::new(
            Code::InvalidSignatureException,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    })
}

fn check_scope(credential: &Credential) -> Result<()> {
    if SERVICES.contains(&credential.service.as_str()) {
        return Ok(());
    }
    let message = format!(
        "Credential should be scoped to correct service: '{}' is not one of {}.",
        credential.service,
        SERVICES.join(", ")
    );
    Err(Fault::new(Code::InvalidSignatureException, message))
}

fn check_time(signed: &Signed, now: EventTime) -> Result<()> {
    let age = now.as_micros() - signed.time.as_micros();
    let invalid = |message: String| Err(Fault::new(Code::InvalidSignatureException, message));
    if !signed.date.starts_with(&signed.credential.date) {
        let date = &signed.credential.date;
        return invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: '{date}' != '{}'",
            signed.date
        ));
    }
    if age < -SKEW_MAX {
        return invalid(format!(
            "Signature not yet current: {} is still later than the service's time + 15 min.",
            signed.date
        ));
    }
    let lasts = signed.expires.map_or(SKEW_MAX, |seconds| i64::from(seconds) * SECOND);
    if age > lasts {
        return invalid(format!(
            "Signature expired: {} is now earlier than the service's time - {} s.",
            signed.date,
            lasts / SECOND
        ));
    }
    Ok(())
}

/// A temporary key comes with its token, and ends.
fn check_token(signed: &Signed, key: &AccessKey, now: EventTime) -> Result<()> {
    let given = signed.session_token.as_deref().unwrap_or_default();
    let demanded = key.session_token.as_deref().unwrap_or_default();
    if verify_slices_are_equal(given.as_bytes(), demanded.as_bytes()).is_err() {
        return Err(unknown_key());
    }
    match key.expires {
        Some(expires) if expires.time() <= now => {
            Err(Fault::new(Code::ExpiredTokenException, "The security token included in the request is expired"))
        }
        _ => Ok(()),
    }
}

/// A client may say what the hash of the body is; then it must be.
fn check_body(request: &Parts, signed: &Signed, body_hash: &str) -> Result<()> {
    let said = request.headers.get("x-amz-content-sha256").map(axum::http::HeaderValue::as_bytes);
    match said {
        None => Ok(()),
        Some(said) if said == body_hash.as_bytes() => Ok(()),
        Some(b"UNSIGNED-PAYLOAD") if signed.is_presigned => Ok(()),
        Some(_) => Err(Fault::new(
            Code::InvalidSignatureException,
            "The value passed as x-amz-content-sha256 is not the SHA-256 of the request's body.",
        )),
    }
}

/// What is answered to a key that nobody has.
pub(crate) fn unknown_key() -> Fault {
    Fault::new(Code::UnrecognizedClientException, "The security token included in the request is invalid.")
}

fn signing_key(secret: &str, credential: &Credential) -> Key {
    let mut key = Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [&credential.date, &credential.region_text, &credential.service, "aws4_request"] {
        key = Key::new(HMAC_SHA256, sign(&key, part.as_bytes()).as_ref());
    }
    key
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
