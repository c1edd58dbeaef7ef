//! What goes beyond Sigma: first-seen terms, grouping, origins, suppressions, late events, state and its bounds.

use std::sync::Arc;

use detect::detector::{Batch, Counts, Detector, Events, Settings};
use detect::error::ErrorKind;
use detect::finding::Finding;
use detect::indicator::Indicators;
use detect::origin::Origin;
use detect::ruleset::RuleSet;
use event::time::{EventTime, SECOND};

use crate::correlations::story;
use crate::{load, now, open};

const RULE: &str = "title: A\nid: a\nlogsource: {product: aws}\ndetection: {s: {eventName: A}, condition: s}\n";
const BURST: &str = "title: Burst\nid: burst\ncorrelation: {type: event_count, rules: [a], group-by: [userIdentity.userName], timespan: 1m, condition: {gte: 3}}\n";

fn rules(text: &str) -> Arc<RuleSet> {
    let loaded = load(&[("case.yml", text)]);
    let refusals: Vec<String> = loaded.refusals.iter().map(ToString::to_string).collect();
    assert!(refusals.is_empty(), "{refusals:?}\n{text}");
    Arc::new(loaded.rules)
}

fn live(rules: &Arc<RuleSet>, settings: Settings) -> Detector {
    Detector::new(rules.clone(), Arc::new(Indicators::default()), settings)
}

/// Shows a story to a detector as one batch.
fn observe(detector: &mut Detector, events: &str, origins: Option<&[Option<Origin>]>, now: EventTime) -> Vec<Finding> {
    let part = open(story(events).as_bytes()).remove(0);
    detector.observe(&Batch { events: Events::Opened(&part.events), file: None, origins, now }).unwrap()
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.events.last().unwrap().event_id.as_deref().unwrap()).collect()
}

#[test]
fn first_seen_terms() {
    let check = |block: &str, events: &str, expect: &[&str]| {
        let rules = rules(&format!("{RULE}trailkeep: {{first-seen: {block}}}\n"));
        let mut detector = live(&rules, Settings::default());
        assert_eq!(ids(&observe(&mut detector, events, None, now())), expect, "{block}\n{events}");
    };
    check(
        "{fields: [userIdentity.userName]}",
        "0 A x -; 1 A x -; 2 A y -; 3 B z -; 4 A - -; 5 A - -",
        &["e1", "e3", "e5"],
    );
    check("{fields: [userIdentity.userName, requestParameters.v]}", "0 A x 1; 1 A x 2; 2 A x 1", &["e1", "e2"]);
    check("{fields: [userIdentity.userName], within: 1m}", "0 A x -; 60 A x -; 121 A x -", &["e1", "e3"]);
    check("{fields: [userIdentity.userName], learn: 1m}", "0 A x -; 59 A y -; 60 A z -; 61 A y -", &["e3"]);
    // In the order of event time, whatever the order of the file.
    check("{fields: [userIdentity.userName]}", "9 A x -; 1 A x -", &["e2"]);
}

#[test]
fn findings_of_a_group_and_time_are_one() {
    let rules = rules(&format!("{RULE}trailkeep: {{group-by: [userIdentity.userName], timespan: 1m}}\n"));
    let found = observe(&mut live(&rules, Settings::default()), "0 A x -; 59 A x -; 59 A y -; 60 A x -", None, now());
    let keys: Vec<u128> = found.iter().map(Finding::key).collect();
    assert_eq!((keys.len(), keys[0] == keys[1], keys[1] == keys[2], keys[1] == keys[3]), (4, true, false, false));
    assert_eq!(found[0].group, [("userIdentity.userName".to_owned(), Some("x".to_owned()))]);
    // Without the block each event is a finding of its own.
    let found = observe(&mut live(&self::rules(RULE), Settings::default()), "0 A x -; 0 A x -", None, now());
    assert_ne!(found[0].key(), found[1].key());
}

#[test]
fn origins_group_and_select() {
    let origin = |arn: &str, status: &str| {
        Some(Origin { origin: arn.to_owned(), status: status.to_owned(), depth: 2, username: Some("alice".to_owned()) })
    };
    let burst = "title: Burst\nid: burst\ncorrelation: {type: event_count, rules: [a], group-by: [origin], timespan: 1m, condition: {gte: 2}}\n";
    let deep = "title: Deep\nid: deep\nlogsource: {product: aws}\ndetection: {s: {eventName: B, origin_depth|gte: 2, origin_status: complete, origin_username: alice}, condition: s}\n";
    let rules = rules(&format!("{RULE}---\n{burst}---\n{deep}"));
    let origins = [
        origin("arn:u/alice", "complete"),
        origin("arn:u/bob", "complete"),
        origin("arn:u/alice", "complete"),
        origin("arn:u/alice", "complete"),
        origin("arn:u/alice", "start-missing"),
    ];
    let found = observe(
        &mut live(&rules, Settings::default()),
        "0 A s1 -; 1 A s2 -; 2 A s3 -; 3 B s4 -; 4 B s5 -",
        Some(&origins),
        now(),
    );
    assert_eq!(ids(&found), ["e4", "e3"]);
    assert_eq!(found[1].group, [("origin".to_owned(), Some("arn:u/alice".to_owned()))]);
    assert_eq!(found[0].events[0].origin.as_deref(), Some("arn:u/alice"));
}

