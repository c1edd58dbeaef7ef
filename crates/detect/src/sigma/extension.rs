//! The `trailkeep` block of a rule: what goes beyond Sigma. The page `docs/format/rules.md` is its reference.

use event::time::EventTime;
use predicate::expr::Expr;

use crate::refusal::{Fault, Mark, Parsed};
use crate::sigma::correlation::timespan;
use crate::sigma::detection::selection;
use crate::sigma::modifier::Reading;
use crate::yaml::{Entry, Node};

/// What a rule says beyond Sigma.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extension {
    pub first_seen: Option<FirstSeen>,
    pub grouping: Option<Grouping>,
    pub suppressions: Vec<Suppression>,
    pub advice: Advice,
}

/// What a person is told beside the rule's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// Why a match matters.
    pub why: Option<String>,
    /// What to do about one.
    pub response: Option<String>,
    /// The version of ATT&CK that the tags are of.
    pub attack_version: Option<String>,
}

/// A rule that fires only on terms that were not seen before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FirstSeen {
    /// The fields whose values together are the term.
    pub fields: Vec<String>,
    /// Microseconds after which a term is forgotten.
    pub within: Option<i64>,
    /// Microseconds after the first event in which nothing fires.
    pub learn: i64,
}

/// Findings of a rule that count as one: those of a group within a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grouping {
    pub fields: Vec<String>,
    /// Microseconds.
    pub timespan: i64,
}

/// Events that a rule is silent about, for a reason and until a day.
#[derive(Debug, Clone)]
pub(crate) struct Suppression {
    pub when: Expr,
    pub reason: String,
    pub expires: EventTime,
}

/// Reads the block.
pub(crate) fn read(node: &Node, reading: &Reading<'_>) -> Parsed<Extension> {
    let mut extension = Extension::default();
    let (mut group_by, mut span) = (None, None);
    for Entry { key, mark, value } in node.entries("`trailkeep`")? {
        match key.as_str() {
            "first-seen" => extension.first_seen = Some(first_seen(value)?),
            "group-by" => group_by = Some((fields(value, "`group-by`")?, *mark)),
            "timespan" => span = Some((timespan(value, "`timespan`")?, *mark)),
            "suppress" => extension.suppressions = suppressions(value, reading)?,
            "why" => extension.advice.why = Some(value.text("`why`")?),
            "response" => extension.advice.response = Some(value.text("`response`")?),
            "attack-version" => extension.advice.attack_version = Some(value.text("`attack-version`")?),
            _ => return Err(unknown(key, *mark)),
        }
    }
    extension.grouping = match (group_by, span) {
        (None, None) => None,
        (Some((fields, _)), Some((timespan, _))) => Some(Grouping { fields, timespan }),
        (Some((_, mark)), None) | (None, Some((_, mark))) => {
            return Err(Fault::new(mark, "`group-by` and `timespan` go together"));
        }
    };
    Ok(extension)
}

/// Reads the block of a correlation, which has groups and windows of its own.
pub(crate) fn read_of_correlation(node: &Node, reading: &Reading<'_>) -> Parsed<Extension> {
    for name in ["first-seen", "group-by", "timespan"] {
        if let Some(entry) = node.entries("`trailkeep`")?.iter().find(|entry| entry.key == name) {
            let reason = format!(
                "`{name}` in the `trailkeep` block is for rules about single events: a correlation groups its own"
            );
            return Err(Fault::new(entry.mark, reason));
        }
    }
    read(node, reading)
}

fn unknown(key: &str, mark: Mark) -> Fault {
    Fault::new(mark, format!("`{key}` in the `trailkeep` block is not known"))
}

fn fields(node: &Node, what: &str) -> Parsed<Vec<String>> {
    let fields: Vec<String> = node.texts(what)?.into_iter().map(|(text, _)| text).collect();
    if fields.is_empty() { Err(Fault::new(node.mark, format!("{what} names no field"))) } else { Ok(fields) }
}

fn first_seen(node: &Node) -> Parsed<FirstSeen> {
    let mut first_seen = FirstSeen { fields: Vec::new(), within: None, learn: 0 };
    for Entry { key, mark, value } in node.entries("`first-seen`")? {
        match key.as_str() {
            "fields" => first_seen.fields = fields(value, "`fields`")?,
            "within" => first_seen.within = Some(timespan(value, "`within`")?),
            "learn" => first_seen.learn = timespan(value, "`learn`")?,
            _ => return Err(unknown(key, *mark)),
        }
    }
    if first_seen.fields.is_empty() {
        return Err(Fault::new(node.mark, "`first-seen` has no `fields`"));
    }
    Ok(first_seen)
}

fn suppressions(node: &Node, reading: &Reading<'_>) -> Parsed<Vec<Suppression>> {
    let crate::yaml::Yaml::List(nodes) = &node.value else {
        return Err(Fault::new(node.mark, "`suppress` must be a list"));
    };
    nodes.iter().map(|node| suppression(node, reading)).collect()
}

fn suppression(node: &Node, reading: &Reading<'_>) -> Parsed<Suppression> {
    let (mut when, mut reason, mut expires) = (None, None, None);
    for Entry { key, mark, value } in node.entries("a suppression")? {
        match key.as_str() {
            "when" => when = Some(selection("when", value, reading)?),
            "reason" => reason = Some(value.text("`reason`")?),
            "expires" => expires = Some(expiry(&value.text("`expires`")?, value.mark)?),
            _ => return Err(unknown(key, *mark)),
        }
    }
    let missing = |what: &str| Fault::new(node.mark, format!("a suppression has no `{what}`"));
    Ok(Suppression {
        when: when.ok_or_else(|| missing("when"))?,
        reason: reason.ok_or_else(|| missing("reason"))?,
        expires: expires.ok_or_else(|| missing("expires"))?,
    })
}

/// Reads a day, which ends as it begins, or a time.
fn expiry(text: &str, mark: Mark) -> Parsed<EventTime> {
    let time = EventTime::parse(text).or_else(|| EventTime::parse(&format!("{text}T00:00:00Z")));
    time.ok_or_else(|| Fault::new(mark, format!("`{text}` is no day such as `2027-01-31`, and no time")))
}
