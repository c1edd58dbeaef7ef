//! Consumers of the lake: who issued credentials to whom, and what rules find; again and again, and after a crash.

use std::path::Path;
use std::sync::Arc;

use detect::Placeholders;
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::time::EventTime;
use lake::location::Location;
use lake::{Finding, FindingsTable, Lake, SessionsTable};
use lineage::sessions::EDGES_MAX;
use pipeline::hunt::{FileHunt, Found, Hunt, Scope, Tally, in_files, in_lake};
use pipeline::sessions::{Consumed, consume};
use source::{Source, Uri};
use tokio::sync::mpsc;

use crate::{NOW, ask, count, run, writer};

/// Three calls of one user within two minutes are one burst; what is denied is grouped by the origin.
const RULES: &str = "\
title: Call
name: call
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: GetObject}
  condition: selection
---
title: Burst
id: burst
level: high
correlation:
  type: event_count
  rules: [call]
  group-by: [origin]
  timespan: 2m
  condition: {gte: 3}
---
title: Denied
id: denied
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {errorCode: AccessDenied}
  condition: selection
trailkeep:
  group-by: [origin]
  timespan: 1h
";

/// A key issued to alice at the hour's start; `minute` and `second` of each call with it.
fn issuing(nth: u8) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-03-01T0{nth}:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","eventID":"issued-{nth}","recipientAccountId":"111122223333","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLEALICE00001","accessKeyId":"AKIAEXAMPLEALICE0001","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","userName":"alice"}},"responseElements":{{"credentials":{{"accessKeyId":"ASIAEXAMPLESESSION0{nth}"}},"assumedRoleUser":{{"assumedRoleId":"AROAEXAMPLEDEPLOY0001:cli{nth}"}}}}}}"#
    )
}

fn call(id: &str, nth: u8, minute: u8, error: &str) -> String {
    let error = if error.is_empty() { String::new() } else { format!(r#""errorCode":"{error}","#) };
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-03-01T0{nth}:{minute:02}:30Z","eventSource":"s3.amazonaws.com","eventName":"GetObject",{error}"eventID":"{id}","recipientAccountId":"111122223333","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEDEPLOY0001:cli{nth}","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/cli{nth}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLESESSION0{nth}","sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::111122223333:role/Deploy"}}}}}}}}"#
    )
}

fn rules() -> Arc<RuleSet> {
    let loaded = RuleSet::load(&[("rules.yml".to_owned(), RULES.as_bytes().to_vec())], &Placeholders::new());
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
    Arc::new(loaded.rules)
}

fn hunt(scope: Scope) -> Hunt {
    Hunt { rules: rules(), indicators: Arc::new(Indicators::default()), scope, now: EventTime::parse(NOW).unwrap() }
}

async fn look(data: &Path, scope: Scope) -> (Vec<Found>, Tally) {
    let lake = Lake::open(&Location::local(data)).await.unwrap();
    let sessions = Arc::new(lake.sessions(EDGES_MAX).await.unwrap());
    let (parts, mut found) = mpsc::channel(16);
    let options = Lake::session_options(None);
    let gather = async {
        let mut all = Vec::new();
        while let Some(part) = found.recv().await {
            all.extend(part);
        }
        all
    };
    let (tally, all) = tokio::join!(in_lake(hunt(scope), (&lake, &options), sessions, parts), gather);
    (all, tally.unwrap())
}

async fn bring_up_to_date(data: &Path) -> Consumed {
    let writer = writer(data).await;
    let consumed = consume(&writer, &Location::local(data), &Lake::session_options(None)).await.unwrap();
    writer.close().await;
    consumed
}

/// What a finding is, in short.
fn short(found: &Found) -> String {
    let (finding, last) = (&found.finding, found.finding.events.last().unwrap());
    let origin =
        found.sight.origin.as_ref().map_or("-".to_owned(), |origin| format!("{} {}", origin.arn, origin.status));
    let id = last.event_id.as_deref().unwrap_or("-");
    format!("{} {} {id} of {} by {origin}", finding.rule.meta.id, finding.outcome.as_str(), finding.events_total)
}

const ALICE: &str = "arn:aws:iam::111122223333:user/alice complete";

/// The calls lie in the lake in the order in which they were delivered, which is not that of their time, and the issuing
/// call of the second session comes last of all.
#[tokio::test]
async fn stored_events_are_looked_at_in_the_order_of_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    std::fs::create_dir(&logs).unwrap();
    let files = [
        vec![call("c", 2, 3, ""), call("a", 2, 1, ""), issuing(1)],
        vec![call("d", 1, 30, "AccessDenied"), call("e", 1, 40, "AccessDenied"), call("b", 2, 2, "")],
        vec![issuing(2)],
    ];
    for (nth, lines) in files.iter().enumerate() {
        std::fs::write(logs.join(format!("{nth}.jsonl")), lines.join("\n")).unwrap();
        run(&data, &logs, 48 << 20).await;
        bring_up_to_date(&data).await;
    }
    let (found, tally) = look(&data, Scope::default()).await;
    assert_eq!((tally.events, tally.edges, tally.bounded.is_nothing()), (7, 2, true));
    let found: Vec<String> = found.iter().map(short).collect();
    assert_eq!(found, [format!("denied attempted e of 2 by {ALICE}"), format!("burst done c of 3 by {ALICE}")]);
    let time = |text: &str| Some(EventTime::parse(text).unwrap());
    let cases = [
        (Scope { since: time("2026-03-01T02:00:00Z"), ..Scope::default() }, vec!["burst"]),
        (Scope { until: time("2026-03-01T02:00:00Z"), ..Scope::default() }, vec!["denied"]),
        // Without the third call there is no burst.
        (Scope { until: time("2026-03-01T02:03:00Z"), ..Scope::default() }, vec!["denied"]),
        (Scope { since: time("2026-03-01T02:02:50Z"), ..Scope::default() }, vec!["burst"]),
        (Scope { level: Some(detect::Level::High), ..Scope::default() }, vec!["burst"]),
        (Scope { since: time("2026-03-02T00:00:00Z"), ..Scope::default() }, vec![]),
    ];
    for (scope, expect) in cases {
        let (found, _) = look(&data, scope.clone()).await;
        let rules: Vec<&str> = found.iter().map(|found| found.finding.rule.meta.id.as_str()).collect();
        assert_eq!(rules, expect, "{scope:?}");
    }
}

