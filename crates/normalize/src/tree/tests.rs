//! Trees against what serde_json reads.

use proptest::prelude::*;

use super::scan::FaultReason;
use super::*;

const RULES: Rules = Rules { depth_max: 8, duplicates: false };

#[test]
fn refuses_what_is_not_json() {
    let cases = [
        ("", None),
        (" \n", None),
        ("{}", None),
        (r#" {"a" : [1, -2.5e+3, true, false, null, "x\u00e9\n"]} "#, None),
        ("[[[[[[[[]]]]]]]]", None),
        ("[[[[[[[[[]]]]]]]]]", Some(FaultReason::TooDeep)),
        ("{", Some(FaultReason::Truncated)),
        (r#"{"a"#, Some(FaultReason::Truncated)),
        (r#"{"a":"#, Some(FaultReason::Truncated)),
        (r#"{"a":1"#, Some(FaultReason::Truncated)),
        (r#"{"a":1,}"#, Some(FaultReason::Unexpected)),
        ("[1,]", Some(FaultReason::Unexpected)),
        ("[1}", Some(FaultReason::Unexpected)),
        ("{} {}", Some(FaultReason::Unexpected)),
        ("nul", Some(FaultReason::Truncated)),
        ("nulL", Some(FaultReason::Unexpected)),
        ("01", Some(FaultReason::Number)),
        ("1.", Some(FaultReason::Truncated)),
        ("-x", Some(FaultReason::Number)),
        ("\"a\u{1}\"", Some(FaultReason::Control)),
        (r#""\x""#, Some(FaultReason::Escape)),
        (r#""\u12"#, Some(FaultReason::Truncated)),
        (r#"{"a":1,"b":2,"a":3}"#, Some(FaultReason::Duplicate)),
        (r#"{"a":1,"\u0061":3}"#, Some(FaultReason::Duplicate)),
    ];
    for (text, expect) in cases {
        let found = Arena::default().parse(text, RULES).err().map(|fault| fault.reason);
        assert_eq!(found, expect, "{text}");
    }
}

#[test]
fn many_members_are_compared_as_well() {
    let members: Vec<String> = (0..200).map(|nth| format!(r#""name{nth}":{nth}"#)).collect();
    let with = |more: &str| format!("{{{}{more}}}", members.join(","));
    assert!(Arena::default().parse(&with(""), RULES).is_ok());
    assert!(Arena::default().parse(&with(r#","name7":0"#), RULES).is_err());
    assert!(Arena::default().parse(&with(r#","name199":0"#), RULES).is_err());
}

#[test]
fn what_says_nothing_is_dropped() {
    let text = r#"{"a":null,"b":"","c":"-","d":"none","e":[null,{}],"f":"None","g":0,"h":false,"i":"\u002d"}"#;
    let mut arena = Arena::default();
    let tree = arena.parse(text, RULES).unwrap().unwrap();
    let kept: Vec<_> = tree.children(ROOT).filter(|child| tree.is_kept(*child)).map(|child| tree.name(child)).collect();
    assert_eq!(kept, ["f", "g", "h"]);
}

#[test]
fn a_moved_member_is_gone() {
    let mut arena = Arena::default();
    let tree = arena.parse(r#"{"a":{"b":"x"},"c":{"d":1,"e":2}}"#, RULES).unwrap().unwrap();
    let moved = tree.without(tree.at(ROOT, "a.b").unwrap());
    assert!(moved.member(ROOT, "a").is_none());
    let moved = tree.without(tree.at(ROOT, "c.d").unwrap());
    assert!(moved.at(ROOT, "c.d").is_none() && moved.at(ROOT, "c.e").is_some());
    assert!(!moved.is_tidy(moved.member(ROOT, "c").unwrap()));
}

#[test]
fn strings_are_decoded() {
    let cases = [
        (r"plain", "plain"),
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r"\u00e9\ud83d\ude00!", "é😀!"),
        (r"\ud83d!", "\u{fffd}!"),
        (r"\ude00\ud83d\u0041", "\u{fffd}\u{fffd}A"),
    ];
    for (raw, expect) in cases {
        assert_eq!(scan::unescape(raw), expect, "{raw}");
    }
}

/// Texts that are JSON, or nearly.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"".to_owned()),
        Just(" ".to_owned()),
        Just("\"a\":1".to_owned()),
        Just("null".to_owned()),
        "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
        "\"[a-z\\\\u0-9é]{0,6}\"",
    ];
    proptest::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn agrees_with_serde_json(text in nearly_json()) {
        let mut arena = Arena::default();
        let rules = Rules { depth_max: 100, duplicates: true };
        let ours = arena.parse(&text, rules);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (ours, theirs) {
            (Ok(Some(tree)), Ok(_)) => prop_assert_eq!(tree.raw(ROOT), text.trim()),
            (Ok(None), Err(_)) => prop_assert!(text.trim().is_empty()),
            (Err(_), Err(_)) => {}
            // serde_json refuses numbers beyond f64 and half a surrogate pair; a reader of records must not.
            (Ok(Some(_)), Err(error)) => {
                let said = error.to_string();
                prop_assert!(said.contains("out of range") || said.contains("escape") || said.contains("surrogate"), "{}: {}", text, said);
            }
            (ours, theirs) => prop_assert!(false, "{:?}: {:?} {:?}", text, ours.is_ok(), theirs.is_ok()),
        }
    }
}
