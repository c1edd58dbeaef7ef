//! The parts of a bundle, and the proof that they are.

use std::io::Read;

use flate2::bufread::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use trail::digest::{ContentHash, DigestFile, PublicKeys, Unproven, read_content};

use crate::error::{Error, Result};
use crate::evidence::archive::{self, File};
use crate::evidence::{manifest, pem, readme};

const README: &str = "README.txt";
const MANIFEST: &str = "manifest.json";
const RECORD: &str = "record.json";
const LOG_FILE: &str = "log-file.json.gz";
/// A log file that was kept without its packing.
const PLAIN_LOG_FILE: &str = "log-file.json";
const DIGEST: &str = "digest";
const NEXT: &str = "next-digest";
/// Most bytes that a log file inflates to here.
const CONTENT_BYTES_MAX: u64 = 4 << 30;

/// A digest with its signature and the key to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// Uncompressed content.
    pub content: Vec<u8>,
    /// The signature's bytes, where there is one.
    pub signature: Option<Vec<u8>>,
    /// The key, as PKCS#1 DER; there is one where there is a signature.
    pub key: Option<Vec<u8>>,
}

/// All of a bundle but what is written around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub record: Vec<u8>,
    pub log_file: Vec<u8>,
    pub digest: Signed,
    /// The digest after it, which repeats its hash and its signature.
    pub next: Option<Signed>,
}

/// What a bundle proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The event's ID; empty for an event without one.
    pub event_id: String,
    /// The event's name.
    pub event_name: String,
    /// The event's time, as written.
    pub event_time: String,
    /// Where the log file was delivered.
    pub log_file: String,
    /// SHA-256 of its content.
    pub log_file_sha256: String,
    /// The digest that lists it.
    pub digest: String,
    /// SHA-256 of its content.
    pub digest_sha256: String,
    /// When the hour of the digest ends.
    pub digest_end: jiff::Timestamp,
    /// The name of the key that the digest is signed by.
    pub fingerprint: String,
    /// The account and the Region of the digest.
    pub account: String,
    /// The digest after it, if the bundle has it.
    pub next_digest: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventID", default)]
    id: String,
    #[serde(rename = "eventName", default)]
    name: String,
    #[serde(rename = "eventTime", default)]
    time: String,
}

#[derive(Deserialize)]
struct Records<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

impl Parts {
    /// Takes the parts out of files, of which none may be missing or too many.
    pub(super) fn from_files(files: Vec<File>) -> Result<Parts> {
        let mut left = files;
        let mut take = |name: &str| {
            let at = left.iter().position(|(found, _)| found == name)?;
            Some(left.remove(at).1)
        };
        let needed = |name: &str, part: Option<Vec<u8>>| {
            part.ok_or_else(|| Error::not_proven(format!("the bundle has no `{name}`")))
        };
        for name in [README, MANIFEST] {
            needed(name, take(name))?;
        }
        let record = needed(RECORD, take(RECORD))?;
        let packed = take(LOG_FILE).or_else(|| take(PLAIN_LOG_FILE));
        let log_file = needed(LOG_FILE, packed)?;
        let mut signed = |name: &str| {
            // The text that is signed and the PEM follow from the others.
            take(&format!("{name}.signed.txt"));
            take(&format!("{name}.public-key.pem"));
            let content = take(&format!("{name}.json"))?;
            let signature = take(&format!("{name}.signature.bin"));
            Some(Signed { content, signature, key: take(&format!("{name}.public-key.der")) })
        };
        let digest = signed(DIGEST).ok_or_else(|| Error::not_proven("the bundle has no `digest.json`"))?;
        let next = signed(NEXT);
        match left.first() {
            Some((name, _)) => {
                Err(Error::not_proven(format!("the bundle holds `{name}`, which does not belong there")))
            }
            None => Ok(Parts { record, log_file, digest, next }),
        }
    }

    /// Proves the record by the log file, the log file by the digest, and the digest by its signature.
    pub(super) fn prove(&self) -> Result<Proven> {
        let (digest, hash) = self.digest.prove(DIGEST)?;
        let content = read_content(&self.log_file, &mut Vec::new()).map(|content| content.hash);
        let log_hash = match content {
            Ok(hash) => hash,
            Err(_) if self.is_plain() => ContentHash::of(&self.log_file),
            Err(damage) => return Err(Error::not_proven(format!("the log file cannot be read: {damage}"))),
        };
        let listed = digest.log_files.iter().find(|entry| ContentHash::parse(&entry.hash) == Some(log_hash));
        let listed = listed.ok_or_else(|| {
            let place = &digest.location;
            Error::not_proven(format!("the digest `{place}` does not list a log file with the content `{log_hash}`"))
        })?;
        let event = self.find_record()?;
        let next_digest = self.next.as_ref().map(|next| self.prove_next(next, &digest, hash)).transpose()?;
        Ok(Proven {
            event_id: event.id,
            event_name: event.name,
            event_time: event.time,
            log_file: listed.location.to_string(),
            log_file_sha256: log_hash.to_string(),
            digest_sha256: hash.to_string(),
            digest_end: digest.end,
            fingerprint: digest.fingerprint,
            account: digest.account_id,
            digest: digest.location.to_string(),
            next_digest,
        })
    }

