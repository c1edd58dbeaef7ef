//! The cases beside a rule: made-up events, and whether the rule is to find something that ends with the last of them.
//! `rules/README.md` describes the form.

use std::collections::BTreeSet;
use std::sync::Arc;

use detect::Placeholders;
use detect::detector::Events;
use detect::indicator::Indicators;
use detect::ruleset::RuleSet;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::time::EventTime;
use lineage::edge;
use lineage::sessions::Sessions;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::hunt::hunter::Hunter;
use crate::hunt::{Hunt, Scope};

/// What became of the cases of one rule file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cases {
    /// Cases that hold.
    pub held: u64,
    /// What is wrong with the others: the line in the file of cases, and why.
    pub wrong: Vec<(usize, String)>,
}

/// A case, as its line says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    expect: Expect,
    #[serde(default)]
    outcome: Option<String>,
    why: String,
    #[serde(default)]
    event: Option<Box<RawValue>>,
    #[serde(default)]
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    placeholders: Placeholders,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
enum Expect {
    #[serde(rename = "match")]
    Match,
    #[serde(rename = "no match")]
    NoMatch,
}

/// Runs the cases of a rule file: each with the rule file alone, and for its first rule.
///
/// # Errors
/// Never for what is in the files: a case that cannot be read is a case that does not hold.
pub fn check(file: &str, rule: &[u8], cases: &str, placeholders: &Placeholders, now: EventTime) -> Result<Cases> {
    let mut outcome = Cases::default();
    for (at, line) in cases.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = match serde_json::from_str::<Case>(line) {
            Ok(case) => holds(file, rule, &case, placeholders, now)?.map(|why| format!("{}: {why}", case.why)),
            Err(error) => Some(format!("the case cannot be read: {error}")),
        };
        match wrong {
            Some(wrong) => outcome.wrong.push((at + 1, wrong)),
            None => outcome.held += 1,
        }
    }
    Ok(outcome)
}

/// Returns why a case does not hold, if it does not.
fn holds(file: &str, rule: &[u8], case: &Case, placeholders: &Placeholders, now: EventTime) -> Result<Option<String>> {
    let mut placeholders: Placeholders = placeholders.keys().map(|name| (name.clone(), Vec::new())).collect();
    placeholders.extend(case.placeholders.clone());
    let loaded = RuleSet::load(&[(file.to_owned(), rule.to_vec())], &placeholders);
    if let Some(refusal) = loaded.refusals.first() {
        return Ok(Some(format!("the rule is refused: {refusal}")));
    }
    let rules = Arc::new(loaded.rules);
    let Some(first) = rules.rules().next().map(|rule| rule.meta.id.clone()) else {
        return Ok(Some("the file has no rule".to_owned()));
    };
    let records: Vec<&str> = case.event.iter().chain(&case.events).map(|event| event.get()).collect();
    let Some(last) = records.last() else { return Ok(Some("it has no event".to_owned())) };
    let last = event_id(last);
    let hunt = Hunt { rules, indicators: Arc::new(Indicators::default()), scope: Scope::default(), now };
    let found = find(hunt, &records.join("\n"))?;
    let ends = |found: &&super::Found| {
        let ends_with = found.finding.events.last().and_then(|event| event.event_id.clone());
        found.finding.rule.meta.id == first && ends_with == last
    };
    let found: BTreeSet<&str> = found.iter().filter(ends).map(|found| found.finding.outcome.as_str()).collect();
    let expected: BTreeSet<&str> = match case.expect {
        Expect::Match => BTreeSet::from([case.outcome.as_deref().unwrap_or("done")]),
        Expect::NoMatch => BTreeSet::new(),
    };
    let said = |outcomes: &BTreeSet<&str>| match outcomes.is_empty() {
        true => "nothing".to_owned(),
        false => outcomes.iter().copied().collect::<Vec<_>>().join(" and "),
    };
    Ok((found != expected).then(|| format!("expected {}, found {}", said(&expected), said(&found))))
}

/// Looks at records as at those of a file.
fn find(hunt: Hunt, records: &str) -> Result<Vec<super::Found>> {
    let mut opened = Vec::new();
    Opener::new(FingerprintKey(0), Default::default()).open::<Error>(
        Content::Bytes(records.as_bytes()),
        &mut |part| {
            opened.push(part);
            Ok(())
        },
    )?;
    let mut sessions = Sessions::default();
    for part in &opened {
        for edge in edge::edges(&part.events)? {
            // Cases are few: no bound is met.
            sessions.insert(edge).is_new();
        }
    }
    let mut hunter = Hunter::new(hunt, Arc::new(sessions), false);
    let mut found = Vec::new();
    for part in &opened {
        found.extend(hunter.look(Events::Opened(&part.events), None)?);
        for reject in &part.rejects {
            found.extend(hunter.look_at_reject(reject, "".into()));
        }
    }
    found.extend(hunter.end_stretch());
    Ok(found)
}

fn event_id(record: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "eventID")]
        event_id: Option<String>,
    }
    serde_json::from_str::<Named>(record).ok()?.event_id
}
