//! Streams of messages and what is cut out of them.

use super::*;

/// Takes all messages of a content that comes in pieces of `piece` bytes.
fn messages(content: &str, piece: usize) -> Vec<String> {
    let mut messages = Messages::new(64);
    let (mut from, mut to, mut found) = (0, 0, Vec::new());
    loop {
        let is_last = to == content.len();
        match messages.step(&content.as_bytes()[from..to], is_last) {
            Step::Message { text, is_cut, used } => {
                let mark = if is_cut { "…" } else { "" };
                found.push(format!("{}{mark}", String::from_utf8_lossy(text)));
                from += used;
            }
            Step::Skip(used) => from += used,
            Step::More => {
                assert!(!is_last, "{content:?} has an end");
                to = (to + piece).min(content.len());
            }
            Step::End => return found,
        }
    }
}

#[test]
fn contents() {
    let long = "x".repeat(70);
    let in_array = format!("[{{\"a\":1}},{{\"a\":\"{long}\"}},{{\"a\":3}}]");
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("{\"a\":1}\n", &["{\"a\":1}"]),
        ("{\"a\":1}\n\n", &["{\"a\":1}", ""]),
        ("{\"a\":1}\r\n\r\n{\"b\":2}", &["{\"a\":1}", "", "{\"b\":2}"]),
        ("\u{feff}{\"a\":1}\n  \nno json\n", &["{\"a\":1}", "", "no json"]),
        ("{\n \"a\": {}\n}\n{\"b\":2}\n", &["{\n \"a\": {}\n}", "{\"b\":2}"]),
        ("{\"a\": {\"x\": 1}\n}\n", &["{\"a\": {\"x\": 1}\n}"]),
        ("{\"a\":\"\n{\"b\":2}\n", &["{\"a\":\"", "{\"b\":2}"]),
        ("{\"a\":1,\n{\"b\":2}\n", &["{\"a\":1,", "{\"b\":2}"]),
        (
            "{\"Records\":[{\"a\":1},{\"a\":\"]}\"} , 7 ]}\n{\"b\":2}",
            &["{\"a\":1}", "{\"a\":\"]}\"}", "7", "{\"b\":2}"],
        ),
        ("{\"x\":[1],\"Records\":[],\"y\":{}}", &[]),
        ("\n{ \"Records\" : [\n {\"a\":1}\n]}\n", &["", "{\"a\":1}"]),
        ("[{\"a\":1},\n{\"a\":2}]\n", &["{\"a\":1}", "{\"a\":2}"]),
        ("{\"eventName\":\"x\",\"y\":{\"Records\":[1]}}", &["{\"eventName\":\"x\",\"y\":{\"Records\":[1]}}"]),
        ("{\"Records\":[{\"a\":1},{\"a\":{},{\"a\":3}", &["{\"a\":1}", "{\"a\":{}", "{\"a\":3}"]),
        ("{\"Records\":[{\"a\":1},{\"a\":\"2", &["{\"a\":1}", "{\"a\":\"2"]),
        (
            &in_array,
            &["{\"a\":1}", "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…", "{\"a\":3}"],
        ),
        (&long, &["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"]),
    ];
    for (content, expect) in cases {
        for piece in [1, 3, 1000] {
            assert_eq!(messages(content, piece), *expect, "{content:?} in pieces of {piece}");
        }
    }
}

#[test]
fn forms() {
    let cases = [
        ("{\"eventVersion\":\"1.08\",\"detail\":{}}", Form::Messages),
        ("{\"Records\":[", Form::Messages),
        ("{\"awsAccountId\":\"1\"}", Form::Messages),
        ("no json", Form::Messages),
        ("2024 was a good year {", Form::Messages),
        ("", Form::Messages),
        ("{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}", Form::Envelopes),
        ("{\"version\":\"0\",\"id\":\"x\",\"detail-type\":\"AWS API Call via CloudTrail\"", Form::Envelopes),
        ("{\"Events\":[{\"EventId\":\"x\"}]}", Form::Envelopes),
        ("2024-01-02T03:04:05.000Z {\"eventVersion\":\"1.08\"}", Form::Envelopes),
    ];
    for (head, expect) in cases {
        assert_eq!(form(head.as_bytes()), expect, "{head}");
    }
}

#[test]
fn digests() {
    let cases = [
        ("{\"awsAccountId\":\"1\",\"digestStartTime\":\"x\"}", true),
        ("{\"eventVersion\":\"1\",\"digestStartTime\":\"x\"}", false),
        ("{\"awsAccountId\":\"1\"}", false),
        ("", false),
        ("[1]", false),
    ];
    for (text, expect) in cases {
        assert_eq!(is_digest(text.as_bytes()), expect, "{text}");
    }
}
