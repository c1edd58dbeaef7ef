//! The hourly digest files of a corpus, signed and chained as CloudTrail does it, so that a copy of the bucket can be
//! proven; and the two crimes against it that a verification must find.
//!
//! Sources: AWS CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log
//! file integrity validation". It starts when all log files are written, and it is written without a look at the code
//! that verifies it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use libdeflater::{CompressionLvl, Compressor};

use crate::delivery::Delivered;
use crate::error::Error;
use crate::organisation::{ACCOUNTS, HOME_REGION, ORGANIZATION_ID, REGIONS};
use crate::plan::Plan;
use crate::record::iso;
use crate::story::TRAIL;

/// The bucket that the digests name.
pub const BUCKET: &str = "meridian-organization-trail";
/// The sample key: see `sample-key/README.md`.
const PRIVATE_KEY: &[u8] = include_bytes!("../sample-key/private.pk8");
const FINGERPRINT: &str = "805e4811815189d492e18d428717960f";
/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// When in the hour the trail was switched on: digests end at this minute and second.
const HOUR_OFFSET: i64 = 17 * 60 + 42;
const GZIP_LEVEL: i32 = 6;

/// Counts what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) digests: u64,
}

/// Writes the chain of every account and Region into the bucket at `dir`, and `keys.json` and `metadata.json` into
/// `beside`: what ListPublicKeys would answer, and the metadata that S3 would keep with each digest.
pub(crate) fn write(plan: &Plan, delivered: &[Delivered], dir: &Path, beside: &Path) -> Result<Written, Error> {
    let key = RsaKeyPair::from_pkcs8(PRIVATE_KEY).expect("the sample key is an RSA key");
    let last = delivered.iter().map(|file| file.at).max().unwrap_or(plan.start);
    let cells: Vec<(usize, usize)> =
        (0..ACCOUNTS.len()).flat_map(|account| (0..REGIONS.len()).map(move |region| (account, region))).collect();
    let mut by_cell: BTreeMap<(usize, usize), Vec<&Delivered>> = BTreeMap::new();
    for file in delivered {
        by_cell.entry((file.account, file.region)).or_default().push(file);
    }
    let (next, metadata) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let run = || -> Result<(), Error> {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let files = by_cell.get(cell).map_or(&[][..], Vec::as_slice);
            let signatures = Chain { key: &key, dir, cell: *cell }.write(plan.start, last, files)?;
            metadata.lock().expect("no writer panics").extend(signatures);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.config.threads).map(|_| scope.spawn(run)).collect();
        let join =
            |worker: thread::ScopedJoinHandle<'_, _>| worker.join().expect("a chain that panics is a mistake here");
        workers.into_iter().map(join).collect::<Result<Vec<()>, Error>>()
    })?;
    let metadata = metadata.into_inner().expect("no writer panics");
    put(&beside.join("keys.json"), keys(plan.start, last, key.public_key().as_ref()).as_bytes())?;
    put(&beside.join("metadata.json"), described(&metadata).as_bytes())?;
    Ok(Written { digests: metadata.len() as u64 })
}

/// One account's and Region's chain.
struct Chain<'a> {
    key: &'a RsaKeyPair,
    dir: &'a Path,
    cell: (usize, usize),
}

/// What a digest repeats of the one before.
struct Previous {
    key: String,
    hash: String,
    signature: String,
}

