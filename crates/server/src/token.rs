//! Tokens for the next page: opaque, signed, and bound to the parameters of the question.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};

/// Bytes of a signature, in front of what it covers.
const SIGNATURE_BYTES: usize = 32;

/// Makes and reads tokens.
pub(crate) struct Tokens(Key);

impl Tokens {
    /// Tokens by a secret that stays over restarts, so that a walk goes on.
    pub(crate) fn new(secret: &[u8]) -> Tokens {
        Tokens(Key::new(HMAC_SHA256, secret))
    }

    /// Makes a token for `place`. `question` is what must be the same when it comes back: everything but the token
    /// and the size of a page.
    ///
    /// # Errors
    /// If a value has no form in JSON.
    pub(crate) fn make(
        &self,
        call: &Call,
        operation: &str,
        question: &impl Serialize,
        place: &impl Serialize,
    ) -> Result<String> {
        let failed = |error: serde_json::Error| Fault::internal("make a token for the next page", &error);
        let place = serde_json::to_vec(place).map_err(failed)?;
        let signature = sign(&self.0, &covered(call, operation, question, &place).map_err(failed)?);
        Ok(URL_SAFE_NO_PAD.encode([signature.as_ref(), &place].concat()))
    }

    /// Returns the place that a token stands for.
    ///
    /// # Errors
    /// `code`, for one that we did not make, or made for another question.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        call: &Call,
        (operation, code): (&str, Code),
        question: &impl Serialize,
        token: &str,
    ) -> Result<T> {
        let refused =
            || Fault::new(code, "The token is not valid, or the other parameters are not those that it was given for.");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (signature, place) = bytes.split_at_checked(SIGNATURE_BYTES).ok_or_else(refused)?;
        let covered = covered(call, operation, question, place).map_err(|_| refused())?;
        verify(&self.0, &covered, signature).map_err(|_| refused())?;
        serde_json::from_slice(place).map_err(|_| refused())
    }
}

fn covered(call: &Call, operation: &str, question: &impl Serialize, place: &[u8]) -> serde_json::Result<Vec<u8>> {
    let asked = (call.account.as_str(), call.region.as_str(), call.sees_all, operation, question);
    let mut bytes = serde_json::to_vec(&asked)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(place);
    Ok(bytes)
}
