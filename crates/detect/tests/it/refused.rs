//! Rule files that are refused, whole or in part: where, why, and that the rest runs.

use detect::ruleset::RuleSet;
use detect::{Level, Placeholders};

use crate::load;

const GOOD: &str = "title: Good\nid: good\nauthor: A. Uthor\nlicense: DRL-1.1\nreferences: [https://example.org]\ntags: [attack.t1098]\n\
    logsource: {product: aws, service: cloudtrail}\ndetection:\n  selection: {eventName: A}\n  condition: selection\nlevel: high\n";

/// A rule about single events whose detection is `detection`, which starts at line 4.
fn rule(detection: &str) -> String {
    format!("title: Rule\nid: rule\nlogsource: {{product: aws}}\n{detection}\n")
}

/// A correlation over `good` whose correlation starts at line 3.
fn correlation(correlation: &str) -> String {
    format!("title: Correlation\nid: correlation\n{correlation}\n")
}

/// Loads a file beside a good one: the refusals are those expected, as line and part of the reason.
fn check(text: &str, expect: &[(usize, &str)]) {
    let loaded = load(&[("good.yml", GOOD), ("bad.yml", text)]);
    let shown = text.get(..text.len().min(200)).unwrap();
    let found: Vec<String> = loaded.refusals.iter().map(ToString::to_string).collect();
    assert_eq!(loaded.refusals.len(), expect.len(), "{found:#?}\n{shown}");
    for (refusal, (line, reason)) in loaded.refusals.iter().zip(expect) {
        assert_eq!(refusal.file, "bad.yml", "{refusal}");
        assert_eq!(refusal.mark.line, *line, "{refusal}\n{shown}");
        assert!(refusal.reason.contains(reason), "{refusal} does not say `{reason}`\n{shown}");
        assert!(refusal.to_string().starts_with(&format!("bad.yml:{line}:")), "{refusal}");
    }
    assert!(loaded.rules.rules().any(|rule| rule.meta.id == "good"), "the good rule does not run: {shown}");
}

#[test]
fn files_that_are_no_rules() {
    let large = format!("title: x\n# {}", "x".repeat(10 << 20));
    check("title: [a\nid: x", &[(2, "no YAML")]);
    check(&large, &[(1, "a rule file may have")]);
    check("just text", &[(1, "must be a map")]);
    check("title: x\nid: y", &[(1, "no `detection`")]);
    check("", &[]);
    // What stands before the fault runs.
    let text = format!("{}---\ntitle: [", GOOD.replace("good", "better"));
    check(&text, &[(text.lines().count() + 1, "no YAML")]);
    assert_eq!(load(&[("a.yml", &text)]).rules.rules().count(), 1);
}

#[test]
fn attributes() {
    check("id: x\nlogsource: {product: aws}\ndetection: {a: {b: c}, condition: a}", &[(1, "no `title`")]);
    check(&rule("detection: {a: {b: c}, condition: a}\nlevle: high"), &[(5, "`levle` is not known")]);
    check(&rule("detection: {a: {b: c}, condition: a}\nlevel: grave"), &[(5, "not one of informational")]);
    check(&rule("detection: {a: {b: c}, condition: a}\nstatus: done"), &[(5, "not one of stable")]);
    check("title: x\ndetection: {a: {b: c}, condition: a}", &[(1, "no `logsource`")]);
    check(&rule("detection: {a: {b: c}, condition: a}\ncorrelation: {}"), &[(1, "exclude each other")]);
    check(&rule("detection: {a: {b: c}, condition: a}\nid: again"), &[(5, "second time")]);
    check(&GOOD.replace("Good", "Same id"), &[(2, "its id is that of the rule at good.yml:1")]);
    check(&rule("action: repeat\ndetection: {a: {b: c}, condition: a}"), &[(4, "`repeat` is not known")]);
}

