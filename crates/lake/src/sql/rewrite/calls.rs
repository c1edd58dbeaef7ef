//! Calls that the engine has under another name or in another form.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, LambdaFunction, LambdaFunctionParameter, LambdaSyntax,
    OneOrManyWithParens, OrderByExpr, OrderByOptions, Subscript, UnaryOperator, visit_expressions_mut,
};

use super::super::error::{Error, Kind};
use super::casts::make_lenient;
use super::{argument_list, arguments, call, call_name, function, number, object_name, take, text};

/// Calls that are another name of an engine's or our own function.
const RENAMED: &[(&str, &str)] = &[
    ("arbitrary", "any_value"),
    ("any_value", "any_value"),
    ("split", "string_to_array"),
    ("string_split", "string_to_array"),
    ("str_split", "string_to_array"),
    ("list_contains", "array_has"),
    ("array_contains", "array_has"),
    ("filter", "array_filter"),
    ("list_filter", "array_filter"),
    ("transform", "array_transform"),
    ("list_transform", "array_transform"),
    ("any_match", "array_any_match"),
    ("every", "bool_and"),
    ("typeof", "arrow_typeof"),
    ("localtimestamp", "now"),
    ("listagg", "string_agg"),
    ("array_intersect", "array_intersect"),
    ("array_remove", "array_remove_all"),
];

/// Functions whose arguments are text: a time among them is written as ISO 8601, as Athena's `eventtime` is.
const OVER_TEXT: &[&str] = &[
    "substr",
    "substring",
    "split_part",
    "lower",
    "upper",
    "length",
    "char_length",
    "replace",
    "strpos",
    "starts_with",
    "ends_with",
    "concat",
    "concat_ws",
    "regexp_like",
    "regexp_extract",
    "regexp_extract_all",
    "regexp_replace",
    "regexp_matches",
    "regexp_count",
    "trim",
    "ltrim",
    "rtrim",
    "left",
    "right",
    "reverse",
    "split",
    "string_split",
    "contains",
    "lpad",
    "rpad",
    "md5",
    "sha256",
];

/// Functions that take lambdas.
const WITH_LAMBDAS: &[&str] = &[
    "filter",
    "list_filter",
    "array_filter",
    "transform",
    "list_transform",
    "array_transform",
    "any_match",
    "array_any_match",
    "all_match",
    "none_match",
];

/// Functions of Trino that nothing here can stand for.
const ABSENT: &[&str] = &["reduce", "zip_with", "map_filter", "transform_keys", "transform_values"];

/// Rewrites one expression; what it holds is rewritten already.
pub(super) fn rewrite(expr: &mut Expr, is_time: &dyn Fn(&Expr) -> bool) -> Result<(), Error> {
    match expr {
        Expr::Function(function) => {
            let Some(name) = call_name(function) else { return Ok(()) };
            if ABSENT.contains(&name.as_str()) {
                let message = format!(
                    "`{name}` is not supported; lambdas work in `filter`, `transform`, `any_match`, `all_match` and `none_match`"
                );
                return Err(Error::new(Kind::Plan, message));
            }
            if OVER_TEXT.contains(&name.as_str()) {
                write_times(function, is_time);
            }
            if let Some(rewritten) = special(function, &name) {
                *expr = rewritten;
            } else if let Some((_, other)) = RENAMED.iter().find(|(from, _)| *from == name) {
                function.name = object_name(other);
            }
        }
        Expr::Like { expr: value, .. }
        | Expr::ILike { expr: value, .. }
        | Expr::SimilarTo { expr: value, .. }
        | Expr::RLike { expr: value, .. }
            if is_time(value) =>
        {
            **value = as_text(take(value));
        }
        Expr::Substring { expr: value, .. } | Expr::Trim { expr: value, .. } if is_time(value) => {
            **value = as_text(take(value))
        }
        Expr::Position { r#in: value, .. } if is_time(value) => **value = as_text(take(value)),
        Expr::Extract { field, expr: value, .. } => {
            let part = field.to_string().trim_matches('\'').to_ascii_lowercase();
            if let Some(name) = part_function(&part) {
                *expr = call(name, vec![take(value)]);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Returns whether a call is the bare word `user`, which is a name here and not SQL's current user.
pub(super) fn is_bare_user(function: &Function) -> bool {
    matches!(function.args, FunctionArguments::None) && call_name(function).as_deref() == Some("user")
}

fn as_text(expr: Expr) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type: DataType::Varchar(None),
        array: false,
        format: None,
    }
}

fn write_times(function: &mut Function, is_time: &dyn Fn(&Expr) -> bool) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    for arg in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = arg
            && is_time(value)
        {
            *value = as_text(take(value));
        }
    }
}

/// Names the function for a field of `EXTRACT`.
fn part_function(field: &str) -> Option<&'static str> {
    Some(match field {
        "year" => "year",
        "quarter" => "quarter",
        "month" => "month",
        "week" => "week",
        "day" | "day_of_month" => "day",
        "dow" | "day_of_week" => "day_of_week",
        "doy" | "day_of_year" => "day_of_year",
        "hour" => "hour",
        "minute" => "minute",
        "second" => "second",
        "epoch" => "epoch",
        _ => return None,
    })
}

