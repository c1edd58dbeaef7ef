//! Which trails record which events: the cases of `recorded.json`, held against each record alone and against batches.

use predicate::Rows;
use predicate::record::Record;
use serde_json::Value;
use trail::selectors::{Holder, Target, needs, route};

use crate::selectors::{by_hand, open, testdata, trail};

#[test]
fn trails_record_what_they_select() {
    for group in testdata("recorded.json").as_array().unwrap() {
        let title = group["title"].as_str().unwrap();
        let trails = group["trails"].as_object().unwrap();
        for (name, given) in trails {
            if let Some(selectors) = &trail(given).selectors {
                assert_eq!(Holder::Trail.check(selectors), Ok(()), "{title}: {name}");
            }
        }
        let targets: Vec<Target> = trails.values().map(|given| Target::compile(&trail(given)).unwrap()).collect();
        for case in group["events"].as_array().unwrap() {
            check(title, case, trails, &targets);
        }
    }
}

fn check(group: &str, case: &Value, trails: &serde_json::Map<String, Value>, targets: &[Target]) {
    let title = format!("{group}: {}", case["title"].as_str().unwrap());
    let expect: Vec<&str> = case["recorded_by"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let text = case["event"].to_string();
    let record = Record::parse(text.as_bytes()).unwrap();
    let of = |holds: &dyn Fn(usize) -> bool| -> Vec<&str> {
        trails.keys().enumerate().filter(|(at, _)| holds(*at)).map(|(_, name)| name.as_str()).collect()
    };
    assert_eq!(of(&|at| targets[at].records(&record)), expect, "{title}");
    let batches = open(&text);
    assert_eq!(batches.iter().map(|batch| batch.len()).sum::<usize>(), 1, "{title}");
    let batch = batches.iter().find(|batch| !batch.is_empty()).unwrap();
    let masks = route(targets, &Rows::of_batch(batch, &[]).unwrap()).unwrap();
    assert_eq!(of(&|at| masks[at].value(0)), expect, "{title}, in a batch");
    for given in trails.values().map(trail) {
        if let Some(selectors) = &given.selectors {
            let taken = predicate::Predicate::compile(&selectors.expr()).unwrap().matches(&record);
            assert_eq!(taken, by_hand::takes(selectors, &case["event"]), "{title}, by hand");
        }
    }
}

#[test]
fn what_is_read_is_said() {
    let quiet = trail(&serde_json::json!({"recursive_logging": false}));
    let targets = [Target::compile(&trail(&serde_json::json!({}))).unwrap(), Target::compile(&quiet).unwrap()];
    let all = needs(&targets);
    assert_eq!(all, targets[0].needs().and(targets[1].needs()));
    assert!(!all.record && !all.given && all.columns.count_ones() > targets[0].needs().columns.count_ones());
    let batch = open(r#"{"eventTime":"2026-03-02T10:00:00Z"}"#).remove(0);
    let columns = batch.columns.project(&[0]).unwrap();
    let error = route(&targets, &Rows::of_stored(&columns, &[]).unwrap()).unwrap_err();
    assert!(error.to_string().contains("column"), "{error}");
}
