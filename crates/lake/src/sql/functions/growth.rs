//! How much functions make at most of what they are given, for those that can make more: known before they are called.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::super::memory;
use super::function::{Arguments, Texts, is_text};

/// Functions of the engine that make text or lists.
pub(crate) const MAKERS: &[&str] = &[
    "array_append",
    "array_compact",
    "array_concat",
    "array_distinct",
    "array_except",
    "array_intersect",
    "array_prepend",
    "array_remove",
    "array_remove_all",
    "array_remove_n",
    "array_repeat",
    "array_replace",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "array_reverse",
    "array_slice",
    "array_sort",
    "array_to_string",
    "array_union",
    "arrays_zip",
    "btrim",
    "concat",
    "concat_ws",
    "decode",
    "encode",
    "flatten",
    "generate_series",
    "initcap",
    "left",
    "lower",
    "lpad",
    "ltrim",
    "make_array",
    "map",
    "overlay",
    "range",
    "regexp_match",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "split_part",
    "string_to_array",
    "substr",
    "substr_index",
    "to_char",
    "translate",
    "upper",
];

/// Bytes of what is replaced from which on it is counted how often that occurs.
const COUNTED_BYTES: u64 = 16 << 20;
/// Bytes of a number or a time, its share of what a list keeps beside its elements included.
const NUMBER_BYTES: u64 = 16;
const DAY_NANOS: i128 = 86_400_000_000_000;

/// Returns how many bytes a call makes at most; nothing for functions that make about what they are given.
///
/// # Errors
/// If one value alone would be larger than `value_bytes_max`.
pub(crate) fn made(name: &str, args: &ScalarFunctionArgs, value_bytes_max: usize) -> Result<Option<u64>> {
    let pads = matches!(name, "lpad" | "rpad");
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    // Padding gives a column even of constants.
    let rows = if constant && !pads { 1 } else { args.number_rows };
    let arguments = Arguments::new(&args.args, rows);
    let rows = Rows { name, rows, value_bytes_max: value_bytes_max as u64 };
    let made = match (name, args.args.as_slice()) {
        ("repeat", [_, _]) => {
            let (texts, counts) = (arguments.texts(0)?, arguments.integers(1)?);
            rows.sum(|row| length(&texts, row).saturating_mul(count(counts.value(row))))?
        }
        ("lpad" | "rpad", [_, _, ..]) => {
            let (texts, counts, fill) = (arguments.texts(0)?, arguments.integers(1)?, arguments.texts(2)?);
            let width = |row| fill.at(row).filter(|fill| !fill.is_ascii()).map_or(1, |_| 4);
            rows.sum(|row| length(&texts, row).saturating_add(count(counts.value(row)).saturating_mul(width(row))))?
        }
        ("replace", [_, _, _]) => replaced(&arguments, &rows)?,
        ("regexp_replace", [_, _, _, ..]) => {
            let (texts, by) = (arguments.texts(0)?, arguments.texts(2)?);
            // Once for every letter and once behind the last; a group in it gives back what was found.
            rows.sum(|row| {
                let (text, by) = (length(&texts, row), length(&by, row));
                text.saturating_add(text.saturating_add(1).saturating_mul(by).saturating_mul(2))
            })?
        }
        ("array_repeat", [element, _]) => {
            let (each, counts) = (each(element), arguments.integers(1)?);
            rows.sum(|row| each(row).saturating_mul(count(counts.value(row))))?
        }
        ("array_resize", [list, _, ..]) => {
            let (counts, fill) = (arguments.integers(1)?, args.args.get(2).map(each));
            let list = each(list);
            rows.sum(|row| {
                let fill = fill.as_ref().map_or(NUMBER_BYTES, |fill| fill(row));
                list(row).saturating_add(fill.saturating_mul(count(counts.value(row))))
            })?
        }
        ("array_to_string", [list, separator, ..]) => {
            let (list, separator) = (each(list), each(separator));
            let null = args.args.get(2).map(each);
            rows.sum(|row| {
                let null = null.as_ref().map_or(0, |null| null(row));
                // An element takes four bytes of a list at least.
                let elements = list(row) / 4 + 1;
                list(row).saturating_mul(6).saturating_add(elements.saturating_mul(separator(row).saturating_add(null)))
            })?
        }
        ("range" | "generate_series", [_, ..]) => {
            let arrays = (0..args.args.len()).map(|i| arguments.array(i)).collect::<Result<Vec<_>>>()?;
            let mut sum = 0_u64;
            for row in 0..rows.rows {
                let values = arrays.iter().map(|array| ScalarValue::try_from_array(array, row));
                let elements = elements(&values.collect::<Result<Vec<_>>>()?);
                sum = sum.saturating_add(rows.value(elements.saturating_mul(NUMBER_BYTES))?);
            }
            sum
        }
        ("concat" | "concat_ws" | "text_concat" | "make_array" | "array_concat" | "to_char", given) => {
            let copies = if matches!(name, "concat_ws") { given.len() as u64 } else { 1 };
            // A letter of a form becomes a whole name of a month, or a whole time.
            let copies = if name == "to_char" { 32 } else { copies };
            let bytes = given.iter().map(|arg| total(arg, rows.rows)).fold(0, u64::saturating_add);
            let bytes = bytes.saturating_mul(copies);
            if constant { rows.value(bytes)? } else { bytes }
        }
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// The rows of a call, none of which may be too long.
struct Rows<'a> {
    name: &'a str,
    rows: usize,
    value_bytes_max: u64,
}

impl Rows<'_> {
    fn sum(&self, bytes: impl Fn(usize) -> u64) -> Result<u64> {
        (0..self.rows).try_fold(0_u64, |sum, row| Ok(sum.saturating_add(self.value(bytes(row))?)))
    }

    fn value(&self, bytes: u64) -> Result<u64> {
        if bytes <= self.value_bytes_max {
            return Ok(bytes);
        }
        let size = |bytes: u64| memory::size(usize::try_from(bytes).unwrap_or(usize::MAX));
        let (name, most) = (self.name, size(self.value_bytes_max));
        Err(memory::refused(&format!("`{name}` may make a value of {most} at most here, not of {}", size(bytes))))
    }
}

