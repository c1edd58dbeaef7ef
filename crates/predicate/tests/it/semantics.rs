//! Cases: a tree, a record, and whether the one holds for the other.

use predicate::Predicate;
use predicate::error::ErrorKind;
use predicate::expr::{
    Arrays, Case, Comparison, Expr, Field, Pattern, Piece, RegexFlags, Segment, Test, TextOp, TimePart,
};

use crate::holds;

const RECORD: &str = r#"{
    "eventTime" : "2024-05-06T07:08:09Z", "eventName":"RunInstances", "eventSource":"ec2.amazonaws.com",
    "userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Admin/alice","odd":[{"x":1},{"x":null}]},
    "sourceIPAddress":"203.0.113.9", "userAgent":"[S3Console/0.4]", "readOnly":"false", "errorCode":null,
    "requestParameters":{"tags":["red","Blue"],"count":12,"open":false,"a.b":{"c":"dotted"},"policy":"{\"Effect\":\"Allow\"}",
        "items":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::one/k"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::two"}],
        "user":"alice","nested":[[5,6],[7]]},
    "responseElements":null, "status":"success", "additionalEventData":{"MFAUsed":"No"}, "eventId":"second-spelling"
}"#;

fn equals(field: &str, value: &str) -> Expr {
    Expr::text(Field::parse(field), TextOp::Equals, Case::Insensitive, [value])
}

fn text(field: &str, op: TextOp, case: Case, value: &str) -> Expr {
    Expr::text(Field::parse(field), op, case, [value])
}

fn test(field: &str, test: Test) -> Expr {
    Expr::leaf(Field::parse(field), test)
}

fn number(field: &str, op: Comparison, value: f64) -> Expr {
    test(field, Test::Number { op, value })
}

fn indexed(path: &[Segment], test: Test) -> Expr {
    Expr::leaf(Field::at(path.to_vec(), Arrays::Indexed), test)
}

fn member(name: &str) -> Segment {
    Segment::Member(name.to_owned())
}

fn check(cases: &[(Expr, bool)]) {
    for (expr, expect) in cases {
        assert_eq!(holds(expr, RECORD), *expect, "{expr:?}");
    }
}

#[test]
fn text_is_compared_as_each_leaf_says() {
    check(&[
        (equals("eventName", "runinstances"), true),
        (text("eventName", TextOp::Equals, Case::Sensitive, "runinstances"), false),
        (text("eventName", TextOp::StartsWith, Case::Sensitive, "Run"), true),
        (text("eventName", TextOp::EndsWith, Case::Insensitive, "INSTANCES"), true),
        (text("eventName", TextOp::Contains, Case::Sensitive, "inst"), false),
        (equals("readOnly", "FALSE"), true),
        (equals("requestParameters.open", "false"), true),
        (equals("requestParameters.count", "12"), true),
        (equals("requestParameters.count", "12.0"), false),
        (equals("status", "success"), true),
        (equals("Status", "success"), false),
        (equals("userAgent", "[S3Console/0.4]"), true),
        (equals("eventID", "second-spelling"), true),
        (equals("eventId", "second-spelling"), true),
        (equals("eventTime", "2024-05-06T07:08:09Z"), true),
        // The record has no category: the one that a column derives is not the record's.
        (equals("eventCategory", "Management"), false),
        (Expr::always(), true),
        (Expr::never(), false),
    ]);
}

