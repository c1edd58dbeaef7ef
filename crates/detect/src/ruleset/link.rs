//! References between rules resolved: which correlation is fed by which rule, and what it reads of its events.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use predicate::index::RuleIndex;
use predicate::{Needs, Predicate};

use crate::origin::grouping_lookup;
use crate::refusal::{Fault, Mark, Refusal};
use crate::ruleset::{Body, Draft, DraftBody, Linked, Route, Rule, RuleSet};
use crate::sigma::correlation::{Correlation, Holds};
use crate::sigma::document::Meta;

/// Most correlations that may be chained: each may multiply what feeds the next.
const CHAIN_MAX: usize = 8;

/// Returns true if a reference means this rule: by id or by name.
pub(crate) fn is_called(meta: &Meta, reference: &str) -> bool {
    meta.id == reference || meta.name.as_deref() == Some(reference)
}

/// Links drafts to rules. What cannot be linked is refused.
pub(crate) fn link(drafts: Vec<Draft>, refusals: &mut Vec<Refusal>, warnings: &mut Vec<Refusal>) -> RuleSet {
    let (mut drafts, compiled) = compile(drafts, refusals);
    let targets = resolve(&mut drafts, refusals, warnings);
    let (drafts, targets) = drop_circles(drafts, targets, refusals);
    let mut linker = Linker { drafts: &drafts, targets: &targets, read: HashMap::new() };
    let mut linked = Vec::new();
    for (at, draft) in drafts.iter().enumerate() {
        linked.push(match &draft.body {
            Some(DraftBody::Correlation(correlation, _)) => match linker.correlation(at, correlation) {
                Ok(linked) => Some(linked),
                Err(fault) => {
                    let meta = &draft.meta;
                    refusals.push(fault.in_file(&meta.file, Some(&meta.title)));
                    None
                }
            },
            _ => None,
        });
    }
    let read = linker.read;
    assemble(drafts, targets, linked, read, compiled)
}

/// A draft on its way; its body is taken out where it was refused.
struct Item {
    meta: Meta,
    body: Option<DraftBody>,
}

/// Compiles the predicates of the rules about single events.
fn compile(drafts: Vec<Draft>, refusals: &mut Vec<Refusal>) -> (Vec<Item>, BTreeMap<usize, Predicate>) {
    let mut compiled = BTreeMap::new();
    let mut items = Vec::new();
    for Draft { document, body } in drafts {
        let mut item = Item { meta: document.meta, body: Some(body) };
        if let Some(DraftBody::Detection(detection, _)) = &item.body {
            match Predicate::compile(&detection.expr) {
                Ok(predicate) => drop(compiled.insert(items.len(), predicate)),
                Err(error) => {
                    refusals.push(
                        Fault::new(item.meta.mark, error.to_string()).in_file(&item.meta.file, Some(&item.meta.title)),
                    );
                    item.body = None;
                }
            }
        }
        items.push(item);
    }
    (items, compiled)
}

/// Finds the rules that each correlation names.
fn resolve(items: &mut [Item], refusals: &mut Vec<Refusal>, warnings: &mut Vec<Refusal>) -> Vec<Vec<usize>> {
    let mut targets = Vec::new();
    let mut refused = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(DraftBody::Correlation(correlation, _)) = &item.body else {
            targets.push(Vec::new());
            continue;
        };
        let mut found = Vec::new();
        for (reference, mark) in &correlation.rules {
            match find(items, at, reference, *mark) {
                Ok((target, by_title)) => {
                    if by_title {
                        let reason = format!(
                            "it refers to `{reference}` by its title: the specification asks for an id or a name"
                        );
                        warnings.push(Fault::new(*mark, reason).in_file(&item.meta.file, Some(&item.meta.title)));
                    }
                    found.push(target);
                }
                Err(fault) => {
                    refusals.push(fault.in_file(&item.meta.file, Some(&item.meta.title)));
                    refused.push(at);
                    break;
                }
            }
        }
        targets.push(found);
    }
    for at in refused {
        if let Some(item) = items.get_mut(at) {
            item.body = None;
        }
    }
    targets
}