/// What `replace` makes: as if the text were nothing but what is replaced, or, where that is much, as often as it is there.
fn replaced(arguments: &Arguments, rows: &Rows) -> Result<u64> {
    let (texts, from, by) = (arguments.texts(0)?, arguments.texts(1)?, arguments.texts(2)?);
    let most = |row: usize| {
        let (text, from, by) = (length(&texts, row), length(&from, row), length(&by, row));
        let times = text.checked_div(from).unwrap_or(text + 1);
        text.saturating_add(times.saturating_mul(by))
    };
    let coarse = (0..rows.rows).map(most).fold(0, u64::saturating_add);
    if coarse <= COUNTED_BYTES && (0..rows.rows).all(|row| most(row) <= rows.value_bytes_max) {
        return Ok(coarse);
    }
    rows.sum(|row| {
        let (Some(text), Some(from)) = (texts.at(row), from.at(row)) else { return 0 };
        let times = text.matches(from).count() as u64;
        (text.len() as u64).saturating_add(times.saturating_mul(length(&by, row)))
    })
}

fn length(texts: &Texts, row: usize) -> u64 {
    texts.at(row).map_or(0, |text| text.len() as u64)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Returns the bytes of each value of an argument.
fn each(arg: &ColumnarValue) -> Box<dyn Fn(usize) -> u64 + '_> {
    match arg {
        ColumnarValue::Scalar(value) => {
            let bytes = scalar(value);
            Box::new(move |_| bytes)
        }
        ColumnarValue::Array(array) if *array.data_type() == DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            Box::new(move |row| texts.value_length(row) as u64 + 4)
        }
        ColumnarValue::Array(array) if matches!(array.data_type(), DataType::List(_)) => {
            let lists = array.as_list::<i32>();
            Box::new(move |row| {
                let elements = lists.value(row);
                slice_bytes(elements.as_ref()) + 4 * (elements.len() as u64 + 1)
            })
        }
        ColumnarValue::Array(array) => {
            // Nobody knows how long another nested value is without looking at it; none is longer than all.
            let nested = array.data_type().is_nested() || is_text(array.data_type());
            let bytes = if nested { slice_bytes(array.as_ref()) } else { NUMBER_BYTES };
            Box::new(move |_| bytes)
        }
    }
}

