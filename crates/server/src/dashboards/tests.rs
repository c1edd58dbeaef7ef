//! Dashboards that refresh themselves, with a clock that is moved by hand.

use event::time::EventTime;
use lake::Expect;
use serde_json::{Value, json};

use super::{DASHBOARD, Dashboard, Frequency, RefreshSchedule, Refreshing, refresh};
use crate::kept;
use crate::operation::Operation;
use crate::testing::{Ground, code};

/// Makes a store and returns its id.
async fn store(ground: &Ground) -> String {
    let input = json!({ "Name": "all", "TerminationProtectionEnabled": false });
    let made = ground.run(Operation::CreateEventDataStore, input).await;
    let arn = made["EventDataStoreArn"].as_str().unwrap_or_else(|| panic!("{made}"));
    arn.rsplit('/').next().unwrap().to_owned()
}

/// So many widgets that count what happened between two times.
fn widgets(store: &str, count: usize) -> Vec<Value> {
    let statement =
        |nth: usize| format!("SELECT count(*) AS n{nth} FROM {store} WHERE eventTime > '?' AND eventTime < '?'");
    let widget = |nth| json!({ "QueryStatement": statement(nth), "QueryParameters": ["$StartTime$", "$EndTime$"], "ViewProperties": {} });
    (0..count).map(widget).collect()
}

fn schedule(unit: &str, value: i64, time_of_day: &str) -> Value {
    json!({ "Frequency": { "Unit": unit, "Value": value }, "TimeOfDay": time_of_day, "Status": "ENABLED" })
}

async fn refreshed(ground: &Ground) -> u64 {
    let count = ground.service.refresh_dashboards().await.unwrap();
    ground.service.queries.settle().await;
    count
}

async fn shown(ground: &Ground) -> Value {
    ground.run(Operation::GetDashboard, json!({ "DashboardId": "board" })).await
}

/// Returns status and alias of the queries of a refresh, in no order.
fn queries_of(ground: &Ground, refresh_id: &Value) -> Vec<(&'static str, Option<String>)> {
    let all = crate::queries::all(&ground.service, &ground.call()).unwrap().into_iter();
    let of_refresh = all.filter(|query| query.refresh_id.as_deref() == refresh_id.as_str());
    of_refresh.map(|query| (query.status.as_str(), query.alias)).collect()
}

#[test]
fn times_of_a_schedule() {
    let cases = [
        (Some(("HOURS", 1)), Some("ENABLED"), None, "2026-06-01T12:00:00Z", Some("2026-06-01T12:00:00Z")),
        (Some(("HOURS", 1)), Some("ENABLED"), None, "2026-06-01T12:59:59Z", Some("2026-06-01T12:00:00Z")),
        // Of the time of the day hours heed the minutes alone.
        (Some(("HOURS", 1)), Some("ENABLED"), Some("08:30"), "2026-06-01T12:29:59Z", Some("2026-06-01T11:30:00Z")),
        (Some(("HOURS", 6)), Some("ENABLED"), Some("08:30"), "2026-06-01T12:29:59Z", Some("2026-06-01T06:30:00Z")),
        (Some(("HOURS", 6)), Some("ENABLED"), Some("08:30"), "2026-06-01T12:30:00Z", Some("2026-06-01T12:30:00Z")),
        (Some(("HOURS", 12)), Some("ENABLED"), Some("00:15"), "2026-06-01T00:10:00Z", Some("2026-05-31T12:15:00Z")),
        (Some(("HOURS", 24)), Some("ENABLED"), Some("08:30"), "2026-06-01T00:29:00Z", Some("2026-05-31T00:30:00Z")),
        (Some(("DAYS", 1)), Some("ENABLED"), None, "2026-06-01T12:00:00Z", Some("2026-06-01T00:00:00Z")),
        (Some(("DAYS", 1)), Some("ENABLED"), Some("23:59"), "2026-06-01T12:00:00Z", Some("2026-05-31T23:59:00Z")),
        (Some(("DAYS", 1)), Some("DISABLED"), None, "2026-06-01T12:00:00Z", None),
        (Some(("DAYS", 1)), None, None, "2026-06-01T12:00:00Z", None),
        (None, Some("ENABLED"), Some("08:00"), "2026-06-01T12:00:00Z", None),
        (Some(("DAYS", 0)), Some("ENABLED"), None, "2026-06-01T12:00:00Z", None),
        (Some(("DAYS", i64::MAX)), Some("ENABLED"), None, "2026-06-01T12:00:00Z", None),
    ];
    for (frequency, status, time_of_day, now, expected) in cases {
        let schedule = RefreshSchedule {
            frequency: frequency.map(|(unit, value)| Frequency { unit: Some(unit.to_owned()), value: Some(value) }),
            status: status.map(str::to_owned),
            time_of_day: time_of_day.map(str::to_owned),
        };
        let found = schedule.last_time(EventTime::parse(now).unwrap());
        assert_eq!(found, expected.map(|time| EventTime::parse(time).unwrap()), "{schedule:?} {now}");
    }
}

