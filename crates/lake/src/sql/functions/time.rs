//! Functions over time: Trino's, Athena's and DuckDB's names. A time is microseconds in UTC; ISO text is taken wherever
//! a time is, since `eventTime` is text in Athena.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::compute::{DatePart, cast, date_part};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Unit};

use super::function::{Arguments, Compiled, Function, by_rows, integer_column, is_text, takes, text_column};
use super::pattern;

/// The time family.
pub(super) fn functions() -> Vec<Function> {
    let mut all = vec![
        Function::new("from_iso8601_timestamp", instant_types, instant).aliases(&["to_instant"]).simplify(same_instant),
        Function::new("date_of", date_types, |_, args| {
            by_rows(args, |args| Ok(cast(&times(args, 0)?, &DataType::Date32)?))
        })
        .times_of(times_of_date),
        Function::new("from_iso8601_date", date_types, |_, args| {
            by_rows(args, |args| Ok(cast(&times(args, 0)?, &DataType::Date32)?))
        }),
        Function::new("to_iso8601", |types| text_types("to_iso8601", types, 1), to_iso8601),
        Function::new("date_parse", parse_types, |_, args| parse(args, pattern::mysql)).simplify(same_instant),
        Function::new("strptime", parse_types, |_, args| parse(args, pattern::c)).simplify(same_instant),
        Function::new("parse_datetime", parse_types, |_, args| parse(args, pattern::joda)).simplify(same_instant),
        Function::new(
            "date_format",
            |types| text_types("date_format", types, 2),
            |_, args| write(args, pattern::mysql),
        ),
        Function::new("strftime", |types| text_types("strftime", types, 2), |_, args| write(args, pattern::c)),
        Function::new(
            "format_datetime",
            |types| text_types("format_datetime", types, 2),
            |_, args| write(args, pattern::joda),
        ),
        Function::new("date_add", add_types, |_, args| by_rows(args, date_add)),
        Function::new("date_diff", diff_types, |_, args| by_rows(args, date_diff)).aliases(&["datediff"]),
        Function::new("epoch_ms", epoch_ms_types, epoch_ms),
        Function::new("epoch", |types| number_types(types, DataType::Int64), |_, args| epoch(args, 1_000_000)),
        Function::new(
            "to_unixtime",
            |types| number_types(types, DataType::Float64),
            |_, args| by_rows(args, to_unixtime),
        ),
    ];
    all.push(Function::new("year", |types| number_types(types, DataType::Int64), part).times_of(times_of_year));
    let others = PARTS.iter().filter(|(name, ..)| *name != "year");
    all.extend(others.map(|(name, aliases, _)| {
        Function::new(name, |types| number_types(types, DataType::Int64), part).aliases(aliases)
    }));
    all
}

/// Parts of a time, by Trino's names: days of the week count from 1, Monday.
const PARTS: &[(&str, &[&str], DatePart)] = &[
    ("year", &[], DatePart::Year),
    ("quarter", &[], DatePart::Quarter),
    ("month", &[], DatePart::Month),
    ("week", &["week_of_year"], DatePart::Week),
    ("year_of_week", &["yow"], DatePart::YearISO),
    ("day", &["day_of_month", "dayofmonth"], DatePart::Day),
    ("day_of_week", &["dow", "isodow"], DatePart::DayOfWeekMonday0),
    ("day_of_year", &["doy", "dayofyear"], DatePart::DayOfYear),
    ("hour", &[], DatePart::Hour),
    ("minute", &[], DatePart::Minute),
    ("second", &[], DatePart::Second),
    ("millisecond", &[], DatePart::Millisecond),
];

fn utc() -> DataType {
    event::schema::timestamp()
}

/// Says to what a time argument is cast: times and dates as they are, text to text that is read as ISO 8601.
fn time_argument(data_type: &DataType) -> Result<DataType> {
    match data_type {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Ok(utc()),
        data_type if is_text(data_type) || data_type.is_null() => Ok(DataType::Utf8),
        other => plan_err!("a time or ISO 8601 text is needed here, not {other}"),
    }
}

fn instant_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("from_iso8601_timestamp", types, 1, 1)?;
    Ok((vec![time_argument(&types[0])?], utc()))
}

fn date_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((instant_types(types)?.0, DataType::Date32))
}

fn number_types(types: &[DataType], returns: DataType) -> Result<(Vec<DataType>, DataType)> {
    Ok((instant_types(types)?.0, returns))
}

fn text_types(name: &str, types: &[DataType], count: usize) -> Result<(Vec<DataType>, DataType)> {
    takes(name, types, count, count)?;
    let mut arguments = vec![time_argument(&types[0])?];
    arguments.resize(count, DataType::Utf8);
    Ok((arguments, DataType::Utf8))
}

fn parse_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("date_parse", types, 2, 2)?;
    Ok((vec![time_argument(&types[0])?, DataType::Utf8], utc()))
}

const DAY_MICROS: i64 = 86_400_000_000;