/// Finds a rule by id, name or, as a leniency, title. Returns whether it was the title.
fn find(items: &[Item], from: usize, reference: &str, mark: Mark) -> Result<(usize, bool), Fault> {
    if let Some(at) = items.iter().position(|item| item.body.is_some() && is_called(&item.meta, reference)) {
        // A rule without an id goes by its title, which is no id.
        let meta = items.get(at).map(|item| &item.meta);
        let by_title = meta.is_some_and(|meta| meta.title == reference && meta.name.as_deref() != Some(reference));
        return Ok((at, by_title));
    }
    // The file's own rule of that title comes before those of other files.
    let titled: Vec<usize> = (0..items.len())
        .filter(|at| items.get(*at).is_some_and(|item| item.body.is_some() && item.meta.title == reference))
        .collect();
    let file = |at: usize| items.get(at).map(|item| &item.meta.file);
    let near: Vec<usize> = titled.iter().copied().filter(|at| file(*at) == file(from)).collect();
    match (near.as_slice(), titled.as_slice()) {
        ([at], _) | ([], [at]) => Ok((*at, true)),
        ([], []) => {
            let known = items.iter().any(|item| is_called(&item.meta, reference) || item.meta.title == reference);
            let what = if known { "is refused itself" } else { "is not there" };
            Err(Fault::new(mark, format!("the rule `{reference}`, which it refers to, {what}")))
        }
        _ => Err(Fault::new(mark, format!("several rules have the title `{reference}`: refer to one by its id"))),
    }
}

