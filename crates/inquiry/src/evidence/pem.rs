//! A public key in the form that OpenSSL reads: PKCS#1 DER wrapped as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7; RFC 3279,
//! 2.3.1) and in PEM (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `AlgorithmIdentifier` of rsaEncryption with its parameters, which are NULL.
const RSA_ENCRYPTION: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// Characters of a line.
const LINE: usize = 64;

/// Returns the key as PEM.
pub(super) fn public_key(pkcs1: &[u8]) -> String {
    let bits = element(BIT_STRING, &[&[0], pkcs1].concat());
    let text = STANDARD.encode(element(SEQUENCE, &[RSA_ENCRYPTION, &bits].concat()));
    let lines = text.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n")
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = length.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    let mut out = vec![tag];
    match content.len() {
        // Fits the type by its range.
        short @ 0..0x80 => out.push(short as u8),
        _ => {
            out.push(0x80 | length.len() as u8);
            out.extend(length);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_definite() {
        for (size, expect) in
            [(0, &[0x30, 0][..]), (127, &[0x30, 127]), (128, &[0x30, 0x81, 128]), (256, &[0x30, 0x82, 1, 0])]
        {
            assert!(element(SEQUENCE, &vec![7; size]).starts_with(expect), "{size}");
        }
    }
}
