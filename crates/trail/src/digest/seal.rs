//! Building digests: a content, packed and signed as CloudTrail does it, each sealed onto the one before.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use libdeflater::{CompressionLvl, Compressor};

use crate::digest::file::{SIGNATURE_ALGORITHM, print_time};
use crate::digest::hash::hex;
use crate::digest::unproven::signed_text;
use crate::digest::{ContentHash, DigestFile, Metadata, Previous};

/// A private key that digests are signed by.
pub struct SigningKey {
    pair: RsaKeyPair,
    fingerprint: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads an RSA key from PKCS#8 DER. `fingerprint` is the name under which its public part is published.
    ///
    /// # Errors
    /// If the bytes are no RSA key of at least 2,048 bits.
    pub fn from_pkcs8(der: &[u8], fingerprint: impl Into<String>) -> Result<SigningKey, SealError> {
        let pair = RsaKeyPair::from_pkcs8(der)
            .map_err(|_| SealError("the key to sign digests with is no RSA key in PKCS#8 form"))?;
        Ok(SigningKey { pair, fingerprint: fingerprint.into() })
    }

    /// Returns the public part as PKCS#1 DER, which is how ListPublicKeys gives it.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Returns the name of the public part.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Signs a text as digests are signed: RSASSA-PKCS1-v1_5 with SHA-256, in lower-case hex digits. The same text has the
    /// same signature.
    ///
    /// # Errors
    /// If the signature cannot be made.
    pub fn sign(&self, text: &[u8]) -> Result<String, SealError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
            .map_err(|_| SealError("the signature could not be made"))?;
        Ok(hex(&signature))
    }

    /// Packs and signs a digest. Its fingerprint becomes this key's.
    ///
    /// # Errors
    /// If the signature cannot be made.
    pub fn seal(&self, mut file: DigestFile) -> Result<Sealed, SealError> {
        file.fingerprint.clone_from(&self.fingerprint);
        let content = file.to_json();
        let hash = ContentHash::of(content.as_bytes());
        let previous = file.previous.as_ref().and_then(|previous| previous.signature.as_deref());
        let signed = signed_text(&print_time(file.end), &file.location, hash, previous.unwrap_or("null"));
        let metadata = Metadata {
            signature: Some(self.sign(signed.as_bytes())?),
            signature_algorithm: Some(SIGNATURE_ALGORITHM.to_owned()),
            backfill_generation_timestamp: None,
        };
        Ok(Sealed { bytes: gzip(content.as_bytes(), CompressionLvl::default())?, file, hash, metadata })
    }
}

/// A digest that is ready to be put into its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What it says.
    pub file: DigestFile,
    /// The object's bytes.
    pub bytes: Vec<u8>,
    /// The hash of its content.
    pub hash: ContentHash,
    /// The object's metadata.
    pub metadata: Metadata,
}

impl Sealed {
    /// Returns what the next digest of the chain says of this one.
    pub fn as_previous(&self) -> Previous {
        Previous {
            location: self.file.location.clone(),
            hash: Some(self.hash.to_string()),
            signature: self.metadata.signature.clone(),
        }
    }
}

/// Why a digest could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError(&'static str);

impl SealError {
    pub(crate) fn new(what: &'static str) -> SealError {
        SealError(what)
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for SealError {}

/// Packs content as one gzip stream. The same content gives the same bytes: the header has no time.
pub(crate) fn gzip(content: &[u8], level: CompressionLvl) -> Result<Vec<u8>, SealError> {
    let mut compressor = Compressor::new(level);
    let mut bytes = vec![0; compressor.gzip_compress_bound(content.len())];
    let length =
        compressor.gzip_compress(content, &mut bytes).map_err(|_| SealError("the content could not be packed"))?;
    bytes.truncate(length);
    Ok(bytes)
}
