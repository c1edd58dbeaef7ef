//! Long chains of operators: `a OR b OR c ..` is a tree as deep as it has terms, and depth costs stack in every later
//! pass.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Value, VisitorMut};

use super::super::error::{Error, Kind};
use super::take;

/// Most operators of another kind than `AND` and `OR` in one chain.
const CHAIN_MAX: usize = 256;

/// Makes chains of `AND` and of `OR` as flat as they can be, and refuses others that are too long.
pub(super) struct Balance;

impl VisitorMut for Balance {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. } => balance(expr),
            Expr::BinaryOp { .. } if spine(expr) > CHAIN_MAX => {
                let message = format!(
                    "an expression chains more than {CHAIN_MAX} operators; write it in parts, or as a list with `IN`"
                );
                return ControlFlow::Break(Error::new(Kind::Syntax, message));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Counts the operators down the left side.
fn spine(mut expr: &Expr) -> usize {
    let mut length = 0;
    while let Expr::BinaryOp { left, .. } = expr {
        expr = left;
        length += 1;
    }
    length
}

fn balance(expr: &mut Expr) {
    let Expr::BinaryOp { op, .. } = &*expr else { return };
    let wanted = op.clone();
    let mut terms = Vec::new();
    let mut rest = take(expr);
    loop {
        match rest {
            Expr::BinaryOp { left, op, right } if op == wanted => {
                terms.push(*right);
                rest = *left;
            }
            first => {
                terms.push(first);
                break;
            }
        }
    }
    terms.reverse();
    *expr = joined(terms, &wanted);
}

/// Joins terms in their order into a tree whose depth is the logarithm of their number.
fn joined(mut terms: Vec<Expr>, op: &BinaryOperator) -> Expr {
    if terms.len() > 1 {
        let second = terms.split_off(terms.len() / 2);
        return Expr::BinaryOp {
            left: Box::new(joined(terms, op)),
            op: op.clone(),
            right: Box::new(joined(second, op)),
        };
    }
    terms.pop().unwrap_or_else(|| Expr::value(Value::Null))
}