#[test]
fn paths_go_through_arrays_and_end_in_containers() {
    check(&[
        (equals("requestParameters.tags", "blue"), true),
        (equals("requestParameters.tags", r#"["red","Blue"]"#), true),
        (text("requestParameters", TextOp::Contains, Case::Insensitive, r#""tags":["red","blue"]"#), true),
        (text("requestParameters", TextOp::Contains, Case::Insensitive, r#"{\"effect\":"#), true),
        (equals("requestParameters.items.type", "AWS::S3::Bucket"), true),
        (equals("requestParameters.items.type", "AWS::S3::None"), false),
        (equals("requestParameters.nested", "6"), true),
        (equals("requestParameters.a.b.c", "dotted"), true),
        (equals("userIdentity.odd.x", "1"), true),
        (text("userIdentity", TextOp::Contains, Case::Sensitive, r#""odd":[{"x":1},{"x":null}]"#), true),
        (Expr::null(Field::parse("userIdentity.odd.x")), false),
        (Expr::null(Field::parse("requestParameters.tags")), false),
    ]);
}

#[test]
fn null_is_absent_and_present_is_not() {
    check(&[
        (Expr::null(Field::parse("errorCode")), true),
        (Expr::null(Field::parse("responseElements")), true),
        (Expr::null(Field::parse("responseElements.user")), true),
        (Expr::null(Field::parse("errorMessage")), true),
        (Expr::null(Field::parse("eventName")), false),
        (Expr::null(Field::parse("requestParameters.none")), true),
        (test("errorCode", Test::Present), true),
        (test("responseElements", Test::Present), true),
        (test("errorMessage", Test::Present), false),
        (test("status", Test::Present), true),
        (test("userIdentity.none", Test::Present), false),
        (test("readOnly", Test::Present), true),
    ]);
}

#[test]
fn other_tests() {
    let pattern = |pieces: &[Piece]| Test::Like { case: Case::Insensitive, patterns: vec![Pattern(pieces.to_vec())] };
    let piece = |text: &str| Piece::Text(text.to_owned());
    let regex = |pattern: &str, insensitive| Test::Regex {
        pattern: pattern.to_owned(),
        flags: RegexFlags { insensitive, ..RegexFlags::default() },
    };
    let field = |op, other: &str| Test::Field { op, case: Case::Sensitive, other: Field::parse(other) };
    let time = |part, op, value| Test::Time { part, op, value };
    check(&[
        (test("eventName", pattern(&[piece("run"), Piece::Run, Piece::One])), true),
        (test("eventName", pattern(&[piece("run"), Piece::One])), false),
        (test("errorMessage", pattern(&[Piece::Run])), false),
        (test("userIdentity.arn", regex(".+:assumed-role/adm", false)), false),
        (test("userIdentity.arn", regex(".+:assumed-role/adm", true)), true),
        (test("sourceIPAddress", Test::Cidr(vec!["203.0.113.0/24".parse().unwrap()])), true),
        (test("eventSource", Test::Cidr(vec!["0.0.0.0/0".parse().unwrap()])), false),
        (number("requestParameters.count", Comparison::Greater, 11.5), true),
        (number("requestParameters.count", Comparison::Less, 12.0), false),
        (number("requestParameters.tags", Comparison::Less, 12.0), false),
        (test("userIdentity.arn", field(TextOp::EndsWith, "requestParameters.user")), true),
        (test("userIdentity.arn", field(TextOp::Equals, "requestParameters.user")), false),
        (test("userIdentity.arn", field(TextOp::Contains, "errorCode")), false),
        (test("eventTime", time(TimePart::Hour, Comparison::Equal, 7)), true),
        (test("eventTime", time(TimePart::Week, Comparison::Equal, 19)), true),
        (test("eventTime", time(TimePart::Year, Comparison::Less, 2024)), false),
        (test("eventName", time(TimePart::Year, Comparison::Greater, 0)), false),
        (Expr::text(Field::anywhere(), TextOp::Contains, Case::Insensitive, ["DOTTED"]), true),
        (Expr::text(Field::anywhere(), TextOp::Contains, Case::Insensitive, ["userIdentity"]), false),
    ]);
}

#[test]
fn indexed_paths_and_elements_for_other_grammars() {
    let is = |value: &str| Test::Text { op: TextOp::Equals, case: Case::Sensitive, values: vec![value.to_owned()] };
    let (parameters, items) = (member("requestParameters"), member("items"));
    let nth = |at| [parameters.clone(), items.clone(), Segment::Index(at), member("type")];
    let element = |kind: &str, arn: &str| Expr::Element {
        of: Field::parse("requestParameters.items"),
        holds: Box::new(Expr::All(vec![equals("type", kind), text("ARN", TextOp::StartsWith, Case::Sensitive, arn)])),
    };
    check(&[
        (indexed(&nth(1), is("AWS::S3::Bucket")), true),
        (indexed(&nth(0), is("AWS::S3::Bucket")), false),
        (indexed(&nth(2), Test::Present), false),
        (indexed(&[parameters.clone(), member("tags")], is("red")), false),
        (indexed(&[parameters.clone(), items.clone(), member("type")], is("AWS::S3::Bucket")), false),
        (indexed(&[parameters, items], Test::Present), true),
        (element("AWS::S3::Object", "arn:aws:s3:::one/"), true),
        (element("AWS::S3::Object", "arn:aws:s3:::two"), false),
        (element("AWS::S3::Bucket", "arn:aws:s3:::two"), true),
    ]);
}

#[test]
fn what_cannot_be_used_is_refused() {
    let cases = [
        ("(a+)+$", ErrorKind::Regex, "exponentially"),
        ("((x{500}){500}){500}", ErrorKind::Regex, "once compiled"),
        ("(?=a)", ErrorKind::Regex, "look-around"),
        ("[a", ErrorKind::Regex, "unclosed"),
        (r"(a)\1", ErrorKind::Regex, "backreferences"),
    ];
    for (pattern, kind, reason) in cases {
        let test = Test::Regex { pattern: pattern.to_owned(), flags: RegexFlags::default() };
        let error = Predicate::compile(&Expr::leaf(Field::parse("eventName"), test)).unwrap_err();
        assert_eq!(error.kind(), kind, "{pattern}");
        assert!(error.to_string().contains(reason) && error.to_string().contains(pattern), "{pattern}: {error}");
    }
}
