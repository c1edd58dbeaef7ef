//! What would be recorded, for programs: one object of JSON. What is said of the other trail of `--compare` stands in
//! `compare`, beside what is said of the first.

use std::io::{self, Write};

use inquiry::simulate::{Cost, Group, Prices, RuleSight, Sight};
use serde::Serialize;

use super::Shown;
use super::report::per_30_days;

#[derive(Serialize)]
struct Object<'a> {
    selectors: &'a str,
    first: Option<String>,
    last: Option<String>,
    events: u64,
    recorded: u64,
    skipped: u64,
    cost: Costs,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<Other<'a>>,
    prices: PriceList<'a>,
    by_category: Vec<Line<'a>>,
    by_source: Vec<Line<'a>>,
    by_name: Vec<Line<'a>>,
    by_account: Vec<Line<'a>>,
    by_day: Vec<Line<'a>>,
    rules_total: u64,
    rules: Vec<Rule<'a>>,
    decided_early: u64,
}

#[derive(Serialize)]
struct Other<'a> {
    selectors: &'a str,
    recorded: u64,
    skipped: u64,
    cost: Costs,
}

#[derive(Serialize)]
struct Costs {
    management_events: u64,
    management: f64,
    data_events: u64,
    data: f64,
    network_activity_events: u64,
    network_activity: f64,
    insights_events: u64,
    insights: f64,
    total: f64,
    per_30_days: Option<f64>,
}

#[derive(Serialize)]
struct PriceList<'a> {
    as_of: &'a str,
    source: &'a str,
    currency: &'a str,
    per_events: u64,
    management_copy: f64,
    data: f64,
    network_activity: f64,
    insights: f64,
    first_copy: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<&'a str>,
    events: u64,
    recorded: u64,
    skipped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<Counts>,
}

#[derive(Serialize)]
struct Counts {
    recorded: u64,
    skipped: u64,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    title: &'a str,
    level: Option<&'static str>,
    matches: u64,
    #[serde(flatten)]
    with: With,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<With>,
}

#[derive(Serialize)]
struct With {
    recorded_matches: u64,
    sight: &'static str,
}

/// What the parts of a key are.
#[derive(Clone, Copy)]
enum Key {
    Category,
    Source,
    Name,
    Account,
    Day,
}

/// Prints the object on a line.
pub(super) fn print(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = shown.found;
    let total = counts(&found.events, 0);
    let cost = |nth: usize| found.costs.get(nth).map(|cost| costs(cost, shown));
    let other = || {
        let Counts { recorded, skipped } = counts(&found.events, 1)?;
        Some(Other { selectors: shown.trails.get(1)?, recorded, skipped, cost: cost(1)? })
    };
    let (Some(Counts { recorded, skipped }), Some(cost_of_first)) = (total, cost(0)) else { return Ok(()) };
    let object = Object {
        selectors: shown.trails.first().map_or("", String::as_str),
        first: found.times.map(|(first, _)| first.to_string()),
        last: found.times.map(|(_, last)| last.to_string()),
        events: found.events.events,
        recorded,
        skipped,
        cost: cost_of_first,
        compare: other(),
        prices: prices(&shown.pricing.prices, shown.pricing.is_first_copy),
        by_category: lines(Key::Category, &found.sums.by_category),
        by_source: lines(Key::Source, &found.sums.by_source),
        by_name: lines(Key::Name, &found.sums.by_name),
        by_account: lines(Key::Account, &found.sums.by_account),
        by_day: lines(Key::Day, &found.sums.by_day),
        rules_total: found.rules_total,
        rules: found.rules.iter().filter_map(rule).collect(),
        decided_early: found.decided_early,
    };
    serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
    writeln!(out)
}

fn counts(group: &Group, nth: usize) -> Option<Counts> {
    let recorded = *group.recorded.get(nth)?;
    Some(Counts { recorded, skipped: group.events.saturating_sub(recorded) })
}

fn lines(key: Key, groups: &[Group]) -> Vec<Line<'_>> {
    groups.iter().filter_map(|group| line(key, group)).collect()
}

fn line(key: Key, group: &Group) -> Option<Line<'_>> {
    let Counts { recorded, skipped } = counts(group, 0)?;
    let (first, second) = (group.key.first().map(String::as_str), group.key.get(1).map(String::as_str));
    let mut line = Line {
        category: None,
        source: None,
        name: None,
        account: None,
        day: None,
        events: group.events,
        recorded,
        skipped,
        compare: counts(group, 1),
    };
    match key {
        Key::Category => line.category = first,
        Key::Source => line.source = first,
        Key::Name => (line.source, line.name) = (first, second),
        Key::Account => line.account = first,
        Key::Day => line.day = first,
    }
    Some(line)
}

fn rule(rule: &RuleSight) -> Option<Rule<'_>> {
    let with = |nth: usize| {
        let (recorded_matches, sight): (u64, Sight) = *rule.with.get(nth)?;
        Some(With { recorded_matches, sight: sight.as_str() })
    };
    Some(Rule {
        id: &rule.id,
        title: &rule.title,
        level: rule.level.map(detect::Level::as_str),
        matches: rule.matches,
        with: with(0)?,
        compare: with(1),
    })
}

fn costs(cost: &Cost, shown: &Shown<'_>) -> Costs {
    Costs {
        management_events: cost.management_events,
        management: rounded(cost.management),
        data_events: cost.data_events,
        data: rounded(cost.data),
        network_activity_events: cost.network_activity_events,
        network_activity: rounded(cost.network_activity),
        insights_events: cost.insights_events,
        insights: rounded(cost.insights),
        total: rounded(cost.total()),
        per_30_days: per_30_days(cost, shown.found).map(rounded),
    }
}

/// A millionth is the price of a twentieth of the cheapest event: sums of decimals shall look like it.
fn rounded(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}

fn prices(prices: &Prices, first_copy: bool) -> PriceList<'_> {
    PriceList {
        as_of: &prices.as_of,
        source: &prices.source,
        currency: &prices.currency,
        per_events: prices.per_events,
        management_copy: prices.management_copy,
        data: prices.data,
        network_activity: prices.network_activity,
        insights: prices.insights,
        first_copy,
    }
}
