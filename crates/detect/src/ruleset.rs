//! Rule files loaded: what is good runs, what is not is refused with its place, and references are resolved.

mod link;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use event::time::EventTime;
use predicate::expr::Expr;
use predicate::index::RuleIndex;
use predicate::{Lookup, Needs, Predicate};

use crate::origin::GIVEN;
use crate::refusal::{Fault, Refusal};
use crate::sigma::correlation::{self, Correlation, Holds};
use crate::sigma::detection;
use crate::sigma::document::{self, Document, Kind, Meta};
use crate::sigma::extension::{self, Advice, FirstSeen, Grouping, Suppression};
use crate::sigma::modifier::Reading;
use crate::sigma::text::Placeholders;
use crate::yaml;

/// Most rules of one set.
const RULES_MAX: usize = 20_000;

/// A rule that runs.
#[derive(Debug)]
pub struct Rule {
    /// What it says about itself.
    pub meta: Meta,
    /// What a person is told beside that.
    pub advice: Advice,
    /// False if it only serves correlations, and is silent itself.
    pub emits: bool,
    pub(crate) body: Body,
}

/// What a rule does.
#[derive(Debug)]
pub(crate) enum Body {
    Detection(Box<Detection>),
    Correlation(Box<Linked>),
    Indicators,
}

/// A rule about single events.
#[derive(Debug)]
pub(crate) struct Detection {
    pub expr: Expr,
    pub first_seen: Option<(FirstSeen, Vec<Lookup>)>,
    pub grouping: Option<(Grouping, Vec<Lookup>)>,
    pub suppressions: Vec<Silence>,
    /// Fields that correlations read of its events.
    pub read: Vec<Lookup>,
}

/// A suppression, compiled.
#[derive(Debug)]
pub(crate) struct Silence {
    pub when: Predicate,
    pub reason: String,
    pub expires: EventTime,
}

/// A correlation whose references are resolved.
#[derive(Debug)]
pub(crate) struct Linked {
    pub timespan: i64,
    pub holds: Holds,
    pub group_by: Vec<String>,
    /// How many rules it names.
    pub rules: usize,
    /// Events that it does not count.
    pub suppressions: Vec<Silence>,
    /// By place in its list, and by the rule whose event it is: where its values stand among those read.
    pub routes: BTreeMap<(usize, usize), Route>,
}

/// Where the values of an event stand that a correlation reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route {
    pub group: Vec<usize>,
    pub values: Vec<usize>,
}

/// Rules that run together.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) rules: Vec<Arc<Rule>>,
    pub(crate) index: RuleIndex,
    /// By place in the index: the rule.
    pub(crate) indexed: Vec<usize>,
    /// By rule: which correlations it feeds, and as which of their rules.
    pub(crate) consumers: Vec<Vec<(usize, usize)>>,
    /// By rule about single events: the correlations above it that do not count every event of it.
    pub(crate) guards: Vec<Vec<usize>>,
    /// True if a rule reads what stands beside the event.
    pub(crate) reads_given: bool,
    pub(crate) needs: Needs,
}

/// What came of loading rule files.
#[derive(Debug)]
pub struct Loaded {
    /// What runs.
    pub rules: RuleSet,
    /// What does not run, in the order of files and lines.
    pub refusals: Vec<Refusal>,
    /// What runs, but not quite as it is written.
    pub warnings: Vec<Refusal>,
    /// How many rules are for other logs than CloudTrail.
    pub skipped: usize,
}

impl Detection {
    /// Returns what is read of an event beside what its condition reads.
    pub(crate) fn needs(&self) -> Needs {
        let first_seen = self.first_seen.iter().flat_map(|(_, lookups)| lookups);
        let grouping = self.grouping.iter().flat_map(|(_, lookups)| lookups);
        let lookups = self.read.iter().chain(first_seen).chain(grouping).map(Lookup::needs);
        let suppressions = self.suppressions.iter().map(|silence| silence.when.needs());
        lookups.chain(suppressions).fold(Needs::default(), Needs::and)
    }
}

impl Rule {
    /// Returns true if each of its findings is about one event and nothing else.
    pub fn is_about_one_event(&self) -> bool {
        match &self.body {
            Body::Detection(detection) => detection.grouping.is_none(),
            Body::Correlation(_) => false,
            Body::Indicators => true,
        }
    }

    /// Returns the condition on single events of a rule that has one.
    pub fn condition(&self) -> Option<&Expr> {
        match &self.body {
            Body::Detection(detection) => Some(&detection.expr),
            Body::Correlation(_) | Body::Indicators => None,
        }
    }

    /// Returns true if it looks at more than one event.
    pub fn is_stateful(&self) -> bool {
        match &self.body {
            Body::Detection(detection) => detection.first_seen.is_some(),
            Body::Correlation(_) => true,
            Body::Indicators => false,
        }
    }
}

