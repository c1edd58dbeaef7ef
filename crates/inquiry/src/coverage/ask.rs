//! What coverage asks of the table `log_files`.

use std::collections::BTreeMap;

use datafusion::execution::context::SessionContext;
use event::key::{FileName, Key};
use jiff::{SignedDuration, Timestamp};
use trail::audit::{Claim, Evidence, Examined, Found, FoundDigest, FoundFile, examine};
use trail::digest::{Content, ContentHash, Damage, Fault, Metadata, Packing, Unproven};

use crate::coverage::{Cells, Question};
use crate::error::Result;
use crate::log_files::{Row, ask, ask_each, rows, texts};

/// How long after a log file the digest that lists it, and the one that repeats that one's signature, are delivered.
const DIGESTS_AFTER: SignedDuration = SignedDuration::from_hours(3);

/// Hands on every digest that may say something of the time asked for.
pub(super) async fn digests(
    ctx: &SessionContext,
    question: &Question,
    evidence: &Evidence,
    mut take: impl FnMut(Examined),
) -> Result<()> {
    let until = question.until.map(|until| until.saturating_add(DIGESTS_AFTER).unwrap_or(Timestamp::MAX));
    let filter = filter(question, "d.", question.since, until);
    let sql = format!(
        "SELECT d.uri, d.content, coalesce(d.signature, p.signature) AS signature
         FROM log_files d LEFT JOIN (SELECT digest_sha256, min(signature) AS signature FROM log_files
             WHERE kind = 'proof' AND standing = 'valid' GROUP BY 1) p ON p.digest_sha256 = d.digest_sha256
         WHERE d.kind = 'digest'{filter}"
    );
    let mut scratch = Vec::new();
    ask_each(ctx, "read the digests", sql, |row| digest(row, evidence, &mut scratch).into_iter().for_each(&mut take))
        .await
}

fn digest(row: Row<'_>, evidence: &Evidence, scratch: &mut Vec<u8>) -> Option<Examined> {
    let (uri, content) = (row.text("uri")?, row.bytes("content")?);
    if let Some(found) = without_key(uri, content, evidence) {
        return Some(found);
    }
    let signature = row.owned("signature");
    let metadata = signature.map(|signature| Metadata {
        signature: Some(signature),
        signature_algorithm: Some(ALGORITHM.to_owned()),
        backfill_generation_timestamp: None,
    });
    let found = Found { uri: named(uri, content), location: None, metadata };
    Some(examine(found, content, evidence, scratch))
}

const ALGORITHM: &str = "SHA256withRSA";

/// Returns the URI, or where a renamed digest says it lies: an audit knows digests by their names.
fn named(uri: &str, content: &[u8]) -> String {
    let is_named = matches!(FileName::parse(uri.rsplit('/').next().unwrap_or(uri)), Some(FileName::DigestFile(_)));
    let says = || Some(Unproven::read(content).ok()?.file().ok()?.location.to_string());
    if is_named { uri.to_owned() } else { says().unwrap_or_else(|| uri.to_owned()) }
}

/// Takes a digest whose key nobody has given as one without a signature: nothing speaks for it, and nothing against it.
fn without_key(uri: &str, content: &[u8], evidence: &Evidence) -> Option<Examined> {
    let unproven = Unproven::read(content).ok()?;
    if evidence.keys.contains(unproven.fingerprint()?) {
        return None;
    }
    let mut file = unproven.file().ok().filter(|file| file.suspect_path().is_none())?;
    let key = Key::parse(&file.location.key).filter(|key| matches!(key.file, FileName::DigestFile(_)))?;
    if let Some(previous) = &mut file.previous {
        previous.signature = None;
    }
    let (hash, pending) = (unproven.hash, Some(unproven.pending()));
    let name = Some(key.file.clone());
    let outcome: std::result::Result<Claim, Fault> = Ok(Claim { file, key, hash, pending });
    Some(Examined::Digest(Box::new(FoundDigest { uri: uri.to_owned(), name, outcome, has_trailing_data: false })))
}

/// Hands on every object that was collected and is no digest, as it was when it was last collected.
pub(super) async fn files(ctx: &SessionContext, question: &Question, mut take: impl FnMut(Examined)) -> Result<()> {
    let filter = filter(question, "", question.since, question.until);
    let sql = format!(
        "SELECT uri, file_name, sha256, bytes, events FROM (
             SELECT uri, file_name, sha256, bytes, events, row_number() OVER (PARTITION BY uri ORDER BY seq DESC) AS nth
             FROM log_files WHERE kind = 'collected'{filter}) WHERE nth = 1"
    );
    ask_each(ctx, "read what was collected", sql, |row| file(row).into_iter().for_each(&mut take)).await
}

