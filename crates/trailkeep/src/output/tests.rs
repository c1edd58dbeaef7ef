//! Values of all kinds as JSON and plain, which queries of the lake alone do not reach.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int64Array, LargeStringArray, ListArray,
    MapBuilder, NullArray, StringArray, StringBuilder, StringViewArray, StructArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{Field, Fields, Float64Type, Int32Type};
use arrow::record_batch::RecordBatch;

use super::value::{Column, resolved};

/// Returns the value in the first row as JSON, plain, and brief.
fn printed(array: ArrayRef) -> [String; 3] {
    let batch = RecordBatch::try_from_iter([("x", array)]).expect("one column");
    let arrays = resolved(&batch).expect("an array");
    let column = Column::new(arrays[0].as_ref()).expect("a type that prints");
    let (mut json, mut plain, mut brief) = (Vec::new(), Vec::new(), Vec::new());
    column.json(0, &mut json);
    column.plain(0, &mut plain);
    column.brief(0, &mut brief);
    [json, plain, brief].map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn map() -> ArrayRef {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    builder.keys().append_value("k\"");
    builder.values().append_null();
    builder.append(true).expect("as many keys as values");
    Arc::new(builder.finish())
}

fn structure() -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new("a", arrow::datatypes::DataType::Int64, true),
        Field::new("b", arrow::datatypes::DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(vec![1])), Arc::new(StringArray::from(vec![None::<&str>]))];
    Arc::new(StructArray::new(fields, columns, None))
}

#[test]
fn values_print() {
    let micros = 1_772_359_200_500_000;
    let cases: Vec<(ArrayRef, [&str; 3])> = vec![
        (Arc::new(NullArray::new(1)), ["null", "", ""]),
        (Arc::new(BooleanArray::from(vec![true])), ["true", "true", "true"]),
        (Arc::new(Int64Array::from(vec![i64::MIN])), ["-9223372036854775808"; 3]),
        (Arc::new(Float64Array::from(vec![0.5])), ["0.5"; 3]),
        (Arc::new(Float64Array::from(vec![f64::NAN])), ["\"NaN\"", "NaN", "NaN"]),
        (Arc::new(Float64Array::from(vec![f64::NEG_INFINITY])), ["\"-inf\"", "-inf", "-inf"]),
        (
            Arc::new(StringArray::from(vec!["a\"\\\n\u{9b}\u{202e}é"])),
            ["\"a\\\"\\\\\\n\\u009b\\u202eé\"", "a\"\\\n\u{9b}\u{202e}é", "a\"\\\n\u{9b}\u{202e}é"],
        ),
        (Arc::new(LargeStringArray::from(vec!["x"])), ["\"x\"", "x", "x"]),
        (Arc::new(StringViewArray::from(vec!["x"])), ["\"x\"", "x", "x"]),
        (Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("x")])), ["\"x\"", "x", "x"]),
        (Arc::new(BinaryArray::from(vec![&b"text"[..]])), ["\"text\"", "text", "text"]),
        (Arc::new(BinaryArray::from(vec![&b"\xff\x00"[..]])), ["\"\\\\xff00\"", "\u{fffd}\u{0}", "\u{fffd}\u{0}"]),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![micros])),
            ["\"2026-03-01T10:00:00.500Z\"", "2026-03-01T10:00:00.500Z", "2026-03-01T10:00:00.500Z"],
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC")),
            ["\"2026-03-01T10:00:00.500Z\"", "2026-03-01T10:00:00.500Z", "2026-03-01T10:00:00.500Z"],
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![0]).with_timezone("+02:00")),
            ["\"1970-01-01T02:00:00+02:00\"", "1970-01-01T02:00:00+02:00", "1970-01-01T02:00:00+02:00"],
        ),
        (Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some([Some(1.0), None])])), ["[1.0,null]"; 3]),
        (structure(), ["{\"a\":1,\"b\":null}", "{\"a\":1,\"b\":null}", "{\"a\":1}"]),
        (map(), ["{\"k\\\"\":null}"; 3]),
    ];
    for (array, expect) in cases {
        let shown = format!("{array:?}");
        assert_eq!(printed(array), expect.map(str::to_owned), "{shown}");
    }
}
