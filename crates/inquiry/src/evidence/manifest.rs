//! The list of a bundle's files with their hashes, and what they are evidence of.

use serde::Serialize;
use trail::digest::ContentHash;

use crate::error::{Error, Result};
use crate::evidence::Proven;
use crate::evidence::archive::File;

/// Version of the format: see `docs/format/evidence.md`.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    version: u32,
    event_id: &'a str,
    event_name: &'a str,
    event_time: &'a str,
    account: &'a str,
    log_file: &'a str,
    log_file_sha256: &'a str,
    digest: &'a str,
    digest_sha256: &'a str,
    public_key_fingerprint: &'a str,
    next_digest: Option<&'a str>,
    files: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    bytes: usize,
    sha256: String,
}

/// Returns the manifest of these files. It follows from them alone.
pub(super) fn text(proven: &Proven, files: &[File]) -> Result<String> {
    let listed = files.iter().map(|(name, content)| Listed {
        name,
        bytes: content.len(),
        sha256: ContentHash::of(content).to_string(),
    });
    let manifest = Manifest {
        format: "trailkeep-evidence",
        version: VERSION,
        event_id: &proven.event_id,
        event_name: &proven.event_name,
        event_time: &proven.event_time,
        account: &proven.account,
        log_file: &proven.log_file,
        log_file_sha256: &proven.log_file_sha256,
        digest: &proven.digest,
        digest_sha256: &proven.digest_sha256,
        public_key_fingerprint: &proven.fingerprint,
        next_digest: proven.next_digest.as_deref(),
        files: listed.collect(),
    };
    let text = serde_json::to_string_pretty(&manifest);
    text.map(|text| text + "\n").map_err(|error| Error::not_proven(format!("write the manifest: {error}")))
}