#[test]
fn sessions_that_are_not_named_after_their_user() {
    let rules = rules(
        "title: Other name\nid: other\nlogsource: {product: aws}\ndetection:\n  s:\n    session_name|exists: true\n    \
         origin_username|exists: true\n    session_name|fieldref|neq: origin_username\n  condition: s\n",
    );
    let lines: Vec<String> =
        ["arn:aws:sts::111122223333:assumed-role/R/alice", "arn:aws:sts::111122223333:assumed-role/R/x", "arn:u/y"]
            .iter()
            .map(|arn| format!("{{\"eventTime\":\"2024-05-06T07:08:09Z\",\"userIdentity\":{{\"arn\":\"{arn}\"}}}}"))
            .collect();
    let part = open(lines.join("\n").as_bytes()).remove(0);
    let origin = Origin { username: Some("Alice".to_owned()), ..Origin::default() };
    let origins = vec![Some(origin); 3];
    let batch = Batch { events: Events::Opened(&part.events), file: None, origins: Some(&origins), now: now() };
    let found = live(&rules, Settings::default()).observe(&batch).unwrap();
    assert_eq!(found.iter().map(|finding| finding.events[0].number).collect::<Vec<_>>(), [2]);
}

#[test]
fn suppressions_end() {
    let rules = rules(&format!(
        "{RULE}trailkeep:\n  suppress:\n    - when: {{userIdentity.userName: robot}}\n      reason: our own robot\n      expires: 2026-06-02\n---\n{BURST}"
    ).replace("gte: 3", "gte: 1, lte: 99").replace("timespan: 1m, condition", "timespan: 1m, generate: true, condition"));
    let at = |time: &str| EventTime::parse(time).unwrap();
    let shown = |findings: &[Finding]| -> Vec<(String, Option<String>)> {
        findings.iter().map(|finding| (finding.rule.meta.id.clone(), finding.suppressed.clone())).collect()
    };
    let mut detector = live(&rules, Settings::default());
    let found = observe(&mut detector, "0 A robot -; 1 A x -", None, at("2026-06-01T23:59:59Z"));
    let reason = Some("our own robot".to_owned());
    assert_eq!(shown(&found), [("a".to_owned(), reason), ("a".to_owned(), None), ("burst".to_owned(), None)]);
    assert_eq!(detector.counts().suppressed, 1);
    let found = observe(&mut detector, "2 A robot -", None, at("2026-06-02T00:00:00Z"));
    assert_eq!(shown(&found), [("a".to_owned(), None), ("burst".to_owned(), None)]);
}

#[test]
fn a_correlation_does_not_count_what_it_suppresses() {
    let block = "trailkeep:\n  why: Many.\n  suppress:\n    - when: {userIdentity.userName: robot}\n      reason: our own robot\n      expires: 2026-06-02\n";
    // The last chains the burst: what the burst does not count does not reach it either.
    let above = "title: Above\nid: above\ncorrelation: {type: event_count, rules: [burst], timespan: 1m, condition: {gte: 1}, generate: true}\n";
    let burst = BURST.replace("group-by: [userIdentity.userName], ", "");
    let rules = rules(&format!("{RULE}---\n{burst}{block}---\n{above}"));
    assert_eq!(rules.rules().find(|rule| rule.meta.id == "burst").unwrap().advice.why.as_deref(), Some("Many."));
    let at = |time: &str| EventTime::parse(time).unwrap();
    for (events, day, expect, suppressed) in [
        ("0 A robot -; 1 A robot -; 2 A robot -", "2026-06-01", &[][..], 3),
        ("0 A x -; 1 A robot -; 2 A y -; 3 A z -", "2026-06-01", &["burst e4", "above e4"], 1),
        ("0 A robot -; 1 A robot -; 2 A robot -", "2026-06-02", &["burst e3", "above e3"], 0),
    ] {
        let mut detector = live(&rules, Settings::default());
        let found = observe(&mut detector, events, None, at(&format!("{day}T00:00:00Z")));
        let found: Vec<String> =
            found.iter().zip(ids(&found)).map(|(finding, id)| format!("{} {id}", finding.rule.meta.id)).collect();
        assert_eq!(found, expect, "{events} on {day}");
        assert_eq!(detector.counts().suppressed, suppressed, "{events} on {day}");
        let settings = Settings { suppress: false, ..Settings::default() };
        assert!(!observe(&mut live(&rules, settings), events, None, at("2026-06-01T00:00:00Z")).is_empty());
    }
}

