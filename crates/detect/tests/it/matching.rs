//! Detections and events: which match. A case is data: a detection, events that match, events that do not.

use detect::Placeholders;
use detect::ruleset::RuleSet;

use crate::{detector, find};

/// Loads a rule with this `detection`, in flow form, and says which of the events match.
fn matches(detection: &str, events: &[&str]) -> Vec<bool> {
    let placeholders: Placeholders =
        [("admins".to_owned(), vec!["alice".to_owned(), "bo*".to_owned()]), ("nobody".to_owned(), Vec::new())].into();
    let text = format!("title: Case\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}\n");
    let loaded = RuleSet::load(&[("case.yml".to_owned(), text.into_bytes())], &placeholders);
    let refusals: Vec<String> = loaded.refusals.iter().map(ToString::to_string).collect();
    assert!(refusals.is_empty(), "{refusals:?}\n{detection}");
    let lines: Vec<String> =
        events.iter().map(|event| format!("{{\"eventTime\":\"2024-05-06T07:08:09Z\",{event}}}")).collect();
    let found = find(&mut detector(loaded.rules), "case", lines.join("\n").as_bytes());
    let numbers: Vec<i64> = found.iter().map(|finding| finding.events[0].number).collect();
    (1..=events.len() as i64).map(|number| numbers.contains(&number)).collect()
}

fn check(detection: &str, yes: &[&str], no: &[&str]) {
    let all: Vec<&str> = yes.iter().chain(no).copied().collect();
    let expect: Vec<bool> = yes.iter().map(|_| true).chain(no.iter().map(|_| false)).collect();
    assert_eq!(matches(detection, &all), expect, "{detection}\n{all:#?}");
}

