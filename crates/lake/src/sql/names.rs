//! The names that queries may use: columns of the views, fields of their structs, and which of them hold times or JSON.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use event::schema::{COLUMNS, Kind};

use super::views::snake_case;

/// Names of the tables that a query may read.
pub(super) const TABLES: &[&str] = &["events", "aws_cloudtrail_log", "conflicts", "rejects", "log_files"];

/// Columns of the views that hold a time.
const TIMES: &[&str] = &["eventtime", "event_time", "tp_timestamp", "tp_ingest_timestamp", "collected_at", "cwl_time"];

/// Returns whether a column holds a time.
pub(super) fn is_time(name: &str) -> bool {
    TIMES.iter().any(|time| name.eq_ignore_ascii_case(time))
}

/// Returns whether a top-level column holds JSON text, in either spelling of its name.
pub(super) fn is_json(name: &str) -> bool {
    static JSON: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        // `resources` is a list in the views; nested ones share their name with structs.
        let columns = COLUMNS
            .iter()
            .filter(|column| column.kind == Kind::Json && column.path.len() == 1 && column.name != "resources");
        columns
            .filter_map(|column| column.path.last())
            .flat_map(|name| [name.to_ascii_lowercase(), snake_case(name)])
            .chain(["unmapped".into(), "envelope".into()])
            .collect()
    });
    JSON.contains(&name.to_ascii_lowercase())
}

/// Returns every name of a member of the record, in both spellings: what a quoted name with capitals may stand for.
pub(super) fn members() -> &'static BTreeSet<String> {
    static MEMBERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let parts = COLUMNS.iter().flat_map(|column| column.path.iter());
        parts.flat_map(|name| [name.to_ascii_lowercase(), snake_case(name)]).collect()
    });
    &MEMBERS
}

/// Returns the candidate that differs least from `name`, if it differs little.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let budget = name.chars().count().div_ceil(3).max(1);
    let scored = candidates.into_iter().map(|candidate| (distance(&name, &candidate.to_ascii_lowercase()), candidate));
    scored
        .filter(|(distance, _)| *distance <= budget)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// Counts the insertions, deletions and replacements that turn one name into another; underscores count for nothing.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().filter(|c| *c != '_').collect();
    let b: Vec<char> = b.chars().filter(|c| *c != '_').collect();
    let mut costs: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = costs[j + 1];
            costs[j + 1] = replaced.min(diagonal + 1).min(costs[j] + 1);
        }
    }
    costs[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nearest() {
        let names = ["eventname", "eventsource", "arn", "accesskeyid"];
        for (name, expect) in [
            ("evntname", Some("eventname")),
            ("EventSorce", Some("eventsource")),
            ("arm", Some("arn")),
            ("bananas", None),
            ("access_key_id", Some("accesskeyid")),
        ] {
            assert_eq!(nearest(name, names), expect, "{name}");
        }
    }

    #[test]
    fn knows_json_and_times() {
        for name in ["requestParameters", "request_parameters", "additionaleventdata", "unmapped"] {
            assert!(is_json(name), "{name}");
        }
        assert!(!is_json("resources") && !is_json("attributes") && !is_json("eventname"));
        assert!(is_time("eventTime") && !is_time("eventid"));
    }
}
