//! Public rules over real records, against what three other engines found: run where the data is.

#![expect(clippy::print_stdout, reason = "a test that does not run says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use detect::Placeholders;
use detect::finding::Finding;
use detect::ruleset::RuleSet;

use crate::{detector, find};

/// A match: rule, source, line and eventID.
type Match = (String, String, i64, String);

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("TRAILKEEP_ACCEPTANCE").map(PathBuf::from);
    if data.is_none() {
        println!("acceptance: not run, 0 cases; set TRAILKEEP_ACCEPTANCE to the folder of the data");
    }
    data
}

fn rule_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Runs the rules of a folder over all records, each file by itself.
fn run(data: &Path, rules: &str, warnings: usize) -> Vec<(String, Finding)> {
    let loaded = RuleSet::load(&rule_files(&data.join(rules)), &Placeholders::new());
    let refusals: Vec<String> = loaded.refusals.iter().map(ToString::to_string).collect();
    assert_eq!((refusals, loaded.warnings.len(), loaded.skipped), (Vec::new(), warnings, 0));
    let mut detector = detector(loaded.rules);
    let mut findings = Vec::new();
    let mut sources: Vec<PathBuf> =
        fs::read_dir(data.join("records")).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    sources.sort();
    for path in sources {
        let source = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let found = find(&mut detector, &source, &fs::read(&path).unwrap());
        findings.extend(found.into_iter().map(|finding| (source.clone(), finding)));
    }
    findings
}

/// Reads the truth: by the names of its columns.
fn truth(data: &Path, file: &str, rule: &str) -> BTreeSet<Match> {
    let text = fs::read_to_string(data.join("truth").join(file)).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (rule, source, line, event_id) = (column(rule), column("source"), column("line"), column("eventID"));
    lines
        .map(|row| {
            let row: Vec<&str> = row.split('\t').collect();
            let id = row.get(event_id).copied().unwrap_or_default();
            (row[rule].to_owned(), row[source].to_owned(), row[line].parse().unwrap(), id.to_owned())
        })
        .collect()
}

fn check(found: Vec<(String, Finding)>, name: impl Fn(&Finding) -> String, expect: &BTreeSet<Match>) {
    let mut matches = BTreeSet::new();
    let mut by_rule: BTreeMap<String, usize> = BTreeMap::new();
    for (source, finding) in &found {
        let event = finding.events.last().unwrap();
        let id = event.event_id.clone().unwrap_or_default();
        let new = matches.insert((name(finding), source.clone(), event.number, id));
        assert!(new, "{} twice on {source} {}", name(finding), event.number);
        *by_rule.entry(name(finding)).or_default() += 1;
    }
    let sources: BTreeSet<&String> = matches.iter().chain(expect).map(|(_, source, ..)| source).collect();
    assert!(!expect.is_empty() && !sources.is_empty(), "the truth has no rows");
    let missing: Vec<_> = expect.difference(&matches).collect();
    let extra: Vec<_> = matches.difference(expect).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}\nextra {extra:#?}\nfound {by_rule:#?}");
    println!("acceptance: {} matches of {} rules, all as expected", matches.len(), by_rule.len());
}

#[test]
fn public_rules_match_what_other_engines_match() {
    let Some(data) = data() else { return };
    let expect = truth(&data, "sigma-truth.tsv", "rule_id");
    check(run(&data, "sigma/rules", 0), |finding| finding.rule.meta.id.clone(), &expect);
}

#[test]
fn public_correlations_fire_where_other_engines_fire() {
    let Some(data) = data() else { return };
    let expect = truth(&data, "correlation-truth.tsv", "correlation_title");
    check(run(&data, "sigma/correlations", 7), |finding| finding.rule.meta.title.clone(), &expect);
}

/// Every line of the other data, and every value inside one, as if it were a record: nothing panics, whatever is found.
#[test]
fn records_of_other_logs_are_harmless() {
    let Some(data) = data() else { return };
    let mut files = rule_files(&data.join("sigma/rules"));
    files.extend(rule_files(&data.join("sigma/correlations")));
    let mut detector = detector(RuleSet::load(&files, &Placeholders::new()).rules);
    let text = fs::read_to_string(data.join("panther/tests.ndjson")).unwrap();
    let mut records = 0;
    for (at, line) in text.lines().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let inner = value.as_object().into_iter().flat_map(|members| members.values());
        let inner = inner.filter(|value| value.is_object()).map(ToString::to_string);
        for record in inner.chain([line.to_owned()]) {
            find(&mut detector, "other", record.as_bytes());
            detector.observe_record(record.as_bytes(), None, at as i64, crate::now());
            records += 1;
        }
    }
    assert!(records > text.lines().count() && detector.counts().events > 0, "no record was looked at");
}
