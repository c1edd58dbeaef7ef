//! Advanced selectors.

use crate::selectors::arn_shape::is_whole;
use crate::selectors::error::{Error, ErrorKind, Result};
use crate::selectors::grammar::{
    self, Category, Holder, NAME_CHARS_MAX, OPERATORS, Rule, SELECTORS_MAX, VALUE_CHARS_MAX, VALUES_MAX, Values,
};
use crate::selectors::{AdvancedEventSelector, AdvancedFieldSelector};

const CATEGORY: &str = "eventCategory";

pub(super) fn check(holder: Holder, selectors: &[AdvancedEventSelector]) -> Result<()> {
    let found = selectors.len();
    if found == 0 {
        let message = format!("The {} must have at least one advanced event selector.", holder.as_str());
        return Err(Error::new(ErrorKind::Selectors, message));
    }
    if holder == Holder::EventDataStore && found > SELECTORS_MAX {
        let message = format!(
            "An event data store has at most {SELECTORS_MAX} advanced event selectors. The request has {found}."
        );
        return Err(Error::new(ErrorKind::Selectors, message));
    }
    selectors.iter().try_for_each(|selector| check_one(holder, selector))?;
    let values: usize =
        selectors.iter().flat_map(|selector| &selector.field_selectors).flat_map(operators).map(|(_, v)| v.len()).sum();
    if values > VALUES_MAX {
        let message = format!(
            "The advanced event selectors of the {} have at most {VALUES_MAX} values over all of their fields. The \
             request has {values}.",
            holder.as_str()
        );
        return Err(Error::new(ErrorKind::Values, message));
    }
    Ok(())
}

fn check_one(holder: Holder, selector: &AdvancedEventSelector) -> Result<()> {
    let name = selector.name.as_deref().unwrap_or_default();
    if name.chars().count() > NAME_CHARS_MAX {
        let message = format!("The name of an advanced event selector has at most {NAME_CHARS_MAX} characters.");
        return Err(Error::new(ErrorKind::Name, message));
    }
    let fields = &selector.field_selectors;
    let category = category(holder, fields)?;
    let is_missing = |name: &&&str| !fields.iter().any(|field| field.field == **name);
    if let Some(missing) = category.required.iter().find(is_missing) {
        let message =
            format!("An advanced event selector of the category {} must have the field {missing}.", category.name);
        return Err(Error::new(ErrorKind::MissingField, message));
    }
    for (nth, field) in fields.iter().enumerate() {
        check_field(holder, category, field)?;
        if fields.iter().take(nth).any(|earlier| earlier.field == field.field) {
            let message = format!("The field {} occurs more than once in an advanced event selector.", field.field);
            return Err(Error::new(ErrorKind::Field, message));
        }
    }
    arns_are_whole(fields)
}

/// Returns the category that a selector is about.
fn category(holder: Holder, fields: &[AdvancedFieldSelector]) -> Result<&'static Category> {
    let Some(field) = fields.iter().find(|field| field.field == CATEGORY) else {
        let message = format!("An advanced event selector must have the field {CATEGORY}.");
        return Err(Error::new(ErrorKind::MissingField, message));
    };
    let known = grammar::categories(holder);
    if operators(field).any(|(operator, _)| operator != "Equals") {
        return Err(Error::new(ErrorKind::Operator, format!("The field {CATEGORY} takes the operator Equals only.")));
    }
    match field.equals.as_deref().unwrap_or_default() {
        [value] => known.iter().find(|category| category.name == value).ok_or_else(|| {
            let valid: Vec<&str> = known.iter().map(|category| category.name).collect();
            let message =
                format!("Value {value} for the field {CATEGORY} is invalid. Valid values are: {}", valid.join(", "));
            Error::new(ErrorKind::Value, message)
        }),
        values => {
            let found = values.len();
            let message = format!("The field {CATEGORY} must have one value. The request has {found}.");
            Err(Error::new(ErrorKind::Value, message))
        }
    }
}

