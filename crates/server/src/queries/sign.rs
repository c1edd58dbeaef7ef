//! The file that signs the results of a query: the hashes of the files, and a signature over them all.

use bytes::Bytes;
use event::arn::Region;
use lake::{Change, Documents, Expect};
use serde::Serialize;
use trail::keys::{RegionKey, SIGNING_KEY, is_renewal_due, key_at};
use trail::model::Millis;

use crate::fault::{Code, Fault, Result};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sheet<'a> {
    version: &'static str,
    region: &'a Region,
    files: Vec<File<'a>>,
    hash_algorithm: &'static str,
    signature_algorithm: &'static str,
    query_complete_time: String,
    hash_signature: String,
    public_key_fingerprint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    file_hash_value: &'a str,
    file_name: &'a str,
}

/// Signs files, given by their names and hashes, by the key that was good in the Region when the query ended.
///
/// # Errors
/// If there is no key and none can be made.
pub(super) fn sheet(documents: &Documents, region: Region, files: &[(String, String)], ended: Millis) -> Result<Bytes> {
    // The time as the file tells it: whoever verifies asks for the keys of that moment.
    let ended = jiff::Timestamp::from_second(ended.0.div_euclid(1_000)).unwrap_or_default();
    let key = key(documents, &region, ended)?;
    let hashes: Vec<&str> = files.iter().map(|(_, hash)| hash.as_str()).collect();
    let failed = |error: &dyn std::error::Error| Fault::internal("sign the results of a query", error);
    let signing = key.signing_key().map_err(|error| failed(&error))?;
    let sheet = Sheet {
        version: "1.0",
        region: &region,
        files: files.iter().map(|(name, hash)| File { file_hash_value: hash, file_name: name }).collect(),
        hash_algorithm: "SHA-256",
        signature_algorithm: "SHA256withRSA",
        query_complete_time: ended.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        hash_signature: signing.sign(hashes.join(" ").as_bytes()).map_err(|error| failed(&error))?,
        public_key_fingerprint: key.fingerprint.clone(),
    };
    serde_json::to_vec(&sheet).map(Bytes::from).map_err(|error| failed(&error))
}

/// Returns the key of a time; one is made where there is none, or the last one ends soon.
fn key(documents: &Documents, region: &Region, time: jiff::Timestamp) -> Result<RegionKey> {
    let keys = documents.read_all::<RegionKey>(SIGNING_KEY)?;
    let mut keys: Vec<RegionKey> = keys.into_iter().map(|kept| kept.value).collect();
    if is_renewal_due(&keys, region, time) {
        let made = RegionKey::generate(region.clone(), time)
            .map_err(|error| Fault::internal("make a key to sign with", &error))?;
        let body = lake::to_body(&made)?;
        let id = made.id();
        documents.apply(&[Change::Put { kind: SIGNING_KEY, id: &id, body: &body, expect: Expect::Absent }])?;
        keys.push(made);
    }
    let found = key_at(&keys, region, time).cloned();
    found.ok_or_else(|| Fault::new(Code::InternalFailure, "There is no key to sign with."))
}