/// Rewrites the calls that change their form.
fn special(function: &Function, name: &str) -> Option<Expr> {
    if is_bare_user(function) {
        return Some(Expr::Identifier(function.name.0.first()?.as_ident()?.clone()));
    }
    let args = arguments(function)?;
    let owned = |i: usize| args.get(i).map(|arg| (*arg).clone());
    Some(match (name, args.len()) {
        ("if" | "iff", 2 | 3) => case(owned(0)?, owned(1)?, owned(2)),
        ("try", 1) => {
            let mut inner = owned(0)?;
            make_lenient(&mut inner);
            Expr::Nested(Box::new(inner))
        }
        ("count_if" | "countif", 1) => with_args(function, "count", vec![case(owned(0)?, number(1), None)]),
        ("max_by" | "arg_max", 2) => first_by(function, owned(0)?, owned(1)?, false),
        ("min_by" | "arg_min", 2) => first_by(function, owned(0)?, owned(1)?, true),
        ("max_by" | "min_by", 3) => {
            let listed = ordered(function, "array_agg", owned(0)?, owned(1)?, name == "min_by");
            call("array_slice", vec![listed, number(1), owned(2)?])
        }
        ("approx_distinct", 2) => with_args(function, "approx_distinct", vec![owned(0)?]),
        ("approx_percentile", 2) => {
            let Expr::Function(mut percentile) = with_args(function, "approx_percentile_cont", vec![owned(1)?]) else {
                return None;
            };
            percentile.within_group = vec![order(owned(0)?, true)];
            Expr::Function(percentile)
        }
        ("slice", 3) => {
            let last = binary(binary(owned(1)?, BinaryOperator::Plus, owned(2)?), BinaryOperator::Minus, number(1));
            call("array_slice", vec![owned(0)?, owned(1)?, last])
        }
        ("date", 1) => call("date_of", vec![owned(0)?]),
        ("all_match", 2) => not(call("array_any_match", vec![owned(0)?, negated_lambda(owned(1)?)?])),
        ("none_match", 2) => not(call("array_any_match", vec![owned(0)?, owned(1)?])),
        ("date_trunc", 2) => with_args(function, "date_trunc", vec![owned(0)?, call("to_instant", vec![owned(1)?])]),
        ("at_timezone", 2) => Expr::AtTimeZone { timestamp: Box::new(owned(0)?), time_zone: Box::new(owned(1)?) },
        // Trino replaces every match, and removes them when nothing is given instead.
        ("regexp_replace", 2) => call("regexp_replace", vec![owned(0)?, owned(1)?, text(""), text("g")]),
        ("regexp_replace", 3) => call("regexp_replace", vec![owned(0)?, owned(1)?, owned(2)?, text("g")]),
        ("today", 0) => call("current_date", Vec::new()),
        _ => return None,
    })
}