/// Refuses correlations that refer to each other in a circle, or to one that is refused.
fn drop_circles(
    mut items: Vec<Item>,
    targets: Vec<Vec<usize>>,
    refusals: &mut Vec<Refusal>,
) -> (Vec<Item>, Vec<Vec<usize>>) {
    // By rule: how many correlations are chained up to it; `None` as long as it is not known to be good.
    let mut depths: Vec<Option<usize>> =
        items.iter().map(|item| matches!(item.body, Some(DraftBody::Detection(..))).then_some(0)).collect();
    let depth = |depths: &[Option<usize>], at: &usize| depths.get(*at).copied().flatten();
    loop {
        let mut changed = false;
        for (at, item) in items.iter().enumerate() {
            if item.body.is_none() || depth(&depths, &at).is_some() {
                continue;
            }
            let below = targets.get(at).into_iter().flatten().map(|target| depth(&depths, target));
            let below = below.collect::<Option<Vec<usize>>>().and_then(|below| below.into_iter().max());
            if let (Some(below), Some(depth)) = (below.filter(|below| *below < CHAIN_MAX), depths.get_mut(at)) {
                *depth = Some(below + 1);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for at in 0..items.len() {
        let onto_refused = targets
            .get(at)
            .into_iter()
            .flatten()
            .any(|target| items.get(*target).is_some_and(|item| item.body.is_none()));
        let Some(item) = items.get_mut(at) else { continue };
        let Some(DraftBody::Correlation(correlation, _)) = &item.body else { continue };
        if depth(&depths, &at).is_some() {
            continue;
        }
        let too_deep = targets.get(at).into_iter().flatten().all(|target| depth(&depths, target).is_some());
        let mark = correlation.rules.first().map_or(item.meta.mark, |(_, mark)| *mark);
        let reason = match (too_deep, onto_refused) {
            (true, _) => format!("correlations are chained more than {CHAIN_MAX} deep"),
            (false, true) => "a rule that it refers to is refused".to_owned(),
            (false, false) => "correlations refer to each other in a circle, or in too long a chain".to_owned(),
        };
        refusals.push(Fault::new(mark, reason).in_file(&item.meta.file, Some(&item.meta.title)));
    }
    for (at, item) in items.iter_mut().enumerate() {
        if depth(&depths, &at).is_none() {
            item.body = None;
        }
    }
    (items, targets)
}

/// Finds out what correlations read of the events of the rules below them.
struct Linker<'a> {
    drafts: &'a [Item],
    targets: &'a [Vec<usize>],
    /// By rule: the fields that are read of its events.
    read: HashMap<usize, Vec<String>>,
}

impl Linker<'_> {
    fn correlation(&mut self, at: usize, correlation: &Correlation) -> Result<Linked, Fault> {
        let mut routes = BTreeMap::new();
        let values: &[String] = match &correlation.holds {
            Holds::ValueCount(fields, _) => fields,
            Holds::Value(field, _, _) => std::slice::from_ref(field),
            _ => &[],
        };
        let targets: Vec<usize> = self.targets.get(at).cloned().unwrap_or_default();
        for (place, target) in targets.iter().enumerate() {
            let mut below = Vec::new();
            self.below(*target, &mut below);
            for rule in below {
                let mut route = Route::default();
                for name in &correlation.group_by {
                    route.group.push(self.position(at, place, rule, name)?);
                }
                for name in values {
                    route.values.push(self.position(at, place, rule, name)?);
                }
                routes.insert((place, rule), route);
            }
        }
        Ok(Linked {
            timespan: correlation.timespan,
            holds: correlation.holds.clone(),
            group_by: correlation.group_by.clone(),
            rules: targets.len(),
            suppressions: Vec::new(),
            routes,
        })
    }

    /// Gathers the rules about single events that feed a rule.
    fn below(&self, at: usize, found: &mut Vec<usize>) {
        match self.targets.get(at) {
            Some(targets) if !targets.is_empty() => targets.iter().for_each(|target| self.below(*target, found)),
            _ if !found.contains(&at) => found.push(at),
            _ => {}
        }
    }

    /// Returns where a field stands among those read of a rule's events; the field may go by aliases on the way down.
    fn position(&mut self, at: usize, place: usize, rule: usize, name: &str) -> Result<usize, Fault> {
        let field = self.field(at, place, rule, name)?;
        let read = self.read.entry(rule).or_default();
        Ok(match read.iter().position(|known| *known == field) {
            Some(position) => position,
            None => {
                read.push(field);
                read.len() - 1
            }
        })
    }

    fn field(&self, at: usize, place: usize, rule: usize, name: &str) -> Result<String, Fault> {
        let Some(Item { body: Some(DraftBody::Correlation(correlation, _)), .. }) = self.drafts.get(at) else {
            return Ok(name.to_owned());
        };
        let targets = self.targets.get(at).map(Vec::as_slice).unwrap_or_default();
        let Some(target) = targets.get(place).copied() else { return Ok(name.to_owned()) };
        let mut name = name.to_owned();
        if let Some(alias) = correlation.aliases.iter().find(|alias| alias.name == name) {
            let reference = correlation.rules.get(place);
            let meta = self.drafts.get(target).map(|item| &item.meta);
            let of_rule = |called: &str| {
                reference.is_some_and(|(reference, _)| reference == called)
                    || meta.is_some_and(|meta| is_called(meta, called) || meta.title == called)
            };
            let field = alias.fields.iter().find(|(called, _, _)| of_rule(called));
            name = match field {
                Some((_, field, _)) => field.clone(),
                None => {
                    let (called, mark) = reference.cloned().unwrap_or_default();
                    return Err(Fault::new(
                        mark,
                        format!("the alias `{}` has no field for the rule `{called}`", alias.name),
                    ));
                }
            };
        }
        if target == rule {
            return Ok(name);
        }
        let below = self.targets.get(target).map(Vec::as_slice).unwrap_or_default();
        for (place, next) in below.iter().enumerate() {
            let mut rules = Vec::new();
            self.below(*next, &mut rules);
            if rules.contains(&rule) {
                return self.field(target, place, rule, &name);
            }
        }
        Ok(name)
    }
}

fn assemble(
    items: Vec<Item>,
    targets: Vec<Vec<usize>>,
    mut linked: Vec<Option<Linked>>,
    mut read: HashMap<usize, Vec<String>>,
    mut compiled: BTreeMap<usize, Predicate>,
) -> RuleSet {
    let mut consumers = vec![Vec::new(); items.len()];
    let mut silent = vec![false; items.len()];
    let mut loud = vec![false; items.len()];
    for (at, item) in items.iter().enumerate() {
        let Some(DraftBody::Correlation(correlation, _)) = &item.body else { continue };
        if linked.get(at).is_none_or(Option::is_none) {
            continue;
        }
        for (place, target) in targets.get(at).into_iter().flatten().enumerate() {
            if let Some(consumers) = consumers.get_mut(*target) {
                consumers.push((at, place));
            }
            let heard = if correlation.generate { &mut loud } else { &mut silent };
            if let Some(heard) = heard.get_mut(*target) {
                *heard = true;
            }
        }
    }
    let (mut rules, mut places) = (Vec::new(), HashMap::new());
    let (mut predicates, mut indexed) = (Vec::new(), Vec::new());
    for (at, item) in items.into_iter().enumerate() {
        let is = |flags: &[bool]| flags.get(at).copied().unwrap_or(false);
        let emits = is(&loud) || !is(&silent);
        let (body, advice) = match (item.body, linked.get_mut(at).and_then(Option::take)) {
            (Some(DraftBody::Detection(mut detection, advice)), _) => {
                let names = read.remove(&at).unwrap_or_default();
                detection.read = names.iter().map(|name| grouping_lookup(name)).collect();
                let Some(predicate) = compiled.remove(&at) else { continue };
                predicates.push(predicate);
                indexed.push(rules.len());
                (Body::Detection(detection), advice)
            }
            (Some(DraftBody::Correlation(_, block)), Some(linked)) => {
                let linked = Linked { suppressions: block.suppressions, ..linked };
                (Body::Correlation(Box::new(linked)), block.advice)
            }
            _ => continue,
        };
        places.insert(at, rules.len());
        rules.push(Rule { meta: item.meta, advice, emits, body });
    }
    renumber(rules, places, consumers, RuleIndex::new(predicates), indexed)
}

/// Gives rules their places among those that run.
fn renumber(
    mut rules: Vec<Rule>,
    places: HashMap<usize, usize>,
    consumers: Vec<Vec<(usize, usize)>>,
    index: RuleIndex,
    indexed: Vec<usize>,
) -> RuleSet {
    for rule in &mut rules {
        if let Body::Correlation(linked) = &mut rule.body {
            let routes = std::mem::take(&mut linked.routes);
            linked.routes = routes
                .into_iter()
                .filter_map(|((place, below), route)| Some(((place, *places.get(&below)?), route)))
                .collect();
        }
    }
    let mut feeds = vec![Vec::new(); rules.len()];
    for (at, list) in consumers.into_iter().enumerate() {
        if let Some(feed) = places.get(&at).and_then(|place| feeds.get_mut(*place)) {
            feed.extend(list.into_iter().filter_map(|(consumer, place)| Some((*places.get(&consumer)?, place))));
        }
    }
    let needs = rules.iter().fold(index.needs(), |needs, rule| match &rule.body {
        Body::Detection(detection) => needs.and(detection.needs()),
        Body::Correlation(linked) => {
            linked.suppressions.iter().map(|silence| silence.when.needs()).fold(needs, Needs::and)
        }
        Body::Indicators => needs,
    });
    let mut guards = vec![Vec::new(); rules.len()];
    for (at, rule) in rules.iter().enumerate() {
        let Body::Correlation(linked) = &rule.body else { continue };
        let below: BTreeSet<usize> = linked.routes.keys().map(|(_, below)| *below).collect();
        for below in below.into_iter().filter(|_| !linked.suppressions.is_empty()) {
            if let Some(guards) = guards.get_mut(below) {
                guards.push(at);
            }
        }
    }
    RuleSet {
        guards,
        rules: rules.into_iter().map(Arc::new).collect(),
        index,
        indexed,
        consumers: feeds,
        reads_given: needs.given,
        needs,
    }
}
