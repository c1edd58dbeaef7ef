//! A digest as it is found: opened, and not believed before its signature is verified.

use serde_json::{Map, Value};

use crate::digest::content::{Damage, inflate};
use crate::digest::file::type_of;
use crate::digest::hash::unhex;
use crate::digest::{ContentHash, DigestFile, Fault, Location, Metadata, PublicKeys};

/// Most bytes that a digest may inflate to. One of an hour with 100,000 log files has 60 MB.
pub const DIGEST_BYTES_MAX: u64 = 128 << 20;

/// The members without which AWS's own validator takes nothing for a digest.
const REQUIRED: [&str; 6] = [
    "digestPublicKeyFingerprint",
    "digestS3Bucket",
    "digestS3Object",
    "previousDigestSignature",
    "digestEndTime",
    "digestStartTime",
];

/// A digest's content, not proven yet.
#[derive(Debug, Clone)]
pub struct Unproven {
    /// The hash of the content, which is a part of what is signed.
    pub hash: ContentHash,
    /// Whether bytes follow the gzip stream. They prove nothing and change nothing.
    pub has_trailing_data: bool,
    members: Map<String, Value>,
}

/// Opens a digest and proves it, in the order in which AWS's validator looks: the first fault is the status.
///
/// `at` is where the digest was read; without it the digest's own word is taken, which the signature covers.
///
/// # Errors
/// A [`Fault`] for a digest that counts for nothing.
pub fn verify(
    bytes: &[u8],
    at: Option<&Location>,
    metadata: &Metadata,
    keys: &PublicKeys,
) -> Result<DigestFile, Fault> {
    Unproven::open(bytes)?.verify(at, metadata, keys)
}

impl Unproven {
    /// Opens gzipped content.
    ///
    /// # Errors
    /// A [`Fault`] if the bytes are no gzipped JSON.
    pub fn open(bytes: &[u8]) -> Result<Unproven, Fault> {
        let (content, has_trailing_data) = inflate(bytes, DIGEST_BYTES_MAX).map_err(|damage| match damage {
            Damage::NotGzip => Fault::NotGzip,
            Damage::TooLarge => Fault::TooLarge,
            _ => Fault::DamagedGzip,
        })?;
        Ok(Unproven { has_trailing_data, ..Unproven::read(&content)? })
    }

    /// Takes content that is inflated already.
    ///
    /// # Errors
    /// A [`Fault`] if it is no JSON object.
    pub fn read(content: &[u8]) -> Result<Unproven, Fault> {
        match serde_json::from_slice(content) {
            Ok(Value::Object(members)) => {
                Ok(Unproven { hash: ContentHash::of(content), has_trailing_data: false, members })
            }
            Ok(other) => Err(Fault::NotObject(type_of(&other))),
            Err(_) => Err(Fault::NotJson),
        }
    }

    /// Returns whether this is the content of a digest, and not of another kind of file.
    pub fn is_digest(&self) -> bool {
        self.members.contains_key("digestS3Object") || self.members.contains_key("digestEndTime")
    }

    /// Returns the fingerprint that the digest names, if it is text.
    pub fn fingerprint(&self) -> Option<&str> {
        self.members.get("digestPublicKeyFingerprint")?.as_str()
    }

    /// Returns what the digest says, proven or not.
    ///
    /// # Errors
    /// A [`Fault`] if it lacks a member, or one has a wrong type.
    pub fn file(&self) -> Result<DigestFile, Fault> {
        self.check_members()?;
        let file = DigestFile::from_members(&self.members)?;
        if file.leads_back() { Err(Fault::Cycle) } else { Ok(file) }
    }

    /// Checks all that can be checked before a key is needed: that it is signed, complete and where it says.
    ///
    /// # Errors
    /// A [`Fault`].
    pub fn check(&self, at: Option<&Location>, metadata: &Metadata) -> Result<(), Fault> {
        if !metadata.is_signed() {
            return Err(Fault::NoSignature);
        }
        let is_backfill = at.is_some_and(|at| at.key.ends_with("_backfill.json.gz"));
        if is_backfill && metadata.backfill_generation_timestamp.is_none() {
            return Err(Fault::NoBackfillTime);
        }
        self.check_members()?;
        match at {
            Some(at) if !self.says_it_lies(at) => Err(Fault::Moved),
            _ => Ok(()),
        }
    }

