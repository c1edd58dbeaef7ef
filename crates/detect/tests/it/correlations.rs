//! Correlations over short stories. A story is a list of events, `time name who value`, in the order of the file; a
//! finding shows as the number of the event at which the correlation held.

use crate::{detector, find, load};

const BASE: &str = "title: A\nname: a\nlogsource: {product: aws}\ndetection: {s: {eventName: A}, condition: s}\n---\n\
    title: B\nname: b\nlogsource: {product: aws}\ndetection: {s: {eventName: B}, condition: s}\n---\n\
    title: C\nname: c\nlogsource: {product: aws}\ndetection: {s: {eventName: C}, condition: s}\n---\n";

/// Renders a story, one event a line: seconds, name, user or `-`, value or `-`.
pub(crate) fn story(events: &str) -> String {
    let mut lines = Vec::new();
    for (at, event) in events.split(';').map(str::trim).filter(|event| !event.is_empty()).enumerate() {
        let parts: Vec<&str> = event.split_whitespace().collect();
        let [seconds, name, who, value] = parts.as_slice() else { panic!("four words an event, not `{event}`") };
        let seconds: u32 = seconds.parse().unwrap();
        let member =
            |name: &str, value: &str| if value == "-" { String::new() } else { format!(",\"{name}\":{value}") };
        let who =
            member("userIdentity", &if *who == "-" { "-".to_owned() } else { format!("{{\"userName\":\"{who}\"}}") });
        let value = member(
            "requestParameters",
            &if *value == "-" { "-".to_owned() } else { format!("{{\"v\":\"{value}\",\"other\":\"{value}\"}}") },
        );
        lines.push(format!(
            "{{\"eventTime\":\"2024-05-06T07:{:02}:{:02}Z\",\"eventName\":\"{name}\",\"eventID\":\"e{}\"{who}{value}}}",
            seconds / 60,
            seconds % 60,
            at + 1
        ));
    }
    lines.join("\n")
}

/// Holds a correlation against a story.
fn check(correlation: &str, events: &str, expect: &[i64]) {
    let text = format!("{BASE}title: Correlation\nid: correlation\ncorrelation:\n{correlation}\n");
    let loaded = load(&[("case.yml", &text)]);
    let refusals: Vec<String> = loaded.refusals.iter().map(ToString::to_string).collect();
    assert!(refusals.is_empty(), "{refusals:?}\n{correlation}");
    let found = find(&mut detector(loaded.rules), "case", story(events).as_bytes());
    let mut numbers: Vec<i64> = Vec::new();
    for finding in &found {
        // `a` is named by every correlation here, and so silent; `b` and `c` are not always.
        assert_ne!(finding.rule.meta.id, "a", "a rule that only feeds a correlation is heard: {correlation}");
        if finding.rule.meta.id == "correlation" {
            numbers.push(finding.events.last().unwrap().number);
        }
    }
    assert_eq!(numbers, expect, "{correlation}\n{events}");
}

#[test]
fn counts_of_events() {
    let count = |condition: &str| {
        format!(
            "  type: event_count\n  rules: [a]\n  group-by: [userIdentity.userName]\n  timespan: 1m\n  condition: {condition}"
        )
    };
    check(&count("{gte: 3}"), "0 A x -; 10 A x -; 20 B x -; 30 A x -; 40 A x -", &[4, 5]);
    // The timespan itself counts; a second more does not.
    check(&count("{gte: 2}"), "0 A x -; 60 A x -", &[2]);
    check(&count("{gte: 2}"), "0 A x -; 61 A x -", &[]);
    // Each group by itself, one without the field too.
    check(&count("{gte: 2}"), "0 A x -; 1 A y -; 2 A - -; 3 A - -; 4 A y -", &[4, 5]);
    // Event time, not the order of the file.
    check(&count("{gte: 2}"), "100 A x -; 0 A x -; 50 A x -", &[3, 1]);
    check(&count("{gt: 1, lte: 2}"), "0 A x -; 1 A x -; 2 A x -", &[2]);
    check(&count("{eq: 2}"), "0 A x -; 1 A x -; 2 A x -", &[2]);
    check(&count("{neq: 2}"), "0 A x -; 1 A x -; 2 A x -", &[1, 3]);
    check(&count("{lt: 2}"), "0 A x -; 1 A x -", &[1]);
    check("  type: event_count\n  rules: [a, b]\n  timespan: 1m\n  condition: {gte: 2}", "0 A x -; 1 B y -", &[2]);
}

