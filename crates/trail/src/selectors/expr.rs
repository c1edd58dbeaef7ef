//! A condition as an expression over events.

use predicate::expr::{Case, Expr, Field, TextOp};

use crate::selectors::condition::{Condition, Hit, How, Texts};
use crate::selectors::{Selectors, lower};

/// How records spell the ARN of a resource; calls that list have the beginning of ARNs instead.
pub(super) const ARN_MEMBERS: [&str; 3] = ["ARN", "arn", "ARNPrefix"];

impl Selectors {
    /// Returns the expression that holds for events which the selectors take, whoever's they are.
    ///
    /// Selectors that no check lets pass take nothing by what is wrong with them.
    pub fn expr(&self) -> Expr {
        condition(&lower::selectors(self))
    }
}

fn condition(node: &Condition) -> Expr {
    match node {
        Condition::All(parts) => Expr::All(parts.iter().map(condition).collect()),
        Condition::Any(parts) => Expr::Any(parts.iter().map(condition).collect()),
        Condition::Category(category) => is(Field::category(), [category.as_str()]),
        Condition::ReadOnly(true) => is(Field::parse("readOnly"), ["true"]),
        Condition::ReadOnly(false) => is(Field::parse("readOnly"), ["true"]).negated(),
        Condition::Member(path, wanted) => texts(wanted, |hit| of_field(Field::parse(path), hit)),
        Condition::Resource { kind, arn } => {
            let any_spelling =
                |hit: &Hit| Expr::Any(ARN_MEMBERS.iter().map(|member| of_field(Field::parse(member), hit)).collect());
            let holds = Expr::All(vec![is(Field::parse("type"), [kind.as_str()]), texts(arn, any_spelling)]);
            Expr::Element { of: Field::parse("resources"), holds: Box::new(holds) }
        }
    }
}

fn texts(wanted: &Texts, hits: impl Fn(&Hit) -> Expr) -> Expr {
    let mut all: Vec<Expr> = wanted.deselecting.iter().map(|hit| hits(hit).negated()).collect();
    if !wanted.selecting.is_empty() {
        all.push(Expr::Any(wanted.selecting.iter().map(hits).collect()));
    }
    Expr::All(all)
}

fn of_field(field: Field, hit: &Hit) -> Expr {
    let op = match hit.how {
        How::Equals => TextOp::Equals,
        How::StartsWith => TextOp::StartsWith,
        How::EndsWith => TextOp::EndsWith,
    };
    Expr::text(field, op, Case::Sensitive, hit.values.iter().map(String::as_str))
}

/// The field has one of the values, case included.
pub(super) fn is<'v>(field: Field, values: impl IntoIterator<Item = &'v str>) -> Expr {
    Expr::text(field, TextOp::Equals, Case::Sensitive, values)
}
