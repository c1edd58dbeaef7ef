//! The integration's own pairs of message and document, where the folder that `TRAILKEEP_ACCEPTANCE` names has them.

#![expect(clippy::print_stdout, reason = "how much was compared is the point, and so is that nothing was")]

use std::fs;
use std::path::{Path, PathBuf};

use normalize::ecs::{Mapper, Retain, Settings};
use serde_json::Value;

use crate::geo::Files;

const READ_AT: &str = "2021-11-11T01:02:03.123456789Z";
const TAGS: [&str; 2] = ["preserve_original_event", "actor_target_mapping"];

#[test]
fn the_integrations_own_pairs() {
    let Some(folder) = std::env::var_os("TRAILKEEP_ACCEPTANCE").map(PathBuf::from) else {
        println!("acceptance: not run, `TRAILKEEP_ACCEPTANCE` names no folder");
        return;
    };
    let index = fs::read_to_string(folder.join("ecs/index.tsv")).unwrap();
    let geo = Files::open(&folder.join("geo"));
    let mut differing = Vec::new();
    let mut pairs = 0;
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (name, basis, retain) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        let retain = Retain::parse((retain != "default").then_some(retain)).unwrap();
        pairs += 1;
        let differences = differences(&folder.join("ecs"), name, retain, &geo);
        if !differences.is_empty() {
            differing.push(format!("{name} ({basis}):\n  {}", differences.join("\n  ")));
        }
    }
    assert_eq!(pairs, 51);
    // What was derived by hand and not checked may be wrong itself.
    let proven: Vec<_> = differing.iter().filter(|pair| !pair.contains("(derived-only)")).collect();
    println!("acceptance: {} of {pairs} pairs are equal", pairs - differing.len());
    for pair in &differing {
        println!("{pair}");
    }
    assert!(proven.is_empty(), "{} pairs differ", proven.len());
}

fn differences(folder: &Path, name: &str, retain: Retain, geo: &Files) -> Vec<String> {
    let messages = fs::read_to_string(folder.join(format!("{name}.log"))).unwrap();
    let expected = fs::read_to_string(folder.join(format!("{name}.log-expected.json"))).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let settings = Settings { tags: TAGS.map(str::to_owned).to_vec(), retain };
    let mut mapper = Mapper::new(settings, geo);
    let documents: Vec<Value> = messages
        .split('\n')
        .take(expected["expected"].as_array().unwrap().len())
        .map(|message| {
            let mut out = Vec::new();
            let _outcome = mapper.map(message, READ_AT, &mut out);
            serde_json::from_slice(&out).unwrap()
        })
        .collect();
    let mut found = Vec::new();
    compare("", &expected["expected"], &Value::Array(documents), &mut found);
    found
}

/// Notes where two values differ.
fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                let missing = Value::Null;
                let (a, b) = (a.get(name).unwrap_or(&missing), b.get(name).unwrap_or(&missing));
                compare(&format!("{path}.{name}"), a, b, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (nth, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{nth}]"), a, b, differences);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => differences.push(format!("{path}: expected {a}, found {b}")),
    }
}
