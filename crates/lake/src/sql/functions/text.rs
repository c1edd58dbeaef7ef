//! Functions over text: regular expressions, URLs, and `contains` for arrays, text and address blocks.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::functions_nested::array_has::array_has_udf;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use regex::Regex;

use super::function::{
    Arguments, Compiled, Function, Types, boolean_column, by_rows, is_list, is_text, takes, takes_text, text_column,
};
use super::net::{ADDRESS, Block};

/// The text family.
pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("regexp_extract", extract_types, |_, args| by_rows(args, regexp_extract)),
        Function::new("regexp_extract_all", extract_all_types, |_, args| by_rows(args, regexp_extract_all)),
        Function::new("regexp_matches", matches_types, |_, args| by_rows(args, regexp_matches)),
        Function::new("url_decode", one_text, |_, args| by_rows(args, |args| each(args, url_decode))),
        Function::new("url_encode", one_text, |_, args| {
            by_rows(args, |args| each(args, |text| Some(url_encode(text))))
        }),
        Function::new("url_extract_host", one_text, |_, args| by_rows(args, |args| each(args, url_host))),
        Function::new("contains", contains_types, contains),
        Function::new(
            "text_list",
            |types| Ok((vec![DataType::Utf8; types.len()], DataType::new_list(DataType::Utf8, true))),
            |_, args| by_rows(args, text_list),
        ),
    ]
}

/// The operator `||`, which the engine computes by no function.
pub(crate) fn text_concat() -> Function {
    let types: Types = |types| {
        takes("||", types, 2, 2)?;
        let text = types.iter().find(|data_type| is_text(data_type)).cloned();
        Ok((types.to_vec(), text.unwrap_or(DataType::Utf8)))
    };
    Function::new("text_concat", types, |_, args| {
        let returns = args.return_field.data_type().clone();
        by_rows(args, |args| {
            let (left, right) = (args.texts(0)?, args.texts(1)?);
            let joined = text_column(args.rows, |row| {
                Ok(left.at(row).zip(right.at(row)).map(|(left, right)| [left, right].concat()))
            })?;
            Ok(cast(&joined, &returns)?)
        })
    })
}

fn one_text(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("url_decode", types, 1, 1)?, DataType::Utf8))
}

fn each(args: &Arguments, give: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let texts = args.texts(0)?;
    text_column(args.rows, |row| Ok(texts.at(row).and_then(&give)))
}

fn url_decode(text: &str) -> Option<String> {
    url::form_urlencoded::parse(text.replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .or_else(|| Some(String::new()))
}

fn url_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn url_host(text: &str) -> Option<String> {
    url::Url::parse(text).ok()?.host_str().map(str::to_owned)
}

/// Compiles a pattern. Java's regular expressions, which Trino uses, and ours share all but look-around.
fn regex(pattern: &str) -> Result<Regex> {
    Regex::new(pattern)
        .map_err(|error| DataFusionError::Execution(format!("`{pattern}` is no regular expression: {error}")))
}

fn extract_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("regexp_extract", types, 2, 3)?;
    Ok(([DataType::Utf8, DataType::Utf8, DataType::Int64][..types.len()].to_vec(), DataType::Utf8))
}

fn extract_all_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let (arguments, _) = extract_types(types)?;
    Ok((arguments, DataType::new_list(DataType::Utf8, true)))
}

fn matches_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("regexp_matches", types, 2, 2)?, DataType::Boolean))
}

/// Returns the group that each row asks for; 0, the whole match, when no group is given.
fn group(args: &Arguments, row: usize) -> Result<usize> {
    if args.len() < 3 {
        return Ok(0);
    }
    usize::try_from(args.integers(2)?.value(row))
        .map_err(|_| DataFusionError::Execution("a group of a regular expression cannot be negative".into()))
}

fn regexp_extract(args: &Arguments) -> Result<ArrayRef> {
    let (texts, patterns) = (args.texts(0)?, args.texts(1)?);
    let mut compiled = Compiled::default();
    text_column(args.rows, |row| {
        let Some((text, pattern)) = texts.at(row).zip(patterns.at(row)) else { return Ok(None) };
        let group = group(args, row)?;
        Ok(compiled
            .of(pattern, regex)?
            .captures(text)
            .and_then(|found| found.get(group))
            .map(|found| found.as_str().to_owned()))
    })
}

