//! Casts to types that the engine lacks: `json`, `ipaddress`, `array(varchar)`, `map(varchar, json)`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr, visit_expressions_mut};

use super::{call, call_name, number, take, text};

/// Functions that give JSON, in which a string has quotes.
const GIVE_JSON: &[&str] =
    &["json_extract", "json_parse", "json_format", "json_array_get", "json_query", "to_json", "json_get"];

/// Rewrites one cast.
pub(super) fn rewrite(expr: &mut Expr, is_time: &dyn Fn(&Expr) -> bool) {
    let Expr::Cast { expr: value, data_type, .. } = expr else { return };
    let type_name = data_type.to_string().to_ascii_lowercase();
    let type_name = type_name.trim_matches('"');
    let rewritten = match (data_type, type_name) {
        (DataType::JSON, _) => call("to_json", vec![take(value)]),
        (_, "ipaddress") => call("ipaddress", vec![take(value)]),
        (_, list) if list.starts_with("array(") => {
            let structure =
                if list.contains("json") || list[6..].contains('(') { "[\"JSON\"]" } else { "[\"VARCHAR\"]" };
            call("from_json", vec![take(value), text(structure)])
        }
        // A map is read from JSON text by `element_at`, `map_keys` and `cardinality`.
        (_, map) if map.starts_with("map(") => take(value),
        (DataType::Date, _) if is_time(value) => call("date_of", vec![take(value)]),
        (DataType::Timestamp(..) | DataType::Datetime(_), _) if is_time(value) => take(value),
        _ if is_address(value) => {
            let address = take(value);
            **value = call("ip_text", vec![address]);
            return;
        }
        _ if gives_json(value) => {
            let json = take(value);
            **value = call("json_unquote", vec![json]);
            return;
        }
        _ => return,
    };
    *expr = rewritten;
}

/// Makes every cast and every division in an expression give NULL instead of failing.
pub(super) fn make_lenient(expr: &mut Expr) {
    let visited = visit_expressions_mut(expr, |inner| {
        match inner {
            Expr::Cast { kind, .. } => *kind = CastKind::TryCast,
            Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, right, .. } => {
                // Inner expressions come first, so each divisor is wrapped once.
                **right = call("nullif", vec![take(right), number(0)]);
            }
            _ => {}
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue(), "the closure never breaks");
}

fn is_address(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if call_name(function).as_deref() == Some("ipaddress"))
}

fn gives_json(expr: &Expr) -> bool {
    match expr {
        Expr::Function(function) => call_name(function).is_some_and(|name| GIVE_JSON.contains(&name.as_str())),
        Expr::BinaryOp { op: BinaryOperator::Arrow, .. } => true,
        Expr::Nested(inner) => gives_json(inner),
        _ => false,
    }
}
