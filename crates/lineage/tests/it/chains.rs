//! The cases of `tests/chains`: events, and who stands behind some of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lineage::edge::Edge;
use lineage::origin::Origin;
use lineage::sessions::{EDGES_MAX, Sessions};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::opened::{self, Read};

#[derive(Deserialize)]
struct Case {
    events: Vec<Box<RawValue>>,
    expect: BTreeMap<String, Expected>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Expected {
    origin: String,
    r#type: String,
    status: String,
    depth: u32,
    via: Vec<String>,
    hint: Option<String>,
    #[serde(default)]
    candidates: Vec<String>,
    expires: Option<String>,
}

impl Expected {
    fn of(origin: &Origin, with_expiry: bool) -> Expected {
        Expected {
            origin: origin.arn.clone(),
            r#type: origin.origin_type.clone(),
            status: origin.status.to_string(),
            depth: origin.depth,
            via: origin.via.clone(),
            hint: origin.hint.clone(),
            candidates: origin.candidates.iter().map(|candidate| candidate.arn.clone()).collect(),
            expires: origin.expires.filter(|_| with_expiry).map(|time| time.to_string()),
        }
    }
}

/// The records of each case, for the laws.
pub(crate) fn all() -> Vec<(String, Vec<String>)> {
    cases().into_iter().map(|(name, case)| (name, records(&case))).collect()
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chains");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())).collect()
}

fn records(case: &Case) -> Vec<String> {
    case.events.iter().map(|record| record.get().to_owned()).collect()
}

fn check(name: &str, read: &[Read], edges: &[Edge], expect: &BTreeMap<String, Expected>) {
    let mut sessions = Sessions::new(EDGES_MAX);
    for edge in edges {
        assert!(sessions.insert(edge.clone()).is_new(), "{name}");
    }
    for (event_id, expected) in expect {
        let read = read.iter().find(|read| read.event_id == *event_id).unwrap_or_else(|| panic!("{name}: {event_id}"));
        let origin = sessions.resolve(&read.used.as_use()).unwrap_or_else(|| panic!("{name}: {event_id}: nobody"));
        let found = Expected::of(&origin, expected.expires.is_some());
        assert_eq!(&found, expected, "{name}: {event_id}");
    }
}

#[test]
fn chains_lead_to_their_origins() {
    let cases = cases();
    assert!(cases.len() > 20);
    for (name, case) in cases {
        let records = records(&case);
        let read = opened::as_columns(&records).unwrap();
        assert_eq!(read, opened::as_json(&records), "{name}: columns and text");
        let mut edges: Vec<Edge> = read.iter().filter_map(|read| read.edge.clone()).collect();
        check(&name, &read, &edges, &case.expect);
        edges.reverse();
        check(&name, &read, &edges, &case.expect);
    }
}