#[test]
fn values() {
    check(
        "  a: {eventName: StopLogging}\n  condition: a",
        &[r#""eventName":"stoplogging""#],
        &[r#""eventName":"Stop""#, r#""x":1"#],
    );
    check(
        "  a: {eventName: [A, 'B*']}\n  condition: a",
        &[r#""eventName":"a""#, r#""eventName":"bcd""#],
        &[r#""eventName":"ab""#],
    );
    check(
        "  a: {eventName|cased: StopLogging}\n  condition: a",
        &[r#""eventName":"StopLogging""#],
        &[r#""eventName":"stopLogging""#],
    );
    check(
        "  a: {errorCode: null}\n  condition: a",
        &[r#""errorCode":null"#, r#""x":1"#],
        &[r#""errorCode":"""#, r#""errorCode":"x""#],
    );
    check("  a: {errorCode: ''}\n  condition: a", &[r#""errorCode":"""#], &[r#""errorCode":"x""#, r#""x":1"#]);
    check(
        "  a: {errorCode|exists: true}\n  condition: a",
        &[r#""errorCode":"""#],
        &[r#""errorCode":null"#, r#""x":1"#],
    );
    check(
        "  a: {requestParameters.enable: false}\n  condition: a",
        &[r#""requestParameters":{"enable":false}"#, r#""requestParameters":{"enable":"FALSE"}"#],
        &[r#""requestParameters":{"enable":true}"#, r#""requestParameters":null"#],
    );
    check(
        "  a: {requestParameters.port: 22}\n  condition: a",
        &[r#""requestParameters":{"port":22}"#, r#""requestParameters":{"port":[80,"22"]}"#],
        &[r#""requestParameters":{"port":2}"#],
    );
    check(
        r"  a: {userAgent: 'a\*b?'}
  condition: a",
        &[r#""userAgent":"A*bc""#],
        &[r#""userAgent":"axbc""#, r#""userAgent":"a*b""#],
    );
    check(
        "  a: {userAgent|contains: '*'}\n  condition: a",
        &[r#""userAgent":"""#, r#""userAgent":["x"]"#],
        &[r#""userAgent":null"#, r#""x":1"#],
    );
    check("  a: {status: success}\n  condition: a", &[r#""status":"Success""#], &[r#""x":1"#]);
}

#[test]
fn modifiers() {
    let agent = |text: &str| format!(r#""userAgent":"{text}""#);
    check("  a: {userAgent|contains|all: [aa, bb]}\n  condition: a", &[&agent("bBxaA")], &[&agent("aa"), &agent("bb")]);
    check(
        "  a: {userAgent|startswith: ['a?c', 'x']}\n  condition: a",
        &[&agent("abcd"), &agent("X1")],
        &[&agent("ab"), &agent("zabc")],
    );
    check("  a: {userAgent|endswith: 'c*d'}\n  condition: a", &[&agent("xcyd")], &[&agent("cyde")]);
    check("  a: {userAgent|neq: aa}\n  condition: a", &[&agent("bb"), r#""x":1"#], &[&agent("AA")]);
    check(
        "  a: {userAgent|re: '^cu.l/[0-9]'}\n  condition: a",
        &[&agent("curl/7")],
        &[&agent("Curl/7"), &agent("xcurl/7")],
    );
    check("  a: {userAgent|re|i: '^cu.l/[0-9]'}\n  condition: a", &[&agent("CURL/7")], &[&agent("curl")]);
    check(
        "  a: {sourceIPAddress|cidr: [10.0.0.0/8, '2001:db8::/32']}\n  condition: a",
        &[r#""sourceIPAddress":"10.1.2.3""#, r#""sourceIPAddress":"2001:db8::7""#],
        &[r#""sourceIPAddress":"11.0.0.1""#, r#""sourceIPAddress":"AWS Internal""#],
    );
    check(
        "  a: {requestParameters.n|gt: 5, requestParameters.n|lte: 7.5}\n  condition: a",
        &[r#""requestParameters":{"n":7.5}"#, r#""requestParameters":{"n":"6"}"#],
        &[r#""requestParameters":{"n":5}"#, r#""requestParameters":{"n":"x"}"#],
    );
    check(
        "  a: {userIdentity.arn|fieldref|endswith: requestParameters.userName}\n  condition: a",
        &[r#""userIdentity":{"arn":"user/bob"},"requestParameters":{"userName":"bob"}"#],
        &[
            r#""userIdentity":{"arn":"user/bob"},"requestParameters":{"userName":"al"}"#,
            r#""userIdentity":{"arn":"user/bob"}"#,
        ],
    );
    check(
        "  a: {userIdentity.userName|fieldref|neq: requestParameters.userName}\n  condition: a",
        &[r#""userIdentity":{"userName":"a"},"requestParameters":{"userName":"b"}"#],
        &[r#""userIdentity":{"userName":"a"},"requestParameters":{"userName":"A"}"#],
    );
    check("  a: {eventTime|hour: [6, 7]}\n  condition: a", &[r#""x":1"#], &[]);
    check("  a: {eventTime|hour|gte: 8}\n  condition: a", &[], &[r#""x":1"#]);
    check(
        "  a: {requestParameters.userData|base64offset|contains: '/bin/sh'}\n  condition: a",
        &[
            r#""requestParameters":{"userData":"IyEvYmluL3NoCg=="}"#,
            r#""requestParameters":{"userData":"eCMhL2Jpbi9zaAo="}"#,
        ],
        &[r#""requestParameters":{"userData":"IyEvYmluL2xzCg=="}"#],
    );
    check(
        "  a: {requestParameters.x|wide|base64|contains: cmd}\n  condition: a",
        &[r#""requestParameters":{"x":"YwBtAGQA"}"#],
        &[r#""requestParameters":{"x":"Y21k"}"#],
    );
    check(
        "  a: {requestParameters.commands|windash|contains: ' -enc'}\n  condition: a",
        &[r#""requestParameters":{"commands":["ps /enc x"]}"#, r#""requestParameters":{"commands":["ps -enc"]}"#],
        &[r#""requestParameters":{"commands":["ps enc"]}"#],
    );
    check(
        "  a: {userIdentity.userName|expand: '%admins%'}\n  condition: a",
        &[r#""userIdentity":{"userName":"Alice"}"#, r#""userIdentity":{"userName":"bob"}"#],
        &[r#""userIdentity":{"userName":"%admins%"}"#],
    );
    check("  a: {sourceIPAddress|cidr|expand: '%nobody%'}\n  condition: a", &[], &[r#""sourceIPAddress":"10.1.2.3""#]);
}

#[test]
fn selections_and_conditions() {
    let maps = "  a:\n    - eventName: A\n      awsRegion: us-east-1\n    - eventName: B\n  condition: a";
    check(maps, &[r#""eventName":"A","awsRegion":"us-east-1""#, r#""eventName":"B""#], &[r#""eventName":"A""#]);
    let several = "  sel_a: {eventName: A}\n  sel_b: {awsRegion: r}\n  _no: {eventName: Z}\n  condition: all of sel_* and not 1 of _*";
    check(several, &[r#""eventName":"A","awsRegion":"r""#], &[r#""eventName":"A""#]);
    check(
        "  a: {eventName: A}\n  b: {eventName: B}\n  condition: 1 of them",
        &[r#""eventName":"A""#, r#""eventName":"B""#],
        &[r#""eventName":"C""#],
    );
    check(
        "  a: {eventName: A}\n  b: {awsRegion: r}\n  condition: [a, b]",
        &[r#""eventName":"A""#, r#""awsRegion":"r""#],
        &[r#""x":1"#],
    );
    check(
        "  words: ['S3 Browser', 42]\n  condition: words",
        &[r#""userAgent":"the s3 browser""#, r#""requestParameters":{"a":[{"b":42}]}"#],
        &[r#""userAgent":"s3""#, r#""S3 Browser":1"#],
    );
    check(
        "  words:\n    '|all': [one, two]\n  condition: words",
        &[r#""userAgent":"one","x":{"y":"two"}"#],
        &[r#""userAgent":"one""#],
    );
}

#[test]
fn filters_and_global_parts() {
    let rules = "action: global\nlogsource: {product: aws}\nlevel: low\ndetection:\n  base: {eventSource: s3.amazonaws.com}\n---\n\
        title: A\nid: a\ndetection:\n  x: {eventName: A}\n  condition: base and x\n---\n\
        title: B\nid: b\nlevel: high\ndetection:\n  x: {eventName: B}\n  condition: base and x\n---\naction: reset\n---\n\
        title: Not our own\nlogsource: {product: aws}\nfilter:\n  rules: [b]\n  ours: {userIdentity.userName: robot}\n  condition: not ours\n";
    let loaded = crate::load(&[("rules.yml", rules)]);
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
    let events = [
        r#""eventSource":"s3.amazonaws.com","eventName":"A","userIdentity":{"userName":"robot"}"#,
        r#""eventSource":"s3.amazonaws.com","eventName":"B","userIdentity":{"userName":"robot"}"#,
        r#""eventSource":"s3.amazonaws.com","eventName":"B","errorCode":"AccessDenied""#,
        r#""eventSource":"ec2.amazonaws.com","eventName":"A""#,
    ];
    let lines: Vec<String> =
        events.iter().map(|event| format!("{{\"eventTime\":\"2024-05-06T07:08:09Z\",{event}}}")).collect();
    let found = find(&mut detector(loaded.rules), "case", lines.join("\n").as_bytes());
    let found: Vec<_> = found
        .iter()
        .map(|finding| (finding.rule.meta.id.as_str(), finding.events[0].number, finding.outcome.as_str()))
        .collect();
    assert_eq!(found, [("a", 1, "done"), ("b", 3, "attempted")]);
}

#[test]
fn what_is_no_event_meets_rules_about_single_events() {
    let loaded = crate::load(&[(
        "rules.yml",
        "title: Root\nid: root\nlogsource: {product: aws}\ndetection: {a: {userIdentity.type: Root}, condition: a}\n---\n\
         title: Many\nid: many\ncorrelation: {type: event_count, rules: [root], timespan: 1m, condition: {gte: 1}, generate: true}\n",
    )]);
    let text = "{\"eventTime\":\"then\",\"userIdentity\":{\"type\":\"Root\"}}\nno json\n";
    let found = find(&mut detector(loaded.rules), "case", text.as_bytes());
    let found: Vec<_> = found.iter().map(|finding| (finding.rule.meta.id.as_str(), finding.events[0].number)).collect();
    assert_eq!(found, [("root", 1)]);
}
