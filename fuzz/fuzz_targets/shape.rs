//! Shapes as a damaged lake might hold them: one rebuilds a record or is refused, and without a hole it is the record.
#![no_main]

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray, TimestampMicrosecondArray};
use event::schema::{COLUMNS, Kind};
use event::shape::{HOLE, rebuild};
use fuzz::parts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let [shape, text, time] = parts(input);
    // A zero byte parts the input, so a hole has another spelling, too.
    let shape = shape.replace('^', &HOLE.to_string());
    let micros = time.parse().ok();
    let column = |kind: Kind| -> ArrayRef {
        match kind {
            Kind::Text | Kind::Json => Arc::new(StringArray::from(vec![Some(text)])),
            Kind::Boolean => Arc::new(BooleanArray::from(vec![micros.map(|micros: i64| micros > 0)])),
            Kind::Time => Arc::new(TimestampMicrosecondArray::from(vec![micros.unwrap_or_default()])),
        }
    };
    let columns: Vec<ArrayRef> = COLUMNS.iter().map(|field| column(field.kind)).collect();
    let shapes = StringArray::from(vec![Some(shape.as_str()), None]);
    match rebuild(&shapes, &columns) {
        Ok(records) if !shape.contains(HOLE) => {
            assert_eq!(records.iter().collect::<Vec<_>>(), [Some(shape.as_str()), None]);
        }
        Ok(records) => assert!(!records.value(0).contains(HOLE) || text.contains(HOLE), "a hole is left in {shape:?}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