#[tokio::test]
async fn a_dashboard_is_refreshed_once_at_each_of_its_times() {
    // It is noon on the first of June.
    let mut ground = Ground::new();
    let store = store(&ground).await;
    let input =
        json!({ "Name": "board", "Widgets": widgets(&store, 2), "RefreshSchedule": schedule("HOURS", 6, "08:30") });
    let made = ground.run(Operation::CreateDashboard, input).await;
    assert_eq!(code(&made), "", "{made}");
    const HOUR: i64 = 3_600;
    // Seconds that pass, whether the program begins anew, and how often it is refreshed.
    let steps = [
        (0, false, 0),
        (1_799, false, 0),
        (1, false, 1),
        (0, false, 0),
        (0, true, 0),
        (5 * HOUR, true, 0),
        (HOUR, false, 1),
        // Three times go by while nothing runs: the last is made up.
        (19 * HOUR, true, 1),
        (0, true, 0),
        (4 * HOUR, false, 0),
        (HOUR, false, 1),
    ];
    let mut ids = std::collections::BTreeSet::new();
    for (nth, (seconds, begins_anew, count)) in steps.into_iter().enumerate() {
        ground.clock.pass(seconds);
        if begins_anew {
            ground = ground.restarted();
        }
        assert_eq!(refreshed(&ground).await, count, "step {nth}");
        let told = shown(&ground).await;
        let id = &told["LastRefreshId"];
        assert_eq!(ids.insert(id.as_str().unwrap_or_default().to_owned()), count > 0 || nth == 0, "step {nth}");
        assert_eq!(told["LastRefreshFailureReason"], Value::Null, "{told}");
        if id.is_string() {
            let queries = queries_of(&ground, id);
            assert!(queries.len() == 2 && queries.iter().all(|(status, _)| *status == "FINISHED"), "{queries:?}");
        }
    }
    let listed = ground.run(Operation::ListQueries, json!({ "EventDataStore": store })).await;
    assert_eq!(listed["Queries"].as_array().unwrap().len(), 8, "{listed}");
    let told = shown(&ground).await;
    let input = json!({ "QueryAlias": made["Widgets"][0]["QueryAlias"], "RefreshId": told["LastRefreshId"] });
    let query = ground.run(Operation::DescribeQuery, input).await;
    // The week before the refresh, as when it is asked for.
    let expected = "'2026-05-26 18:30:00' AND eventTime < '2026-06-02 18:30:00'";
    assert!(query["QueryString"].as_str().unwrap().ends_with(expected), "{query}");
    assert_eq!(query["QueryStatus"], "FINISHED");
}

#[tokio::test]
async fn nothing_is_refreshed_without_a_schedule_that_is_enabled() {
    let ground = Ground::new();
    let store = store(&ground).await;
    let input = json!({ "Name": "board", "Widgets": widgets(&store, 1) });
    ground.run(Operation::CreateDashboard, input).await;
    let disabled = json!({ "Frequency": { "Unit": "HOURS", "Value": 1 }, "Status": "DISABLED" });
    let enabled = schedule("HOURS", 1, "00:00");
    let daily = schedule("DAYS", 1, "06:00");
    // What its owner changes, and how often it is refreshed then and a day later.
    let changes = [
        (json!({}), [0, 0]),
        (json!({ "RefreshSchedule": disabled }), [0, 0]),
        (json!({ "RefreshSchedule": { "Status": "ENABLED" } }), [0, 0]),
        // Times that lie before it was enabled do not count.
        (json!({ "RefreshSchedule": enabled }), [0, 1]),
        // The same schedule again leaves it as it is, and so does another change.
        (json!({ "RefreshSchedule": enabled }), [0, 1]),
        (json!({ "TerminationProtectionEnabled": true }), [0, 1]),
        (json!({ "RefreshSchedule": daily }), [0, 1]),
        (json!({ "RefreshSchedule": disabled }), [0, 0]),
    ];
    for (change, expected) in changes {
        let mut input = change.clone();
        input["DashboardId"] = json!("board");
        let changed = ground.run(Operation::UpdateDashboard, input).await;
        assert_eq!(code(&changed), "", "{changed}");
        let mut found = [refreshed(&ground).await, 0];
        ground.clock.pass(86_400);
        found[1] = refreshed(&ground).await;
        assert_eq!(found, expected, "{change}");
    }
}