fn regexp_extract_all(args: &Arguments) -> Result<ArrayRef> {
    let (texts, patterns) = (args.texts(0)?, args.texts(1)?);
    let mut compiled = Compiled::default();
    let mut out = ListBuilder::new(StringBuilder::new());
    for row in 0..args.rows {
        let Some((text, pattern)) = texts.at(row).zip(patterns.at(row)) else {
            out.append(false);
            continue;
        };
        let group = group(args, row)?;
        for found in compiled.of(pattern, regex)?.captures_iter(text) {
            out.values().append_option(found.get(group).map(|found| found.as_str()));
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn regexp_matches(args: &Arguments) -> Result<ArrayRef> {
    let (texts, patterns) = (args.texts(0)?, args.texts(1)?);
    let mut compiled = Compiled::default();
    boolean_column(args.rows, |row| match texts.at(row).zip(patterns.at(row)) {
        Some((text, pattern)) => Ok(Some(compiled.of(pattern, regex)?.is_match(text))),
        None => Ok(None),
    })
}

fn contains_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("contains", types, 2, 2)?;
    let arguments = match (&types[0], &types[1]) {
        (DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _), _) => {
            vec![types[0].clone(), field.data_type().clone()]
        }
        (_, address) if *address == ADDRESS => vec![DataType::Utf8, ADDRESS],
        (text, _) if is_text(text) || text.is_null() => vec![DataType::Utf8, DataType::Utf8],
        (other, _) => return plan_err!("`contains` takes an array, text or an address block, not {other}"),
    };
    Ok((arguments, DataType::Boolean))
}

/// `contains(array, element)`, `contains(text, part)` and Trino's `contains('10.0.0.0/8', address)`.
fn contains(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if is_list(&args.args[0].data_type()) {
        return array_has_udf().inner().invoke_with_args(args);
    }
    let in_block = args.args[1].data_type() == ADDRESS;
    by_rows(args, |args| {
        let texts = args.texts(0)?;
        if in_block {
            return block_contains(args);
        }
        let parts = args.texts(1)?;
        boolean_column(args.rows, |row| Ok(texts.at(row).zip(parts.at(row)).map(|(text, part)| text.contains(part))))
    })
}

fn block_contains(args: &Arguments) -> Result<ArrayRef> {
    let (blocks, addresses) = (args.texts(0)?, args.array(1)?);
    let addresses = addresses.as_fixed_size_binary();
    let mut compiled = Compiled::default();
    boolean_column(args.rows, |row| {
        let octets = addresses.is_valid(row).then(|| <[u8; 16]>::try_from(addresses.value(row)).ok()).flatten();
        match blocks.at(row).zip(octets) {
            Some((block, octets)) => Ok(Some(compiled.of(block, Block::parse)?.contains(octets.into()))),
            None => Ok(None),
        }
    })
}

/// Lists the texts of a row that are not null, each once.
fn text_list(args: &Arguments) -> Result<ArrayRef> {
    let columns = (0..args.len()).map(|i| args.texts(i)).collect::<Result<Vec<_>>>()?;
    let mut out = ListBuilder::new(StringBuilder::new());
    for row in 0..args.rows {
        let mut listed: Vec<&str> = Vec::new();
        for text in columns.iter().filter_map(|column| column.at(row)) {
            if !listed.contains(&text) {
                listed.push(text);
                out.values().append_value(text);
            }
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_urls() {
        for (text, expect) in [("a%2Fb+c", "a/b c"), ("", ""), ("x=1&y=%7B%22a%22%3A1%7D", "x=1&y={\"a\":1}")] {
            assert_eq!(url_decode(text).as_deref(), Some(expect));
        }
        assert_eq!(url_encode("a/b c"), "a%2Fb+c");
        assert_eq!(url_host("https://example.com:8443/x").as_deref(), Some("example.com"));
    }
}
