//! Laws: a batch says of each event what the event's record alone says, and an index what its predicates say.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use event::schema::COLUMNS;
use predicate::expr::{
    Arrays, Case, Comparison, Expr, Field, Pattern, Piece, RegexFlags, Segment, Test, TextOp, TimePart,
};
use predicate::index::RuleIndex;
use predicate::record::Record;
use predicate::{Lookup, Predicate, Rows};
use proptest::prelude::*;

use crate::open;

const NAMES: &[&str] = &["eventName", "userIdentity", "type", "arn", "requestParameters", "a", "b", "a.b", "readOnly"];
const WORDS: &[&str] =
    &["", "a", "Data", "Management", "A", "[a]", "{a", "true", "12", "10.1.2.3", "2024-05-06T07:08:09Z", "ab", "null"];
const FIELDS: &[&str] = &[
    "eventName",
    "eventSource",
    "userAgent",
    "errorCode",
    "eventTime",
    "readOnly",
    "eventCategory",
    "eventID",
    "eventId",
    "userIdentity",
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.a",
    "requestParameters",
    "requestParameters.a",
    "requestParameters.a.b",
    "responseElements.a",
    "resources",
    "resources.a",
    "status",
    "status.a",
    "errorMessage.a",
];

fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("12".to_owned()),
        Just("1.50".to_owned()),
        Just(r#""\u0061\/""#.to_owned()),
        Just(r#""\ud83d""#.to_owned()),
        prop::sample::select(WORDS).prop_map(|word| format!("\"{word}\"")),
    ];
    scalar.prop_recursive(3, 16, 3, |inner| {
        let member =
            (prop::sample::select(NAMES), inner.clone()).prop_map(|(name, value)| format!("\"{name}\": {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(member, 0..3).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn record() -> impl Strategy<Value = String> {
    let times: &[&str] = &["2024-05-06T07:08:09Z", "2024-05-06 07:08:09", "2024-05-06T07:08:09.5Z"];
    let tops = &[
        "eventName",
        "eventSource",
        "userAgent",
        "errorCode",
        "readOnly",
        "eventCategory",
        "eventType",
        "managementEvent",
        "eventID",
        "eventId",
        "userIdentity",
        "requestParameters",
        "responseElements",
        "resources",
        "status",
        "errorMessage",
        "event\\u004eame",
    ];
    let members = prop::collection::vec((prop::sample::select(tops), json()), 0..8);
    (prop::sample::select(times), members).prop_map(|(time, members)| {
        let mut text = format!("{{\"eventTime\":\"{time}\"");
        for (name, value) in members {
            text.push_str(&format!(" ,\"{name}\" :{value}"));
        }
        text.push('}');
        text
    })
}

fn test() -> impl Strategy<Value = Test> {
    let op = prop::sample::select(&[TextOp::Equals, TextOp::StartsWith, TextOp::EndsWith, TextOp::Contains][..]);
    let case = prop::sample::select(&[Case::Sensitive, Case::Insensitive][..]);
    let words = prop::collection::vec(prop::sample::select(WORDS).prop_map(str::to_owned), 1..3);
    let field = prop::sample::select(FIELDS).prop_map(Field::parse);
    let comparison = prop::sample::select(&[Comparison::Equal, Comparison::Less, Comparison::GreaterOrEqual][..]);
    let regex = prop::sample::select(&["^a", "a$", "[0-9]+", ""][..]);
    let pattern = Pattern(vec![Piece::One, Piece::Run, Piece::Text("a".to_owned()), Piece::Run]);
    prop_oneof![
        Just(Test::Null),
        Just(Test::Present),
        (op.clone(), case.clone(), words).prop_map(|(op, case, values)| Test::Text { op, case, values }),
        case.clone().prop_map(move |case| Test::Like { case, patterns: vec![pattern.clone()] }),
        regex.prop_map(|pattern| Test::Regex { pattern: pattern.to_owned(), flags: RegexFlags::default() }),
        Just(Test::Cidr(vec!["10.0.0.0/8".parse().unwrap()])),
        comparison.clone().prop_map(|op| Test::Number { op, value: 12.0 }),
        comparison.prop_map(|op| Test::Time { part: TimePart::Hour, op, value: 7 }),
        (op, case, field).prop_map(|(op, case, other)| Test::Field { op, case, other }),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let path = |path: &str| path.split('.').map(|name| Segment::Member(name.to_owned())).collect();
    let field = prop_oneof![
        8 => prop::sample::select(FIELDS).prop_map(Field::parse),
        1 => prop::sample::select(FIELDS).prop_map(move |field| Field::at(path(field), Arrays::Indexed)),
        1 => Just(Field::anywhere()),
        1 => Just(Field::category()),
    ];
    let leaf = (field, test()).prop_map(|(field, test)| Expr::leaf(field, test));
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::Any),
            inner.clone().prop_map(Expr::negated),
            inner.prop_map(|holds| Expr::Element { of: Field::parse("resources"), holds: Box::new(holds) }),
        ]
    })
}

proptest! {
    // Each case is many records times many trees: half the usual number is plenty.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_says_what_each_record_says(
        records in prop::collection::vec(record(), 1..6),
        exprs in prop::collection::vec(expr(), 1..5),
    ) {
        let predicates: Vec<Predicate> = exprs.iter().map(|expr| Predicate::compile(expr).unwrap()).collect();
        let index = RuleIndex::new(predicates.clone());
        let lookups: Vec<Lookup> = FIELDS.iter().map(|field| Lookup::new(&Field::parse(field))).collect();
        for batch in open(&records.join("\n")) {
            let rows = Rows::of_batch(&batch, &[]).unwrap();
            prop_assert_eq!(rows.len(), records.len());
            let mut selected = vec![vec![false; records.len()]; predicates.len()];
            index.select(&rows, &mut |at, found| found.iter().for_each(|row| selected[at][*row as usize] = true)).unwrap();
            for (at, predicate) in predicates.iter().enumerate() {
                let mask = predicate.mask(&rows).unwrap();
                for (row, text) in records.iter().enumerate() {
                    let record = Record::parse(text.as_bytes()).unwrap();
                    let alone = predicate.matches(&record);
                    prop_assert_eq!(mask.value(row), alone, "{:?}\n{}", &exprs[at], text);
                    prop_assert_eq!(selected[at][row], alone, "by index: {:?}\n{}", &exprs[at], text);
                    prop_assert_eq!(index.matches(&record).contains(&at), alone, "one by index: {:?}\n{}", &exprs[at], text);
                }
            }
            for (row, text) in records.iter().enumerate() {
                let record = Record::parse(text.as_bytes()).unwrap();
                for (lookup, field) in lookups.iter().zip(FIELDS) {
                    prop_assert_eq!(lookup.of_row(&rows, row), lookup.of_record(&record), "{} of {}", field, text);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let predicate = Predicate::compile(&Expr::text(Field::anywhere(), TextOp::Contains, Case::Insensitive, ["x"])).unwrap();
        for bytes in [bytes.as_slice(), text.as_bytes(), format!("{{{text}}}").as_bytes()] {
            let known = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes).is_ok();
            let record = Record::parse(bytes);
            prop_assert_eq!(record.is_some(), known);
            if let Some(record) = record {
                predicate.matches(&record);
            }
        }
    }
}

#[test]
fn a_missing_column_is_an_error_and_never_an_answer() {
    let batch = open(r#"{"eventTime":"2024-05-06T07:08:09Z","eventName":"a"}"#).remove(0);
    let needed = Predicate::compile(&Expr::null(Field::parse("errorCode"))).unwrap();
    let unneeded = Predicate::compile(&Expr::null(Field::parse("eventName"))).unwrap();
    let kept: Vec<usize> = (0..COLUMNS.len()).filter(|at| COLUMNS[*at].name != "errorcode").collect();
    let projected = batch.columns.project(&kept).unwrap();
    let rows = Rows::of_stored(&projected, &[]).unwrap();
    assert!(needed.mask(&rows).unwrap_err().to_string().contains("`errorcode`"));
    assert!(!unneeded.mask(&rows).unwrap().value(0));
}

#[test]
fn stored_events_say_the_same_in_any_form_of_text() {
    let lines = r#"{"eventTime":"2024-05-06T07:08:09Z","eventName":"a","odd":{"x":1},"userIdentity":{"foo":"bar"}}
{"eventTime":"2024-05-06 07:08:09","eventName":"[b]","readOnly":"false"}"#;
    let batch = open(lines).remove(0);
    let shapes: ArrayRef = Arc::new(StringArray::from_iter_values((0..batch.len()).map(|row| batch.shapes.text(row))));
    let exprs = [
        Expr::text(Field::parse("eventName"), TextOp::Contains, Case::Insensitive, ["B"]),
        Expr::text(Field::parse("odd.x"), TextOp::Equals, Case::Insensitive, ["1"]),
        Expr::text(Field::parse("userIdentity.foo"), TextOp::Equals, Case::Insensitive, ["bar"]),
        Expr::text(Field::parse("eventTime"), TextOp::Contains, Case::Insensitive, [" 07"]),
    ];
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for form in [DataType::Utf8, DataType::Utf8View, DataType::LargeUtf8, dictionary] {
        let mut names: Vec<(String, ArrayRef)> = vec![("shape".to_owned(), cast(&shapes, &form).unwrap())];
        for (field, array) in batch.columns.schema().fields().iter().zip(batch.columns.columns()) {
            let text = *field.data_type() == DataType::Utf8;
            names.push((field.name().clone(), if text { cast(array, &form).unwrap() } else { array.clone() }));
        }
        let stored =
            RecordBatch::try_from_iter_with_nullable(names.into_iter().map(|(name, array)| (name, array, true)));
        let stored = stored.unwrap();
        let rows = Rows::of_stored(&stored, &[]).unwrap();
        let found: Vec<Vec<bool>> = exprs
            .iter()
            .map(|expr| Predicate::compile(expr).unwrap().mask(&rows).unwrap().values().iter().collect())
            .collect();
        assert_eq!(found, [[false, true], [true, false], [true, false], [false, true]], "{form}");
    }
}
