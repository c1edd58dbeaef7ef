//! One file: what it is, what is in it, and whether its own signature holds. The costly part, for any number of threads.

use std::io::Read;

use event::key::{FileName, Key};

use crate::digest::{
    Content, ContentHash, DIGEST_BYTES_MAX, Damage, DigestFile, Fault, Location, Metadata, MetadataFile, Packing,
    Pending, PublicKeys, Unproven, inflate, read_content, read_stream,
};

/// How many bytes of content are looked at to tell what an oddly named file is.
const HEAD_BYTES: usize = 4 << 10;

/// What proofs rest on.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The public keys.
    pub keys: PublicKeys,
    /// Signatures saved from S3, where the files themselves no longer have them.
    pub metadata: MetadataFile,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it is now; only for people.
    pub uri: String,
    /// Where it lies in S3, if it was read there.
    pub location: Option<Location>,
    /// The object's own metadata, if it was read from S3.
    pub metadata: Option<Metadata>,
}

impl Found {
    fn name(&self) -> Option<FileName> {
        FileName::parse(self.uri.rsplit('/').next().unwrap_or(&self.uri))
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Examined {
    /// A digest, or a file that should be one.
    Digest(Box<FoundDigest>),
    /// A log file, or anything else.
    File(Box<FoundFile>),
}

/// A digest as far as it can be judged by itself.
#[derive(Debug)]
pub struct FoundDigest {
    /// Where it is now.
    pub uri: String,
    /// What its name says, if that is a digest's name.
    pub name: Option<FileName>,
    /// What it says, or why it counts for nothing.
    pub outcome: Result<Claim, Fault>,
    /// Whether other bytes follow the digest's gzip stream.
    pub has_trailing_data: bool,
}

/// What a digest says, and how far that is proven.
#[derive(Debug)]
pub struct Claim {
    /// What it says.
    pub file: DigestFile,
    /// The digest's own key, parsed.
    pub key: Key,
    /// The hash of its content, which the next digest repeats.
    pub hash: ContentHash,
    /// What is still to be verified, where no signature was found yet.
    pub pending: Option<Pending>,
}

/// A file that is no digest.
#[derive(Debug)]
pub struct FoundFile {
    /// Where it is now.
    pub uri: String,
    /// What its name says, if that is a log file's name.
    pub name: Option<FileName>,
    /// Its content, or what is wrong with it.
    pub content: Result<Content, Damage>,
    /// Whether it holds records, whatever its name is.
    pub has_records: bool,
}

/// Examines a file that is in memory. `scratch` is reused from file to file.
pub fn examine(found: Found, bytes: &[u8], evidence: &Evidence, scratch: &mut Vec<u8>) -> Examined {
    match found.name() {
        Some(FileName::DigestFile(_)) => digest(found, open(bytes), evidence),
        Some(FileName::LogFile(_)) => {
            let content = log_content(bytes, scratch);
            Examined::File(Box::new(FoundFile { name: found.name(), uri: found.uri, content, has_records: true }))
        }
        None => unnamed(found, bytes, evidence, scratch),
    }
}

/// Examines a file that is too large to be held. No digest is.
pub fn examine_stream(found: Found, reader: impl Read) -> Examined {
    let name = found.name();
    if matches!(name, Some(FileName::DigestFile(_))) {
        let outcome = Err(Fault::TooLarge);
        return Examined::Digest(Box::new(FoundDigest { uri: found.uri, name, outcome, has_trailing_data: false }));
    }
    let has_records = name.is_some();
    Examined::File(Box::new(FoundFile { uri: found.uri, name, content: read_stream(reader), has_records }))
}

/// A log file's content; one that somebody has inflated counts by what it holds.
fn log_content(bytes: &[u8], scratch: &mut Vec<u8>) -> Result<Content, Damage> {
    match read_content(bytes, scratch) {
        Err(Damage::NotGzip) if bytes.trim_ascii_start().starts_with(b"{") => {
            Ok(Content { hash: ContentHash::of(bytes), bytes: bytes.len() as u64, packing: Packing::Plain })
        }
        content => content,
    }
}

fn unnamed(found: Found, bytes: &[u8], evidence: &Evidence, scratch: &mut Vec<u8>) -> Examined {
    let inflated = match inflate(bytes, DIGEST_BYTES_MAX) {
        Ok((inflated, _)) => inflated,
        Err(Damage::NotGzip) => bytes.to_vec(),
        Err(_) => Vec::new(),
    };
    let head = inflated.get(..inflated.len().min(HEAD_BYTES)).unwrap_or_default();
    let holds = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    if holds("\"digestS3Object\"") || holds("\"digestEndTime\"") {
        return digest(found, open(bytes), evidence);
    }
    let has_records = holds("\"Records\"");
    Examined::File(Box::new(FoundFile {
        name: None,
        uri: found.uri,
        content: log_content(bytes, scratch),
        has_records,
    }))
}

/// Opens a digest, gzipped or inflated by somebody.
fn open(bytes: &[u8]) -> Result<Unproven, Fault> {
    match Unproven::open(bytes) {
        Err(Fault::NotGzip) if bytes.trim_ascii_start().starts_with(b"{") => Unproven::read(bytes),
        opened => opened,
    }
}

fn digest(found: Found, opened: Result<Unproven, Fault>, evidence: &Evidence) -> Examined {
    let has_trailing_data = opened.as_ref().is_ok_and(|opened| opened.has_trailing_data);
    let outcome = opened.and_then(|opened| claim(&opened, &found, evidence));
    Examined::Digest(Box::new(FoundDigest { name: found.name(), uri: found.uri, outcome, has_trailing_data }))
}

fn claim(opened: &Unproven, found: &Found, evidence: &Evidence) -> Result<Claim, Fault> {
    let file = opened.file()?;
    if let Some(suspect) = file.suspect_path() {
        return Err(Fault::SuspectPath(suspect.key.clone()));
    }
    let key = Key::parse(&file.location.key).filter(|key| matches!(key.file, FileName::DigestFile(_)));
    let key = key.ok_or_else(|| Fault::SuspectPath(file.location.key.clone()))?;
    let own = found.metadata.as_ref().filter(|metadata| metadata.is_signed());
    let metadata = own.or_else(|| evidence.metadata.find(&file.location));
    let is_backfill = matches!(&key.file, FileName::DigestFile(name) if name.backfill);
    if is_backfill && metadata.is_some_and(|metadata| metadata.backfill_generation_timestamp.is_none()) {
        // AWS's validator looks for the key of that time.
        return Err(Fault::NoBackfillTime);
    }
    let signature = metadata.and_then(|metadata| metadata.signature.as_deref());
    let pending = match signature {
        Some(signature) => {
            opened.verify_signature(signature, &evidence.keys)?;
            None
        }
        None => {
            let pending = opened.pending();
            evidence.keys.usable(&pending.fingerprint)?;
            Some(pending)
        }
    };
    Ok(Claim { file, key, hash: opened.hash, pending })
}
