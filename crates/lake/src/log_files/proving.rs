//! Digests that wait for a proof, and the keys that proofs rest on: the questions that a prover asks of the table.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use event::time::EventTime;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use crate::append::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Lake;

/// A digest that is not proven yet, with the signatures that may prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToProve {
    /// URI of the object it was read from.
    pub uri: String,
    /// Where it says it lies, `s3://bucket/key`.
    pub digest: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Name of the key that it is signed by.
    pub fingerprint: String,
    /// The text that is signed.
    pub signed: String,
    /// The signature that came with it.
    pub signature: Option<String>,
    /// The signature that a digest after it repeats.
    pub repeated: Option<String>,
}

/// A public key that signatures are verified by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The name by which digests call it.
    pub fingerprint: String,
    /// The key, as PKCS#1 DER.
    pub der: Vec<u8>,
}

/// Digests of one Region whose public keys nobody has given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysWanted {
    /// The Region.
    pub region: String,
    /// Earliest end of such a digest.
    pub first: EventTime,
    /// Latest end of one.
    pub last: EventTime,
}

/// The digests without a proof whose key is known; each as often as there are digests that repeat its signature. The
/// fourth line of a signed text is the signature of the digest before.
const TO_PROVE: &str = "
    SELECT d.uri, d.digest, d.digest_sha256, d.fingerprint, d.signed, d.signature, n.repeated
    FROM log_files d
    LEFT JOIN (SELECT DISTINCT previous_digest, split_part(signed, chr(10), 4) AS repeated FROM log_files
        WHERE kind = 'digest' AND previous_digest IS NOT NULL) n ON n.previous_digest = d.digest
    WHERE d.kind = 'digest' AND d.reason IS NULL
        AND d.fingerprint IN (SELECT fingerprint FROM log_files WHERE kind = 'key')
        AND NOT EXISTS (SELECT 1 FROM log_files p
            WHERE p.kind = 'proof' AND p.standing = 'valid' AND p.digest_sha256 = d.digest_sha256)";

const KEYLESS: &str = "
    SELECT DISTINCT fingerprint FROM log_files d WHERE kind = 'digest' AND fingerprint IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM log_files k WHERE k.kind = 'key' AND k.fingerprint = d.fingerprint)
    ORDER BY 1";

/// Where and when digests were made that came from a bucket and whose key is not known.
const KEYS_WANTED: &str = "
    SELECT region, min(end_time) AS first, max(end_time) AS last FROM log_files d
    WHERE kind = 'digest' AND reason IS NULL AND fingerprint IS NOT NULL AND uri LIKE 's3://%'
        AND region IS NOT NULL AND end_time IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM log_files k WHERE k.kind = 'key' AND k.fingerprint = d.fingerprint)
    GROUP BY region ORDER BY region";

const KEYS: &str = "SELECT DISTINCT fingerprint, content FROM log_files WHERE kind = 'key' ORDER BY 1";

impl Writer {
    /// Returns the digests that a key is known for and that are not proven yet, as the table is now.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the table cannot be read.
    pub async fn digests_to_prove(&self) -> Result<BoxStream<'static, Result<ToProve>>> {
        let batches = self.ask(TO_PROVE).await?;
        let rows = batches.map(|batch| futures::stream::iter(batch.map_or_else(|error| vec![Err(error)], to_prove)));
        Ok(rows.flatten().boxed())
    }

    /// Returns the public keys that are stored.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the table cannot be read.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>> {
        gather(self.ask(KEYS).await?).await
    }

    /// Returns the names of keys that digests bear and the table has not.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the table cannot be read.
    pub async fn fingerprints_without_key(&self) -> Result<Vec<String>> {
        let mut batches = self.ask(KEYLESS).await?;
        let mut names = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            names.extend((0..batch.num_rows()).filter_map(|row| text(&batch, 0, row)));
        }
        Ok(names)
    }

    /// Returns of which Regions and times the public keys are wanted, for digests that were collected from buckets.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the table cannot be read.
    pub async fn keys_wanted(&self) -> Result<Vec<KeysWanted>> {
        let mut batches = self.ask(KEYS_WANTED).await?;
        let mut wanted = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            let row = |row: usize| {
                Some(KeysWanted {
                    region: text(&batch, 0, row)?,
                    first: time(&batch, 1, row)?,
                    last: time(&batch, 2, row)?,
                })
            };
            wanted.extend((0..batch.num_rows()).filter_map(row));
        }
        Ok(wanted)
    }

    async fn ask(&self, sql: &str) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        // Rows that were committed by this writer are in its own tables already; a session is cheap.
        let ctx =
            crate::reader::session((&self.events, &self.rejects, Some(&self.log_files)), &Lake::session_options(None))
                .map_err(|error| Error::because(ErrorKind::Store, "open the table `log_files`", error))?;
        let failed = |error| Error::because(ErrorKind::Store, "read the table `log_files`", error);
        let frame = ctx.sql(sql).await.map_err(failed)?;
        Ok(frame.execute_stream().await.map_err(failed)?.map_err(failed).boxed())
    }
}

async fn gather(mut batches: BoxStream<'static, Result<RecordBatch>>) -> Result<Vec<PublicKey>> {
    let mut keys = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        let der = batch.column_by_name("content").and_then(|column| column.as_binary_opt::<i32>());
        for row in 0..batch.num_rows() {
            if let (Some(fingerprint), Some(der)) = (text(&batch, 0, row), der) {
                keys.push(PublicKey { fingerprint, der: der.value(row).to_vec() });
            }
        }
    }
    Ok(keys)
}

fn to_prove(batch: RecordBatch) -> Vec<Result<ToProve>> {
    let row = |row: usize| {
        Some(ToProve {
            uri: text(&batch, 0, row)?,
            digest: text(&batch, 1, row)?,
            sha256: text(&batch, 2, row)?,
            fingerprint: text(&batch, 3, row)?,
            signed: text(&batch, 4, row)?,
            signature: text(&batch, 5, row),
            repeated: text(&batch, 6, row),
        })
    };
    let lacking = || Error::new(ErrorKind::Corrupt, "a digest in the table `log_files` lacks a value");
    (0..batch.num_rows()).map(|at| row(at).ok_or_else(lacking)).collect()
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let column = batch.columns().get(column)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn time(batch: &RecordBatch, column: usize, row: usize) -> Option<EventTime> {
    let column = batch.columns().get(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    column.is_valid(row).then(|| EventTime::from_micros(column.value(row)))
}
