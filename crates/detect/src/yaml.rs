//! YAML documents as trees whose nodes know their places. Bounded in bytes, depth and nodes, aliases counted as copies.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::refusal::{Fault, Mark, Parsed};

/// Most bytes of a rule file.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting in a rule file.
const DEPTH_MAX: usize = 64;
/// Most nodes of a rule file, with every use of an alias counted as a copy.
const NODES_MAX: usize = 200_000;

/// A node of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub mark: Mark,
    pub value: Yaml,
}

/// What a node is. A number keeps its spelling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub mark: Mark,
    pub value: Node,
}

/// Reads all documents of a file. What comes before a fault is given out with it.
pub(crate) fn documents(bytes: &[u8]) -> (Vec<Node>, Option<Fault>) {
    if bytes.len() > FILE_BYTES_MAX {
        let reason = format!("the file has {} bytes, and a rule file may have {FILE_BYTES_MAX}", bytes.len());
        return (Vec::new(), Some(Fault::new(Mark { line: 1, column: 1 }, reason)));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            return (Vec::new(), Some(Fault::new(Mark { line, column: 1 }, "the file is not UTF-8")));
        }
    };
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let taken = match event {
            Ok((event, span)) => loader.take(event, mark_of(span)),
            Err(error) => {
                let mark = Mark { line: error.marker().line(), column: error.marker().col() + 1 };
                Err(Fault::new(mark, format!("the file is no YAML: {}", error.info())))
            }
        };
        if let Err(fault) = taken {
            return (loader.documents, Some(fault));
        }
    }
    (loader.documents, None)
}

fn mark_of(span: Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}

/// Builds trees from the parser's events.
#[derive(Default)]
struct Loader {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value is awaited.
    key: Option<(String, Mark)>,
}

impl Loader {
    fn take(&mut self, event: Event<'_>, mark: Mark) -> Parsed<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = Node { mark, value: node.value.clone() };
                    self.add(node, 0)
                }
                None => Err(Fault::new(mark, "an alias to an anchor that is not known here")),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                let value = if quoted { Yaml::Text(text.into_owned()) } else { plain(text.into_owned()) };
                self.add(Node { mark, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.open(Yaml::List(Vec::new()), mark, anchor),
            Event::MappingStart(anchor, _) => self.open(Yaml::Map(Vec::new()), mark, anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.add(open.node, open.anchor),
                None => Ok(()),
            },
        }
    }

