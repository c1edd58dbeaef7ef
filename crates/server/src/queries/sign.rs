//! The file that signs the results of a query: the hashes of the files, and a signature over them all.

use std::sync::Arc;

use bytes::Bytes;
use event::arn::Region;
use lake::Documents;
use serde::Serialize;
use trail::model::Millis;

use crate::fault::{Fault, Result};
use crate::signing::Keys;

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
pub(super) async fn sheet(
    documents: &Arc<Documents>,
    region: Region,
    files: &[(String, String)],
    ended: Millis,
) -> Result<Bytes> {
    // The time as the file tells it: whoever verifies asks for the keys of that moment.
    let ended = jiff::Timestamp::from_second(ended.0.div_euclid(1_000)).unwrap_or_default();
    let key = Keys(Arc::clone(documents)).at(&region, ended).await?;
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