#[test]
fn detections() {
    let cases: &[(&str, usize, &str)] = &[
        ("detection:\n  a:\n    eventName|contians: x\n  condition: a", 6, "modifier `contians` is not known"),
        ("detection:\n  a:\n    eventName|re: '(a+)+$'\n  condition: a", 6, "exponentially"),
        (
            "detection:\n  a:\n    eventName|re:\n      - 'ok'\n      - '((x{600}){600}){600}'\n  condition: a",
            8,
            "once compiled",
        ),
        ("detection:\n  a:\n    eventName|re: '(?<!a)b'\n  condition: a", 6, "look-around"),
        ("detection:\n  a:\n    sourceIPAddress|cidr: 10.0.0.0/99\n  condition: a", 6, "as a network"),
        ("detection:\n  a:\n    x|gte: many\n  condition: a", 6, "no number"),
        ("detection:\n  a:\n    x|exists: maybe\n  condition: a", 6, "`true` or `false`"),
        ("detection:\n  a:\n    x|contains|contains: y\n  condition: a", 6, "stands twice"),
        ("detection:\n  a:\n    x|re|contains: y\n  condition: a", 6, "for text only"),
        ("detection:\n  a:\n    x|i: y\n  condition: a", 6, "after `re`"),
        ("detection:\n  a:\n    x|contains: null\n  condition: a", 6, "`null` goes with no modifier"),
        ("detection:\n  a:\n    x|base64: 'a*'\n  condition: a", 6, "wildcards"),
        ("detection:\n  a:\n    x|utf16: a\n  condition: a", 6, "add `base64`"),
        ("detection:\n  a:\n    x|expand: '%admins%'\n  condition: a", 6, "`%admins%` has no values"),
        ("detection:\n  a:\n    x: {y: z}\n  condition: a", 6, "map where a value"),
        ("detection:\n  a:\n    x: []\n  condition: a", 6, "empty list"),
        ("detection:\n  a: {}\n  condition: a", 5, "is empty"),
        ("detection:\n  a: {b: c}", 5, "no `condition`"),
        ("detection:\n  a: {b: c}\n  condition: a and b", 6, "no selection `b`"),
        ("detection:\n  a: {b: c}\n  condition: a | count() > 3", 6, "write a correlation"),
        ("detection:\n  a: {b: c}\n  timeframe: 5m\n  condition: a", 6, "`timespan`"),
    ];
    for (detection, line, reason) in cases {
        check(&rule(detection), &[(*line, reason)]);
    }
}

#[test]
fn correlations() {
    let cases: &[(&str, usize, &str)] = &[
        (
            "correlation:\n  type: event_count\n  rules: [good]\n  timespan: 1m\n  condition: {gte: 3}\n  group: [x]",
            8,
            "`group` of a correlation is not known",
        ),
        (
            "correlation:\n  type: event_count\n  rules: [nobody]\n  timespan: 1m\n  condition: {gte: 3}",
            5,
            "is not there",
        ),
        (
            "correlation:\n  type: event_count\n  rules: [good]\n  timespan: 1 minute\n  condition: {gte: 3}",
            6,
            "such as `10m`",
        ),
        (
            "correlation:\n  type: event_count\n  rules: [good]\n  timespan: 1m\n  condition: {atleast: 3}",
            7,
            "`atleast`",
        ),
        ("correlation:\n  type: event_count\n  rules: [good]\n  timespan: 1m", 4, "has no `condition`"),
        ("correlation:\n  type: value_count\n  rules: [good]\n  timespan: 1m\n  condition: {gte: 3}", 7, "no `field`"),
        (
            "correlation:\n  type: many\n  rules: [good]\n  timespan: 1m\n  condition: {gte: 3}",
            4,
            "`many` is not known",
        ),
        (
            "correlation:\n  type: temporal\n  rules: [good]\n  timespan: 1m\n  condition: good and better",
            7,
            "no selection `better`",
        ),
        (
            "correlation:\n  type: event_count\n  rules: [correlation]\n  timespan: 1m\n  condition: {gte: 3}",
            5,
            "in a circle",
        ),
        (
            "correlation:\n  type: temporal\n  rules: [good]\n  timespan: 1m\n  group-by: [who]\n  aliases: {who: {other: x}}",
            5,
            "no field for the rule `good`",
        ),
    ];
    for (text, line, reason) in cases {
        check(&correlation(text), &[(*line, reason)]);
    }
    let circle = "title: One\nid: one\ncorrelation: {type: temporal, rules: [two], timespan: 1m}\n---\ntitle: Two\nid: two\n\
        correlation: {type: temporal, rules: [one], timespan: 1m}\n---\ntitle: Three\nid: three\n\
        correlation: {type: temporal, rules: [one, good], timespan: 1m}\n";
    check(circle, &[(3, "in a circle"), (7, "in a circle"), (11, "in a circle")]);
    let mut chain = String::new();
    for at in 0..9 {
        let below = if at == 0 { "good".to_owned() } else { format!("c{}", at - 1) };
        chain.push_str(&format!(
            "title: C\nid: c{at}\ncorrelation: {{type: temporal, rules: [{below}], timespan: 1m}}\n---\n"
        ));
    }
    check(&chain, &[(35, "chained more than 8 deep")]);
    check(&correlation("correlation: {type: temporal, rules: [good, good], timespan: 1m}"), &[(3, "twice")]);
    // A rule that is refused takes along what refers to it.
    let chain = "title: Base\nid: base\nlogsource: {product: aws}\ndetection: {a: {x|what: y}, condition: a}\n---\n\
        title: Above\nid: above\ncorrelation: {type: event_count, rules: [base], timespan: 1m, condition: {gte: 2}}\n";
    check(chain, &[(4, "`what` is not known"), (8, "is not there")]);
}

