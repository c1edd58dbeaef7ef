//! `simulate`: what trails would record, cost and miss of a few events.

use serde_json::{Value, json};

use crate::program::Program;

/// Rules: one that matches a call that is written, one a call on an object, one a call that no event here is, and one that
/// needs two calls.
const RULES: &str = "\
title: User made
id: user-made
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: iam.amazonaws.com, eventName: CreateUser}
  condition: selection
---
title: Object read
id: object-read
level: medium
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: s3.amazonaws.com, eventName: GetObject}
  condition: selection
---
title: Function called
id: function-called
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: lambda.amazonaws.com, eventName: Invoke}
  condition: selection
---
title: Anything described
id: described
name: described
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName|startswith: Describe}
  condition: selection
---
title: Never anything, whatever is recorded
id: nothing
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: iam.amazonaws.com, userIdentity.arn|expand: '%known_networks%'}
  condition: selection
---
title: Described twice
id: described-twice
level: critical
correlation:
  type: event_count
  rules: [described]
  group-by: [recipientAccountId]
  timespan: 1h
  condition: {gte: 2}
---
title: User made and function called
id: both
level: medium
correlation:
  type: temporal
  rules: [user-made, function-called]
  group-by: [recipientAccountId]
  timespan: 1h
  generate: true
";

fn event(time: &str, account: &str, source: &str, name: &str, category: &str, reads: bool) -> Value {
    let mut event = json!({
        "eventTime": time, "eventID": format!("{time} {name}"), "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name, "awsRegion": "us-east-1", "eventCategory": category, "readOnly": reads,
        "recipientAccountId": account, "userIdentity": {"type": "IAMUser", "accountId": account}
    });
    if category == "Data" {
        event["resources"] = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs/a"}]);
    }
    event
}

