//! The answer for people: one screen, the chain as a tree first.

use std::io::Write;

use inquiry::who::{Answer, Chain, Counted, Did};

use crate::fault::Result;
use crate::settings::Accounts;
use crate::terminal::visible;
use crate::units::{count, counted};

/// Values of a kind in one line.
const VALUES_SHOWN: usize = 6;
/// Lines of a list.
const LINES_SHOWN: usize = 12;

/// Prints the answer.
pub(super) fn for_people(answer: &Answer, accounts: &Accounts, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{} {}", answer.kind, visible(&answer.thing))?;
    if let Some(chain) = &answer.chain {
        tree(chain, out)?;
    }
    let is_told =
        answer.chain.as_ref().is_some_and(|chain| answer.people.iter().all(|person| person.origin == chain.origin));
    if !is_told && !answer.people.is_empty() {
        writeln!(out, "\nBehind it")?;
        for person in answer.people.iter().take(LINES_SHOWN) {
            let hint = person.hint.as_ref().map_or(String::new(), |hint| format!(", likely {hint}"));
            let line = format!("{} ({}{hint})  {}", person.origin, person.status, counted(person.events, "event"));
            writeln!(out, "  {}", visible(&line))?;
        }
        more(answer.people.len(), out)?;
    }
    did(answer, accounts, out)?;
    if !answer.changes.is_empty() {
        writeln!(out, "\nChanged")?;
        events(&answer.changes, out)?;
    }
    if !answer.issued.is_empty() {
        writeln!(out, "\nCredentials issued to it, and onwards")?;
        for step in answer.issued.iter().take(LINES_SHOWN) {
            let what = step.issued.as_deref().unwrap_or("credentials");
            let key = step.key.as_ref().map_or(String::new(), |key| format!("  {key}"));
            let line = format!("{}  {}  {what}{key}", step.time, step.call);
            writeln!(out, "  {}", visible(&line))?;
        }
        more(answer.issued.len(), out)?;
    }
    if !answer.findings.is_empty() {
        writeln!(out, "\nFindings")?;
        for found in answer.findings.iter().take(LINES_SHOWN) {
            let time = found.time.as_deref().unwrap_or("time unknown");
            let level = found.level.as_deref().unwrap_or("-");
            writeln!(out, "  {time}  {level:<8}  {:<9}  {}", found.outcome, visible(&found.rule))?;
        }
        more(answer.findings.len(), out)?;
    }
    if !answer.indicators.is_empty() {
        writeln!(out, "\nIndicators")?;
        for met in answer.indicators.iter().take(LINES_SHOWN) {
            let source = met.source.as_deref().unwrap_or("unknown source");
            let what = met.description.as_ref().map_or(String::new(), |what| format!(": {what}"));
            writeln!(out, "  {} {}  by {}", met.kind, visible(&met.value), visible(&format!("{source}{what}")))?;
        }
        more(answer.indicators.len(), out)?;
    }
    if !answer.timeline.is_empty() {
        writeln!(out, "\nIn order")?;
        answer.timeline.iter().try_for_each(|event| line(event, out))?;
    }
    Ok(())
}

/// Prints the chain: the origin first, and below each what was issued to it.
fn tree(chain: &Chain, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nWho stands behind it")?;
    let hint = chain.hint.as_ref().map_or(String::new(), |hint| format!(", likely {hint}"));
    writeln!(out, "  {}", visible(&format!("{} ({}{hint})", chain.origin, chain.status)))?;
    for (depth, step) in chain.steps.iter().enumerate() {
        let indent = "   ".repeat(depth);
        let issued = step.issued.as_deref().or(step.key.as_deref()).unwrap_or("credentials");
        writeln!(out, "  {indent}└─ {} {}", visible(&step.call), visible(issued))?;
        let from = step.address.as_ref().map_or(String::new(), |address| format!(" from {address}"));
        let key = step.key.as_ref().map_or(String::new(), |key| format!("  key {key}"));
        let id = step.event_id.as_deref().unwrap_or("no eventID");
        writeln!(out, "  {indent}   {}", visible(&format!("{}{from}{key}  evidence {id}", step.time)))?;
    }
    let last = chain.steps.last().and_then(|step| step.issued.as_deref());
    if last != Some(chain.credential.as_str()) && chain.credential != chain.origin {
        writeln!(out, "  {}used as {}", "   ".repeat(chain.steps.len()), visible(&chain.credential))?;
    }
    for candidate in &chain.candidates {
        writeln!(out, "  may be {}", visible(candidate))?;
    }
    if let Some(expires) = &chain.expires {
        writeln!(out, "  ends {expires}")?;
    }
    Ok(())
}

fn did(answer: &Answer, accounts: &Accounts, out: &mut dyn Write) -> Result<()> {
    let activity = &answer.activity;
    writeln!(out, "\nDid")?;
    let failed = format!("{} failed, {} of them denied", count(activity.failed), count(activity.denied));
    writeln!(out, "  {}, {failed}", counted(activity.events, "event"))?;
    if let (Some(first), Some(last)) = (&activity.first, &activity.last) {
        writeln!(out, "  {first} to {last}")?;
    }
    let named: Vec<Counted> = activity
        .accounts
        .iter()
        .cloned()
        .map(|mut account| {
            account.value = accounts.name(&account.value).map_or(account.value.clone(), str::to_owned);
            account
        })
        .collect();
    let lists = [
        ("calls", &activity.calls),
        ("errors", &activity.errors),
        ("addresses", &activity.addresses),
        ("Regions", &activity.regions),
        ("accounts", &named),
        ("as", &activity.arns),
        ("keys", &activity.keys),
        ("agents", &activity.user_agents),
    ];
    for (name, values) in lists.iter().filter(|(_, values)| !values.is_empty()) {
        let shown =
            values.iter().take(VALUES_SHOWN).map(|value| format!("{} {}", visible(&value.value), count(value.events)));
        let more = values.len().saturating_sub(VALUES_SHOWN);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        writeln!(out, "  {name:<9} {}{more}", shown.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn events(events: &[Did], out: &mut dyn Write) -> Result<()> {
    events.iter().take(LINES_SHOWN).try_for_each(|event| line(event, out))?;
    more(events.len(), out)
}

fn line(event: &Did, out: &mut dyn Write) -> Result<()> {
    let time = event.time.as_deref().unwrap_or("time unknown");
    let target = event.target.as_ref().map_or(String::new(), |target| format!("  {target}"));
    let from = event.address.as_ref().map_or(String::new(), |address| format!("  from {address}"));
    let error = event.error.as_ref().map_or(String::new(), |error| format!("  {error}"));
    writeln!(out, "  {time}  {}", visible(&format!("{}{target}{from}{error}", event.call)))?;
    Ok(())
}

fn more(total: usize, out: &mut dyn Write) -> Result<()> {
    match total.saturating_sub(LINES_SHOWN) {
        0 => Ok(()),
        more => Ok(writeln!(out, "  and {more} more")?),
    }
}