#[tokio::test]
async fn queries_of_a_schedule_wait_for_room_and_tell_what_fails() {
    let ground = Ground::new().with_limits(|limits| limits.queries_max = 1);
    let store = store(&ground).await;
    let mut all = widgets(&store, 4);
    all[1]["QueryStatement"] =
        json!(format!("SELECT nosuchcolumn FROM {store} WHERE eventTime > '?' AND eventTime < '?'"));
    all[2]["QueryParameters"] = json!(["$StartTime$", "$Unknown$"]);
    let input = json!({ "Name": "board", "Widgets": all, "RefreshSchedule": schedule("HOURS", 1, "00:00") });
    assert_eq!(code(&ground.run(Operation::CreateDashboard, input).await), "");
    ground.clock.pass(3_600);
    assert_eq!(refreshed(&ground).await, 1);
    let told = shown(&ground).await;
    assert!(told["LastRefreshFailureReason"].as_str().unwrap().contains("nosuchcolumn"), "{told}");
    assert_eq!(queries_of(&ground, &told["LastRefreshId"]).len(), 2, "those that can run do, one after the other");
    // What is wrong with all of them is told as well, and the next time comes all the same.
    ground.run(Operation::DeleteEventDataStore, json!({ "EventDataStore": store })).await;
    ground.clock.pass(3_600);
    assert_eq!((refreshed(&ground).await, refreshed(&ground).await), (1, 0));
    let later = shown(&ground).await;
    assert_ne!(later["LastRefreshId"], told["LastRefreshId"]);
    assert!(later["LastRefreshFailureReason"].as_str().unwrap().contains(&store), "{later}");
}

#[tokio::test]
async fn a_refresh_that_was_cut_short_goes_on_under_its_id() {
    let ground = Ground::new();
    let store = store(&ground).await;
    let input =
        json!({ "Name": "board", "Widgets": widgets(&store, 3), "RefreshSchedule": schedule("HOURS", 1, "00:00") });
    let made = ground.run(Operation::CreateDashboard, input).await;
    let arn = made["DashboardArn"].as_str().unwrap();
    ground.clock.pass(3_600);
    // The program ends when the time is written down and the first query started.
    let kept = ground.service.documents.read::<Dashboard>(DASHBOARD, arn).unwrap().unwrap();
    let mut dashboard = kept.value;
    let refreshing = Refreshing { time: ground.call().now.into(), id: refresh::new_id(ground.call().now) };
    dashboard.refreshing = Some(refreshing.clone());
    dashboard.last_refresh_id = Some(refreshing.id.clone());
    kept::put(&ground.service, (DASHBOARD, arn), &dashboard, Expect::Revision(kept.revision)).unwrap();
    let first = Dashboard { widgets: dashboard.widgets[..1].to_vec(), ..dashboard };
    assert_eq!(refresh::start_in_turn(&ground.service, &ground.call(), &first, &refreshing.id).await, Ok(None));
    ground.service.queries.settle().await;
    let ground = ground.restarted();
    assert_eq!((refreshed(&ground).await, refreshed(&ground).await), (1, 0));
    let told = shown(&ground).await;
    assert_eq!(told["LastRefreshId"], json!(refreshing.id));
    let mut aliases: Vec<_> = queries_of(&ground, &told["LastRefreshId"]).into_iter().map(|(_, alias)| alias).collect();
    aliases.sort();
    let mut expected: Vec<_> = made["Widgets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|widget| widget["QueryAlias"].as_str().map(str::to_owned))
        .collect();
    expected.sort();
    assert_eq!(aliases, expected, "each widget's query once");
}