    /// Proves the digest.
    ///
    /// # Errors
    /// A [`Fault`] for a digest that counts for nothing.
    pub fn verify(&self, at: Option<&Location>, metadata: &Metadata, keys: &PublicKeys) -> Result<DigestFile, Fault> {
        self.check(at, metadata)?;
        self.verify_signature(metadata.signature.as_deref().unwrap_or_default(), keys)
    }

    /// Proves the digest as AWS's validator does, which takes a digest with wrong types in members that it does not look at.
    ///
    /// # Errors
    /// A [`Fault`] for a digest that counts for nothing.
    pub fn verify_as_aws(
        &self,
        at: Option<&Location>,
        metadata: &Metadata,
        keys: &PublicKeys,
    ) -> Result<DigestFile, Fault> {
        self.check(at, metadata)?;
        self.pending().verify(metadata.signature.as_deref().unwrap_or_default(), keys)?;
        let file = DigestFile::from_members_as_aws(&self.members)?;
        if file.leads_back() { Err(Fault::Cycle) } else { Ok(file) }
    }

    /// Proves the digest by a signature in hex digits, wherever that was found.
    ///
    /// # Errors
    /// A [`Fault`] for a digest that counts for nothing.
    pub fn verify_signature(&self, signature: &str, keys: &PublicKeys) -> Result<DigestFile, Fault> {
        self.check_members()?;
        self.pending().verify(signature, keys)?;
        let file = DigestFile::from_members(&self.members)?;
        if file.leads_back() { Err(Fault::Cycle) } else { Ok(file) }
    }

    /// Returns the text that is signed: four lines without an end of line behind the last.
    pub(crate) fn signed_text(&self) -> String {
        let spelled = |member| self.members.get(member).map(spelled).unwrap_or_default();
        let (end, bucket, key) = (spelled("digestEndTime"), spelled("digestS3Bucket"), spelled("digestS3Object"));
        let previous = match self.members.get("previousDigestSignature") {
            None | Some(Value::Null) => "null".to_owned(),
            Some(other) => self::spelled(other),
        };
        signed_text(&end, &Location { bucket, key }, self.hash, &previous)
    }

    /// Returns what is needed to verify the signature once it is found.
    pub fn pending(&self) -> Pending {
        let fingerprint = self.members.get("digestPublicKeyFingerprint").map(spelled).unwrap_or_default();
        Pending { fingerprint, signed: self.signed_text() }
    }

    fn check_members(&self) -> Result<(), Fault> {
        match REQUIRED.into_iter().find(|member| !self.members.contains_key(*member)) {
            Some(missing) => Err(Fault::MissingMember(missing)),
            None => Ok(()),
        }
    }

    fn says_it_lies(&self, at: &Location) -> bool {
        let says = |member, text: &str| self.members.get(member).and_then(Value::as_str) == Some(text);
        says("digestS3Bucket", &at.bucket) && says("digestS3Object", &at.key)
    }
}

/// A digest that waits for its signature, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Which key it names.
    pub fingerprint: String,
    /// The text that is signed.
    pub signed: String,
}

impl Pending {
    /// Verifies a signature in hex digits.
    ///
    /// # Errors
    /// A [`Fault`] about the key or the signature.
    pub fn verify(&self, signature: &str, keys: &PublicKeys) -> Result<(), Fault> {
        keys.usable(&self.fingerprint)?;
        let is_odd = !signature.len().is_multiple_of(2);
        let signature = unhex(signature).ok_or(Fault::SignatureNotHex { is_odd })?;
        keys.verify(&self.fingerprint, self.signed.as_bytes(), &signature)
    }
}

/// Returns the text that a digest's signature covers. `previous` is the signature of the digest before, or `null`.
pub(crate) fn signed_text(end: &str, at: &Location, hash: ContentHash, previous: &str) -> String {
    format!("{end}\n{}/{}\n{hash}\n{previous}", at.bucket, at.key)
}

/// Returns text as it is, and anything else as JSON, so that a digest signed with a wrong type is told by its type.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl DigestFile {
    /// Returns whether the digest named as the one before is this one, or by its name a later one: following the link
    /// would never end.
    fn leads_back(&self) -> bool {
        let Some(previous) = &self.previous else { return false };
        let named = event::key::FileName::parse(previous.location.file_name());
        previous.location == self.location || named.is_some_and(|name| name.time() >= self.end)
    }
}
