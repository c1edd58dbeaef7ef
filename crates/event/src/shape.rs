//! A record's shape, and the record rebuilt from its shape and columns, byte for byte.
//!
//! A shape is the record's text in which each value that a column gives back unchanged is one byte 0x01. No JSON text
//! contains that byte, so there is no escaping. Which column fills a hole follows from where in the record it stands.
//! Records of one kind share a shape: a shape is compiled once into literals and columns, then a record is rebuilt by
//! concatenation. The format has its page: `docs/format/shape.md`.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, StringArray, StringBuilder};
use arrow::datatypes::TimestampMicrosecondType;

use crate::error::{Error, ErrorKind, Result};
use crate::fingerprint::FingerprintKey;
use crate::members::{Members, ROOT, Target, UNKNOWN};
use crate::scan;
use crate::schema::{COLUMNS, Kind};
use crate::time::EventTime;

/// The byte that stands in a shape for a value that a column holds.
pub const HOLE: char = '\u{1}';

/// Most compiled shapes kept at a time; a lake of one organisation has a few hundred.
const COMPILED_MAX: usize = 8_192;

/// A hole and the text before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    literal: String,
    column: u8,
    /// True if the hole stands between quotes: the column's text is escaped the canonical way.
    quoted: bool,
}

/// A shape as literals and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Compiled {
    pieces: Vec<Piece>,
    tail: String,
}

/// Rebuilds records from their shapes and columns.
///
/// `columns` are those of [`COLUMNS`], in that order. A null shape gives a null record.
///
/// # Errors
/// [`ErrorKind::Schema`] where columns are missing or of another type, [`ErrorKind::Shape`] where a shape has a hole
/// that no column can fill: the lake's file was written by something else, or is damaged.
pub fn rebuild(shape: &StringArray, columns: &[ArrayRef]) -> Result<StringArray> {
    let columns = Columns::new(columns)?;
    let members = Members::new(FingerprintKey(0));
    let mut compiled: HashMap<&str, Compiled> = HashMap::new();
    let mut out = StringBuilder::with_capacity(shape.len(), shape.len() * 1500);
    let mut record = String::new();
    for (row, shape) in shape.iter().enumerate() {
        let Some(shape) = shape else {
            out.append_null();
            continue;
        };
        if !compiled.contains_key(shape) {
            if compiled.len() >= COMPILED_MAX {
                compiled.clear();
            }
            compiled.insert(shape, compile(&members, shape)?);
        }
        let Some(compiled) = compiled.get(shape) else { continue };
        record.clear();
        for piece in &compiled.pieces {
            record.push_str(&piece.literal);
            columns.append(piece, row, &mut record)?;
        }
        record.push_str(&compiled.tail);
        out.append_value(&record);
    }
    Ok(out.finish())
}

/// The columns, each as its own type.
struct Columns<'a>(Vec<Column<'a>>);

