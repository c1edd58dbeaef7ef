//! Paths into structs and JSON: `resources[1].arn`, `element_at(resources, 1).arn`, `requestParameters.bucketName`,
//! `"userIdentity"."sessionContext"`.

use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, Expr, Ident, Subscript};

use super::super::names::{is_json, members};
use super::{call, calls_any, take, text};

/// Rewrites one expression; what it holds is rewritten already.
pub(super) fn rewrite(expr: &mut Expr) {
    match expr {
        Expr::Identifier(name) => fold_case(name),
        Expr::CompoundIdentifier(parts) => {
            parts.iter_mut().for_each(fold_case);
            json_path(expr);
        }
        Expr::CompoundFieldAccess { root, access_chain } => dots(root, access_chain),
        Expr::Between { .. } => address_range(expr),
        _ => {}
    }
}

/// Takes the capitals from a quoted name that is one of AWS's: `"eventName"` is the column `eventname`.
fn fold_case(name: &mut Ident) {
    let folded = name.value.to_ascii_lowercase();
    if name.quote_style.is_some() && folded != name.value && members().contains(&folded) {
        name.value = folded;
    }
}

/// Reads what follows a JSON column as names of members, in any case: `requestParameters.bucketName`.
fn json_path(expr: &mut Expr) {
    let Expr::CompoundIdentifier(parts) = expr else { return };
    // The column itself, `t.column`, or a struct's text such as `webIdFederationData.attributes`.
    let Some(json) = parts.iter().position(|part| is_json(&part.value)) else { return };
    if json + 1 == parts.len() {
        return;
    }
    let names = parts.split_off(json + 1);
    let column = match parts.as_slice() {
        [name] => Expr::Identifier(name.clone()),
        _ => Expr::CompoundIdentifier(std::mem::take(parts)),
    };
    *expr = names.into_iter().fold(column, |value, name| call("json_member", vec![value, text(&name.value)]));
}

/// Turns `.name` behind a call or a subscript into `['name']`, which the engine plans.
fn dots(root: &Expr, chain: &mut [AccessExpr]) {
    let mut names_only = matches!(root, Expr::Identifier(_));
    for access in chain {
        match access {
            AccessExpr::Dot(Expr::Identifier(name)) if !names_only => {
                *access = AccessExpr::Subscript(Subscript::Index { index: text(&name.value) });
            }
            AccessExpr::Dot(_) => {}
            AccessExpr::Subscript(_) => names_only = false,
        }
    }
}

/// Writes `x BETWEEN IPADDRESS 'a' AND IPADDRESS 'b'` as two comparisons, whose types the planner can see.
fn address_range(expr: &mut Expr) {
    let Expr::Between { expr: value, negated, low, high } = expr else { return };
    if !calls_any(low, |name| name == "ipaddress") && !calls_any(high, |name| name == "ipaddress") {
        return;
    }
    let compare = |left: Expr, op, right: Expr| Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) };
    let (first, last, both) = if *negated {
        (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or)
    } else {
        (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And)
    };
    let from = compare(value.as_ref().clone(), first, take(low));
    let to = compare(take(value), last, take(high));
    *expr = Expr::Nested(Box::new(compare(from, both, to)));
}
