//! Proving digests that were collected: each by its own signature, or by the one that the digest after it repeats.
//!
//! It comes after a collection, and again whenever there may be more to prove by: a digest delivered later, a key, saved
//! signatures. What is proven once is not looked at again.

use futures::StreamExt;
use lake::{Batch, LogFile, LogFileKind, ToProve, Writer};
use serde::{Deserialize, Serialize};
use trail::digest::{Location, MetadataFile, Pending, PublicKeys};

use crate::error::Result;

/// Proofs that are stored together.
const BATCH_PROOFS: usize = 50_000;

/// What became of the digests that were not proven before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    /// Digests whose signature holds.
    pub valid: u64,
    /// Digests of which no signature that was found holds.
    pub invalid: u64,
    /// Digests without a signature so far.
    pub unsigned: u64,
    /// Public keys that digests name and that nobody has given.
    pub keys_missing: u64,
}

/// Proves what can be proven by the keys that the lake has, and by those that are given, which it keeps.
///
/// `metadata` holds signatures of digests that were collected without them.
///
/// # Errors
/// Only when the lake fails.
pub async fn prove(writer: &Writer, given: &PublicKeys, metadata: &MetadataFile) -> Result<Proofs> {
    let mut proofs = Proofs::default();
    let mut keys = given.clone();
    for key in writer.public_keys().await? {
        keys.add(key.fingerprint, &key.der);
    }
    let mut new = Vec::new();
    for fingerprint in writer.fingerprints_without_key().await? {
        match given.der(&fingerprint) {
            Some(der) => new.push(key(fingerprint, der)),
            None => proofs.keys_missing += 1,
        }
    }
    store(writer, new).await?;
    if keys.is_empty() {
        return Ok(proofs);
    }
    let mut waiting = writer.digests_to_prove().await?;
    let mut rows = Vec::new();
    while let Some(digest) = waiting.next().await {
        match proof(digest?, &keys, metadata) {
            Some(row) if row.standing.as_deref() == Some(VALID) => {
                proofs.valid += 1;
                rows.push(row);
            }
            Some(row) => {
                proofs.invalid += 1;
                rows.push(row);
            }
            None => proofs.unsigned += 1,
        }
        if rows.len() >= BATCH_PROOFS {
            store(writer, std::mem::take(&mut rows)).await?;
        }
    }
    store(writer, rows).await?;
    Ok(proofs)
}

const VALID: &str = "valid";
const INVALID: &str = "invalid";

fn key(fingerprint: String, der: &[u8]) -> LogFile {
    LogFile {
        kind: LogFileKind::Key,
        uri: format!("key:{fingerprint}"),
        fingerprint: Some(fingerprint),
        content: Some(der.to_vec()),
        ..LogFile::default()
    }
}

/// Tries every signature there is; `None` if there is none.
fn proof(digest: ToProve, keys: &PublicKeys, metadata: &MetadataFile) -> Option<LogFile> {
    let place = digest.digest.strip_prefix("s3://").and_then(|place| place.split_once('/'));
    let saved = place.and_then(|(bucket, key)| metadata.find(&Location::new(bucket, key)));
    let saved = saved.and_then(|metadata| metadata.signature.clone());
    let pending = Pending { fingerprint: digest.fingerprint, signed: digest.signed };
    let mut proof = None;
    for signature in [digest.signature, saved, digest.repeated].into_iter().flatten() {
        let (standing, reason) = match pending.verify(&signature, keys) {
            Ok(()) => (VALID, None),
            Err(fault) => (INVALID, Some(format!("{}: {fault}", fault.code()))),
        };
        proof = Some((signature, standing, reason));
        if standing == VALID {
            break;
        }
    }
    let (signature, standing, reason) = proof?;
    Some(LogFile {
        kind: LogFileKind::Proof,
        uri: digest.uri,
        digest: Some(digest.digest),
        digest_sha256: Some(digest.sha256),
        fingerprint: Some(pending.fingerprint),
        signature: Some(signature),
        standing: Some(standing.to_owned()),
        reason,
        ..LogFile::default()
    })
}

async fn store(writer: &Writer, log_files: Vec<LogFile>) -> Result<()> {
    if log_files.is_empty() {
        return Ok(());
    }
    let prepared = writer.prepare(Batch { log_files, ..Batch::default() })?;
    writer.commit(prepared).await?;
    Ok(())
}
