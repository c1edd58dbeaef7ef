//! Values of columns as bytes: as JSON, or plain.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray, LargeStringArray,
    RecordBatch, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::fault::Result;
use crate::terminal::is_command;

/// Times in UTC say so; a time of another zone prints its offset by itself.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// A column made ready to be printed row by row.
pub(crate) struct Column<'a> {
    nulls: Option<NullBuffer>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    FixedBinary(&'a FixedSizeBinaryArray),
    /// Prints as a JSON number.
    Number(ArrayFormatter<'a>),
    /// Prints as JSON text.
    Printed(ArrayFormatter<'a>),
    List(Ranges<'a>, Box<Column<'a>>),
    Struct(Vec<(&'a str, Column<'a>)>),
    Map(&'a arrow::array::MapArray, Box<Column<'a>>, Box<Column<'a>>),
}

/// What becomes of members of structs that have no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Kept,
    LeftOut,
}

/// Where the elements of a list stand.
enum Ranges<'a> {
    Small(&'a [i32]),
    Large(&'a [i64]),
    Fixed(usize),
}

impl Ranges<'_> {
    fn of(&self, row: usize) -> std::ops::Range<usize> {
        match self {
            // Arrow promises offsets that are not negative.
            Ranges::Small(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            Ranges::Large(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            Ranges::Fixed(size) => row * size..(row + 1) * size,
        }
    }
}

/// Returns the arrays of a batch with dictionaries resolved.
pub(crate) fn resolved(batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let arrays = batch.columns().iter().map(|array| match array.data_type() {
        DataType::Dictionary(_, value) => Ok(arrow::compute::cast(array, value)?),
        _ => Ok(array.clone()),
    });
    arrays.collect()
}

impl<'a> Column<'a> {
    /// Makes an array ready.
    ///
    /// # Errors
    /// If it has a type that cannot be printed.
    pub(crate) fn new(array: &'a dyn Array) -> Result<Self> {
        let printed = || {
            let options = FormatOptions::new().with_timestamp_format(Some(TIME)).with_display_error(true);
            ArrayFormatter::try_new(array, &options)
        };
        let elements = |values: &'a ArrayRef| Ok::<_, crate::fault::Fault>(Box::new(Column::new(values.as_ref())?));
        let kind = match array.data_type() {
            DataType::Null => Kind::Null,
            DataType::Boolean => Kind::Boolean(array.as_boolean()),
            DataType::Utf8 => Kind::Text(array.as_string()),
            DataType::LargeUtf8 => Kind::LargeText(array.as_string()),
            DataType::Utf8View => Kind::TextView(array.as_string_view()),
            DataType::Binary => Kind::Binary(array.as_binary()),
            DataType::LargeBinary => Kind::LargeBinary(array.as_binary()),
            DataType::FixedSizeBinary(_) => Kind::FixedBinary(array.as_fixed_size_binary()),
            numeric if numeric.is_numeric() => Kind::Number(printed()?),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Kind::List(Ranges::Small(list.value_offsets()), elements(list.values())?)
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                Kind::List(Ranges::Large(list.value_offsets()), elements(list.values())?)
            }
            DataType::FixedSizeList(_, size) => Kind::List(
                Ranges::Fixed(usize::try_from(*size).unwrap_or(0)),
                elements(array.as_fixed_size_list().values())?,
            ),
            DataType::Struct(fields) => {
                let members = fields.iter().zip(array.as_struct().columns());
                let members = members.map(|(field, column)| Ok((field.name().as_str(), Column::new(column.as_ref())?)));
                Kind::Struct(members.collect::<Result<_>>()?)
            }
            DataType::Map(..) => {
                let map = array.as_map();
                Kind::Map(map, elements(map.keys())?, elements(map.values())?)
            }
            _ => Kind::Printed(printed()?),
        };
        Ok(Self { nulls: array.logical_nulls(), kind })
    }

    /// Returns whether there is no value.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        matches!(self.kind, Kind::Null) || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Returns whether values hold text that somebody else chose, rather than numbers and times.
    pub(crate) fn is_text(&self) -> bool {
        !matches!(self.kind, Kind::Null | Kind::Boolean(_) | Kind::Number(_) | Kind::Printed(_))
    }

    /// Writes a value as JSON. Bytes that are no UTF-8 become text of `\x` and hexadecimal digits.
    pub(crate) fn json(&self, row: usize, out: &mut Vec<u8>) {
        self.json_with(row, Nulls::Kept, out);
    }

    /// Writes a value for people: plain, and without the members of structs that have no value.
    pub(crate) fn brief(&self, row: usize, out: &mut Vec<u8>) {
        match &self.kind {
            Kind::Struct(_) if !self.has_value(row) => {}
            Kind::Struct(_) | Kind::List(..) if !self.is_null(row) => self.json_with(row, Nulls::LeftOut, out),
            _ => self.plain(row, out),
        }
    }

    /// Returns whether there is a value, or one inside.
    fn has_value(&self, row: usize) -> bool {
        match &self.kind {
            Kind::Struct(members) => !self.is_null(row) && members.iter().any(|(_, column)| column.has_value(row)),
            _ => !self.is_null(row),
        }
    }

    fn json_with(&self, row: usize, nulls: Nulls, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"null");
        }
        match &self.kind {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Boolean(array) => out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }),
            Kind::Number(formatter) => {
                let text = formatter.value(row).to_string();
                // JSON has no infinities and no NaN.
                let is_number = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
                if is_number { out.extend_from_slice(text.as_bytes()) } else { json_text(&text, out) }
            }
            Kind::Printed(formatter) => json_text(&formatter.value(row).to_string(), out),
            Kind::List(ranges, values) => {
                out.push(b'[');
                for (nth, element) in ranges.of(row).enumerate() {
                    separate(nth, out);
                    values.json_with(element, nulls, out);
                }
                out.push(b']');
            }
            Kind::Struct(members) => {
                let members = members.iter().map(|(name, column)| (*name, column));
                let members = members.filter(|(_, column)| nulls == Nulls::Kept || column.has_value(row));
                object_with(members, row, nulls, out);
            }
            Kind::Map(map, keys, values) => self.json_map(map, keys, values, row, out),
            _ => match self.bytes(row).map(|bytes| (str::from_utf8(bytes), bytes)) {
                Some((Ok(text), _)) => json_text(text, out),
                Some((Err(_), bytes)) => json_text(&hexadecimal(bytes), out),
                None => out.extend_from_slice(b"null"),
            },
        }
    }

    fn json_map(
        &self,
        map: &arrow::array::MapArray,
        keys: &Column<'_>,
        values: &Column<'_>,
        row: usize,
        out: &mut Vec<u8>,
    ) {
        out.push(b'{');
        let mut key = Vec::new();
        for (nth, element) in Ranges::Small(map.value_offsets()).of(row).enumerate() {
            separate(nth, out);
            key.clear();
            keys.plain(element, &mut key);
            json_text(&String::from_utf8_lossy(&key), out);
            out.push(b':');
            values.json(element, out);
        }
        out.push(b'}');
    }

    /// Writes a value plain: text and bytes as they are, lists and structs as JSON, nothing for null.
    pub(crate) fn plain(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return;
        }
        match &self.kind {
            Kind::Number(formatter) | Kind::Printed(formatter) => {
                out.extend_from_slice(formatter.value(row).to_string().as_bytes());
            }
            Kind::Null | Kind::Boolean(_) | Kind::List(..) | Kind::Struct(_) | Kind::Map(..) => self.json(row, out),
            _ => out.extend_from_slice(self.bytes(row).unwrap_or_default()),
        }
    }

    /// Returns the bytes of text or binary.
    fn bytes(&self, row: usize) -> Option<&[u8]> {
        Some(match &self.kind {
            Kind::Text(array) => array.value(row).as_bytes(),
            Kind::LargeText(array) => array.value(row).as_bytes(),
            Kind::TextView(array) => array.value(row).as_bytes(),
            Kind::Binary(array) => array.value(row),
            Kind::LargeBinary(array) => array.value(row),
            Kind::FixedBinary(array) => array.value(row),
            _ => return None,
        })
    }
}

/// Writes a JSON object of named columns; equal names are all kept.
pub(crate) fn object<'a, 'c: 'a>(
    members: impl Iterator<Item = (&'a str, &'a Column<'c>)>,
    row: usize,
    out: &mut Vec<u8>,
) {
    object_with(members, row, Nulls::Kept, out);
}

fn object_with<'a, 'c: 'a>(
    members: impl Iterator<Item = (&'a str, &'a Column<'c>)>,
    row: usize,
    nulls: Nulls,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (nth, (name, column)) in members.enumerate() {
        separate(nth, out);
        json_text(name, out);
        out.push(b':');
        column.json_with(row, nulls, out);
    }
    out.push(b'}');
}

fn separate(nth: usize, out: &mut Vec<u8>) {
    if nth > 0 {
        out.push(b',');
    }
}

/// Writes text as a JSON string; what could command a terminal is escaped.
fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut kept = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, '"' | '\\') || is_command(*c)) {
        out.extend_from_slice(&text.as_bytes()[kept..at]);
        kept = at + c.len_utf8();
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            // All characters that can command lie below U+10000: one escape is enough.
            c => out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        }
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
    out.push(b'"');
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("\\x"), |text, byte| text + &format!("{byte:02x}"))
}
