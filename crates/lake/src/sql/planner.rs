//! How operators and accesses are planned where the engine's own meaning is not the one that published queries count
//! on: `->` and `->>`, text compared with Booleans, numbers and addresses, members of JSON text, fields in any case.

use arrow::datatypes::{DataType, Fields};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, TableReference, plan_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions::unicode;
use datafusion::functions_nested::extract::array_element;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, ScalarUDF, cast, lit, try_cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::functions::{ADDRESS, Function, functions, over_text};
use super::names::nearest;

/// Plans expressions before the engine does.
#[derive(Debug)]
pub(super) struct QueryPlanner {
    element_at: ScalarUDF,
    json_member: ScalarUDF,
    json_get: ScalarUDF,
    json_get_text: ScalarUDF,
    address: ScalarUDF,
    substr: ScalarUDF,
    strpos: ScalarUDF,
}

impl QueryPlanner {
    pub(super) fn new() -> Result<Self> {
        let mut all = functions();
        let mut take = |name: &str| {
            use datafusion::logical_expr::ScalarUDFImpl;
            let found: Option<Function> =
                all.iter().position(|function| function.name() == name).map(|i| all.swap_remove(i));
            match found {
                Some(function) => Ok(ScalarUDF::new_from_impl(function)),
                None => plan_err!("the function `{name}` is missing"),
            }
        };
        Ok(Self {
            element_at: take("element_at")?,
            json_member: take("json_member")?,
            json_get: take("json_get")?,
            json_get_text: take("json_get_text")?,
            address: take("ipaddress")?,
            substr: over_text(unicode::substr()),
            strpos: over_text(unicode::strpos()),
        })
    }

    /// Plans `left -> right` and `left ->> right`.
    fn arrow(&self, left: Expr, right: Expr, as_text: bool, schema: &DFSchema) -> Result<Expr> {
        let key = match &right {
            Expr::Literal(value, _) => value.clone(),
            _ => ScalarValue::Null,
        };
        match (left.get_type(schema)?, key.try_as_str().flatten()) {
            (DataType::Struct(fields), Some(name)) => Ok(get_field(left, field_name(&fields, name)?)),
            // DuckDB's `->` counts from 0, the engine's lists from 1.
            (DataType::List(_), None) => Ok(array_element(left, right + lit(1_i64))),
            _ if as_text => Ok(self.json_get_text.call(vec![left, right])),
            _ => Ok(self.json_get.call(vec![left, right])),
        }
    }

    /// Plans one step of an access: a struct's field, a member of JSON text, a key of a map.
    fn member(&self, value: Expr, name: &str, data_type: &DataType) -> Result<Option<Expr>> {
        Ok(match data_type {
            DataType::Struct(fields) => Some(get_field(value, field_name(fields, name)?)),
            data_type if is_text(data_type) => Some(self.json_member.call(vec![value, lit(name)])),
            DataType::Map(..) => Some(self.element_at.call(vec![value, lit(name)])),
            _ => None,
        })
    }

    /// Gives both sides of a comparison one type where the engine would fail or choose another.
    fn compare(&self, left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
        let (left_type, right_type) = (left.get_type(schema)?, right.get_type(schema)?);
        if is_text(&right_type) && !is_text(&left_type) {
            let (right, left) = self.compare(right, left, schema)?;
            return Ok((left, right));
        }
        if !is_text(&left_type) {
            return Ok((left, right));
        }
        Ok(match right_type {
            DataType::Boolean => match (&left, &right) {
                // `readOnly = 'true'`: the column stays bare, so that the filter reaches the scan.
                (Expr::Literal(value, _), _) => (boolean(value).unwrap_or(left), right),
                (_, Expr::Literal(ScalarValue::Boolean(Some(truth)), _)) => (left, lit(truth.to_string())),
                _ => (left, cast(right, DataType::Utf8)),
            },
            ADDRESS => (self.address.call(vec![left]), right),
            number if number.is_numeric() => match (&left, &right) {
                (Expr::Literal(..), _) => (left, right),
                (Expr::Column(_), Expr::Literal(value, _)) if number.is_integer() => (left, lit(value.to_string())),
                _ => (try_cast(left, DataType::Float64), cast(right, DataType::Float64)),
            },
            _ => (left, right),
        })
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn boolean(value: &ScalarValue) -> Option<Expr> {
    let truth = match value.try_as_str().flatten()?.to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        _ => return None,
    };
    Some(lit(truth))
}

/// Finds a field in any case, with or without underscores.
fn field_name(fields: &Fields, name: &str) -> Result<String> {
    // `userName`, `username` and `user_name` are one field, whichever view is asked.
    let folded = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let exact = fields.iter().find(|field| field.name() == name);
    if let Some(field) = exact.or_else(|| fields.iter().find(|field| folded(field.name()) == folded(name))) {
        return Ok(field.name().clone());
    }
    match nearest(name, fields.iter().map(|field| field.name().as_str())) {
        Some(near) => plan_err!("field `{name}` does not exist, did you mean `{near}`?"),
        None => {
            let all: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            plan_err!("field `{name}` does not exist, there are `{}`", all.join("`, `"))
        }
    }
}

impl ExprPlanner for QueryPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        match op {
            BinaryOperator::Arrow | BinaryOperator::LongArrow => {
                let as_text = op == BinaryOperator::LongArrow;
                Ok(PlannerResult::Planned(self.arrow(left, right, as_text, schema)?))
            }
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq => {
                let (left, right) = self.compare(left, right, schema)?;
                Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
            }
            BinaryOperator::StringConcat
            | BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch => {
                let left = time_as_text(left, schema)?;
                let right = time_as_text(right, schema)?;
                Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
            }
            op => Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
        }
    }

    /// Plans `substring(value FROM 1 FOR 10)`.
    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.substr.call(args)))
    }

    /// Plans `position(part IN value)`.
    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.strpos.call(args)))
    }

    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { expr, field_access } = expr;
        let data_type = expr.get_type(schema)?;
        match &field_access {
            GetFieldAccess::NamedStructField { name } => {
                let name = name.try_as_str().flatten().unwrap_or_default().to_owned();
                if let Some(planned) = self.member(expr.clone(), &name, &data_type)? {
                    return Ok(PlannerResult::Planned(planned));
                }
            }
            GetFieldAccess::ListIndex { key } if is_text(&data_type) => {
                return Ok(PlannerResult::Planned(self.element_at.call(vec![expr, key.as_ref().clone()])));
            }
            GetFieldAccess::ListIndex { .. } | GetFieldAccess::ListRange { .. } => {}
        }
        Ok(PlannerResult::Original(RawFieldAccessExpr { expr, field_access }))
    }

    fn plan_compound_identifier(
        &self,
        field: &arrow::datatypes::Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let mut value = Expr::Column(Column::from((qualifier, field)));
        let mut data_type = field.data_type().clone();
        for name in nested_names {
            let DataType::Struct(fields) = &data_type else { return Ok(PlannerResult::Original(Vec::new())) };
            let name = field_name(fields, name)?;
            value = get_field(value, name.clone());
            data_type = fields
                .iter()
                .find(|field| *field.name() == name)
                .map_or(DataType::Null, |field| field.data_type().clone());
        }
        Ok(PlannerResult::Planned(value))
    }
}

/// Writes a time as ISO 8601 text, as Athena's `eventtime` is.
fn time_as_text(value: Expr, schema: &DFSchema) -> Result<Expr> {
    match value.get_type(schema)? {
        DataType::Timestamp(..) => Ok(cast(value, DataType::Utf8)),
        _ => Ok(value),
    }
}