fn times_of_date(value: &ScalarValue) -> Option<(i64, i64)> {
    let ScalarValue::Date32(Some(days)) = value else { return None };
    let start = i64::from(*days).checked_mul(DAY_MICROS)?;
    Some((start, start.checked_add(DAY_MICROS)?))
}

fn times_of_year(value: &ScalarValue) -> Option<(i64, i64)> {
    let ScalarValue::Int64(Some(year)) = value else { return None };
    let start = |year: i64| {
        let first = jiff::civil::Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
        Some(first.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
    };
    Some((start(*year)?, start(year.checked_add(1)?)?))
}

/// A time that is read as a time stays what it is, so that a filter on it still prunes.
fn same_instant(args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
    let is_time = match args.first() {
        Some(first) => first.get_type(info.schema())? == utc(),
        None => false,
    };
    match args.first() {
        Some(first) if is_time => Ok(ExprSimplifyResult::Simplified(first.clone())),
        _ => Ok(ExprSimplifyResult::Original(args)),
    }
}

/// Reads an ISO 8601 text as microseconds since 1970; UTC unless the text has an offset.
fn iso(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_microsecond());
    }
    let civil: DateTime = text.trim_end_matches(" UTC").parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// Returns argument `i` as times.
fn times(args: &Arguments, i: usize) -> Result<ArrayRef> {
    let array = args.array(i)?;
    if !is_text(array.data_type()) {
        return Ok(cast(&array, &utc())?);
    }
    let texts = args.texts(i)?;
    let read: TimestampMicrosecondArray = (0..args.rows).map(|row| texts.at(row).and_then(iso)).collect();
    Ok(Arc::new(read.with_timezone("UTC")))
}

fn micros(times: &ArrayRef, row: usize) -> Option<i64> {
    let times = times.as_primitive::<TimestampMicrosecondType>();
    times.is_valid(row).then(|| times.value(row))
}

fn instant(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    by_rows(args, |args| times(args, 0))
}

fn to_iso8601(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    // The cast of the engine writes `2024-03-09T05:07:08Z`.
    by_rows(args, |args| Ok(cast(&times(args, 0)?, &DataType::Utf8)?))
}

fn parse(args: ScalarFunctionArgs, translate: fn(&str) -> Result<String>) -> Result<ColumnarValue> {
    if !is_text(&args.args[0].data_type()) {
        return by_rows(args, |args| times(args, 0));
    }
    by_rows(args, |args| {
        let (texts, patterns) = (args.texts(0)?, args.texts(1)?);
        let mut compiled = Compiled::default();
        let read = (0..args.rows)
            .map(|row| match texts.at(row).zip(patterns.at(row)) {
                Some((text, pattern)) => Ok(pattern::read(compiled.of(pattern, translate)?, text)),
                None => Ok(None),
            })
            .collect::<Result<TimestampMicrosecondArray>>()?;
        Ok(Arc::new(read.with_timezone("UTC")))
    })
}

fn write(args: ScalarFunctionArgs, translate: fn(&str) -> Result<String>) -> Result<ColumnarValue> {
    by_rows(args, |args| {
        let (times, patterns) = (times(args, 0)?, args.texts(1)?);
        let mut compiled = Compiled::default();
        text_column(args.rows, |row| match micros(&times, row).zip(patterns.at(row)) {
            Some((time, pattern)) => pattern::format(compiled.of(pattern, translate)?, time).map(Some),
            None => Ok(None),
        })
    })
}

fn part(name: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let wanted = PARTS.iter().find(|(part, ..)| *part == name).map_or(DatePart::Year, |(_, _, part)| *part);
    by_rows(args, |args| {
        let found = cast(&date_part(&times(args, 0)?, wanted)?, &DataType::Int64)?;
        if wanted != DatePart::DayOfWeekMonday0 {
            return Ok(found);
        }
        let from_zero = found.as_primitive::<arrow::datatypes::Int64Type>();
        Ok(Arc::new(from_zero.unary::<_, arrow::datatypes::Int64Type>(|day| day + 1)))
    })
}

/// As in DuckDB: the milliseconds of a time, and the time of a number of milliseconds.
fn epoch_ms_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    match types {
        [number] if number.is_integer() => Ok((vec![DataType::Int64], utc())),
        _ => number_types(types, DataType::Int64),
    }
}

fn epoch_ms(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if args.args.first().is_none_or(|first| first.data_type() != DataType::Int64) {
        return epoch(args, 1_000);
    }
    by_rows(args, |args| {
        let millis = args.integers(0)?;
        // What is further away than microseconds reach is no time.
        let micros = |row: usize| millis.is_valid(row).then(|| millis.value(row).checked_mul(1_000)).flatten();
        let times: TimestampMicrosecondArray = (0..args.rows).map(micros).collect();
        Ok(Arc::new(times.with_timezone("UTC")))
    })
}

fn epoch(args: ScalarFunctionArgs, micros_per_unit: i64) -> Result<ColumnarValue> {
    by_rows(args, |args| {
        let times = times(args, 0)?;
        integer_column(args.rows, |row| Ok(micros(&times, row).map(|micros| micros.div_euclid(micros_per_unit))))
    })
}