/// Returns the bytes of an argument as a column of so many rows.
fn total(arg: &ColumnarValue, rows: usize) -> u64 {
    match arg {
        ColumnarValue::Scalar(value) => scalar(value).saturating_mul(rows as u64),
        ColumnarValue::Array(array) => slice_bytes(array.as_ref()),
    }
}

fn scalar(value: &ScalarValue) -> u64 {
    match value.try_as_str() {
        Some(text) => text.map_or(0, str::len) as u64,
        None => value.size() as u64,
    }
}

fn slice_bytes(array: &dyn Array) -> u64 {
    match array.as_string_opt::<i32>() {
        Some(texts) => {
            let offsets = texts.value_offsets();
            offsets.last().zip(offsets.first()).map_or(0, |(last, first)| (last - first).unsigned_abs().into())
        }
        None => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_buffer_memory_size()) as u64,
    }
}

/// Returns how many elements a range has at most.
fn elements(values: &[ScalarValue]) -> u64 {
    let point = |value: &ScalarValue| -> Option<i128> {
        Some(match value {
            ScalarValue::Date32(days) => i128::from((*days)?) * DAY_NANOS,
            ScalarValue::Date64(millis) => i128::from((*millis)?) * 1_000_000,
            ScalarValue::TimestampSecond(time, _) => i128::from((*time)?) * 1_000_000_000,
            ScalarValue::TimestampMillisecond(time, _) => i128::from((*time)?) * 1_000_000,
            ScalarValue::TimestampMicrosecond(time, _) => i128::from((*time)?) * 1_000,
            ScalarValue::TimestampNanosecond(time, _) => i128::from((*time)?),
            ScalarValue::IntervalYearMonth(months) => i128::from((*months)?) * 28 * DAY_NANOS,
            ScalarValue::IntervalDayTime(step) => {
                let step = (*step)?;
                i128::from(step.days) * DAY_NANOS + i128::from(step.milliseconds) * 1_000_000
            }
            ScalarValue::IntervalMonthDayNano(step) => {
                let step = (*step)?;
                (i128::from(step.months) * 28 + i128::from(step.days)) * DAY_NANOS + i128::from(step.nanoseconds)
            }
            other => match other.cast_to(&DataType::Int64) {
                Ok(ScalarValue::Int64(number)) => i128::from(number?),
                _ => return None,
            },
        })
    };
    let points: Option<Vec<i128>> = values.iter().map(point).collect();
    let (from, until, step) = match points.as_deref() {
        Some([until]) => (0, *until, 1),
        Some([from, until]) => (*from, *until, 1),
        Some([from, until, step]) => (*from, *until, *step),
        _ => return 0,
    };
    let steps = from.abs_diff(until) / step.unsigned_abs().max(1) + 1;
    let is_empty = (from < until && step < 0) || (from > until && step > 0);
    if is_empty { 0 } else { u64::try_from(steps).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::datatypes::Field;

    use super::*;

    fn call(name: &str, args: Vec<ColumnarValue>, rows: usize) -> Result<Option<u64>> {
        let fields = args.iter().map(|arg| Arc::new(Field::new("", arg.data_type(), true))).collect();
        let args = ScalarFunctionArgs {
            args,
            arg_fields: fields,
            number_rows: rows,
            return_field: Arc::new(Field::new("", DataType::Utf8, true)),
            config_options: Arc::default(),
        };
        made(name, &args, 1_000)
    }

    #[test]
    fn what_functions_make_is_known_before() {
        let texts =
            || ColumnarValue::Array(Arc::new(StringArray::from(vec![Some("abca"), None, Some("")])) as ArrayRef);
        let numbers = || ColumnarValue::Array(Arc::new(Int64Array::from(vec![Some(3), Some(-1), None])) as ArrayRef);
        let number = |number: i64| ColumnarValue::Scalar(ScalarValue::Int64(Some(number)));
        let text = |text: &str| ColumnarValue::Scalar(ScalarValue::Utf8(Some(text.to_owned())));
        let most = i64::MAX;
        let cases = [
            ("repeat", vec![texts(), numbers()], Some(12)),
            ("repeat", vec![text("ab"), number(500)], Some(1_000)),
            ("repeat", vec![text("ab"), number(501)], None),
            ("repeat", vec![text("ab"), number(most)], None),
            ("lpad", vec![texts(), number(10)], Some(34)),
            ("rpad", vec![texts(), number(10), text("é")], Some(124)),
            ("rpad", vec![text(""), number(10)], Some(30)),
            ("lpad", vec![texts(), number(1_001)], None),
            ("replace", vec![texts(), text("a"), text("xyz")], Some(16)),
            ("replace", vec![texts(), text(""), text("xyz")], Some(4 + 3 * 7)),
            ("replace", vec![text(&"ab".repeat(90)), text("ab"), text("123456789")], Some(180 + 90 * 9)),
            ("replace", vec![text(&"ab".repeat(400)), text("ab"), text(&"x".repeat(99))], None),
            ("regexp_replace", vec![texts(), text("."), text("xx")], Some(4 + 5 * 4 + 4 + 4)),
            ("array_repeat", vec![number(1), number(1 << 40)], None),
            ("range", vec![number(1), number(11)], Some(11 * 16)),
            ("range", vec![number(11), number(1)], Some(0)),
            ("generate_series", vec![number(0), number(most), number(most)], Some(32)),
            ("generate_series", vec![number(-most), number(most)], None),
            ("concat", vec![texts(), text("12345")], Some(19)),
            ("concat", vec![text(&"x".repeat(600)), text(&"x".repeat(600))], None),
        ];
        for (name, args, expect) in cases {
            let shown = format!("{name} {args:?}");
            let found = call(name, args, 3);
            assert_eq!(found.as_ref().ok().copied().flatten(), expect, "{shown} {found:?}");
        }
        assert_eq!(call("upper", vec![texts()], 3).expect("no limit"), None);
        let refused =
            call("repeat", vec![text("ab"), number(1 << 20)], 3).expect_err("too long").message().into_owned();
        assert_eq!(
            memory::told(&refused),
            "out of memory: `repeat` may make a value of 1000 bytes at most here, not of 2 MiB"
        );
    }

    #[test]
    fn ranges_of_times_are_counted() {
        let date = |days| ScalarValue::Date32(Some(days));
        let step = |months, days, nanoseconds| {
            ScalarValue::IntervalMonthDayNano(Some(arrow::datatypes::IntervalMonthDayNano {
                months,
                days,
                nanoseconds,
            }))
        };
        let cases = [
            (vec![date(0), date(30), step(0, 1, 0)], 31),
            (vec![date(0), date(30), step(1, 0, 0)], 2),
            (vec![date(30), date(0), step(0, -1, 0)], 31),
            (vec![date(0), date(1), step(1, -28, 0)], 86_400_000_000_001),
            (vec![ScalarValue::Date32(None), date(1), step(0, 1, 0)], 0),
        ];
        for (values, expect) in cases {
            assert_eq!(elements(&values), expect, "{values:?}");
        }
    }
}