/// Keeps the call's `DISTINCT`, filter and window, with another name and other arguments.
fn with_args(of: &Function, name: &str, args: Vec<Expr>) -> Expr {
    let mut made = of.clone();
    made.name = object_name(name);
    made.args = match (&of.args, argument_list(args)) {
        (FunctionArguments::List(old), FunctionArguments::List(mut new)) => {
            new.duplicate_treatment = old.duplicate_treatment;
            new.clauses.clone_from(&old.clauses);
            FunctionArguments::List(new)
        }
        (_, new) => new,
    };
    Expr::Function(made)
}

fn order(expr: Expr, ascending: bool) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: Some(ascending), nulls_first: Some(false) }, with_fill: None }
}

fn ordered(of: &Function, name: &str, value: Expr, by: Expr, ascending: bool) -> Expr {
    let Expr::Function(mut made) = with_args(of, name, vec![value]) else { return function_expr(name) };
    if let FunctionArguments::List(list) = &mut made.args {
        list.duplicate_treatment = None::<DuplicateTreatment>;
        list.clauses = vec![FunctionArgumentClause::OrderBy(vec![order(by, ascending)])];
    }
    Expr::Function(made)
}

fn function_expr(name: &str) -> Expr {
    Expr::Function(function(name, Vec::new()))
}

/// `max_by(x, y)`: the first `x` in the order of `y`.
fn first_by(of: &Function, value: Expr, by: Expr, ascending: bool) -> Expr {
    ordered(of, "first_value", value, by, ascending)
}

fn case(condition: Expr, result: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: otherwise.map(Box::new),
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}

fn negated_lambda(expr: Expr) -> Option<Expr> {
    let Expr::Lambda(mut lambda) = expr else { return None };
    lambda.body = Box::new(not(Expr::Nested(lambda.body)));
    Some(Expr::Lambda(lambda))
}

/// Reads `x -> condition` among the arguments of a function that takes lambdas.
pub(super) fn read_lambdas(function: &mut Function) {
    if !call_name(function).is_some_and(|name| WITH_LAMBDAS.contains(&name.as_str())) {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    for arg in list.args.iter_mut().skip(1) {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
            read_lambda(expr);
        }
    }
}

/// The arrow binds tightly, so `x -> x > 1` is read as `(x -> x) > 1`: the parameter is found at the left end.
fn read_lambda(expr: &mut Expr) {
    let Some(place) = left_end(expr) else { return };
    let Expr::BinaryOp { left, right, .. } = take(place) else { return };
    let Expr::Identifier(name) = *left else { return };
    *place = *right;
    let mut body = take(expr);
    read_fields(&mut body, &name.value);
    let parameter = LambdaFunctionParameter { name, data_type: None };
    *expr = Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(parameter),
        body: Box::new(body),
        syntax: LambdaSyntax::Arrow,
    });
}

/// Finds `name -> ..` by going down the left sides.
fn left_end(expr: &mut Expr) -> Option<&mut Expr> {
    if matches!(expr, Expr::BinaryOp { left, op: BinaryOperator::Arrow, .. } if matches!(**left, Expr::Identifier(_))) {
        return Some(expr);
    }
    match expr {
        Expr::BinaryOp { left, .. } => left_end(left),
        Expr::Like { expr, .. }
        | Expr::ILike { expr, .. }
        | Expr::InList { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr) => left_end(expr),
        _ => None,
    }
}

/// Reads `x.arn` as a field of the lambda's parameter; the engine would look for a table `x`.
fn read_fields(body: &mut Expr, parameter: &str) {
    let visited = visit_expressions_mut(body, |expr| {
        if let Expr::CompoundIdentifier(parts) = &*expr
            && let [first, fields @ ..] = parts.as_slice()
            && first.value.eq_ignore_ascii_case(parameter)
        {
            let access_chain = fields
                .iter()
                .map(|field| AccessExpr::Subscript(Subscript::Index { index: text(&field.value) }))
                .collect();
            *expr = Expr::CompoundFieldAccess { root: Box::new(Expr::Identifier(first.clone())), access_chain };
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue(), "the closure never breaks");
}