enum Column<'a> {
    Text(&'a StringArray),
    Boolean(&'a BooleanArray),
    Time(&'a PrimitiveArray<TimestampMicrosecondType>),
}

impl<'a> Columns<'a> {
    fn new(arrays: &'a [ArrayRef]) -> Result<Columns<'a>> {
        if arrays.len() != COLUMNS.len() {
            let message = format!("rebuild records from {} columns: there must be {}", arrays.len(), COLUMNS.len());
            return Err(Error::new(ErrorKind::Schema, message));
        }
        let mut columns = Vec::with_capacity(arrays.len());
        for (array, column) in arrays.iter().zip(COLUMNS) {
            let typed = match column.kind {
                Kind::Text | Kind::Json => array.as_string_opt::<i32>().map(Column::Text),
                Kind::Boolean => array.as_boolean_opt().map(Column::Boolean),
                Kind::Time => array.as_primitive_opt::<TimestampMicrosecondType>().map(Column::Time),
            };
            columns.push(typed.ok_or_else(|| {
                let message = format!("rebuild records: column `{}` has the type `{}`", column.name, array.data_type());
                Error::new(ErrorKind::Schema, message)
            })?);
        }
        Ok(Columns(columns))
    }

    fn append(&self, piece: &Piece, row: usize, record: &mut String) -> Result<()> {
        let hole = || {
            let name = COLUMNS.get(piece.column as usize).map_or("?", |column| column.name);
            Error::new(
                ErrorKind::Shape,
                format!("rebuild record {row} of a batch: column `{name}` cannot fill its hole"),
            )
        };
        match self.0.get(piece.column as usize).ok_or_else(hole)? {
            Column::Text(array) if array.is_null(row) => return Err(hole()),
            Column::Text(array) if piece.quoted => append_escaped(array.value(row), record)?,
            Column::Text(array) => record.push_str(array.value(row)),
            Column::Boolean(array) if array.is_null(row) => return Err(hole()),
            Column::Boolean(array) => record.push_str(if array.value(row) { "true" } else { "false" }),
            Column::Time(array) => {
                let mut printed = [0u8; 20];
                let time = EventTime::from_micros(array.value(row));
                let length = time.print(&mut printed).ok_or_else(hole)?;
                record.push_str(std::str::from_utf8(&printed[..length]).map_err(|_| hole())?);
            }
        }
        Ok(())
    }
}

/// Appends the content of a JSON string, escaped the canonical way.
fn append_escaped(text: &str, record: &mut String) -> Result<()> {
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        record.push_str(text);
        return Ok(());
    }
    let quoted = serde_json::to_string(text)
        .map_err(|error| Error::new(ErrorKind::Shape, format!("write a text as JSON: {error}")))?;
    record.push_str(&quoted[1..quoted.len() - 1]);
    Ok(())
}

/// Finds the holes of a shape and the columns that fill them.
fn compile(members: &Members, shape: &str) -> Result<Compiled> {
    let bytes = shape.as_bytes();
    let damaged = |at: usize| Error::new(ErrorKind::Shape, format!("read a record's shape: byte {at} fits no shape"));
    let mut pieces = Vec::new();
    let mut literal_start = 0;
    let mut stack: Vec<(u8, bool)> = Vec::new();
    let mut target: Option<Target> = None;
    let mut name_next = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let quoted_hole = *byte == b'"' && bytes.get(at + 1) == Some(&(HOLE as u8));
        match byte {
            b'{' => {
                let node = match (stack.is_empty(), target) {
                    (true, _) => ROOT,
                    (false, Some(Target::Node(node))) => node,
                    _ => UNKNOWN,
                };
                stack.push((node, false));
                name_next = true;
            }
            b'[' => {
                stack.push((UNKNOWN, true));
                (target, name_next) = (None, false);
            }
            b'}' | b']' => {
                stack.pop();
            }
            b',' => {
                let array = stack.last().is_some_and(|(_, array)| *array);
                (target, name_next) = (None, !array);
            }
            b'"' if name_next => {
                let name = scan::string(bytes, at).map_err(|fault| damaged(fault.at))?;
                let node = stack.last().map_or(UNKNOWN, |(node, _)| *node);
                target = find(members, node, &shape[at..name.end], name.escaped);
                name_next = false;
                at = name.end;
                continue;
            }
            b'"' if !quoted_hole => {
                at = scan::string(bytes, at).map_err(|fault| damaged(fault.at))?.end;
                continue;
            }
            _ if quoted_hole || *byte == HOLE as u8 => {
                let hole = at + usize::from(quoted_hole);
                let Some(Target::Column { column, .. }) = target else { return Err(damaged(hole)) };
                if quoted_hole && bytes.get(hole + 1) != Some(&b'"') {
                    return Err(damaged(hole + 1));
                }
                pieces.push(Piece { literal: shape[literal_start..hole].to_owned(), column, quoted: quoted_hole });
                literal_start = hole + 1;
                // Past the hole and, where it is quoted, past the closing quote.
                at = hole + 1 + usize::from(quoted_hole);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(Compiled { pieces, tail: shape[literal_start..].to_owned() })
}

fn find(members: &Members, node: u8, quoted: &str, escaped: bool) -> Option<Target> {
    let found = if escaped {
        members.find(node, scan::unescape(quoted)?.as_bytes())
    } else {
        members.find(node, &quoted.as_bytes()[1..quoted.len() - 1])
    };
    found.map(|member| member.target)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::TimestampMicrosecondArray;

    use super::*;

    /// Rebuilds one record from a shape whose holes are spelled `^`; each column holds a value that is told from others.
    fn rebuilt(shape: &str) -> Option<String> {
        let column = |kind: Kind| -> ArrayRef {
            match kind {
                Kind::Text => Arc::new(StringArray::from(vec!["a\"b"])),
                Kind::Json => Arc::new(StringArray::from(vec!["{}"])),
                Kind::Boolean => Arc::new(BooleanArray::from(vec![true])),
                Kind::Time => Arc::new(TimestampMicrosecondArray::from(vec![0])),
            }
        };
        let columns: Vec<ArrayRef> = COLUMNS.iter().map(|field| column(field.kind)).collect();
        let shape = StringArray::from(vec![shape.replace('^', "\u{1}")]);
        match rebuild(&shape, &columns) {
            Ok(records) => Some(records.value(0).to_owned()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Shape, "{error}");
                None
            }
        }
    }

    #[test]
    fn a_damaged_shape_is_no_record() {
        let cases = [
            (
                r#"{"eventTime":"^","eventName":"^","readOnly":^}"#,
                Some(r#"{"eventTime":"1970-01-01T00:00:00Z","eventName":"a\"b","readOnly":true}"#),
            ),
            (r#"{"requestParameters":^,"x":"y"}"#, Some(r#"{"requestParameters":{},"x":"y"}"#)),
            (r#"{"eventName":"^^"}"#, None),
            (r#"{"eventName":"^ü"}"#, None),
            (r#"{"eventName":"^"#, None),
            (r#"{"eventName":"x^"}"#, None),
            (r#"{"^":"^"}"#, None),
            (r#"{"x":"^"}"#, None),
            (r#"{"userIdentity":^}"#, None),
            (r#"{"eventName":["^"]}"#, None),
            ("^", None),
        ];
        for (shape, expect) in cases {
            assert_eq!(rebuilt(shape).as_deref(), expect, "{shape}");
        }
    }
}
