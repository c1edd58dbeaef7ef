//! Functions over JSON text: Trino's, Athena's and DuckDB's names. A text that is no JSON gives NULL, never an error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, RecordBatch, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::json::LineDelimitedWriter;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::functions_nested::cardinality::cardinality_udf;
use datafusion::functions_nested::extract::array_element_udf;
use datafusion::functions_nested::map_extract::map_extract_udf;
use datafusion::functions_nested::map_keys::map_keys_udf;
use datafusion::functions_nested::map_values::map_values_udf;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::function::{
    Arguments, Compiled, Function, Texts, boolean_column, by_rows, integer_column, is_list, is_text, takes, takes_text,
    text_column,
};
use super::json_text::{
    Elements, Members, bare, compact, element, is_valid, member, member_in_any_case, quote, scalar, unescape,
};
use super::path::Path;

/// The JSON family.
pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("element_at", element_at_types, element_at),
        Function::new("json_member", member_types, |_, args| by_rows(args, named_member)),
        Function::new("json_get", get_types, |_, args| by_rows(args, |args| get(args, |value| Some(compact(value))))),
        Function::new("json_get_text", get_types, |_, args| by_rows(args, |args| get(args, bare))),
        Function::new("json_array_get", get_types, |_, args| {
            by_rows(args, |args| get(args, |value| Some(compact(value))))
        }),
        Function::new("json_extract", path_types, |_, args| {
            by_rows(args, |args| at_path(args, |value| Some(compact(value))))
        })
        .aliases(&["json_query"]),
        Function::new("json_extract_scalar", path_types, |_, args| by_rows(args, |args| at_path(args, scalar)))
            .aliases(&["json_value"]),
        Function::new("json_extract_string", path_types, |_, args| by_rows(args, |args| at_path(args, bare)))
            .aliases(&["json_extract_path_text"]),
        Function::new("json_size", sized_types, |_, args| by_rows(args, |args| sizes(args, size))),
        Function::new("json_array_length", sized_types, |_, args| {
            by_rows(args, |args| sizes(args, |value| Elements::of(value).map(|elements| length(elements.count()))))
        }),
        Function::new("json_parse", one_text, |_, args| {
            by_rows(args, |args| each(args, |value| is_valid(value).then(|| compact(value))))
        })
        .aliases(&["json_format"]),
        Function::new("json_unquote", one_text, |_, args| by_rows(args, |args| each(args, unquote))),
        Function::new("json_valid", one_to_boolean, |_, args| {
            by_rows(args, |args| {
                let texts = args.texts(0)?;
                boolean_column(args.rows, |row| Ok(texts.at(row).map(is_valid)))
            })
        }),
        Function::new("json_contains", contains_types, |_, args| by_rows(args, |args| contains(args, true))),
        Function::new("json_array_contains", contains_types, |_, args| by_rows(args, |args| contains(args, false))),
        Function::new("from_json", from_json_types, |_, args| by_rows(args, from_json)),
        Function::new("to_json", |types| Ok((types.to_vec(), DataType::Utf8)), |_, args| by_rows(args, to_json)),
        Function::new(
            "map_keys",
            |types| names_types("map_keys", types, &map_keys_udf()),
            |_, args| names(args, &map_keys_udf(), true),
        )
        .aliases(&["json_keys"]),
        Function::new(
            "map_values",
            |types| names_types("map_values", types, &map_values_udf()),
            |_, args| names(args, &map_values_udf(), false),
        ),
        Function::new("cardinality", cardinality_types, cardinality),
    ]
}

fn element_at_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("element_at", types, 2, 2)?;
    match &types[0] {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Ok((vec![types[0].clone(), DataType::Int64], field.data_type().clone()))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                Ok((vec![types[0].clone(), fields[0].data_type().clone()], fields[1].data_type().clone()))
            }
            other => plan_err!("`element_at` cannot read a map of {other}"),
        },
        data_type if is_text(data_type) || data_type.is_null() => {
            let key = if types[1].is_integer() { DataType::Int64 } else { DataType::Utf8 };
            Ok((vec![DataType::Utf8, key], DataType::Utf8))
        }
        other => plan_err!("`element_at` takes JSON text, an array or a map, not {other}"),
    }
}

fn element_at(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let data_type = args.args[0].data_type();
    if is_list(&data_type) {
        return array_element_udf().inner().invoke_with_args(args);
    }
    if let DataType::Map(..) = data_type {
        return map_value(args);
    }
    by_rows(args, |args| {
        let json = args.texts(0)?;
        if args.is_integer(1) {
            let places = args.integers(1)?;
            // Trino counts from 1; -1 is the last.
            return text_column(args.rows, |row| {
                let place = places.value(row);
                let index = if place > 0 { place - 1 } else { place };
                Ok(json
                    .at(row)
                    .filter(|_| place != 0 && places.is_valid(row))
                    .and_then(|json| element(json, index))
                    .and_then(bare))
            });
        }
        let keys = args.texts(1)?;
        text_column(args.rows, |row| {
            Ok(json.at(row).zip(keys.at(row)).and_then(|(json, key)| member(json, key)).and_then(bare))
        })
    })
}

