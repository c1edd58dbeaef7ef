//! Where events go: trails, compiled, and which of the events of a batch each of them records.

use arrow::array::BooleanArray;
use predicate::expr::{Expr, Field};
use predicate::record::Record;
use predicate::{Needs, Predicate, Rows};
use serde_json::Value;

use crate::model::Trail;
use crate::selectors::error::{Error, Result};
use crate::selectors::expr::is;
use crate::selectors::{Selectors, scope};

/// A trail, ready to be asked whether it records an event.
#[derive(Debug, Clone)]
pub struct Target {
    predicate: Predicate,
}

impl Target {
    /// Compiles what a trail records: the events that it sees and that its selectors take. One without selectors takes all
    /// management events. A trail that looks for insights takes these as well, unless they go elsewhere.
    ///
    /// Whether the trail records at the moment is not asked here.
    ///
    /// # Errors
    /// [`ErrorKind::Limit`](crate::selectors::ErrorKind::Limit) if the values of the selectors are too large.
    pub fn compile(trail: &Trail) -> Result<Target> {
        let taken = match &trail.selectors {
            Some(selectors) => selectors.expr(),
            None => Selectors::of_new_trail().expr(),
        };
        let taken = Expr::Any([Some(taken), insights(trail)].into_iter().flatten().collect());
        let predicate = Predicate::compile(&Expr::All(vec![scope::seen_by(trail), taken]))?;
        Ok(Target { predicate })
    }

    /// Returns what is read of a batch.
    pub fn needs(&self) -> Needs {
        self.predicate.needs()
    }

    /// Returns true if it records the event.
    pub fn records(&self, record: &Record<'_>) -> bool {
        self.predicate.matches(record)
    }
}

/// Returns what all targets together read of a batch.
pub fn needs(targets: &[Target]) -> Needs {
    targets.iter().map(Target::needs).fold(Needs::default(), Needs::and)
}

/// Returns for each target which events of a batch it records. The batch may be one that the opener gave
/// ([`Rows::of_batch`]) or one of the lake ([`Rows::of_stored`]) with the columns of [`needs`].
///
/// # Errors
/// If the batch lacks a column that is read, or a record cannot be rebuilt.
pub fn route(targets: &[Target], rows: &Rows<'_>) -> Result<Vec<BooleanArray>> {
    targets.iter().map(|target| target.predicate.mask(rows).map_err(Error::from)).collect()
}

/// Returns what holds for the insights that the trail looks for: of the types and of the calls that its selectors name.
fn insights(trail: &Trail) -> Option<Expr> {
    if trail.insights_destination.is_some() || trail.insight_selectors.is_empty() {
        return None;
    }
    let wanted = trail.insight_selectors.iter().filter_map(|selector| {
        let kind = is(Field::parse("insightDetails.insightType"), [selector.get("InsightType")?.as_str()?]);
        Some(Expr::All(vec![kind, into_calls(trail, selector)]))
    });
    Some(Expr::All(vec![is(Field::category(), ["Insight"]), Expr::Any(wanted.collect())]))
}

/// The insight is one into calls of the categories that a selector names, those of management by default. One that does
/// not say is into calls of management. One into calls of data was found for one trail, and names it.
///
/// Source: AWS CloudTrail API reference, `InsightSelector`; the record of Insights events.
fn into_calls(trail: &Trail, selector: &Value) -> Expr {
    let source_category = || Field::parse("insightDetails.sourceEventCategory");
    let given = selector.get("EventCategories").and_then(Value::as_array);
    let names = |name: &str| given.map_or(name == "Management", |given| given.iter().any(|one| one == name));
    let of_management = || Expr::Any(vec![is(source_category(), ["Management"]), Expr::null(source_category())]);
    let of_data = || {
        let for_trail = Field::parse("insightDetails.insightSource");
        let ours = Expr::Any(vec![is(for_trail.clone(), [trail.arn.as_str()]), Expr::null(for_trail)]);
        Expr::All(vec![is(source_category(), ["Data"]), ours])
    };
    let management = names("Management").then(of_management);
    let data = names("Data").then(of_data);
    Expr::Any(management.into_iter().chain(data).collect())
}
