//! What would be recorded, for people: tables of what is recorded and skipped, the bill, and the rules that lose something.
//! Programs that want CSV get the counts as one table.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use detect::Level;
use event::time::DAY;
use inquiry::simulate::{Cost, Group, RuleSight, Sight, Simulation, Sums};

use super::Shown;
use crate::cli::Format;
use crate::fault::Result;
use crate::output::{self, Style};
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::{count, counted};

/// Days of a month, as far as costs go.
const MONTH_DAYS: f64 = 30.0;

/// The groups of sums, by what they are called.
fn kinds(sums: &Sums) -> [(&'static str, &'static str, &[Group]); 5] {
    [
        ("category", "By category", &sums.by_category),
        ("source", "By source", &sums.by_source),
        ("name", "By name", &sums.by_name),
        ("account", "By account", &sums.by_account),
        ("day", "By day (UTC)", &sums.by_day),
    ]
}

/// Prints the report.
pub(super) fn for_people(shown: &Shown<'_>, limit: usize, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let found = shown.found;
    let style = Style { has_footer: false, ..Style::stdout(Format::Table, false) };
    match found.times {
        Some((first, last)) => {
            writeln!(out, "{} from {first} to {last}", counted(found.events.events, "event"))?;
        }
        None => writeln!(out, "No event fits.")?,
    }
    for (nth, name) in shown.trails.iter().enumerate() {
        let recorded = found.events.recorded.get(nth).copied().unwrap_or_default();
        let skipped = found.events.events.saturating_sub(recorded);
        let (recorded, skipped) = (count(recorded), count(skipped));
        writeln!(out, "{} records {recorded} and skips {skipped}.", letter(shown, nth, &visible(name)))?;
    }
    for (kind, title, groups) in kinds(&found.sums) {
        if groups.is_empty() {
            continue;
        }
        writeln!(out, "\n{title}")?;
        let limit = if limit == 0 { groups.len() } else { limit };
        let (some, rest) = groups.split_at(limit.min(groups.len()));
        let batch = table(kind, some, shown.trails.len(), settings)?;
        output::print_batches(&batch.schema(), &[batch], style, out)?;
        if !rest.is_empty() {
            writeln!(out, "and {} more; `-n 0` shows all", count(rest.len() as u64))?;
        }
    }
    bill(shown, out)?;
    rules(shown, limit, out)
}

/// Names a trail: by its file, and where there are two by the letter that stands in the tables.
fn letter(shown: &Shown<'_>, nth: usize, name: &str) -> String {
    if shown.trails.len() == 1 {
        format!("`{name}`")
    } else {
        format!("{} (`{name}`)", LETTERS.get(nth).unwrap_or(&""))
    }
}

const LETTERS: [&str; 2] = ["A", "B"];

/// One row a group: what it is, all events, and of each trail what it records and what it skips.
fn table(kind: &str, groups: &[Group], trails: usize, settings: &Settings) -> Result<RecordBatch> {
    let key = |part: usize| -> ArrayRef {
        let texts = groups.iter().map(|group| {
            let text = group.key.get(part).map(String::as_str).unwrap_or_default();
            if kind == "account" { settings.accounts.name(text).unwrap_or(text) } else { text }
        });
        Arc::new(texts.map(Some).collect::<StringArray>())
    };
    let numbers = |number: &dyn Fn(&Group) -> u64| -> ArrayRef {
        Arc::new(groups.iter().map(|group| Some(number(group))).collect::<UInt64Array>())
    };
    let mut columns: Vec<(String, ArrayRef)> = match kind {
        "name" => vec![("source".to_owned(), key(0)), ("name".to_owned(), key(1))],
        kind => vec![(kind.to_owned(), key(0))],
    };
    columns.push(("events".to_owned(), numbers(&|group| group.events)));
    columns.extend(counts_of(groups, trails));
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn counts_of(groups: &[Group], trails: usize) -> Vec<(String, ArrayRef)> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for nth in 0..trails {
        let by = match LETTERS.get(nth).filter(|_| trails > 1) {
            Some(letter) => format!(" {letter}"),
            None => String::new(),
        };
        let recorded = |group: &Group| group.recorded.get(nth).copied().unwrap_or_default();
        let array = |number: &dyn Fn(&Group) -> u64| -> ArrayRef {
            Arc::new(groups.iter().map(|group| Some(number(group))).collect::<UInt64Array>())
        };
        columns.push((format!("recorded{by}"), array(&recorded)));
        columns.push((format!("skipped{by}"), array(&|group| group.events.saturating_sub(recorded(group)))));
    }
    columns
}

/// Returns what a month would cost, where a day at least was looked at.
pub(super) fn per_30_days(cost: &Cost, found: &Simulation) -> Option<f64> {
    let (first, last) = found.times?;
    let days = (last.as_micros() - first.as_micros()) as f64 / DAY as f64;
    (days >= 1.0).then(|| cost.total() / days * MONTH_DAYS)
}

