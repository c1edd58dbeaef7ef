//! After a collection: the digests that it met, proven by the keys and signatures that are given or kept.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event::time::EventTime;
use jiff::{SignedDuration, Timestamp};
use lake::location::Location;
use lake::{KeysWanted, Writer};
use pipeline::prove::{Proofs, prove};
use source::{AwsOptions, CloudTrail};
use trail::digest::{MetadataFile, PublicKeys};

use crate::fault::{Fault, Result};
use crate::units::{count, counted};

/// How much later than a digest its key may have come into use, and earlier.
pub(crate) const KEYS_AROUND: SignedDuration = SignedDuration::from_hours(2);

/// What is given to prove digests by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    keys: PublicKeys,
    metadata: MetadataFile,
    /// How CloudTrail is reached, where it is to be asked for keys.
    ask: Option<AwsOptions>,
}

impl Given {
    /// Reads keys and signatures from files.
    ///
    /// # Errors
    /// If a file cannot be read or holds something else.
    pub(crate) fn read(keys: &[PathBuf], metadata: &[PathBuf]) -> Result<Self> {
        let mut given = Self::default();
        for path in keys {
            let parsed = PublicKeys::parse_json(&text(path, "public keys")?);
            given.keys.merge(parsed.map_err(|error| misread(path).because(error))?);
        }
        for path in metadata {
            let parsed = MetadataFile::parse_json(&text(path, "signatures")?);
            given.metadata.merge(parsed.map_err(|error| misread(path).because(error))?);
        }
        Ok(given)
    }

    /// Returns whether nothing is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.metadata.locations().next().is_none()
    }

    /// Has CloudTrail asked for the keys of digests that come from buckets, unless keys are given.
    pub(crate) fn or_ask(mut self, aws: &AwsOptions) -> Self {
        self.ask = self.keys.is_empty().then(|| aws.clone());
        self
    }

    /// Returns whether CloudTrail is asked for keys.
    pub(crate) fn asks(&self) -> bool {
        self.ask.is_some()
    }

    /// Proves the digests of a lake that is open for writing.
    ///
    /// # Errors
    /// If the lake cannot be read or written. CloudTrail that does not answer is no error: the digests wait.
    pub(crate) async fn prove(&self, writer: &Writer) -> Result<Proofs> {
        let proofs = prove(writer, &self.keys, &self.metadata).await?;
        let Some(aws) = self.ask.as_ref().filter(|_| proofs.keys_missing > 0) else { return Ok(proofs) };
        let keys = ask(writer, aws).await?;
        if keys.is_empty() {
            return Ok(proofs);
        }
        Ok(sum(&proofs, &prove(writer, &keys, &self.metadata).await?))
    }

    /// Proves the digests of a lake.
    ///
    /// # Errors
    /// If the lake cannot be opened, read or written.
    pub(crate) async fn prove_lake(&self, location: &Location, now: Timestamp) -> Result<Proofs> {
        let writer = Arc::new(Writer::open(location, EventTime::from_micros(now.as_microsecond())).await?);
        let proofs = self.prove(&writer).await;
        writer.close().await;
        proofs
    }
}

/// Asks CloudTrail for the keys that digests from buckets wait for, in each Region of theirs.
async fn ask(writer: &Writer, aws: &AwsOptions) -> Result<PublicKeys> {
    let mut keys = PublicKeys::default();
    for KeysWanted { region, first, last } in writer.keys_wanted().await? {
        let found = async {
            let Some(cloudtrail) = CloudTrail::beside_s3(aws, &region).await? else { return Ok(Vec::new()) };
            let time = |time: EventTime| Timestamp::from_microsecond(time.as_micros()).unwrap_or_default();
            let from = time(first).saturating_sub(KEYS_AROUND).unwrap_or(Timestamp::MIN);
            let until = time(last).saturating_add(KEYS_AROUND).unwrap_or(Timestamp::MAX);
            cloudtrail.public_keys(from, until).await
        };
        match found.await {
            Ok(found) => found.into_iter().for_each(|key| keys.add(key.fingerprint, &key.der)),
            Err(error) => tracing::warn!(region, %error, "CloudTrail was not asked for public keys"),
        }
    }
    Ok(keys)
}

/// What two rounds proved; what was still waiting in the later one is all that waits.
pub(super) fn sum(before: &Proofs, more: &Proofs) -> Proofs {
    Proofs { valid: before.valid + more.valid, invalid: before.invalid + more.invalid, ..*more }
}

fn text(path: &Path, what: &str) -> Result<String> {
    let fault = |error| Fault::new(format!("could not read {what} from `{}`", path.display())).because(error);
    std::fs::read_to_string(path).map_err(fault)
}

fn misread(path: &Path) -> Fault {
    Fault::new(format!("could not understand `{}`", path.display()))
}

/// Says what became of the digests.
pub(super) fn for_people(proofs: &Proofs, out: &mut dyn Write) -> io::Result<()> {
    let Proofs { valid, invalid, unsigned, keys_missing } = proofs;
    if *valid > 0 {
        writeln!(out, "  {} proven", counted(*valid, "digest"))?;
    }
    if *invalid > 0 {
        let digests = counted(*invalid, "digest");
        writeln!(out, "  {digests} whose signature does not hold: see `trailkeep coverage`")?;
    }
    if *unsigned > 0 {
        let digests = counted(*unsigned, "digest");
        writeln!(out, "  {digests} without a signature so far: the next digest repeats it, `--metadata` gives it")?;
    }
    if *keys_missing > 0 {
        let keys = if *keys_missing == 1 { "the key" } else { "keys" };
        let (keys, number) = (keys, count(*keys_missing));
        writeln!(
            out,
            "  digests wait for {keys} to prove them by ({number} missing): save what `aws cloudtrail list-public-keys` \
             prints, and give it by `--keys FILE`"
        )?;
    }
    Ok(())
}
