//! Which folders of a place hold what an import is for.
//!
//! Below the place that was named only log files of CloudTrail are imported. Another folder has to be named.
//! Source: AWS CloudTrail user guide, "Copying trail events to CloudTrail Lake".

use std::collections::BTreeSet;

use futures::StreamExt;
use source::{Listed, Selection, Source};

/// The folder of log files.
const LOG_FILES: &str = "CloudTrail";
/// How folders begin that hold something else of CloudTrail's: digests, Insights.
const BESIDE: &str = "CloudTrail-";

/// What was found at a place.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Folders, in order.
    pub folders: Vec<Folder>,
    /// Places that could not be looked at, each with what went wrong.
    pub failed: Vec<(String, String)>,
}

/// A folder of log files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Folder {
    /// How it is opened: as the import spells it, with the rest of the path.
    pub location: String,
    /// How the URIs of its objects begin.
    pub uri: String,
}

impl Found {
    /// A place that cannot be looked at.
    pub(super) fn failed(location: &str, error: &source::Error) -> Found {
        Found { folders: Vec::new(), failed: vec![(location.to_owned(), error.to_string())] }
    }
}

/// Looks through a place, of whose bucket `key` names a part.
pub(super) async fn find(source: &Source, key: &str, selection: &Selection) -> Found {
    let mut found = Found::default();
    let mut folders = BTreeSet::new();
    let root = source.uri().to_string();
    let root = root.trim_end_matches('/');
    let mut listing = source.list(selection);
    while let Some(listed) = listing.next().await {
        match listed {
            Listed::Object(object) => folders.extend(folder((root, key), &object.uri)),
            // Another service's folder, which nobody asked for.
            Listed::Skipped { .. } => {}
            Listed::Failed { uri, error } => found.failed.push((uri, error.to_string())),
        }
    }
    // What lies in another one is collected with it, and must not be counted twice.
    let is_inside =
        |inner: &Folder| folders.iter().any(|outer: &Folder| *outer != *inner && inner.uri.starts_with(&outer.uri));
    found.folders = folders.iter().filter(|folder| !is_inside(folder)).cloned().collect();
    found
}

/// Returns the folder of a Region that an object lies in, or the place itself for one that lies in no such folder; none for
/// an object that is not wanted.
fn folder((root, key): (&str, &str), uri: &str) -> Option<Folder> {
    let rest = uri.strip_prefix(root)?.trim_start_matches('/');
    let whole = || Folder { location: root.to_owned(), uri: format!("{root}/") };
    if rest.is_empty() {
        // The place is the object.
        return Some(Folder { location: root.to_owned(), uri: root.to_owned() });
    }
    let named: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
    let is_named = named.iter().any(|part| *part == LOG_FILES || part.starts_with(BESIDE));
    let mut parts: Vec<&str> = rest.split('/').collect();
    parts.pop();
    if is_named {
        return Some(match (named.last(), parts.first()) {
            (Some(last), Some(region)) if *last == LOG_FILES => below(root, &[region]),
            _ => whole(),
        });
    }
    match parts.iter().position(|part| *part == LOG_FILES) {
        Some(at) => Some(below(root, parts.get(..(at + 2).min(parts.len())).unwrap_or_default())),
        None if parts.iter().any(|part| part.starts_with(BESIDE)) => None,
        None => (!named.is_empty()).then(whole),
    }
}

fn below(root: &str, parts: &[&str]) -> Folder {
    let location = format!("{root}/{}", parts.join("/"));
    Folder { uri: format!("{location}/"), location }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_files_are_found_and_what_lies_beside_them_is_not() {
        let logs = "AWSLogs/111122223333/CloudTrail/eu-west-1";
        let cases = [
            ("s3://b", format!("s3://b/{logs}/2026/01/02/x.json.gz"), Some(format!("s3://b/{logs}/"))),
            ("s3://b/p", format!("s3://b/p/{logs}/2026/01/02/x.json.gz"), Some(format!("s3://b/p/{logs}/"))),
            ("s3://b", "s3://b/AWSLogs/1/CloudTrail-Digest/eu-west-1/x.json.gz".into(), None),
            ("s3://b", "s3://b/loose.json.gz".into(), None),
            ("s3://b/own", "s3://b/own/deep/loose.json.gz".into(), Some("s3://b/own/".into())),
            ("s3://b/own", "s3://b/own/CloudTrail-Insight/x.json.gz".into(), None),
            (
                "s3://b/AWSLogs/1/CloudTrail-Insight",
                "s3://b/AWSLogs/1/CloudTrail-Insight/eu-west-1/x.json.gz".into(),
                Some("s3://b/AWSLogs/1/CloudTrail-Insight/".into()),
            ),
            (
                "s3://b/AWSLogs/1/CloudTrail",
                "s3://b/AWSLogs/1/CloudTrail/eu-west-1/2026/x.json.gz".into(),
                Some("s3://b/AWSLogs/1/CloudTrail/eu-west-1/".into()),
            ),
            (
                "s3://b/CloudTrail/eu-west-1",
                "s3://b/CloudTrail/eu-west-1/x".into(),
                Some("s3://b/CloudTrail/eu-west-1/".into()),
            ),
            ("s3://b/one.json.gz", "s3://b/one.json.gz".into(), Some("s3://b/one.json.gz".into())),
        ];
        for (root, uri, expected) in cases {
            let key = root.strip_prefix("s3://b").unwrap();
            assert_eq!(folder((root, key), &uri).map(|folder| folder.uri), expected, "{uri}");
        }
    }
}
