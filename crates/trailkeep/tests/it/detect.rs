//! `detect`, `rules`, `who` and the columns of origins: one organisation, its attack, and public records where they are.

#![expect(clippy::print_stdout, reason = "a test that is not run says so")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Program, Run, finish};

/// A rule that finds each call of the sample attack that makes a user, and one that asks for a field that is none.
const RULES: &str = "\
title: User made
id: user-made
author: Us
license: CC0-1.0
references: ['https://example.com/why']
tags: [attack.t1136.003]
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: iam.amazonaws.com, eventName: CreateUser}
  condition: selection
";

const REFUSED: &str = "\
title: Not understood
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName|sounds-like: CreateUser}
  condition: selection
";

/// Records: a key issued, used to make a user, once more with an eventID that was met, and one that is no event.
const RECORDS: &str = r#"
{"eventVersion":"1.08","eventTime":"2026-03-01T09:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"00000000-0000-4000-8000-000000000001","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLEALICE00001","accessKeyId":"AKIAEXAMPLEALICE0001","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","userName":"alice"},"responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLESESSION01","expiration":"Mar 1, 2026, 10:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLEDEPLOY0001:cli","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/cli"}},"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/Deploy","roleSessionName":"cli"}}
{"eventVersion":"1.08","eventTime":"2026-03-01T09:05:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"00000000-0000-4000-8000-000000000002","recipientAccountId":"111122223333","readOnly":false,"userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEDEPLOY0001:cli","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/cli","accountId":"111122223333","accessKeyId":"ASIAEXAMPLESESSION01","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/Deploy"},"attributes":{"creationDate":"2026-03-01T09:00:00Z"}}},"requestParameters":{"userName":"backdoor"}}
{"eventVersion":"1.08","eventTime":"2026-03-01T09:05:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","errorCode":"AccessDenied","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"00000000-0000-4000-8000-000000000002","recipientAccountId":"111122223333","readOnly":false,"userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEDEPLOY0001:cli","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/cli","accountId":"111122223333","accessKeyId":"ASIAEXAMPLESESSION01"},"requestParameters":{"userName":"backdoor"}}
{"eventTime":"whenever","eventSource":"iam.amazonaws.com","eventName":"CreateUser"}
"#;

fn write(program: &Program, name: &str, text: &str) -> PathBuf {
    let path = program.path(name);
    std::fs::write(&path, text.trim_start()).expect("a file");
    path
}

fn lines(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).expect("JSON a line")).collect()
}

#[test]
fn files_are_looked_at_record_by_record() {
    let program = Program::new();
    let (rules, records) = (write(&program, "user.yml", RULES), write(&program, "records.jsonl", RECORDS));
    let args = |more: &[&str]| {
        let base = ["detect", "--no-builtin", "--output", "jsonl", "--rules", rules.to_str().expect("a path")];
        let all = base.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<_>>();
        finish(program.command(all).arg(&records), b"")
    };
    let run = args(&[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let found = lines(&run);
    let numbers: Vec<i64> =
        found.iter().map(|found| found["events"][0]["number"].as_i64().expect("a number")).collect();
    assert_eq!(numbers, [2, 3, 4], "a repeat and a piece that is no event as well");
    let outcomes: Vec<&str> = found.iter().map(|found| found["outcome"].as_str().expect("an outcome")).collect();
    assert_eq!(outcomes, ["done", "attempted", "done"]);
    let first = &found[0];
    let rule = &first["rule"];
    let travels = ["id", "title", "level", "author", "license"].map(|name| rule[name].as_str().expect(name));
    assert_eq!(travels, ["user-made", "User made", "high", "Us", "CC0-1.0"]);
    assert_eq!(
        (&rule["references"][0], &rule["tags"][0]),
        (&"https://example.com/why".into(), &"attack.t1136.003".into())
    );
    assert_eq!(
        (first["origin"].as_str(), first["origin_status"].as_str()),
        (Some("arn:aws:iam::111122223333:user/alice"), Some("complete"))
    );
    let event = &first["events"][0];
    assert_eq!(event["file"].as_str().map(Path::new), Some(std::fs::canonicalize(&records).expect("a path").as_path()));
    assert_eq!(event["eventid"], "00000000-0000-4000-8000-000000000002");
    let cases: [(&[&str], Option<i32>, usize); 6] = [
        (&["--level", "high"], Some(1), 3),
        (&["--level", "critical"], Some(0), 0),
        (&["--since", "2026-03-02"], Some(0), 0),
        (&["--until", "2026-03-02"], Some(1), 2),
        (&["--account", "111122223333"], Some(1), 2),
        (&["--account", "444455556666"], Some(0), 0),
    ];
    for (more, code, expect) in cases {
        let run = args(more);
        assert_eq!((run.code, run.out.lines().count()), (code, expect), "{more:?}: {run:?}");
    }
    let piped = program.run_with(
        ["detect", "--no-builtin", "--output", "jsonl", "--rules", rules.to_str().expect("a path"), "-"],
        RECORDS,
    );
    assert_eq!((piped.code, piped.out.lines().count()), (Some(1), 3), "{piped:?}");
}

#[test]
fn what_is_refused_is_named_and_the_rest_runs() {
    let program = Program::new();
    let folder = program.path("rules");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("good.yml"), RULES).expect("a file");
    std::fs::write(folder.join("bad.yml"), REFUSED).expect("a file");
    let records = write(&program, "records.jsonl", RECORDS);
    let run = finish(
        program.command(["detect", "--no-builtin", "--output", "jsonl", "--rules"]).arg(&folder).arg(&records),
        b"",
    );
    assert_eq!((run.code, run.out.lines().count()), (Some(2), 3), "{run:?}");
    assert!(run.err.contains("bad.yml:4") && run.err.contains("sounds-like"), "{}", run.err);
    for missing in [vec!["--rules", "nowhere.yml"], vec!["--indicators", "nowhere.csv"]] {
        let run = finish(program.command([vec!["detect"], missing].concat()).arg(&records), b"");
        assert!(run.code == Some(2) && run.err.contains("nowhere"), "{run:?}");
    }
}

#[test]
fn the_rules_that_ship_hold_their_cases() {
    let program = Program::new();
    let run = program.run(["rules", "test"]);
    assert!(run.code == Some(0) && run.out.contains(" 0 do not"), "{run:?}");
    let listed = program.run(["rules", "list", "--output", "jsonl"]);
    assert!(listed.code == Some(0) && listed.out.lines().count() > 40, "{listed:?}");
    let explained = program.run(["rules", "explain", "Administrator policy attached", "--output", "table"]);
    for part in ["What to do", "What else may match", "builtin:iam/admin-policy-attached.yml", "detection:"] {
        assert!(explained.out.contains(part), "`{part}` is not in {}", explained.out);
    }
    let ambiguous = program.run(["rules", "explain", "denied"]);
    assert!(ambiguous.code == Some(2) && ambiguous.err.contains("rules"), "{ambiguous:?}");
    write(&program, "made.yml", RULES);
    write(
        &program,
        "made.cases.ndjson",
        r#"{"expect":"no match","why":"it is one","event":{"eventTime":"2026-03-01T09:05:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"a"}}"#,
    );
    let wrong = finish(program.command(["rules", "test"]).arg(program.path("made.yml")), b"");
    assert!(
        wrong.code == Some(1) && wrong.out.contains("line 1: it is one: expected nothing, found done"),
        "{wrong:?}"
    );
}

#[test]
fn the_lake_keeps_what_is_found_and_who_stands_behind_it() {
    let program = Program::new();
    let (rules, records) = (write(&program, "user.yml", RULES), write(&program, "records.jsonl", RECORDS));
    let rules = rules.to_str().expect("a path");
    assert_eq!(finish(program.command(["collect"]).arg(&records), b"").code, Some(1), "one piece is a reject");
    let ask = |sql: &str| {
        let run = program.run(["query", "--output", "csv", sql]);
        assert_eq!(run.code, Some(0), "{run:?}");
        run.out.replace("\r\n", "\n")
    };
    let origins = "SELECT eventname, origin, origin_status FROM events ORDER BY log_number";
    let alice = "arn:aws:iam::111122223333:user/alice,complete";
    assert_eq!(
        ask(origins),
        format!("eventname,origin,origin_status\nAssumeRole,{alice}\nCreateUser,{alice}\nCreateUser,{alice}\n")
    );
    assert_eq!(ask("SELECT count(*) AS n FROM events WHERE origin = 'arn:aws:iam::111122223333:user/alice'"), "n\n3\n");
    assert_eq!(ask("SELECT count(*) AS n FROM events WHERE origin = 'arn:aws:iam::111122223333:user/bob'"), "n\n0\n");
    for (round, new) in [(1, "2 new, 0 in"), (2, "0 new, 2 in")] {
        let run = program.run(["detect", "--no-builtin", "--rules", rules, "--output", "jsonl"]);
        assert!(run.code == Some(1) && run.err.contains(new), "round {round}: {run:?}");
        assert_eq!(run.out.lines().count(), 2, "{run:?}");
    }
    let kept = "SELECT rule_id, outcome, origin, origin_status FROM findings ORDER BY 2";
    assert_eq!(
        ask(kept),
        format!("rule_id,outcome,origin,origin_status\nuser-made,attempted,{alice}\nuser-made,done,{alice}\n")
    );
    let tried = program.run(["rules", "try", rules, "--since", "2026-01-01", "--output", "jsonl"]);
    assert_eq!((tried.code, lines(&tried)[0]["findings"].as_i64()), (Some(1), Some(2)), "{tried:?}");
    let who = |thing: &str| lines(&program.run(["who", thing, "--output", "json"])).pop().expect("an answer");
    for thing in ["00000000-0000-4000-8000-000000000002", "key:ASIAEXAMPLESESSION01"] {
        let chain = &who(thing)["chain"];
        assert_eq!(
            (chain["origin"].as_str(), chain["status"].as_str()),
            (Some("arn:aws:iam::111122223333:user/alice"), Some("complete"))
        );
        let step = &chain["steps"][0];
        let evidence = ["call", "event_id", "time", "address"].map(|name| step[name].as_str().expect(name));
        assert_eq!(
            evidence,
            ["AssumeRole", "00000000-0000-4000-8000-000000000001", "2026-03-01T09:00:00Z", "203.0.113.9"]
        );
    }
    let alice = who("user:alice");
    assert_eq!(
        (alice["activity"]["events"].as_i64(), alice["changes"][0]["target"].as_str()),
        (Some(3), Some("backdoor"))
    );
    assert_eq!(
        (alice["findings"].as_array().map(Vec::len), alice["issued"][0]["key"].as_str()),
        (Some(2), Some("ASIAEXAMPLESESSION01"))
    );
    let several = program.run(["who", "Deploy"]);
    assert_eq!(several.code, Some(1), "a role, and what the call was about: {several:?}");
    assert!(several.err.contains("role:Deploy") && several.err.contains("resource:Deploy"), "{}", several.err);
    let nobody = program.run(["who", "user:bob"]);
    assert!(nobody.code == Some(2) && nobody.err.contains("bob"), "{nobody:?}");
}

#[test]
fn indicators_are_met() {
    let program = Program::new();
    let records = write(&program, "records.jsonl", RECORDS);
    let list = write(
        &program,
        "list.csv",
        "kind,value,source,description,expires\naddress,203.0.113.9,ours,scanner,2030-01-01\n",
    );
    let run = finish(
        program
            .command(["detect", "--no-builtin", "--output", "jsonl", "--indicators"])
            .arg(&list)
            .arg("--rules")
            .arg(write(&program, "user.yml", RULES))
            .arg(&records),
        b"",
    );
    let met: Vec<Value> = lines(&run).into_iter().filter(|found| !found["indicator"].is_null()).collect();
    assert_eq!((met.len(), met[0]["indicator"]["source"].as_str()), (3, Some("ours")), "{run:?}");
    // Indicators are enough to look by; a list of which nothing is left is not.
    let alone = |list: &PathBuf| {
        let words = ["detect", "--no-builtin", "--output", "jsonl", "--indicators"];
        finish(program.command(words).arg(list).arg(&records), b"")
    };
    let run = alone(&list);
    assert_eq!((run.code, lines(&run).len()), (Some(1), 3), "{run:?}");
    let run = alone(&write(&program, "broken.csv", "kind,value\naddress,nowhere\n"));
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.contains("broken.csv:2") && run.err.contains("no rules to look by"), "{run:?}");
}

/// Public rules over public records, against what other engines found: run where the data is.
#[test]
fn public_rules_find_what_other_engines_find() {
    let Some(data) = std::env::var_os("TRAILKEEP_ACCEPTANCE").map(PathBuf::from) else {
        println!("acceptance: not run, TRAILKEEP_ACCEPTANCE is not set");
        return;
    };
    let cases = [
        ("sigma/rules", "id", "truth/sigma-truth.tsv", "rule_id"),
        ("sigma/correlations", "title", "truth/correlation-truth.tsv", "correlation_title"),
    ];
    for (rules, name, truth, column) in cases {
        let program = Program::new();
        let mut command = program.command(["detect", "--no-builtin", "--output", "jsonl", "--rules"]);
        let run = finish(command.arg(data.join(rules)).arg(data.join("records")), b"");
        assert_eq!(run.code, Some(1), "{}", run.err);
        let found: BTreeSet<[String; 4]> = lines(&run).iter().map(|found| place(found, name)).collect();
        let expect = expected(&data.join(truth), column);
        let missing: Vec<_> = expect.difference(&found).collect();
        let more: Vec<_> = found.difference(&expect).collect();
        assert!(
            !expect.is_empty() && missing.is_empty() && more.is_empty(),
            "{rules}: missing {missing:#?}\nmore {more:#?}"
        );
        println!("acceptance: {} findings of {rules}, all as expected", found.len());
    }
}

/// Rule, source, line and eventID of a finding.
fn place(found: &Value, name: &str) -> [String; 4] {
    let last = found["events"].as_array().and_then(|events| events.last()).expect("an event");
    let file = Path::new(last["file"].as_str().expect("a file"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let source = file.file_stem().expect("a name").to_string_lossy().into_owned();
    [text(&found["rule"][name]), source, last["number"].to_string(), text(&last["eventid"])]
}

fn expected(path: &Path, column: &str) -> BTreeSet<[String; 4]> {
    let text = std::fs::read_to_string(path).expect("a table");
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().expect("names of columns");
    let at =
        [column, "source", "line", "eventID"].map(|name| header.iter().position(|found| *found == name).expect(name));
    rows.map(|row| at.map(|at| row.get(at).copied().unwrap_or_default().to_owned())).collect()
}