fn bill(shown: &Shown<'_>, out: &mut dyn Write) -> Result<()> {
    let prices = &shown.pricing.prices;
    writeln!(out, "\nCost at AWS's list prices of {} ({})", visible(&prices.as_of), visible(&prices.currency))?;
    for (nth, cost) in shown.found.costs.iter().enumerate() {
        if let Some(letter) = LETTERS.get(nth).filter(|_| shown.trails.len() > 1) {
            writeln!(out, "  {letter}")?;
        }
        let copy = match shown.pricing.is_first_copy {
            true => "the first copy is free",
            false => "as a further copy; `--first-copy` if there is no other trail: the first is free",
        };
        let mut line = |what: &str, events: u64, amount: f64, note: &str| {
            let (events, amount) = (count(events), money(amount));
            let gap = if note.is_empty() { "" } else { "  " };
            writeln!(out, "  {what:<24} {events:>15} {amount:>14}{gap}{note}")
        };
        line("management events", cost.management_events, cost.management, copy)?;
        line("data events", cost.data_events, cost.data, "")?;
        line("network activity events", cost.network_activity_events, cost.network_activity, "")?;
        line("analysed for insights", cost.insights_events, cost.insights, "")?;
        let month = per_30_days(cost, shown.found).map(|month| format!("  {} in 30 days at this rate", money(month)));
        writeln!(out, "  {:<40} {:>14}{}", "total", money(cost.total()), month.unwrap_or_default())?;
    }
    Ok(())
}

/// Prints an amount with cents, a small one with more digits.
fn money(amount: f64) -> String {
    if amount == 0.0 || amount >= 1.0 { format!("{amount:.2}") } else { format!("{amount:.6}") }
}

fn rules(shown: &Shown<'_>, limit: usize, out: &mut dyn Write) -> Result<()> {
    let found = shown.found;
    if found.rules_total == 0 {
        return Ok(());
    }
    for (nth, name) in shown.trails.iter().enumerate() {
        let with = |sight: Sight| {
            found.rules.iter().filter(|rule| rule.with.get(nth).is_some_and(|(_, of)| *of == sight)).count()
        };
        let [blind, never, part] = [Sight::Blind, Sight::Never, Sight::Part].map(|sight| count(with(sight) as u64));
        let name = letter(shown, nth, &visible(name));
        let total = counted(found.rules_total, "rule");
        writeln!(
            out,
            "\nOf {total}, with {name} {blind} would go blind, {never} would never match, {part} would see a part."
        )?;
    }
    let limit = if limit == 0 { found.rules.len() } else { limit };
    let (some, rest) = found.rules.split_at(limit.min(found.rules.len()));
    for rule in some {
        writeln!(out, "  {:<13} {:<28} {}", level(rule), sights(rule), visible(&rule.title))?;
    }
    if !rest.is_empty() {
        writeln!(out, "  and {} more; `-n 0` shows all", count(rest.len() as u64))?;
    }
    if found.decided_early > 0 {
        writeln!(out, "{} were decided early: there were too many", counted(found.decided_early, "match"))?;
    }
    Ok(())
}

fn level(rule: &RuleSight) -> &'static str {
    rule.level.map_or("-", Level::as_str)
}

/// What a rule sees now and with each trail: `5 -> 0 blind`.
fn sights(rule: &RuleSight) -> String {
    let with = rule.with.iter().map(|(seen, sight)| match sight {
        Sight::Whole => count(*seen),
        sight => format!("{} {}", count(*seen), sight.as_str()),
    });
    format!("{} -> {}", count(rule.matches), with.collect::<Vec<_>>().join(", "))
}

/// Prints all counts as one table.
pub(super) fn for_programs(shown: &Shown<'_>, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let found = shown.found;
    let mut kinds_of: Vec<&str> = vec!["all"];
    let mut groups: Vec<Group> = vec![Group { key: vec![String::new()], ..found.events.clone() }];
    for (kind, _, of_kind) in kinds(&found.sums) {
        kinds_of.extend(std::iter::repeat_n(kind, of_kind.len()));
        groups.extend(of_kind.iter().map(|group| Group { key: vec![group.key.join(" ")], ..group.clone() }));
    }
    // All events together have nothing in common.
    let key = |group: &'_ Group| group.key.first().cloned().filter(|key| !key.is_empty());
    let keys: StringArray = groups.iter().map(key).collect();
    let events: UInt64Array = groups.iter().map(|group| Some(group.events)).collect();
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("by".to_owned(), Arc::new(StringArray::from(kinds_of))),
        ("key".to_owned(), Arc::new(keys)),
        ("events".to_owned(), Arc::new(events)),
    ];
    let counts = counts_of(&groups, shown.trails.len());
    columns.extend(counts.into_iter().map(|(name, array)| (name.to_lowercase().replace(' ', "_"), array)));
    let batch = RecordBatch::try_from_iter(columns)?;
    output::print_batches(&batch.schema(), &[batch], Style::stdout(settings.format, settings.null), out)
}