    /// Finds the record among those of the log file, byte for byte.
    fn find_record(&self) -> Result<Event> {
        let unreadable = |error: String| Error::not_proven(format!("the log file holds no records: {error}"));
        let mut inflated = String::new();
        let text = if self.is_plain() {
            std::str::from_utf8(&self.log_file).map_err(|error| unreadable(error.to_string()))?
        } else {
            let mut reader = GzDecoder::new(self.log_file.as_slice()).take(CONTENT_BYTES_MAX);
            reader.read_to_string(&mut inflated).map_err(|error| unreadable(error.to_string()))?;
            &inflated
        };
        let log: Records<'_> = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        if !log.records.iter().any(|record| record.get().as_bytes() == self.record) {
            return Err(Error::not_proven("the record is not in the log file"));
        }
        let failed = |error| Error::not_proven(format!("the record cannot be read: {error}"));
        serde_json::from_slice(&self.record).map_err(failed)
    }

    /// Holds the digest against what the next one repeats of it, and proves that one if it is signed.
    fn prove_next(&self, next: &Signed, digest: &DigestFile, hash: ContentHash) -> Result<String> {
        let file = match next.signature {
            Some(_) => next.prove(NEXT)?.0,
            None => next.open(NEXT)?.file().map_err(|fault| Error::not_proven(format!("the next digest: {fault}")))?,
        };
        let repeats = file.previous.as_ref().is_some_and(|previous| {
            let signature = previous.signature.as_deref().and_then(unhex);
            previous.location == digest.location
                && previous.hash.as_deref().is_none_or(|repeated| ContentHash::parse(repeated) == Some(hash))
                && signature == self.digest.signature
        });
        if !repeats {
            let place = &file.location;
            return Err(Error::not_proven(format!(
                "the next digest `{place}` does not repeat hash and signature of this one"
            )));
        }
        Ok(file.location.to_string())
    }

    fn is_plain(&self) -> bool {
        self.log_file.trim_ascii_start().starts_with(b"{")
    }

    /// Packs the bundle: the parts, and what follows from them.
    pub(super) fn pack(&self, proven: &Proven) -> Result<Vec<u8>> {
        let files = self.files(proven)?;
        archive::write(files.iter().map(|(name, content)| (name.as_str(), content.as_slice())))
    }

    fn files(&self, proven: &Proven) -> Result<Vec<File>> {
        let log_file = if self.is_plain() { PLAIN_LOG_FILE } else { LOG_FILE };
        let mut files: Vec<File> = vec![
            (README.to_owned(), readme::text(proven, log_file).into_bytes()),
            (RECORD.to_owned(), self.record.clone()),
            (log_file.to_owned(), self.log_file.clone()),
        ];
        files.extend(self.digest.files(DIGEST)?);
        if let Some(next) = &self.next {
            files.extend(next.files(NEXT)?);
        }
        files.insert(1, (MANIFEST.to_owned(), manifest::text(proven, &files)?.into_bytes()));
        Ok(files)
    }

    /// Says where a bundle differs from what its parts make.
    pub(super) fn difference(&self, proven: &Proven, bundle: &[u8]) -> Error {
        let (Ok(expected), Ok(found)) = (self.files(proven), archive::read(bundle)) else {
            return Error::not_proven("the bundle was changed");
        };
        let other = expected.iter().find(|file| !found.contains(file)).map(|(name, _)| name);
        Error::not_proven(match other {
            Some(name) => format!("the bundle was changed: `{name}` does not fit the rest"),
            None => "the bundle was changed around its files: it is not as it was packed".to_owned(),
        })
    }
}

impl Signed {
    fn open(&self, what: &str) -> Result<Unproven> {
        Unproven::read(&self.content).map_err(|fault| Error::not_proven(format!("`{what}.json` is no digest: {fault}")))
    }

    /// Proves the digest by its signature and the key.
    fn prove(&self, what: &str) -> Result<(DigestFile, ContentHash)> {
        let unproven = self.open(what)?;
        let (Some(signature), Some(key)) = (&self.signature, &self.key) else {
            return Err(Error::not_proven(format!("`{what}.json` has no signature or no public key beside it")));
        };
        let mut keys = PublicKeys::default();
        keys.add(unproven.fingerprint().unwrap_or_default(), key);
        let proven = unproven.verify_signature(&hex(signature), &keys);
        let file = proven.map_err(|fault| Error::not_proven(format!("`{what}.json` is not proven: {fault}")))?;
        Ok((file, unproven.hash))
    }

    fn files(&self, what: &str) -> Result<Vec<File>> {
        let mut files = vec![(format!("{what}.json"), self.content.clone())];
        if let Some(signature) = &self.signature {
            files.push((format!("{what}.signed.txt"), self.open(what)?.pending().signed.into_bytes()));
            files.push((format!("{what}.signature.bin"), signature.clone()));
        }
        if let Some(key) = &self.key {
            files.push((format!("{what}.public-key.der"), key.clone()));
            files.push((format!("{what}.public-key.pem"), pem::public_key(key).into_bytes()));
        }
        Ok(files)
    }
}

/// Reads hex digits of either case.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