/// Returns the operators that a field has, with their values. One without values is as good as none.
fn operators(field: &AdvancedFieldSelector) -> impl Iterator<Item = (&'static str, &[String])> {
    let lists = [
        &field.equals,
        &field.starts_with,
        &field.ends_with,
        &field.not_equals,
        &field.not_starts_with,
        &field.not_ends_with,
    ];
    let set = OPERATORS.into_iter().zip(lists);
    set.filter_map(|(operator, values)| Some((operator, values.as_deref().filter(|values| !values.is_empty())?)))
}

fn check_field(holder: Holder, category: &Category, field: &AdvancedFieldSelector) -> Result<()> {
    let name = field.field.as_str();
    if name == CATEGORY {
        return Ok(());
    }
    let has = category.required.contains(&name) || category.optional.contains(&name);
    let rule = grammar::rule(holder, category.name, name).filter(|_| has).ok_or_else(|| {
        let message = format!(
            "The field {} is invalid in an advanced event selector of the category {} of the {}.",
            shortened(name),
            category.name,
            holder.as_str()
        );
        Error::new(ErrorKind::Field, message)
    })?;
    if operators(field).next().is_none() {
        let message = format!("The field {name} must have at least one operator with at least one value.");
        return Err(Error::new(ErrorKind::Operator, message));
    }
    for (operator, values) in operators(field) {
        check_operator(name, operator, values, &rule)?;
    }
    Ok(())
}

fn check_operator(name: &str, operator: &str, values: &[String], rule: &Rule) -> Result<()> {
    if !rule.operators.contains(&operator) {
        let valid = rule.operators.join(", ");
        let message = format!("The operator {operator} is invalid for the field {name}. Valid operators are: {valid}");
        return Err(Error::new(ErrorKind::Operator, message));
    }
    if values.len() > rule.values_max {
        let message = format!(
            "The field {name} has at most {} value with the operator {operator}. The request has {}.",
            rule.values_max,
            values.len()
        );
        return Err(Error::new(ErrorKind::Value, message));
    }
    values.iter().try_for_each(|value| check_value(name, value, &rule.values))
}

fn check_value(name: &str, value: &str, values: &Values) -> Result<()> {
    let refused = |why: &str| {
        let message = format!("Value {} for the field {name} is invalid.{why}", shortened(value));
        Err(Error::new(ErrorKind::Value, message))
    };
    if value.is_empty() || value.chars().count() > VALUE_CHARS_MAX {
        return refused(&format!(" A value has 1 to {VALUE_CHARS_MAX} characters."));
    }
    if value.contains('*') {
        return refused(" Wildcards are not supported.");
    }
    match values {
        Values::OneOf(valid) if !valid.contains(&value) => refused(&format!(" Valid values are: {}", valid.join(", "))),
        Values::ResourceType if !is_resource_type(value) => {
            refused(" A resource type is written like AWS::S3::Object.")
        }
        Values::Any | Values::Arns | Values::OneOf(_) | Values::ResourceType => Ok(()),
    }
}

fn is_resource_type(text: &str) -> bool {
    let parts: Vec<&str> = text.split("::").collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    matches!(parts.as_slice(), ["AWS", service, kind] if is_word(service) && is_word(kind))
}

/// Where ARNs are compared whole they must be those of resources of the type.
fn arns_are_whole(fields: &[AdvancedFieldSelector]) -> Result<()> {
    let field = |name: &str| fields.iter().find(|field| field.field == name);
    let (Some(kind), Some(arns)) = (field("resources.type"), field("resources.ARN")) else { return Ok(()) };
    let kind = kind.equals.iter().flatten().next().map(String::as_str).unwrap_or_default();
    let mut whole = arns.equals.iter().chain(&arns.not_equals).flatten();
    match whole.find(|value| !is_whole(kind, value)) {
        Some(value) => {
            let message = format!(
                "Value {} for the field resources.ARN is invalid. With Equals and NotEquals it must be the ARN of a \
                 resource of the type {kind}.",
                shortened(value)
            );
            Err(Error::new(ErrorKind::Value, message))
        }
        None => Ok(()),
    }
}

/// Most characters of what was sent that an error shows.
const SHOWN_CHARS_MAX: usize = 256;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