fn member_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("json_member", types, 2, 2)?, DataType::Utf8))
}

/// What a path such as `metadata.channelArn` names: as with columns, capitals do not count, unless members differ in them alone.
fn named_member(args: &Arguments) -> Result<ArrayRef> {
    let (json, names) = (args.texts(0)?, args.texts(1)?);
    text_column(args.rows, |row| {
        Ok(json.at(row).zip(names.at(row)).and_then(|(json, name)| member_in_any_case(json, name)).and_then(bare))
    })
}

/// Returns the value of a map's key: the engine's own function gives a list of one.
fn map_value(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let rows = args.number_rows;
    let value_field = Arc::clone(&args.return_field);
    let listed =
        Arc::new(Field::new_list("values", Field::new_list_field(value_field.data_type().clone(), true), true));
    let lists = map_extract_udf()
        .inner()
        .invoke_with_args(ScalarFunctionArgs { return_field: listed, ..args })?
        .to_array(rows)?;
    let lists = lists.as_list::<i32>();
    let indices: arrow::array::UInt32Array = (0..rows)
        .map(|row| {
            if lists.is_valid(row) && lists.value_length(row) > 0 {
                u32::try_from(lists.value_offsets()[row]).ok()
            } else {
                None
            }
        })
        .collect();
    Ok(ColumnarValue::Array(arrow::compute::take(lists.values(), &indices, None)?))
}

/// JSON text, and a member's name, a path or an index from 0.
fn get_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("->", types, 2, 2)?;
    let key = if types[1].is_integer() { DataType::Int64 } else { DataType::Utf8 };
    Ok((vec![DataType::Utf8, key], DataType::Utf8))
}

fn get(args: &Arguments, give: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let json = args.texts(0)?;
    if args.is_integer(1) {
        let indices = args.integers(1)?;
        return text_column(args.rows, |row| {
            Ok(json
                .at(row)
                .filter(|_| indices.is_valid(row))
                .and_then(|json| element(json, indices.value(row)))
                .and_then(&give))
        });
    }
    let keys = args.texts(1)?;
    let mut path = Compiled::default();
    text_column(args.rows, |row| {
        let Some((json, key)) = json.at(row).zip(keys.at(row)) else { return Ok(None) };
        if key.starts_with(['$', '/']) {
            return Ok(path.of(key, Path::parse)?.find(json).as_deref().and_then(&give));
        }
        Ok(member(json, key).and_then(&give))
    })
}

fn path_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    if types.get(1).is_some_and(DataType::is_integer) {
        return get_types(types);
    }
    Ok((takes_text("json_extract", types, 2, 2)?, DataType::Utf8))
}

fn at_path(args: &Arguments, give: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    if args.is_integer(1) {
        return get(args, give);
    }
    let (json, paths) = (args.texts(0)?, args.texts(1)?);
    let mut path = Compiled::default();
    text_column(args.rows, |row| match json.at(row).zip(paths.at(row)) {
        Some((json, text)) => Ok(path.of(text, Path::parse)?.find(json).as_deref().and_then(&give)),
        None => Ok(None),
    })
}

fn sized_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("json_array_length", types, 1, 2)?, DataType::Int64))
}

fn sizes(args: &Arguments, count: impl Fn(&str) -> Option<i64>) -> Result<ArrayRef> {
    let (json, paths) = (args.texts(0)?, args.texts(1)?);
    let mut path = Compiled::default();
    integer_column(args.rows, |row| {
        let Some(json) = json.at(row) else { return Ok(None) };
        match paths.at(row) {
            Some(text) => Ok(path.of(text, Path::parse)?.find(json).as_deref().and_then(&count)),
            None if args.len() == 2 => Ok(None),
            None => Ok(count(json)),
        }
    })
}

/// Trino's `json_size`: members of an object, elements of an array, 0 for anything else.
fn size(json: &str) -> Option<i64> {
    let members = Members::of(json).map(Iterator::count);
    Some(length(members.or_else(|| Elements::of(json).map(Iterator::count)).unwrap_or(0)))
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn one_text(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("json_parse", types, 1, 1)?, DataType::Utf8))
}

fn one_to_boolean(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("json_valid", types, 1, 1)?, DataType::Boolean))
}

fn each(args: &Arguments, give: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let texts = args.texts(0)?;
    text_column(args.rows, |row| Ok(texts.at(row).and_then(&give)))
}

fn unquote(value: &str) -> Option<String> {
    if value == "null" { None } else { unescape(value).or_else(|| Some(value.to_owned())) }
}

fn contains_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("json_contains", types, 2, 2)?, DataType::Boolean))
}

