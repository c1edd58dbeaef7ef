//! `integrity` and `integrity_digest`: whether an event's log file is the one that CloudTrail delivered.
//!
//! A log file is `verified` if a digest that is proven promises its content, under its name or, for a copy that was
//! renamed, under another; `tampered` if one promises its name with other content; and `unverified` else: no digest
//! lists it, or the one that does has no proof.

use datafusion::common::{Column, TableReference};
use datafusion::logical_expr::Expr;
use event::schema::stored;

use super::Late;
use super::narrow::Narrowed;
use crate::sql::views::FLAT;

const NAME: &str = "integrity_facts";

pub(super) const INTEGRITY: Late = Late {
    name: NAME,
    columns: &[("integrity", Some("unverified")), ("integrity_digest", None)],
    facts: FACTS,
    keys: &[(stored::LOG_FILE, "log_file")],
    condition,
    narrowed: &[
        Narrowed::Equal { view: stored::LOG_FILE, fact: "log_file" },
        Narrowed::Between { view: "eventTime", from: "oldest_event_time", to: "newest_event_time" },
    ],
};

/// An object that was overwritten has several rows. The events of each content were stored before its row was, and after
/// the row before; those of the last one may be stored again once they were deleted.
///
/// People keep inflated copies: `.json` is the same file as `.json.gz`.
const FACTS: &str = "
    WITH proven AS (
        SELECT DISTINCT digest_sha256 FROM log_files WHERE kind = 'proof' AND standing = 'valid'),
    promised AS (
        SELECT replace(p.file_name, '.json.gz', '.json') AS name, p.sha256,
            min(CASE WHEN d.digest_sha256 IS NOT NULL THEN p.digest END) AS proven, min(p.digest) AS digest
        FROM log_files p LEFT JOIN proven d ON p.digest_sha256 = d.digest_sha256
        WHERE p.kind = 'promised' GROUP BY 1, 2),
    named AS (SELECT name, min(proven) AS proven, min(digest) AS digest FROM promised GROUP BY 1),
    content AS (SELECT sha256, min(proven) AS proven FROM promised WHERE proven IS NOT NULL GROUP BY 1),
    collected AS (
        SELECT uri, replace(file_name, '.json.gz', '.json') AS name, sha256, oldest_event_time, newest_event_time,
            lag(seq) OVER (PARTITION BY uri ORDER BY seq) AS previous,
            seq AS this, lead(seq) OVER (PARTITION BY uri ORDER BY seq) AS next
        FROM log_files WHERE kind = 'collected')
    SELECT c.uri AS log_file, c.oldest_event_time, c.newest_event_time,
        coalesce(c.previous | 1048575, -1) AS after_seq,
        CASE WHEN c.next IS NULL THEN 9223372036854775807 ELSE c.this | 1048575 END AS last_seq,
        CASE WHEN same.proven IS NOT NULL THEN 'verified'
            WHEN named.proven IS NOT NULL THEN 'tampered'
            WHEN content.proven IS NOT NULL THEN 'verified'
            ELSE 'unverified' END AS integrity,
        coalesce(same.proven, named.proven, content.proven, same.digest, named.digest) AS integrity_digest
    FROM collected c
    LEFT JOIN promised same ON same.name = c.name AND same.sha256 = c.sha256
    LEFT JOIN named ON named.name = c.name
    LEFT JOIN content ON content.sha256 = c.sha256";

fn condition() -> Option<Expr> {
    let fact = |name: &str| Expr::Column(Column::new(Some(TableReference::bare(NAME)), name));
    let seq = || Expr::Column(Column::new(Some(TableReference::bare(FLAT)), stored::SEQ));
    Some(seq().gt(fact("after_seq")).and(seq().lt_eq(fact("last_seq"))))
}
