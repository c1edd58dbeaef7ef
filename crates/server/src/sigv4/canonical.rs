//! The text of a request that a signature covers.

use std::fmt::Write as _;

use axum::http::request::Parts;

use crate::fault::{Code, Fault, Result};
use crate::sigv4::Signed;

/// Returns the canonical request.
///
/// # Errors
/// If the signature does not cover what it must.
pub(super) fn request(request: &Parts, signed: &Signed, body_hash: &str) -> Result<String> {
    check_cover(request, signed)?;
    let mut text = format!("{}\n{}\n{}\n", request.method, path(request.uri.path()), query(request, signed));
    for name in &signed.headers {
        text.push_str(name);
        text.push(':');
        for (nth, value) in request.headers.get_all(name).iter().enumerate() {
            if nth > 0 {
                text.push(',');
            }
            push_trimmed(&mut text, &String::from_utf8_lossy(value.as_bytes()));
        }
        text.push('\n');
    }
    let said_unsigned = signed.is_presigned
        && request.headers.get("x-amz-content-sha256").is_some_and(|value| value == "UNSIGNED-PAYLOAD");
    let body_hash = if said_unsigned { "UNSIGNED-PAYLOAD" } else { body_hash };
    write!(text, "\n{}\n{body_hash}", signed.headers.join(";"))
        .map_err(|error| Fault::internal("verify a signature", &error))?;
    Ok(text)
}

/// The host and what AWS's own headers say must not be changed on the way.
fn check_cover(request: &Parts, signed: &Signed) -> Result<()> {
    let must = request.headers.keys().map(axum::http::HeaderName::as_str);
    let must = must.filter(|name| *name == "host" || name.starts_with("x-amz-"));
    let uncovered: Vec<&str> = must.filter(|name| !signed.headers.iter().any(|header| header == name)).collect();
    let is_sorted = signed.headers.is_sorted();
    let has_host = signed.headers.iter().any(|header| header == "host");
    if has_host && is_sorted && uncovered.is_empty() {
        return Ok(());
    }
    let message = match uncovered.as_slice() {
        _ if !has_host => "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        [] => "The signed headers are not in the order of their names.".to_owned(),
        uncovered => {
            format!("There were headers present in the request which were not signed: {}", uncovered.join(", "))
        }
    };
    Err(Fault::new(Code::InvalidSignatureException, message))
}

/// The path as it came, its letters encoded once more.
fn path(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { path.split('/').map(encode).collect::<Vec<_>>().join("/") }
}

/// The query, each part encoded anew and in order; the signature itself is not part of it.
fn query(request: &Parts, signed: &Signed) -> String {
    let query = request.uri.query().unwrap_or_default();
    let mut parts: Vec<(String, String)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (encode_decoded(name), encode_decoded(value)))
        .filter(|(name, _)| !(signed.is_presigned && name == "X-Amz-Signature"))
        .collect();
    parts.sort_unstable();
    parts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Encodes text after decoding it, so that it does not matter which letters the client encoded. A `+` is a `+`.
fn encode_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    encode_bytes(&bytes)
}

fn encode(text: &str) -> String {
    encode_bytes(text.as_bytes())
}

fn encode_bytes(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(*byte)),
            other => {
                encoded.push('%');
                encoded.push_str(&crate::sigv4::hex(&[*other]).to_ascii_uppercase());
            }
        }
    }
    encoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A header's value without blanks around it, and with one blank for several.
fn push_trimmed(text: &mut String, value: &str) {
    for (nth, word) in value.split_ascii_whitespace().enumerate() {
        if nth > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}