impl RuleSet {
    /// Loads rule files, given as name and content.
    ///
    /// Nothing of it fails: a rule that cannot be read is a refusal, and the others run.
    pub fn load(files: &[(String, Vec<u8>)], placeholders: &Placeholders) -> Loaded {
        let reading = Reading { placeholders, given: GIVEN };
        let mut loading = Loading::default();
        for (file, bytes) in files {
            loading.file(file, bytes);
        }
        let mut drafts = loading.drafts(&reading);
        loading.filter(&mut drafts, &reading);
        let rules = link::link(drafts, &mut loading.refusals, &mut loading.warnings);
        loading.refusals.sort_by(|left, right| (&left.file, left.mark).cmp(&(&right.file, right.mark)));
        Loaded { rules, refusals: loading.refusals, warnings: loading.warnings, skipped: loading.skipped }
    }

    /// Returns the rules, in the order in which they were loaded.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// Returns for each rule, in the order of [`RuleSet::rules`], whether it may ever hold when of the rules about single
    /// events only some may match. True means that it cannot be told.
    pub fn may_hold(&self, may_match: impl Fn(&Rule) -> bool) -> Vec<bool> {
        let by_itself = |rule: &Arc<Rule>| match &rule.body {
            Body::Detection(_) => may_match(rule),
            Body::Correlation(_) => false,
            Body::Indicators => true,
        };
        let mut may: Vec<bool> = self.rules.iter().map(by_itself).collect();
        // What may hold lets the correlations above it hold, and those the ones above them.
        loop {
            let fed: Vec<usize> =
                (0..may.len()).filter(|at| may.get(*at) == Some(&false) && self.is_fed(*at, &may)).collect();
            if fed.is_empty() {
                return may;
            }
            for at in fed {
                if let Some(may) = may.get_mut(at) {
                    *may = true;
                }
            }
        }
    }

    /// Returns true if a correlation is fed by enough of the rules that it names.
    fn is_fed(&self, at: usize, may: &[bool]) -> bool {
        let Some(Body::Correlation(linked)) = self.rules.get(at).map(|rule| &rule.body) else { return false };
        let feeding = self.consumers.iter().zip(may).filter(|(_, may)| **may).map(|(consumers, _)| consumers);
        let places = feeding.flatten().filter(|(above, _)| *above == at).map(|(_, place)| *place);
        let fed = places.collect::<BTreeSet<usize>>().len();
        match linked.holds {
            Holds::Temporal { range: None, .. } => fed >= linked.rules,
            _ => fed > 0,
        }
    }

    /// Returns what the rules read of a batch.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Returns how many rules are tried on every event, because they ask for no event name and no source.
    pub fn tried_always(&self) -> usize {
        self.index.always()
    }
}

/// A rule that is read but not linked yet.
pub(crate) struct Draft {
    pub document: Document,
    pub body: DraftBody,
}

pub(crate) enum DraftBody {
    Detection(Box<Detection>, Advice),
    Correlation(Box<Correlation>, Block),
}

/// What the `trailkeep` block of a correlation says.
#[derive(Default)]
pub(crate) struct Block {
    pub advice: Advice,
    pub suppressions: Vec<Silence>,
}

#[derive(Default)]
struct Loading {
    documents: Vec<Document>,
    /// Ids and names in use, and whose they are: file and line.
    taken: HashMap<(&'static str, String), (String, usize)>,
    refusals: Vec<Refusal>,
    warnings: Vec<Refusal>,
    skipped: usize,
}

impl Loading {
    fn refuse(&mut self, file: &str, rule: Option<&str>, fault: Fault) {
        self.refusals.push(fault.in_file(file, rule));
    }

    fn file(&mut self, file: &str, bytes: &[u8]) {
        let (nodes, fault) = yaml::documents(bytes);
        if let Some(fault) = fault {
            self.refuse(file, None, fault);
        }
        let (nodes, faults) = document::apply_actions(nodes);
        for fault in faults {
            self.refuse(file, None, fault);
        }
        for node in nodes {
            if node.value == yaml::Yaml::Null {
                continue;
            }
            let label = document::label(&node);
            if self.documents.len() >= RULES_MAX {
                let reason = format!("there are more than {RULES_MAX} rules");
                self.refuse(file, label.as_deref(), Fault::new(node.mark, reason));
                return;
            }
            match document::read(file, node) {
                Ok(Some(document)) => self.add(document),
                Ok(None) => self.skipped += 1,
                Err(fault) => self.refuse(file, label.as_deref(), fault),
            }
        }
    }

    /// Takes a document unless its id or name is taken: the first keeps it.
    fn add(&mut self, document: Document) {
        let mut calls = Vec::new();
        if document.has_id {
            calls.push(("id", document.meta.id.clone()));
        }
        calls.extend(document.meta.name.clone().map(|name| ("name", name)));
        let taken = calls.iter().find_map(|call| Some((call.0, self.taken.get(call)?.clone())));
        match taken {
            None => {
                let place = (document.meta.file.clone(), document.meta.mark.line);
                self.taken.extend(calls.into_iter().map(|call| (call, place.clone())));
                self.documents.push(document);
            }
            Some((what, (file, line))) => {
                let mark = document.node.get(what).map_or(document.meta.mark, |node| node.mark);
                let reason = format!("its {what} is that of the rule at {file}:{line}");
                self.refuse(&document.meta.file, Some(&document.meta.title), Fault::new(mark, reason));
            }
        }
    }