fn file(row: Row<'_>) -> Option<Examined> {
    let name = FileName::parse(row.text("file_name")?);
    if matches!(name, Some(FileName::DigestFile(_))) {
        return None;
    }
    let bytes = u64::try_from(row.integer("bytes")?).ok()?;
    let packing = Packing::Gzip { flags: 0, has_time: false, effort: 0, system: 0 };
    let hash = row.text("sha256").and_then(ContentHash::parse);
    let content = hash.map(|hash| Content { hash, bytes, packing }).ok_or(Damage::Damaged);
    let has_records = name.is_some() || row.integer("events").is_some_and(|events| events > 0);
    Some(Examined::File(Box::new(FoundFile { uri: row.owned("uri")?, name, content, has_records })))
}

/// Counts log files by the hour of their delivery: those that are promised, and those that are here.
pub(super) async fn counts(ctx: &SessionContext, question: &Question) -> Result<Cells> {
    let filter = filter(question, "", question.since, question.until);
    // A digest of which no signature holds promises nothing.
    let sql = format!(
        "SELECT account, region, date_trunc('hour', delivered_at) AS hour,
             count(DISTINCT CASE WHEN kind = 'promised' THEN name END) AS promised,
             count(DISTINCT CASE WHEN kind = 'collected' THEN name END) AS stored
         FROM (SELECT kind, account, region, delivered_at, replace(file_name, '.json.gz', '.json') AS name FROM log_files f
             WHERE kind IN ('promised', 'collected') AND strpos(file_name, '_CloudTrail-Digest_') = 0{filter}
                 AND NOT (kind = 'promised' AND coalesce(digest_sha256, '') IN (
                     SELECT digest_sha256 FROM log_files WHERE kind = 'proof' AND digest_sha256 IS NOT NULL
                     GROUP BY 1 HAVING min(standing) = max(standing) AND min(standing) = 'invalid')))
         WHERE account IS NOT NULL AND delivered_at IS NOT NULL
         GROUP BY 1, 2, 3"
    );
    let batches = ask(ctx, "count log files", sql).await?;
    let mut cells: Cells = BTreeMap::new();
    for row in rows(&batches) {
        let (Some(account), Some(region), Some(hour)) = (row.owned("account"), row.owned("region"), row.time("hour"))
        else {
            continue;
        };
        let number = |name: &str| row.integer(name).and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let cell = cells.entry((account, region)).or_default().entry(hour).or_default();
        (cell.promised, cell.stored) = (number("promised"), number("stored"));
    }
    count_digests(ctx, question, &mut cells).await?;
    Ok(cells)
}

/// Counts digests by the hour that most of their time lies in.
async fn count_digests(ctx: &SessionContext, question: &Question, cells: &mut Cells) -> Result<()> {
    let filter = filter(question, "", question.since, question.until);
    let sql = format!(
        "SELECT account, region, date_trunc('hour', end_time - INTERVAL '30 minutes') AS hour,
             count(DISTINCT digest_sha256) AS digests
         FROM log_files WHERE kind = 'digest' AND reason IS NULL AND account IS NOT NULL AND region IS NOT NULL{filter}
         GROUP BY 1, 2, 3"
    );
    for row in rows(&ask(ctx, "count digests", sql).await?) {
        if let (Some(account), Some(region), Some(hour)) = (row.owned("account"), row.owned("region"), row.time("hour"))
        {
            let digests = row.integer("digests").and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
            cells.entry((account, region)).or_default().entry(hour).or_default().digests = digests;
        }
    }
    Ok(())
}

/// Returns what a question leaves out, as a condition behind others. Files whose names say nothing may be any.
fn filter(question: &Question, table: &str, since: Option<Timestamp>, until: Option<Timestamp>) -> String {
    let mut filter = String::new();
    for (column, values) in [("account", texts(&question.accounts)), ("region", texts(&question.regions))] {
        if !values.is_empty() {
            filter += &format!(" AND ({table}{column} IN ({values}) OR {table}{column} IS NULL)");
        }
    }
    for (time, comparison) in [(since, ">="), (until, "<")] {
        if let Some(time) = time {
            let time = time.strftime("%Y-%m-%d %H:%M:%S%.f");
            filter += &format!(" AND coalesce({table}delivered_at {comparison} timestamp '{time}', true)");
        }
    }
    filter
}