#[test]
fn late_events_are_put_in_their_place_or_hunted_later() {
    let rules = rules(&format!("{RULE}---\n{BURST}"));
    let mut detector = live(&rules, Settings { lateness: 120 * SECOND, ..Settings::default() });
    assert!(observe(&mut detector, "600 A x -; 640 A x -", None, now()).is_empty());
    // Half a minute late: with it, the burst is complete at the event that came before it.
    let found = observe(&mut detector, "610 A x -", None, now());
    assert_eq!(found.iter().map(|finding| finding.events.len()).collect::<Vec<_>>(), [3]);
    assert_eq!(found[0].window.end.map(|end| end.to_string()).as_deref(), Some("2024-05-06T07:10:40Z"));
    assert!(observe(&mut detector, "30 A x -", None, now()).is_empty());
    assert_eq!(detector.counts().late, 1);
    let dates: Vec<i32> = detector.take_late_dates().into_iter().collect();
    assert_eq!(dates, [EventTime::parse("2024-05-06T00:00:00Z").unwrap().date()]);
    assert!(detector.take_late_dates().is_empty());
}

#[test]
fn a_long_episode_is_one_finding() {
    let rules = rules(&format!("{RULE}---\n{BURST}"));
    let mut detector = live(&rules, Settings::default());
    let found = observe(
        &mut detector,
        "0 A x -; 1 A x -; 2 A x -; 50 A x -; 51 A x -; 200 A x -; 201 A x -; 202 A x -",
        None,
        now(),
    );
    let keys: Vec<u128> = found.iter().map(Finding::key).collect();
    assert_eq!((ids(&found), keys[0] == keys[2], keys[2] == keys[3]), (vec!["e3", "e4", "e5", "e8"], true, false));
}

#[test]
fn state_survives_a_restart() {
    let text = format!(
        "{RULE}---\n{BURST}---\n{}trailkeep: {{first-seen: {{fields: [requestParameters.v]}}}}\n",
        RULE.replace("id: a", "id: new").replace("title: A", "title: New")
    );
    let rules = rules(&text);
    let story = ["0 A x 1; 1 A x 1", "2 A x 1; 3 A x 2"];
    let mut whole = live(&rules, Settings::default());
    let mut expect = observe(&mut whole, story[0], None, now());
    expect.extend(observe(&mut whole, story[1], None, now()));
    let mut before = live(&rules, Settings::default());
    let mut found = observe(&mut before, story[0], None, now());
    let mut after = live(&rules, Settings::default());
    assert_eq!(after.restore(&before.state()).unwrap(), 0);
    assert_eq!(after.state(), before.state());
    found.extend(observe(&mut after, story[1], None, now()));
    let shown = |findings: &[Finding]| -> Vec<(String, u128, usize)> {
        findings.iter().map(|finding| (finding.rule.meta.id.clone(), finding.key(), finding.events.len())).collect()
    };
    assert_eq!(shown(&found), shown(&expect));
    assert_eq!(found.len(), 4);
    // A rule that counts otherwise starts anew; one that is gone is left out.
    let changed = self::rules(&text.replace("gte: 3", "gte: 2"));
    assert_eq!(live(&changed, Settings::default()).restore(&before.state()).unwrap(), 1);
    assert_eq!(live(&self::rules(RULE), Settings::default()).restore(&before.state()).unwrap(), 2);
    for bytes in [&b"{}"[..], b"", b"{\"version\":9,\"high\":0,\"counts\":[0,0,0,0,0,0,0],\"rules\":[]}"] {
        assert_eq!(after.restore(bytes).unwrap_err().kind(), ErrorKind::State);
    }
}

#[test]
fn what_is_forgotten_is_counted() {
    let text = format!(
        "{RULE}---\n{BURST}---\n{}trailkeep: {{first-seen: {{fields: [userIdentity.userName]}}}}\n",
        RULE.replace("id: a", "id: new").replace("title: A", "title: New")
    );
    let rules = rules(&text);
    let settings = Settings { groups_max: 8, window_events_max: 6, terms_max: 8, ..Settings::default() };
    let mut detector = live(&rules, settings);
    let many: Vec<String> = (0..20).map(|at| format!("{at} A user{at} -")).collect();
    observe(&mut detector, &many.join(";"), None, now());
    let many: Vec<String> = (20..30).map(|at| format!("{at} A same -")).collect();
    let found = observe(&mut detector, &many.join(";"), None, now());
    let Counts { events, groups_evicted, window_events_evicted, terms_evicted, .. } = detector.counts();
    assert_eq!(events, 30);
    assert!(groups_evicted >= 12, "{groups_evicted}");
    assert_eq!(window_events_evicted, 4);
    assert!(terms_evicted >= 12, "{terms_evicted}");
    // What is left still works: the last eight of ten make three or more.
    assert_eq!(found.iter().filter(|finding| finding.rule.meta.id == "burst").count(), 8);
}
