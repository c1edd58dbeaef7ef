//! Finding what proves an event: its record, its log file's place, the digest that lists it, the key.

use datafusion::execution::context::SessionContext;
use event::arn::AccountId;
use trail::digest::{Damage, PublicKeys, read_content};

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::parts::{Parts, Signed, unhex};
use crate::log_files::{Row, ask, keys, rows, texts};

/// An event with what proves it, but for the log file's bytes.
#[derive(Debug, Clone)]
pub struct Case {
    log_file: String,
    record: Vec<u8>,
    digest: Signed,
    next: Option<Signed>,
}

impl Case {
    /// Returns the URI of the log file, whose bytes [`Case::bundle`] needs.
    pub fn log_file(&self) -> &str {
        &self.log_file
    }

    /// Makes the bundle of evidence, once it holds.
    ///
    /// # Errors
    /// [`ErrorKind::NotProven`] if the log file is no longer the one that was collected.
    pub fn bundle(self, log_file: Vec<u8>) -> Result<Vec<u8>> {
        let place = self.log_file;
        if let Err(damage) = read_content(&log_file, &mut Vec::new())
            && damage != Damage::NotGzip
        {
            return Err(Error::not_proven(format!(
                "the log file `{place}` was changed since it was collected: {damage}"
            )));
        }
        let mut parts = Parts { record: self.record, log_file, digest: self.digest, next: self.next };
        if let Ok(proven) = parts.prove() {
            return parts.pack(&proven);
        }
        // A digest that only claims to follow this one takes nothing from the proof.
        parts.next = None;
        let proven = parts.prove().map_err(|error| {
            Error::not_proven(format!("the log file `{place}` was changed since it was collected: {error}"))
        })?;
        parts.pack(&proven)
    }
}

/// Finds an event by its ID, and what proves it.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is no such event, or more than one to choose from; [`ErrorKind::NotProven`] if nothing
/// proves it.
pub async fn find(ctx: &SessionContext, event_id: &str, account: Option<&AccountId>) -> Result<Case> {
    let account = account.map(|account| format!(" AND recipientaccountid = '{account}'")).unwrap_or_default();
    let sql = format!(
        "SELECT record, log_file, recipientaccountid AS account, integrity, integrity_digest FROM events
         WHERE eventid = {}{account} ORDER BY seq",
        texts(&[event_id])
    );
    let batches = ask(ctx, "find the event", sql).await?;
    let found: Vec<Row<'_>> = rows(&batches).collect();
    let event = chosen(event_id, &found)?;
    let log_file = event.owned("log_file").unwrap_or_default();
    let digest = match (event.text("integrity"), event.text("integrity_digest")) {
        (Some("verified"), Some(digest)) => digest,
        (Some("tampered"), _) => {
            return Err(Error::not_proven(format!(
                "the event `{event_id}` comes from `{log_file}`, which is not the log file that CloudTrail delivered"
            )));
        }
        (_, Some(digest)) => {
            return Err(Error::not_proven(format!(
                "the digest `{digest}` lists the log file of event `{event_id}`, and nothing proves that digest: collect \
                 the digest after it, or give its signature and the public key by `--metadata` and `--keys`"
            )));
        }
        _ => {
            return Err(Error::not_proven(format!(
                "no digest lists the log file `{log_file}` of event `{event_id}`: collect the trail's digests as well, which \
                 lie in `CloudTrail-Digest` beside `CloudTrail`"
            )));
        }
    };
    let keys = keys(ctx).await?;
    let of_digest = format!("d.digest = {} AND p.digest_sha256 IS NOT NULL", texts(&[digest]));
    let lost = || Error::not_proven(format!("the digest `{digest}` is no longer in the lake"));
    let signed = signed(ctx, &of_digest, &keys).await?.ok_or_else(lost)?;
    let next = self::signed(ctx, &format!("d.previous_digest = {}", texts(&[digest])), &keys).await?;
    let record = event.text("record").unwrap_or_default().as_bytes().to_vec();
    let case = Case { log_file, record, digest: signed, next };
    Ok(case)
}

/// Chooses the one event that is meant: of several with one ID, the one that is proven.
fn chosen<'b>(event_id: &str, found: &[Row<'b>]) -> Result<Row<'b>> {
    let verified: Vec<&Row<'b>> = found.iter().filter(|row| row.text("integrity") == Some("verified")).collect();
    match (found, verified.as_slice()) {
        ([], _) => Err(Error::new(ErrorKind::NotFound, format!("there is no event `{event_id}` in the lake"))),
        ([one], _) => Ok(*one),
        (_, [one]) => Ok(**one),
        (several, _) => {
            let mut accounts: Vec<&str> = several.iter().filter_map(|row| row.text("account")).collect();
            accounts.dedup();
            let message = format!(
                "there are {} events `{event_id}`, in the accounts {}: choose one by its account; two in one account \
                 contradict each other, see the table `conflicts`",
                several.len(),
                accounts.join(", ")
            );
            Err(Error::new(ErrorKind::NotFound, message))
        }
    }
}

/// Returns a digest with its signature and key, as far as they are known.
async fn signed(ctx: &SessionContext, condition: &str, keys: &PublicKeys) -> Result<Option<Signed>> {
    let sql = format!(
        "SELECT d.content, coalesce(p.signature, d.signature) AS signature, d.fingerprint
         FROM log_files d LEFT JOIN (SELECT digest_sha256, min(signature) AS signature FROM log_files
             WHERE kind = 'proof' AND standing = 'valid' GROUP BY 1) p ON p.digest_sha256 = d.digest_sha256
         WHERE d.kind = 'digest' AND d.reason IS NULL AND {condition}
         ORDER BY p.digest_sha256 NULLS LAST, d.seq LIMIT 1"
    );
    let batches = ask(ctx, "find the digest", sql).await?;
    let Some(row) = rows(&batches).next() else { return Ok(None) };
    let key = row.text("fingerprint").and_then(|fingerprint| keys.der(fingerprint)).map(<[u8]>::to_vec);
    let signature = row.text("signature").and_then(unhex).filter(|_| key.is_some());
    let key = key.filter(|_| signature.is_some());
    Ok(row.bytes("content").map(|content| Signed { content: content.to_vec(), signature, key }))
}