#[test]
fn counts_and_sums_of_values() {
    let values =
        |kind: &str, condition: &str| format!("  type: {kind}\n  rules: [a]\n  timespan: 1m\n  condition: {condition}");
    let count = values("value_count", "{field: requestParameters.v, gte: 2}");
    check(&count, "0 A x one; 1 A x one; 2 A x -; 3 A x two; 80 A x two", &[4]);
    let pair = values("value_count", "{field: [userIdentity.userName, requestParameters.v], gte: 3}");
    check(&pair, "0 A x 1; 1 A y 1; 2 A x 1; 3 A x 2", &[4]);
    check(
        &values("value_sum", "{field: requestParameters.v, gt: 10}"),
        "0 A x 5; 1 A x 5; 2 A x none; 3 A x 0.5",
        &[4],
    );
    check(&values("value_avg", "{field: requestParameters.v, gte: 4}"), "0 A x 1; 1 A x 6; 2 A x 5", &[3]);
    check(&values("value_min", "{field: requestParameters.v, lt: 2}"), "0 A x 5; 1 A x 1", &[2]);
    check(&values("value_max", "{field: requestParameters.v, gt: 6}"), "0 A x 5; 1 A x 7; 90 A x 1", &[2]);
    check(&values("value_median", "{field: requestParameters.v, gte: 5}"), "0 A x 1; 1 A x 9; 2 A x 5", &[3]);
    let percentile = values("value_percentile", "{field: requestParameters.v, percentile: 75, gte: 9}");
    check(&percentile, "0 A x 1; 1 A x 2; 2 A x 9; 3 A x 10", &[3, 4]);
}

#[test]
fn several_rules_near_each_other() {
    let temporal = |kind: &str, more: &str| {
        format!("  type: {kind}\n  rules: [a, b, c]\n  group-by: userIdentity.userName\n  timespan: 1m\n{more}")
    };
    check(&temporal("temporal", ""), "0 C x -; 1 A x -; 2 B x -; 3 B y -; 70 A x -", &[3]);
    check(&temporal("temporal", "  condition: {gte: 2}"), "0 C x -; 1 A x -; 2 B x -", &[2, 3]);
    check(&temporal("temporal_ordered", ""), "0 A x -; 1 B x -; 2 C x -; 3 A x -", &[3, 4]);
    check(&temporal("temporal_ordered", ""), "0 B x -; 1 A x -; 2 C x -; 3 B x -", &[]);
    check(&temporal("temporal_ordered", ""), "0 B x -; 1 A x -; 2 C x -; 3 B x -; 4 C x -", &[5]);
    // CloudTrail's times are whole seconds: within one, any order will do.
    check(&temporal("temporal_ordered", ""), "5 C x -; 5 B x -; 5 A x -", &[3]);
    check(&temporal("temporal", "  condition: a and (b or c)"), "0 C x -; 1 B x -; 2 A x -", &[3]);
    check(&temporal("temporal", "  condition: a and not b"), "0 A x -; 1 B x -", &[1]);
}

#[test]
fn aliases_chains_and_what_stays_silent() {
    let aliases = "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 1m\n  aliases:\n    who:\n      a: userIdentity.userName\n      b: requestParameters.other";
    check(aliases, "0 A x -; 1 B y x; 2 B x y; 3 B x x", &[2, 4]);
    let text = format!(
        "{BASE}title: Burst\nname: burst\ncorrelation: {{type: event_count, rules: [a], group-by: [userIdentity.userName], timespan: 1m, condition: {{gte: 2}}}}\n---\n\
         title: Burst, then B\nid: chain\ncorrelation: {{type: temporal_ordered, rules: [burst, b], group-by: [userIdentity.userName], timespan: 5m, generate: true}}\n"
    );
    let loaded = load(&[("case.yml", &text)]);
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
    let found =
        find(&mut detector(loaded.rules), "case", story("0 A x -; 1 A y -; 2 A x -; 3 B y -; 4 B x -").as_bytes());
    let found: Vec<(&str, Vec<i64>)> = found
        .iter()
        .map(|finding| (finding.rule.meta.title.as_str(), finding.events.iter().map(|event| event.number).collect()))
        .collect();
    // `burst` is heard because the chain generates; `b` too; `a` is silent, for the burst does not.
    assert_eq!(found, [("B", vec![4]), ("B", vec![5]), ("Burst", vec![1, 3]), ("Burst, then B", vec![1, 3, 5])]);
}

#[test]
fn titles_are_references_with_a_warning() {
    let text = format!(
        "{}title: Many\ncorrelation: {{type: event_count, rules: [Base of it], timespan: 1m, condition: {{gte: 1}}}}\n",
        BASE.replace("title: A\nname: a", "title: Base of it\nid: base")
    );
    let loaded = load(&[("case.yml", &text)]);
    assert_eq!((loaded.refusals.len(), loaded.warnings.len()), (0, 1));
    assert!(loaded.warnings[0].reason.contains("by its title"));
    let twice = format!(
        "{text}---\n{}",
        "title: Base of it\nid: again\nlogsource: {product: aws}\ndetection: {s: {eventName: A}, condition: s}\n"
    );
    let loaded = load(&[("case.yml", &twice)]);
    assert!(loaded.refusals[0].reason.contains("several rules"), "{:?}", loaded.refusals);
}