/// A lake of events of two accounts and three days.
fn program() -> Program {
    let program = Program::new();
    let (a, b) = ("111122223333", "444455556666");
    let events = [
        event("2026-03-01T10:00:00Z", a, "iam", "CreateUser", "Management", false),
        event("2026-03-01T10:05:00Z", a, "ec2", "DescribeInstances", "Management", true),
        event("2026-03-01T10:06:00Z", a, "ec2", "DescribeInstances", "Management", true),
        event("2026-03-02T10:00:00Z", b, "s3", "GetObject", "Data", true),
        event("2026-03-02T10:00:01Z", b, "s3", "PutObject", "Data", false),
        event("2026-03-04T10:00:00Z", b, "kms", "Decrypt", "Management", true),
    ];
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    let files = [
        ("events.jsonl", lines.join("\n")),
        ("rules.yml", RULES.to_owned()),
        ("writes.json", r#"[{"ReadWriteType":"WriteOnly"}]"#.to_owned()),
        (
            "objects.json",
            r#"{"TrailARN":"arn","AdvancedEventSelectors":[{"Name":"objects","FieldSelectors":[
                {"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}"#
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        std::fs::write(program.path(name), text).expect("a file");
    }
    let run = program.run(["collect", "events.jsonl"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    program
}

const WITH_RULES: [&str; 6] = ["simulate", "--no-builtin", "--rules", "rules.yml", "--selectors", "writes.json"];

fn ask(program: &Program, words: &[&str]) -> Value {
    let run = program.run([&WITH_RULES, words, &["--json"]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(&run.out).expect("JSON")
}

/// Returns `key recorded/events` of each line.
fn lines(answer: &Value, by: &str, key: &str) -> Vec<String> {
    let lines = answer[by].as_array().expect(by).iter();
    let line = |line: &Value| {
        assert_eq!(
            line["events"].as_u64(),
            Some(line["recorded"].as_u64().unwrap_or(0) + line["skipped"].as_u64().unwrap_or(0))
        );
        format!("{} {}/{}", line[key].as_str().expect(key), line["recorded"], line["events"])
    };
    lines.map(line).collect()
}

#[test]
fn it_says_what_would_be_recorded() {
    let program = program();
    let answer = ask(&program, &[]);
    let total = ["events", "recorded", "skipped"].map(|name| answer[name].as_u64());
    assert_eq!(total, [Some(6), Some(1), Some(5)]);
    let times = ["first", "last"].map(|name| answer[name].as_str());
    assert_eq!(times, [Some("2026-03-01T10:00:00Z"), Some("2026-03-04T10:00:00Z")]);
    let cases = [
        ("by_category", "category", "Management 1/4, Data 0/2"),
        (
            "by_source",
            "source",
            "ec2.amazonaws.com 0/2, s3.amazonaws.com 0/2, iam.amazonaws.com 1/1, kms.amazonaws.com 0/1",
        ),
        ("by_name", "name", "DescribeInstances 0/2, CreateUser 1/1, Decrypt 0/1, GetObject 0/1, PutObject 0/1"),
        ("by_account", "account", "111122223333 1/3, 444455556666 0/3"),
        ("by_day", "day", "2026-03-01 1/3, 2026-03-02 0/2, 2026-03-04 0/1"),
    ];
    for (by, key, expect) in cases {
        assert_eq!(lines(&answer, by, key).join(", "), expect, "{by}");
    }
    let filters: [(&[&str], u64, u64); 5] = [
        (&["--since", "2026-03-02"], 3, 0),
        (&["--until", "2026-03-01T10:05:00Z"], 1, 1),
        (&["--account", "444455556666"], 3, 0),
        (&["--region", "eu-west-1"], 0, 0),
        (&["--trail-region", "eu-west-1", "--single-region"], 6, 0),
    ];
    for (flags, events, recorded) in filters {
        let answer = ask(&program, flags);
        assert_eq!((&answer["events"], &answer["recorded"]), (&events.into(), &recorded.into()), "{flags:?}");
    }
}

#[test]
fn it_says_what_that_would_cost() {
    let program = program();
    let cases: [(&[&str], [f64; 5]); 4] = [
        (&[], [0.00002, 0.0, 0.0, 0.00002, 0.0002]),
        (&["--first-copy"], [0.0, 0.0, 0.0, 0.0, 0.0]),
        (&["--insights", "call-rate"], [0.00002, 0.0, 0.000004, 0.000024, 0.000235]),
        (
            &["--first-copy", "--insights", "call-rate", "--insights", "error-rate"],
            [0.0, 0.0, 0.000007, 0.000007, 0.00007],
        ),
    ];
    for (flags, expect) in cases {
        let answer = ask(&program, flags);
        let found =
            ["management", "data", "insights", "total", "per_30_days"].map(|name| answer["cost"][name].as_f64());
        let near =
            found.iter().zip(&expect).all(|(found, expect)| found.is_some_and(|found| (found - expect).abs() < 1.1e-6));
        assert!(near, "{flags:?}: {found:?} {expect:?}");
        assert_eq!(answer["cost"]["management_events"], 1);
    }
    let answer = ask(&program, &["--compare", "objects.json"]);
    assert_eq!(
        (&answer["compare"]["cost"]["data_events"], &answer["compare"]["cost"]["management"]),
        (&json!(2), &json!(0.0))
    );
    assert_eq!(answer["prices"]["currency"], "USD");
    assert_eq!(
        ask(&program, &["--until", "2026-03-01T12:00:00Z"])["cost"]["per_30_days"],
        Value::Null,
        "less than a day"
    );
}

#[test]
fn it_says_which_rules_would_go_blind() {
    let program = program();
    let answer = ask(&program, &["--compare", "objects.json"]);
    let rules = answer["rules"].as_array().expect("rules").iter();
    let rule = |rule: &Value| {
        let with = |with: &Value| format!("{} {}", with["recorded_matches"], with["sight"].as_str().expect("a sight"));
        format!(
            "{}: {}, {}, {}",
            rule["id"].as_str().expect("an id"),
            rule["matches"],
            with(rule),
            with(&rule["compare"])
        )
    };
    let found: Vec<String> = rules.map(rule).collect();
    let expect = [
        "described-twice: 1, 0 blind, 0 blind",
        "user-made: 1, 1 whole, 0 never",
        "object-read: 1, 0 never, 1 whole",
        "both: 0, 0 never, 0 never",
        "function-called: 0, 0 never, 0 never",
    ];
    assert_eq!(found, expect);
    assert_eq!(answer["rules_total"], 7);
    let silent = program.run(["simulate", "--no-builtin", "--selectors", "writes.json", "--json"]);
    let answer: Value = serde_json::from_str(&silent.out).expect("JSON");
    assert_eq!((silent.code, &answer["rules_total"], &answer["rules"]), (Some(0), &json!(0), &json!([])));
    let shipped = program.run(["simulate", "--selectors", "writes.json", "--json"]);
    let answer: Value = serde_json::from_str(&shipped.out).expect("JSON");
    assert!(shipped.code == Some(0) && answer["rules_total"].as_u64() > Some(40), "{shipped:?}");
    let never = answer["rules"].as_array().expect("rules").iter().any(|rule| rule["sight"] == "never");
    assert!(never, "a trail of management events never feeds the rules about data: {}", answer["rules"]);
}

#[test]
fn tables_show_two_trails_side_by_side() {
    let program = program();
    let run = program.run([&WITH_RULES, &["--compare", "objects.json", "--output", "table", "-n", "2"][..]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    for part in [
        "6 events from 2026-03-01T10:00:00Z to 2026-03-04T10:00:00Z\n",
        "A (`writes.json`) records 1 and skips 5.\nB (`objects.json`) records 2 and skips 4.\n",
        "recorded A  skipped A  recorded B  skipped B",
        "and 2 more; `-n 0` shows all",
        "as a further copy",
        "Of 7 rules, with A (`writes.json`) 1 would go blind, 3 would never match, 0 would see a part.",
        "  critical      1 -> 0 blind, 0 blind",
    ] {
        assert!(run.out.contains(part), "{part}\n{}", run.out);
    }
    let csv = program.run([&WITH_RULES, &["--compare", "objects.json", "--output", "csv"][..]].concat());
    assert!(
        csv.out.starts_with("by,key,events,recorded_a,skipped_a,recorded_b,skipped_b\r\nall,,6,1,5,2,4\r\n"),
        "{csv:?}"
    );
    assert!(csv.out.contains("name,ec2.amazonaws.com DescribeInstances,2,0,2,0,2"), "{csv:?}");
}

#[test]
fn selectors_that_cannot_be_used_are_refused() {
    let program = program();
    let cases = [
        (r#"[{"ReadWriteType":"Sometimes"}]"#, "Value Sometimes for ReadWriteType is invalid"),
        (r#"[]"#, "The request has 0."),
        ("not JSON", "cannot be read"),
        (r#"{"EventSelectors":[{}],"AdvancedEventSelectors":[{"FieldSelectors":[]}]}"#, "but not both"),
        (r#"[{"FieldSelectors":[{"Field":"eventName","Equals":["x"]}]}]"#, "must have the field eventCategory"),
    ];
    for (text, part) in cases {
        let run = program.run_with(["simulate", "--selectors", "-"], text);
        assert!(run.code == Some(2) && run.err.contains(part) && run.out.is_empty(), "{text}: {run:?}");
    }
    let read = program.run_with(["simulate", "--selectors", "-", "--json"], r#"[{}]"#);
    assert!(read.code == Some(0) && read.out.contains(r#""recorded":4"#), "{read:?}");
    let cases: [(&[&str], &str); 5] = [
        (&["--selectors", "nowhere.json"], "nowhere.json"),
        (&["--selectors", "-", "--compare", "-"], "only once"),
        (&["--selectors", "writes.json", "--since", "yesterdayish"], "yesterdayish"),
        (&["--selectors", "writes.json", "--rules", "nowhere.yml"], "nowhere.yml"),
        (&[], "--selectors"),
    ];
    for (flags, part) in cases {
        let run = program.run([&["simulate"], flags].concat());
        assert!(run.code == Some(2) && run.err.contains(part), "{flags:?}: {run:?}");
    }
    let empty = Program::new();
    std::fs::write(empty.path("s.json"), "[{}]").expect("a file");
    let run = empty.run(["simulate", "--selectors", "s.json"]);
    assert!(run.code == Some(2) && run.err.contains("trailkeep collect"), "{run:?}");
}