fn to_unixtime(args: &Arguments) -> Result<ArrayRef> {
    let times = times(args, 0)?;
    let seconds: Float64Array =
        (0..args.rows).map(|row| micros(&times, row).map(|micros| micros as f64 / 1e6)).collect();
    Ok(Arc::new(seconds))
}

fn add_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("date_add", types, 3, 3)?;
    let time = time_argument(&types[2])?;
    let returns = if matches!(types[2], DataType::Date32) { DataType::Date32 } else { utc() };
    let time = if matches!(types[2], DataType::Date32) { DataType::Date32 } else { time };
    Ok((vec![DataType::Utf8, DataType::Int64, time], returns))
}

fn diff_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("date_diff", types, 3, 3)?;
    Ok((vec![DataType::Utf8, time_argument(&types[1])?, time_argument(&types[2])?], DataType::Int64))
}

/// Parses the unit of `date_add` and `date_diff`: singular or plural, in any case; a quarter is 3 months.
fn unit(text: &str) -> Result<(Unit, i64)> {
    let name = text.to_ascii_lowercase();
    Ok(match name.strip_suffix('s').unwrap_or(&name) {
        "millisecond" => (Unit::Millisecond, 1),
        "second" => (Unit::Second, 1),
        "minute" => (Unit::Minute, 1),
        "hour" => (Unit::Hour, 1),
        "day" => (Unit::Day, 1),
        "week" => (Unit::Week, 1),
        "month" => (Unit::Month, 1),
        "quarter" => (Unit::Month, 3),
        "year" => (Unit::Year, 1),
        _ => {
            return Err(DataFusionError::Execution(format!(
                "`{text}` is no unit of time; write `day`, `hour`, `minute`, ..."
            )));
        }
    })
}

fn span(count: i64, unit: Unit) -> Result<Span> {
    let span = 0.seconds();
    let made = match unit {
        Unit::Millisecond => span.try_milliseconds(count),
        Unit::Second => span.try_seconds(count),
        Unit::Minute => span.try_minutes(count),
        Unit::Hour => span.try_hours(count),
        Unit::Day => span.try_days(count),
        Unit::Week => span.try_weeks(count),
        Unit::Month => span.try_months(count),
        _ => span.try_years(count),
    };
    made.map_err(out_of_range)
}

fn out_of_range(error: jiff::Error) -> DataFusionError {
    DataFusionError::Execution(format!("the time is out of range: {error}"))
}

fn civil(micros: i64) -> Result<DateTime> {
    Ok(Timestamp::from_microsecond(micros).map_err(out_of_range)?.to_zoned(TimeZone::UTC).datetime())
}

fn date_add(args: &Arguments) -> Result<ArrayRef> {
    let as_date = *args.array(2)?.data_type() == DataType::Date32;
    let (units, counts, times) = (args.texts(0)?, args.integers(1)?, times(args, 2)?);
    let mut compiled = Compiled::default();
    let moved = (0..args.rows)
        .map(|row| {
            let Some((name, time)) = units.at(row).zip(micros(&times, row)).filter(|_| counts.is_valid(row)) else {
                return Ok(None);
            };
            let (unit, factor) = *compiled.of(name, unit)?;
            let later = civil(time)?
                .checked_add(span(counts.value(row).saturating_mul(factor), unit)?)
                .map_err(out_of_range)?;
            Ok(Some(later.to_zoned(TimeZone::UTC).map_err(out_of_range)?.timestamp().as_microsecond()))
        })
        .collect::<Result<TimestampMicrosecondArray>>()?;
    let moved: ArrayRef = Arc::new(moved.with_timezone("UTC"));
    if as_date {
        Ok(cast(&cast(&moved, &DataType::Timestamp(TimeUnit::Microsecond, None))?, &DataType::Date32)?)
    } else {
        Ok(moved)
    }
}

/// Trino's meaning: whole units between two times, cut towards zero.
fn date_diff(args: &Arguments) -> Result<ArrayRef> {
    let (units, from, to) = (args.texts(0)?, times(args, 1)?, times(args, 2)?);
    let mut compiled = Compiled::default();
    integer_column(args.rows, |row| {
        let Some((name, (from, to))) = units.at(row).zip(micros(&from, row).zip(micros(&to, row))) else {
            return Ok(None);
        };
        let (unit, factor) = *compiled.of(name, unit)?;
        let between = civil(from)?.until((unit, civil(to)?)).map_err(out_of_range)?;
        let count = match unit {
            Unit::Millisecond => between.get_milliseconds(),
            Unit::Second => between.get_seconds(),
            Unit::Minute => between.get_minutes(),
            Unit::Hour => i64::from(between.get_hours()),
            Unit::Day => i64::from(between.get_days()),
            Unit::Week => i64::from(between.get_weeks()),
            Unit::Month => i64::from(between.get_months()),
            _ => i64::from(between.get_years()),
        };
        Ok(Some(count / factor))
    })
}
