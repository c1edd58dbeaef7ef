//! Athena's partition columns as text, computed from the lake's own partition column `eventdate`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::{Result, exec_err};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::function::{Arguments, Function, by_rows, takes, text_column};

/// Name of the function that gives a part of a date as text: `year`, `month`, `day` or `date`.
pub(crate) const PARTITION_TEXT: &str = "partition_text";

/// The partition family.
pub(super) fn functions() -> Vec<Function> {
    vec![Function::new(PARTITION_TEXT, types, |_, args| by_rows(args, partition_text))]
}

fn types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes(PARTITION_TEXT, types, 2, 2)?;
    Ok((vec![DataType::Date32, DataType::Utf8], DataType::Utf8))
}

fn partition_text(args: &Arguments) -> Result<ArrayRef> {
    let (dates, parts) = (args.array(0)?, args.texts(1)?);
    let dates = dates.as_primitive::<Date32Type>();
    text_column(args.rows, |row| {
        let Some((date, part)) = dates.is_valid(row).then(|| civil(dates.value(row))).flatten().zip(parts.at(row))
        else {
            return Ok(None);
        };
        let (year, month, day) = (date.year(), date.month(), date.day());
        Ok(Some(match part {
            "year" => format!("{year:04}"),
            "month" => format!("{month:02}"),
            "day" => format!("{day:02}"),
            "date" => format!("{year:04}/{month:02}/{day:02}"),
            other => return exec_err!("`{other}` is no part of a partition"),
        }))
    })
}

/// Returns the date that lies `days` after 1970-01-01.
fn civil(days: i32) -> Option<Date> {
    date(1970, 1, 1).checked_add(i64::from(days).days()).ok()
}