/// In files each event at which a rule holds is a finding, each file has windows of its own, and any of them may tell who
/// stands behind a credential.
#[tokio::test]
async fn files_are_looked_at_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        vec![call("a", 2, 1, ""), call("b", 2, 2, "AccessDenied")],
        vec![call("c", 2, 3, ""), call("c", 2, 3, ""), call("d", 2, 2, "AccessDenied")],
        vec![issuing(2)],
    ];
    for (nth, lines) in files.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{nth}.jsonl")), lines.join("\n")).unwrap();
    }
    let source = Source::open(Uri::parse(folder.path().as_os_str()).unwrap(), &Default::default()).await.unwrap();
    let files =
        FileHunt { sources: vec![source], selection: Default::default(), limits: Default::default(), workers: 2 };
    let (parts, mut found) = mpsc::channel(16);
    let work = tokio::spawn(in_files(hunt(Scope::default()), files, parts));
    let mut all = Vec::new();
    while let Some(part) = found.recv().await {
        all.extend(part.iter().map(short));
    }
    let tally = work.await.unwrap().unwrap();
    assert_eq!((tally.files, tally.events, tally.edges), (3, 6, 1));
    assert_eq!(
        all,
        [
            format!("denied attempted b of 1 by {ALICE}"),
            format!("denied attempted d of 1 by {ALICE}"),
            format!("burst done c of 3 by {ALICE}")
        ]
    );
}

#[tokio::test]
async fn issuing_calls_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    std::fs::create_dir(&logs).unwrap();
    let mut last = -1;
    for nth in 1..=3 {
        std::fs::write(
            logs.join(format!("{nth}.jsonl")),
            [issuing(nth), call(&format!("{nth}"), nth, 1, "")].join("\n"),
        )
        .unwrap();
        run(&data, &logs, 48 << 20).await;
        let consumed = bring_up_to_date(&data).await;
        assert!(consumed.edges == 1 && consumed.last_seq > last, "{consumed:?} after {last}");
        last = consumed.last_seq;
        assert_eq!(bring_up_to_date(&data).await, Consumed { last_seq: last, edges: 0 });
    }
    let keys = "SELECT child_key FROM sessions ORDER BY 1";
    assert_eq!(ask(&data, keys).await, ["ASIAEXAMPLESESSION01", "ASIAEXAMPLESESSION02", "ASIAEXAMPLESESSION03"]);
    let origins = "SELECT origin_status FROM events WHERE eventname = 'GetObject'";
    assert_eq!(ask(&data, origins).await, ["complete"; 3]);
    let by_origin = "SELECT count(*) FROM events WHERE origin = 'arn:aws:iam::111122223333:user/alice'";
    assert_eq!(count(&data, by_origin).await, 6);
    // A filter by an origin is a list of its keys first, in whatever way it is written.
    for filter in [
        "origin = 'ORIGIN'",
        "'ORIGIN' = origin",
        "origin IN ('ORIGIN', 'nobody')",
        "origin = 'ORIGIN' OR origin = 'nobody'",
    ] {
        let filter = filter.replace("ORIGIN", "arn:aws:iam::111122223333:user/alice");
        let plan = explain(&data, &format!("SELECT eventid FROM events WHERE {filter}")).await;
        assert!(plan.contains("ASIAEXAMPLESESSION02"), "{filter}: {plan}");
        assert_eq!(count(&data, &format!("SELECT count(*) FROM events WHERE {filter}")).await, 6, "{filter}");
    }
    let others = "SELECT count(*) FROM events WHERE origin <> 'arn:aws:iam::111122223333:user/alice'";
    assert_eq!(count(&data, others).await, 0);
}