    fn open(&mut self, value: Yaml, mark: Mark, anchor: usize) -> Parsed<()> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Fault::new(mark, format!("nested more than {DEPTH_MAX} levels deep")));
        }
        self.open.push(Open { node: Node { mark, value }, anchor, key: None });
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Parsed<()> {
        self.nodes += count(&node);
        if self.nodes > NODES_MAX {
            return Err(Fault::new(node.mark, format!("more than {NODES_MAX} values, aliases counted as copies")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut open.node.value {
            Yaml::List(nodes) => nodes.push(node),
            Yaml::Map(entries) => match open.key.take() {
                Some((key, mark)) => entries.push(Entry { key, mark, value: node }),
                None => {
                    let key = node.scalar_text().ok_or_else(|| Fault::new(node.mark, "a key that is no plain text"))?;
                    if entries.iter().any(|entry| entry.key == key) {
                        return Err(Fault::new(node.mark, format!("the key `{key}` stands here a second time")));
                    }
                    open.key = Some((key, node.mark));
                }
            },
            _ => {}
        }
        Ok(())
    }
}

/// Counts the nodes that an alias copies; a node that was just built has its parts counted already.
fn count(node: &Node) -> usize {
    match &node.value {
        Yaml::List(nodes) => 1 + nodes.iter().map(count).sum::<usize>(),
        Yaml::Map(entries) => 1 + entries.iter().map(|entry| count(&entry.value)).sum::<usize>(),
        _ => 1,
    }
}

/// Reads a scalar without quotes by the core schema of YAML 1.2: `yes` and `no` are text.
fn plain(text: String) -> Yaml {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Yaml::Null,
        "true" | "True" | "TRUE" => Yaml::Bool(true),
        "false" | "False" | "FALSE" => Yaml::Bool(false),
        _ => {
            let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            if numeric && text.parse::<f64>().is_ok() { Yaml::Number(text) } else { Yaml::Text(text) }
        }
    }
}

impl Node {
    /// Returns a scalar as text; `null` and containers have none.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Yaml::Bool(is) => Some(is.to_string()),
            Yaml::Number(text) | Yaml::Text(text) => Some(text.clone()),
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// Returns the entries of a map.
    pub(crate) fn entries(&self, what: &str) -> Parsed<&[Entry]> {
        match &self.value {
            Yaml::Map(entries) => Ok(entries),
            _ => Err(Fault::new(self.mark, format!("{what} must be a map"))),
        }
    }

    /// Returns the value of a key, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Yaml::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Returns a text that is not empty.
    pub(crate) fn text(&self, what: &str) -> Parsed<String> {
        match self.scalar_text() {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(Fault::new(self.mark, format!("{what} must be a text"))),
        }
    }

    /// Returns the texts of a list, of a single text, or none of `null`.
    pub(crate) fn texts(&self, what: &str) -> Parsed<Vec<(String, Mark)>> {
        match &self.value {
            Yaml::Null => Ok(Vec::new()),
            Yaml::List(nodes) => nodes.iter().map(|node| Ok((node.text(what)?, node.mark))).collect(),
            _ => Ok(vec![(self.text(what)?, self.mark)]),
        }
    }

    /// Returns a Boolean.
    pub(crate) fn boolean(&self, what: &str) -> Parsed<bool> {
        match self.value {
            Yaml::Bool(is) => Ok(is),
            _ => Err(Fault::new(self.mark, format!("{what} must be `true` or `false`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_kind_and_spelling() {
        let cases = [
            ("a: 1.0", Yaml::Number("1.0".to_owned())),
            ("a: NO", Yaml::Text("NO".to_owned())),
            ("a: 'true'", Yaml::Text("true".to_owned())),
            ("a: true", Yaml::Bool(true)),
            ("a:", Yaml::Null),
            ("a: ''", Yaml::Text(String::new())),
            ("a: 2024-01-01", Yaml::Text("2024-01-01".to_owned())),
            ("a: inf", Yaml::Text("inf".to_owned())),
            ("a: !!str 5", Yaml::Text("5".to_owned())),
            ("a: '\\*'", Yaml::Text("\\*".to_owned())),
        ];
        for (text, expect) in cases {
            let (documents, fault) = documents(text.as_bytes());
            assert_eq!(fault, None, "{text}");
            assert_eq!(documents[0].get("a").map(|node| &node.value), Some(&expect), "{text}");
        }
    }

    #[test]
    fn faults_have_places() {
        let deep = format!("a: {}", "[".repeat(100_000));
        let nested = format!("a: {}{}", "[".repeat(70), "]".repeat(70));
        let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]";
        let large = "# ".repeat(FILE_BYTES_MAX);
        let cases: &[(&str, usize, usize, &str)] = &[
            ("a: 1\nb: [1, 2", 0, 3, "no YAML"),
            ("a: 1\n---\nb: 1\na: [}\n", 1, 4, "no YAML"),
            ("a: 1\nb: 2\na: 3\n", 0, 3, "second time"),
            ("a: *x", 0, 1, "no YAML"),
            ("? [a]\n: 1\n", 0, 1, "plain text"),
            (&deep, 0, 1, "recursion limit"),
            (&nested, 0, 1, "levels deep"),
            (bomb, 0, 5, "aliases counted"),
            (&large, 0, 1, "may have"),
        ];
        for (text, before, line, reason) in cases {
            let (documents, fault) = documents(text.as_bytes());
            let fault = fault.unwrap();
            let shown = &text[..text.len().min(40)];
            assert!(fault.reason.contains(reason), "{shown}: {}", fault.reason);
            assert_eq!((documents.len(), fault.mark.line), (*before, *line), "{shown}: {}", fault.reason);
        }
        let (_, fault) = documents(b"a: 1\nb: \xff\n");
        assert_eq!(fault.map(|fault| fault.mark.line), Some(2));
    }
}
