//! A filter such as `origin = '...'` becomes a list of keys first: the credentials that lead to that origin, and the columns in
//! which an identity may name itself so. Files that hold neither are not read. The filter itself stays.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::utils::{conjunction, disjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, Operator, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use lineage::credential::{IDENTITY, Use};
use lineage::origin::Origin;
use lineage::record::Member;
use lineage::sessions::Sessions;

use super::{Issued, OriginOf};

/// Most credentials that become a list.
const KEYS_MAX: usize = 500;

/// Adds what follows from filters on `origin`.
#[derive(Debug)]
pub(in crate::sql) struct OriginKeys;

impl OptimizerRule for OriginKeys {
    fn name(&self) -> &str {
        "origin_keys"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Filter(filter) => {
                let Some(added) = conjunction(follows(&split_conjunction(&filter.predicate))) else {
                    return Ok(Transformed::no(LogicalPlan::Filter(filter)));
                };
                let predicate = filter.predicate.and(added);
                Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
            }
            LogicalPlan::TableScan(mut scan) => {
                let conjuncts: Vec<&Expr> = scan.filters.iter().flat_map(split_conjunction).collect();
                let added = follows(&conjuncts);
                if added.is_empty() {
                    return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
                }
                scan.filters.extend(added);
                Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
            }
            plan => Ok(Transformed::no(plan)),
        }
    }
}

/// Returns what follows from the conjuncts and does not stand among them yet.
fn follows(conjuncts: &[&Expr]) -> Vec<Expr> {
    let mut added: Vec<Expr> = Vec::new();
    for (function, values) in conjuncts.iter().filter_map(|expr| asked(expr)) {
        let Some(origin_of) = (function.func.inner().as_ref() as &dyn Any).downcast_ref::<OriginOf>() else { continue };
        let column = |member: Member| {
            let at = IDENTITY.iter().position(|known| *known == member)?;
            function.args.get(at).cloned()
        };
        let Some(filter) =
            values.iter().map(|value| origin_of.leading_to.get(origin_of, value)).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let filter = disjunction(filter.iter().flat_map(|leading| leading.conditions(&column)));
        added.extend(filter.filter(|filter| !conjuncts.contains(&filter) && !added.contains(filter)));
    }
    added
}

/// Reads `origin = 'value'` and `origin IN ('value', ...)`.
fn asked(expr: &Expr) -> Option<(&ScalarFunction, Vec<String>)> {
    let text = |expr: &Expr| expr.as_literal().and_then(|value| value.try_as_str().flatten().map(str::to_owned));
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (origin(left), origin(right)) {
            (Some(origin), None) => Some((origin, vec![text(right)?])),
            (None, Some(origin)) => Some((origin, vec![text(left)?])),
            _ => None,
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let ((one, mut values), (other, more)) = (asked(left)?, asked(right)?);
            values.extend(more);
            (one == other).then_some((one, values))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            Some((origin(expr)?, list.iter().map(text).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// Returns the call behind the column `origin`.
fn origin(expr: &Expr) -> Option<&ScalarFunction> {
    let Expr::ScalarFunction(field) = expr else { return None };
    let ([Expr::ScalarFunction(call), name], "get_field") = (field.args.as_slice(), field.func.name()) else {
        return None;
    };
    let is_origin = name.as_literal().and_then(|name| name.try_as_str().flatten()) == Some("origin");
    (is_origin && call.func.name() == super::NAME).then_some(call)
}

/// What leads to an origin.
#[derive(Debug, Default)]
struct Leading {
    origin: String,
    keys: BTreeSet<String>,
    principals: BTreeSet<String>,
}

impl Leading {
    /// Returns conditions of which one holds for every event of the origin.
    fn conditions(&self, column: &impl Fn(Member) -> Option<Expr>) -> Vec<Expr> {
        let is_in = |member: Member, values: Vec<&str>| {
            let list: Vec<Expr> = values.into_iter().map(lit).collect();
            if list.is_empty() { None } else { Some(column(member)?.in_list(list, false)) }
        };
        let origin = self.origin.as_str();
        // Provider and subject are joined by a colon, and both may hold colons themselves.
        let joined = || origin.match_indices(':');
        let subjects: Vec<&str> = joined().filter_map(|(at, _)| origin.get(at + 1..)).chain([origin]).collect();
        let providers: Vec<&str> = joined().filter_map(|(at, _)| origin.get(..at)).chain([origin]).collect();
        let principals = self.principals.iter().map(String::as_str).chain([origin]).collect();
        let keys = self.keys.iter().map(String::as_str).chain([origin]).collect();
        let conditions = [
            is_in(Member::AccessKeyId, keys),
            is_in(Member::PrincipalId, principals),
            is_in(Member::Arn, vec![origin]),
            is_in(Member::IssuerArn, vec![origin]),
            is_in(Member::InvokedBy, vec![origin]),
            is_in(Member::AccountId, vec![origin]),
            is_in(Member::UserName, subjects.clone()),
            is_in(Member::OnBehalfOfUserId, subjects),
            is_in(Member::IdentityStoreArn, providers.clone()),
            is_in(Member::FederatedProvider, providers.clone()),
            is_in(Member::IdentityProvider, providers),
        ];
        conditions.into_iter().flatten().collect()
    }
}

/// Answers that were found: the optimizer asks more than once.
#[derive(Debug, Default)]
pub(super) struct LeadingTo(Mutex<HashMap<String, Option<Arc<Leading>>>>);

impl LeadingTo {
    /// Returns what leads to an origin; nothing if it is too much for a list.
    fn get(&self, origin_of: &OriginOf, origin: &str) -> Option<Arc<Leading>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(origin.to_owned());
        found.or_insert_with(|| search(&origin_of.sessions, &origin_of.issued, origin).map(Arc::new)).clone()
    }
}

fn search(sessions: &Sessions, issued: &[Issued], origin: &str) -> Option<Leading> {
    let mut leading = Leading { origin: origin.to_owned(), ..Leading::default() };
    for child in issued {
        let used = Use {
            identity_type: Some("AssumedRole"),
            access_key: child.key.as_deref(),
            principal_id: child.principal.as_deref(),
            creation_date: Some(child.at),
            ..Use::default()
        };
        let leads = |found: &Origin| found.arn == origin || found.candidates.iter().any(|found| found.arn == origin);
        if sessions.resolve(&used).is_some_and(|found| leads(&found)) {
            leading.keys.extend(child.key.clone());
            leading.principals.extend(child.principal.clone());
            if leading.keys.len() + leading.principals.len() > 2 * KEYS_MAX {
                return None;
            }
        }
    }
    Some(leading)
}