/// The plan of a query, as text.
async fn explain(data: &Path, sql: &str) -> String {
    use arrow::array::AsArray;
    let lake = Lake::open(&Location::local(data)).await.unwrap();
    let ctx = lake.session(&Lake::session_options(None)).unwrap();
    let (_, stream) = lake::sql::query(&ctx, &format!("EXPLAIN {sql}")).await.unwrap();
    let batches: Vec<_> = futures::TryStreamExt::try_collect(stream).await.unwrap();
    batches
        .iter()
        .flat_map(|batch: &arrow::array::RecordBatch| {
            batch.columns().last().unwrap().as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn small_files_of_sessions_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("1.jsonl"), issuing(1)).unwrap();
    run(&data, &logs, 48 << 20).await;
    let location = Location::local(&data);
    let writer = writer(&data).await;
    let lake = Lake::open(&location).await.unwrap();
    consume(&writer, &location, &Lake::session_options(None)).await.unwrap();
    let edge = {
        let again = Lake::open(&location).await.unwrap();
        again.sessions(EDGES_MAX).await.unwrap().issuers_of("ASIAEXAMPLESESSION01").next().unwrap().clone()
    };
    for nth in 1..=40 {
        let table = SessionsTable::open(&location, &writer).await.unwrap();
        let mut appending = table.append();
        appending.push(vec![lineage::edge::Edge { event_id: Some(format!("{nth}")), ..edge.clone() }]).await.unwrap();
        assert_eq!(appending.commit(lake.last_seq() + nth).await.unwrap(), 1);
        assert_eq!(SessionsTable::open(&location, &writer).await.unwrap().offset(), lake.last_seq() + nth);
    }
    writer.close().await;
    assert_eq!(count(&data, "SELECT count(DISTINCT event_id) FROM sessions").await, 41);
    assert_eq!(count(&data, "SELECT count(*) FROM sessions").await, 41);
}

#[tokio::test]
async fn a_finding_takes_the_place_of_the_one_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let location = Location::local(&data);
    let writer = writer(&data).await;
    let row = |key: u128, rule: &str| Finding {
        key,
        rule_id: rule.to_owned(),
        event_time: EventTime::parse("2026-03-01T00:00:00Z"),
        ..Finding::default()
    };
    // What is stored, what is new and what is replaced, and the rules of all rows afterwards in the order of their keys.
    type Round = (Vec<Finding>, (u64, u64), Vec<&'static str>);
    let rounds: [Round; 4] = [
        (vec![row(1, "a"), row(2, "b")], (2, 0), vec!["a", "b"]),
        (vec![row(2, "c"), row(3, "d")], (1, 1), vec!["a", "c", "d"]),
        (vec![row(3, "e"), row(3, "f"), row(1, "g")], (0, 2), vec!["g", "c", "f"]),
        (vec![], (0, 0), vec!["g", "c", "f"]),
    ];
    for (rows, expect, rules) in rounds {
        let mut table = FindingsTable::open(&location, &writer).await.unwrap();
        let stored = table.store(rows).await.unwrap();
        assert_eq!((stored.new, stored.replaced), expect);
        assert_eq!(ask(&data, "SELECT rule_id FROM findings ORDER BY key").await, rules);
    }
    let mut table = FindingsTable::open(&location, &writer).await.unwrap();
    for nth in 10..60 {
        assert_eq!(table.store(vec![row(nth, "z")]).await.unwrap().new, 1);
    }
    assert_eq!(count(&data, "SELECT count(*) FROM findings").await, 53);
    let live = std::fs::read_dir(data.join("lake/findings")).unwrap().count();
    assert!(live >= 50, "files that are replaced stay until the table is cleaned: {live}");
    drop(table);
    writer.close().await;
}