    fn drafts(&mut self, reading: &Reading<'_>) -> Vec<Draft> {
        let (filters, documents) =
            std::mem::take(&mut self.documents).into_iter().partition(|document| document.kind == Kind::Filter);
        self.documents = filters;
        let mut drafts = Vec::new();
        for document in documents {
            let body = match document.kind {
                Kind::Correlation => read_correlation(&document, reading),
                Kind::Rule | Kind::Filter => read_detection(&document, reading),
            };
            match body {
                Ok(body) => drafts.push(Draft { document, body }),
                Err(fault) => self.refuse(&document.meta.file, Some(&document.meta.title), fault),
            }
        }
        drafts
    }

    /// Puts the filters into the rules they name.
    fn filter(&mut self, drafts: &mut [Draft], reading: &Reading<'_>) {
        for document in std::mem::take(&mut self.documents) {
            if let Err(fault) = apply_filter(&document, drafts, reading) {
                self.refuse(&document.meta.file, Some(&document.meta.title), fault);
            }
        }
    }
}

fn read_detection(document: &Document, reading: &Reading<'_>) -> Result<DraftBody, Fault> {
    let node = document.node.get("detection");
    let node = node.ok_or_else(|| Fault::new(document.meta.mark, "there is no `detection`"))?;
    let expr = detection::detection(node, "detection", &[], reading)?;
    let block = document.node.get("trailkeep").map(|node| extension::read(node, reading)).transpose()?;
    let extension = block.unwrap_or_default();
    let suppressions = silences(document, extension.suppressions)?;
    let fields = |names: &[String]| names.iter().map(|name| crate::origin::grouping_lookup(name)).collect();
    let detection = Detection {
        expr,
        first_seen: extension.first_seen.map(|first_seen| {
            let read = fields(&first_seen.fields);
            (first_seen, read)
        }),
        grouping: extension.grouping.map(|grouping| {
            let read = fields(&grouping.fields);
            (grouping, read)
        }),
        suppressions,
        read: Vec::new(),
    };
    Ok(DraftBody::Detection(Box::new(detection), extension.advice))
}

fn read_correlation(document: &Document, reading: &Reading<'_>) -> Result<DraftBody, Fault> {
    let correlation = correlation::read(&document.node)?;
    let block = document.node.get("trailkeep").map(|node| extension::read_of_correlation(node, reading)).transpose()?;
    let extension = block.unwrap_or_default();
    let suppressions = silences(document, extension.suppressions)?;
    Ok(DraftBody::Correlation(Box::new(correlation), Block { advice: extension.advice, suppressions }))
}

fn silences(document: &Document, suppressions: Vec<Suppression>) -> Result<Vec<Silence>, Fault> {
    let compile = |suppression: Suppression| {
        let when = Predicate::compile(&suppression.when);
        let when = when.map_err(|error| Fault::new(document.meta.mark, error.to_string()))?;
        Ok(Silence { when, reason: suppression.reason, expires: suppression.expires })
    };
    suppressions.into_iter().map(compile).collect()
}

/// Adds a filter's condition to the rules it names: they hold where both hold.
fn apply_filter(document: &Document, drafts: &mut [Draft], reading: &Reading<'_>) -> Result<(), Fault> {
    let node = document.node.get("filter");
    let node = node.ok_or_else(|| Fault::new(document.meta.mark, "there is no `filter`"))?;
    let rules = node.get("rules").ok_or_else(|| Fault::new(node.mark, "the filter has no `rules`"))?;
    let named = rules.texts("`rules`")?;
    let expr = detection::detection(node, "filter", &["rules"], reading)?;
    let any = named.is_empty() || named.iter().all(|(name, _)| matches!(name.as_str(), "any" | "all"));
    let mut targets = Vec::new();
    if any {
        targets.extend(0..drafts.len());
    }
    for (name, mark) in named.iter().filter(|_| !any) {
        let found = drafts.iter().position(|draft| link::is_called(&draft.document.meta, name));
        targets.push(found.ok_or_else(|| Fault::new(*mark, format!("there is no rule `{name}`")))?);
    }
    for at in targets {
        if let Some(Draft { body: DraftBody::Detection(detection, _), .. }) = drafts.get_mut(at) {
            let before = std::mem::replace(&mut detection.expr, Expr::always());
            detection.expr = Expr::All(vec![before, expr.clone()]);
        } else if !any {
            return Err(Fault::new(rules.mark, "a filter narrows rules about single events, and no correlations"));
        }
    }
    Ok(())
}
