//! Rules that can never see anything of what a trail records, by what they demand of an event.

use detect::ruleset::Rule;
use predicate::demanded;
use trail::selectors::{Call, Selectors};

/// Most combinations of what a rule demands that are tried; of one that demands more nothing is said.
const CALLS_MAX: usize = 10_000;

/// Returns true if no event that the rule may match is ever recorded.
pub(super) fn never_sees(rule: &Rule, selectors: &Selectors) -> bool {
    let Some(condition) = rule.condition() else { return false };
    let values = |member: &str| match demanded(condition, member) {
        Some(values) => values.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let (sources, names, categories) = (values("eventSource"), values("eventName"), values("eventCategory"));
    if sources.len().saturating_mul(names.len()).saturating_mul(categories.len()) > CALLS_MAX {
        return false;
    }
    // A rule that asks for one of nothing, such as an empty list of the settings, holds for no event at all: that is not
    // the trail's doing.
    if sources.is_empty() || names.is_empty() || categories.is_empty() {
        return false;
    }
    let mut calls = sources.iter().flat_map(|source| {
        let of_source = |(name, category)| Call {
            event_source: source.as_deref(),
            event_name: Option::as_deref(name),
            event_category: Option::as_deref(category),
            read_only: None,
        };
        let pairs = names.iter().flat_map(|name| categories.iter().map(move |category| (name, category)));
        pairs.map(of_source)
    });
    !calls.any(|call| selectors.may_take(&call))
}