impl Chain<'_> {
    /// Writes the digests hour by hour and returns their keys with their signatures.
    fn write(&self, start: i64, last: i64, files: &[&Delivered]) -> Result<Vec<(String, String)>, Error> {
        let mut files: Vec<&Delivered> = files.to_vec();
        files.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        let (mut files, mut previous, mut signatures) = (files.into_iter().peekable(), None, Vec::new());
        let mut end = start + HOUR_OFFSET;
        while end - HOUR <= last {
            let listed: Vec<&Delivered> = std::iter::from_fn(|| files.next_if(|file| file.at < end)).collect();
            let key = self.digest_key(end);
            let content = self.content(&key, end, &listed, previous.as_ref());
            let hash = hex(digest(&SHA256, content.as_bytes()).as_ref());
            let signature = self.sign(end, &key, &hash, previous.as_ref().map_or("null", |p: &Previous| &p.signature));
            put(&self.dir.join(&key), &gzip(content.as_bytes()))?;
            signatures.push((format!("{BUCKET}/{key}"), signature.clone()));
            previous = Some(Previous { key, hash, signature });
            end += HOUR;
        }
        Ok(signatures)
    }

    fn digest_key(&self, end: i64) -> String {
        let (account, region) = (ACCOUNTS[self.cell.0].id, REGIONS[self.cell.1].name);
        let time = time(end);
        let (day, home) = (time[..10].replace('-', "/"), REGIONS[HOME_REGION].name);
        let stamp: String = time.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        format!(
            "AWSLogs/{ORGANIZATION_ID}/{account}/CloudTrail-Digest/{region}/{day}/\
             {account}_CloudTrail-Digest_{region}_{TRAIL}_{home}_{stamp}.json.gz"
        )
    }

    fn content(&self, key: &str, end: i64, files: &[&Delivered], previous: Option<&Previous>) -> String {
        let quoted = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
        let newest = quoted(files.iter().map(|file| file.newest.as_str()).max());
        let oldest = quoted(files.iter().map(|file| file.oldest.as_str()).min());
        let (account, start, end) = (ACCOUNTS[self.cell.0].id, time(end - HOUR), time(end));
        let mut text = format!(
            "{{\"awsAccountId\":\"{account}\",\"digestStartTime\":\"{start}\",\"digestEndTime\":\"{end}\",\
             \"digestS3Bucket\":\"{BUCKET}\",\"digestS3Object\":\"{key}\",\
             \"digestPublicKeyFingerprint\":\"{FINGERPRINT}\",\"digestSignatureAlgorithm\":\"SHA256withRSA\",\
             \"newestEventTime\":{newest},\"oldestEventTime\":{oldest},"
        );
        text.push_str(&format!(
            "\"previousDigestS3Bucket\":{},\"previousDigestS3Object\":{},\"previousDigestHashValue\":{},\
             \"previousDigestHashAlgorithm\":{},\"previousDigestSignature\":{},\"logFiles\":[",
            quoted(previous.map(|_| BUCKET)),
            quoted(previous.map(|previous| previous.key.as_str())),
            quoted(previous.map(|previous| previous.hash.as_str())),
            quoted(previous.map(|_| "SHA-256")),
            quoted(previous.map(|previous| previous.signature.as_str())),
        ));
        for (nth, file) in files.iter().enumerate() {
            text.push_str(if nth > 0 { "," } else { "" });
            text.push_str(&format!(
                "{{\"s3Bucket\":\"{BUCKET}\",\"s3Object\":\"{}\",\"hashValue\":\"{}\",\"hashAlgorithm\":\"SHA-256\",\
                 \"newestEventTime\":\"{}\",\"oldestEventTime\":\"{}\"}}",
                file.key, file.hash, file.newest, file.oldest
            ));
        }
        text.push_str("]}");
        text
    }

    fn sign(&self, end: i64, key: &str, hash: &str, previous: &str) -> String {
        let signed = format!("{}\n{BUCKET}/{key}\n{hash}\n{previous}", time(end));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("a key of 2,048 bits signs a SHA-256");
        hex(&signature)
    }
}

/// Writes a digest, a key file ...; its folder is made if absent.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    }
    fs::write(path, bytes).map_err(|source| Error::write(path, source))
}

/// Returns what ListPublicKeys answers: the one key, valid from a day before the corpus to a year after it.
fn keys(start: i64, last: i64, public: &[u8]) -> String {
    let (from, until) = (start - 86_400, last + 365 * 86_400);
    format!(
        "{{\"PublicKeyList\":[{{\"Fingerprint\":\"{FINGERPRINT}\",\"ValidityStartTime\":{from}.0,\
         \"ValidityEndTime\":{until}.0,\"Value\":\"{}\"}}]}}\n",
        base64(public)
    )
}

fn described(signatures: &BTreeMap<String, String>) -> String {
    let members = signatures.iter().map(|(place, signature)| {
        format!("\"{place}\":{{\"signature\":\"{signature}\",\"signature-algorithm\":\"SHA256withRSA\"}}")
    });
    format!("{{{}}}\n", members.collect::<Vec<_>>().join(",\n"))
}

fn time(at: i64) -> String {
    let mut text = String::new();
    iso(&mut text, at);
    text
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let level = CompressionLvl::new(GZIP_LEVEL).expect("gzip knows the levels 0 to 12");
    let mut compressor = Compressor::new(level);
    let mut bytes = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor.gzip_compress(content, &mut bytes).expect("the buffer has the size asked for");
    bytes.truncate(length);
    bytes
}

/// Writes bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]);
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded() {
        for (bytes, expect) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), expect);
        }
    }
}
