//! Agreement with a table that gives the origin of each event made with temporary credentials.
//!
//! The table and its records lie outside the project, in the folder that `TRAILKEEP_ACCEPTANCE` names: `truth/chain-truth.tsv`
//! points at lines of `records/SOURCE.ndjson`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::{env, fs};

use lineage::sessions::{EDGES_MAX, Sessions};

use crate::opened::{self, Read};

/// Rows on which we differ, with the reason: source, line, what is argued. There is none.
const DISAGREEMENTS: &[(&str, usize, &str)] = &[];

#[test]
fn origins_agree_with_the_table() {
    let Some(folder) = env::var_os("TRAILKEEP_ACCEPTANCE") else {
        println!("acceptance: not run, TRAILKEEP_ACCEPTANCE is not set");
        return;
    };
    let folder = Path::new(&folder);
    let truth = fs::read_to_string(folder.join("truth/chain-truth.tsv")).unwrap();
    let mut lines = truth.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let mut sources: BTreeMap<String, (Vec<Read>, Sessions)> = BTreeMap::new();
    let (mut rows, mut differences) = (0, Vec::new());
    for line in lines {
        let row: HashMap<&str, &str> = header.iter().copied().zip(line.split('\t')).collect();
        let (source, number) = (row["source"], row["line"].parse::<usize>().unwrap());
        let (read, sessions) = sources.entry(source.to_owned()).or_insert_with(|| load(folder, source));
        let used = &read[number - 1].used;
        let origin = sessions.resolve(&used.as_use());
        let found = origin.map(|origin| {
            let via = origin.via.join(",");
            (origin.status.to_string(), origin.depth.to_string(), origin.origin_type, origin.arn, via)
        });
        let expected = ["status", "depth", "origin_type", "origin", "via_eventIDs"].map(|name| row[name].to_owned());
        let expected =
            Some(expected).map(|[status, depth, kind, arn, via]: [String; 5]| (status, depth, kind, arn, via));
        let argued = DISAGREEMENTS.iter().any(|(known, line, _)| (*known, *line) == (source, number));
        if (found != expected) != argued {
            differences.push(format!("{source} line {number}: found {found:?}, expected {expected:?}"));
        }
        rows += 1;
    }
    assert!(rows > 0);
    assert!(differences.is_empty(), "{} of {rows} rows differ:\n{}", differences.len(), differences.join("\n"));
    println!("acceptance: {rows} origins agree, {} argued", DISAGREEMENTS.len());
}

#[test]
fn every_record_is_read() {
    let Some(folder) = env::var_os("TRAILKEEP_ACCEPTANCE") else {
        println!("acceptance: not run, TRAILKEEP_ACCEPTANCE is not set");
        return;
    };
    let folder = Path::new(&folder);
    let (mut records, mut resolved, mut as_columns) = (0, 0, 0);
    for entry in fs::read_dir(folder.join("records")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            continue;
        }
        let (read, sessions) = load(folder, &path.file_stem().unwrap().to_string_lossy());
        let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        if let Some(columns) = opened::as_columns(&lines) {
            assert_eq!(columns, read, "{}: columns and text", path.display());
            as_columns += 1;
        }
        for event in &read {
            records += 1;
            let origin = sessions.resolve(&event.used.as_use());
            // A credential that names anything at all has an origin.
            assert!(origin.is_some() || event.used.arn.is_none(), "{}: {:?}", path.display(), event.used);
            resolved += usize::from(origin.is_some());
        }
    }
    assert!(resolved > 0 && as_columns > 0);
    println!("acceptance: {records} records read, {resolved} name an identity");
}

fn load(folder: &Path, source: &str) -> (Vec<Read>, Sessions) {
    let text = fs::read_to_string(folder.join(format!("records/{source}.ndjson"))).unwrap();
    let records: Vec<String> = text.lines().map(str::to_owned).collect();
    let read = opened::as_json(&records);
    let mut sessions = Sessions::new(EDGES_MAX);
    for edge in read.iter().filter_map(|read| read.edge.clone()) {
        // Collections repeat records.
        sessions.insert(edge).is_new();
    }
    assert_eq!(sessions.refused(), 0);
    (read, sessions)
}