#[test]
fn the_block_of_our_own() {
    let cases: &[(&str, usize, &str)] = &[
        ("trailkeep: {surpress: []}", 5, "`surpress`"),
        ("trailkeep:\n  group-by: [origin]", 6, "go together"),
        ("trailkeep:\n  first-seen: {within: 3d}", 6, "no `fields`"),
        ("trailkeep:\n  suppress:\n    - when: {a: b}\n      reason: because", 7, "no `expires`"),
        ("trailkeep:\n  suppress:\n    - when: {a: b}\n      reason: because\n      expires: soon", 9, "no day"),
        (
            "trailkeep:\n  suppress:\n    - when: {a|x: b}\n      reason: r\n      expires: 2027-01-01",
            7,
            "`x` is not known",
        ),
    ];
    for (block, line, reason) in cases {
        check(&rule(&format!("detection: {{a: {{b: c}}, condition: a}}\n{block}")), &[(*line, reason)]);
    }
}

#[test]
fn the_block_of_our_own_on_a_correlation() {
    let cases: &[(&str, usize, &str)] = &[
        ("{surpress: []}", 4, "`surpress`"),
        ("\n  first-seen: {fields: [a]}", 5, "`first-seen` in the `trailkeep` block is for rules about single events"),
        ("\n  why: x\n  group-by: [origin]\n  timespan: 1h", 6, "a correlation groups its own"),
        ("\n  suppress:\n    - when: {a: b}\n      reason: because", 6, "no `expires`"),
    ];
    for (block, line, reason) in cases {
        let text = "correlation: {type: event_count, rules: [good], timespan: 1m, condition: {gte: 2}}\ntrailkeep: ";
        check(&correlation(&format!("{text}{block}")), &[(*line, reason)]);
    }
}

#[test]
fn filters() {
    let filter = |rules: &str| {
        format!(
            "title: Filter\nlogsource: {{product: aws}}\nfilter:\n  rules: {rules}\n  a: {{x: y}}\n  condition: not a\n"
        )
    };
    check(&filter("[nobody]"), &[(4, "no rule `nobody`")]);
    check(&filter("[good]"), &[]);
    check("title: Filter\nlogsource: {product: aws}\nfilter:\n  a: {x: y}\n  condition: a\n", &[(4, "no `rules`")]);
}

#[test]
fn what_runs_says_who_wrote_it() {
    let other = GOOD.replace("aws", "windows").replace("id: good", "id: other");
    let loaded = load(&[("good.yml", GOOD), ("other.yml", &other)]);
    assert_eq!((loaded.skipped, loaded.refusals.len()), (1, 0));
    let rules: Vec<_> = loaded.rules.rules().collect();
    let meta = &rules[0].meta;
    assert_eq!((rules.len(), meta.level, meta.mark.line), (1, Some(Level::High), 1));
    assert_eq!((meta.author.as_deref(), meta.license.as_deref()), (Some("A. Uthor"), Some("DRL-1.1")));
    assert_eq!((meta.references.len(), meta.tags.as_slice()), (1, &["attack.t1098".to_owned()][..]));
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,200}", tail in "[a-z:|\\[\\]{}'*&% \n-]{0,120}") {
        for text in [text.clone(), format!("{GOOD}{tail}"), rule(&format!("detection:\n  {tail}\n  condition: a"))] {
            RuleSet::load(&[("any.yml".to_owned(), text.into_bytes())], &Placeholders::new());
        }
    }
}