/// Returns whether a value stands in the JSON: anywhere, or among the elements of the array.
fn contains(args: &Arguments, at_any_depth: bool) -> Result<ArrayRef> {
    let (json, needles) = (args.texts(0)?, args.texts(1)?);
    boolean_column(args.rows, |row| {
        let Some((json, needle)) = json.at(row).zip(needles.at(row)) else { return Ok(None) };
        let wanted = unescape(needle).unwrap_or_else(|| compact(needle));
        let mut open = vec![json.trim_ascii()];
        let mut seen_root = false;
        while let Some(value) = open.pop() {
            let is_root = !seen_root;
            seen_root = true;
            if (at_any_depth || !is_root) && is_value(value, &wanted) {
                return Ok(Some(true));
            }
            if at_any_depth || is_root {
                open.extend(Elements::of(value).into_iter().flatten());
            }
            if at_any_depth {
                open.extend(Members::of(value).into_iter().flatten().map(|(_, value)| value));
            }
        }
        Ok(if seen_root && is_valid(json) { Some(false) } else { None })
    })
}

fn is_value(value: &str, wanted: &str) -> bool {
    match value.as_bytes().first() {
        Some(b'"') => match value.get(1..value.len() - 1) {
            Some(inner) if !inner.contains('\\') => inner == wanted,
            _ => unescape(value).is_some_and(|text| text == wanted),
        },
        Some(b'{' | b'[') => value.len() >= wanted.len() && compact(value) == wanted,
        _ => value == wanted,
    }
}

fn list_of_text() -> DataType {
    DataType::new_list(DataType::Utf8, true)
}

fn from_json_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("from_json", types, 1, 2)?, list_of_text()))
}

/// Turns a JSON array into a list: of bare texts for `["VARCHAR"]` and the like, of JSON for `["JSON"]`.
fn from_json(args: &Arguments) -> Result<ArrayRef> {
    let (json, structures) = (args.texts(0)?, args.texts(1)?);
    let mut out = ListBuilder::new(StringBuilder::new());
    let mut shape = Compiled::default();
    for row in 0..args.rows {
        let as_text = *shape.of(structures.at(row).unwrap_or(r#"["JSON"]"#), elements_are_text)?;
        match json.at(row).and_then(Elements::of) {
            Some(elements) => {
                for value in elements {
                    out.values().append_option(if as_text { bare(value) } else { Some(compact(value)) });
                }
                out.append(true);
            }
            None => out.append(false),
        }
    }
    Ok(Arc::new(out.finish()))
}

fn elements_are_text(structure: &str) -> Result<bool> {
    let inner = structure
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .map(|inner| inner.trim().trim_matches('"'));
    match inner {
        Some(inner) if inner.eq_ignore_ascii_case("json") => Ok(false),
        Some(inner) if inner.chars().all(|c| c.is_ascii_alphanumeric()) => Ok(true),
        _ => exec_err!(
            "`from_json` reads arrays of one type, such as `[\"JSON\"]` or `[\"VARCHAR\"]`, not `{structure}`; take members with `->` or `element_at`"
        ),
    }
}

/// Writes any value as JSON. Text that is JSON already stays what it is, since Lake's JSON columns are text here.
fn to_json(args: &Arguments) -> Result<ArrayRef> {
    let array = args.array(0)?;
    if is_text(array.data_type()) {
        return each(args, |text| Some(if is_valid(text) { compact(text) } else { quote(text) }));
    }
    if array.data_type().is_temporal() {
        let texts = Texts::Column(cast(&array, &DataType::Utf8)?.as_string::<i32>().clone());
        return text_column(args.rows, |row| Ok(texts.at(row).map(quote)));
    }
    let batch = RecordBatch::try_from_iter_with_nullable([("v", Arc::clone(&array), true)])?;
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    let mut lines = lines.lines();
    text_column(args.rows, |row| {
        Ok(lines.next().filter(|_| array.is_valid(row)).and_then(|line| member(line, "v")).map(str::to_owned))
    })
}

fn names_types(name: &str, types: &[DataType], of_map: &ScalarUDF) -> Result<(Vec<DataType>, DataType)> {
    takes(name, types, 1, 1)?;
    if is_text(&types[0]) {
        return Ok((vec![DataType::Utf8], list_of_text()));
    }
    Ok((types.to_vec(), of_map.return_type(types)?))
}

/// Lists the names or the values of a JSON object; of a map as the engine does.
fn names(args: ScalarFunctionArgs, of_map: &ScalarUDF, keys: bool) -> Result<ColumnarValue> {
    if !is_text(&args.args[0].data_type()) {
        return of_map.inner().invoke_with_args(args);
    }
    by_rows(args, |args| {
        let json = args.texts(0)?;
        let mut out = ListBuilder::new(StringBuilder::new());
        for row in 0..args.rows {
            let Some(members) = json.at(row).and_then(Members::of) else {
                out.append(false);
                continue;
            };
            for (key, value) in members {
                out.values().append_option(if keys { unescape(key) } else { bare(value) });
            }
            out.append(true);
        }
        Ok(Arc::new(out.finish()))
    })
}

fn cardinality_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("cardinality", types, 1, 1)?;
    let argument = if is_text(&types[0]) { DataType::Utf8 } else { types[0].clone() };
    Ok((vec![argument], DataType::UInt64))
}

/// Counts the elements of an array or map, or the members of a JSON object.
fn cardinality(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if !is_text(&args.args[0].data_type()) {
        return cardinality_udf().inner().invoke_with_args(args);
    }
    by_rows(args, |args| Ok(cast(&sizes(args, size)?, &DataType::UInt64)?))
}
