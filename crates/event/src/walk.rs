//! The walk over one record: a single pass that checks the JSON, finds the values of all columns, hashes the content
//! and writes the record's shape.
//!
//! Every byte of a record is looked at once. The walk does not recurse, so depth costs memory only up to
//! [`DEPTH_MAX`](crate::scan::DEPTH_MAX) frames.

use crate::fingerprint::{FingerprintKey, Path};
use crate::members::{Members, ROOT, Target, UNKNOWN};
use crate::scan::{self, DEPTH_MAX, Fault, FaultReason, byte, unexpected};
use crate::schema::Kind;
use crate::shape::HOLE;
use crate::time::EventTime;

/// A column's value: where it stands in the text, or what had to be decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// The bytes from `start` to `end` of the text.
    Span {
        start: usize,
        end: usize,
    },
    /// A string with escapes, decoded.
    Decoded(String),
    Boolean(bool),
    Time(EventTime),
    /// Present, but `null`, or nothing this column can hold.
    Null,
}

/// What one walk found; reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// The columns that are present, in record order, each once.
    pub values: Vec<(u8, Value)>,
    /// The record's text with a hole where a column gives the same bytes back.
    pub shape: String,
    /// Top-level members without a column: from the quote of the name to the end of the value.
    pub unmapped: Vec<(usize, usize)>,
    /// Sum of the hashes of all leaves.
    pub leaves: u128,
    /// Offset just past the record.
    pub end: usize,
}

/// An array or object that the walk is inside of.
#[derive(Debug, Clone, Copy)]
struct Frame {
    path: Path,
    node: u8,
    array: bool,
    elements: u32,
    /// What is to be done with the container's text once it is closed.
    owner: Owner,
    start: usize,
}

/// To whom a value belongs.
#[derive(Debug, Clone, Copy)]
enum Owner {
    /// Nobody: it stays in the shape.
    Shape,
    /// A member of the record itself that has no column; the offset is that of the name.
    Unmapped(usize),
    /// A column.
    Column { column: u8, kind: Kind },
}

/// Walks records; keeps its buffers between them.
#[derive(Debug)]
pub(crate) struct Walker {
    members: Members,
    root: Path,
    /// The one member that is no part of the content: when an event was taken in over a channel. Who sends an event again
    /// because no answer came sends the same event.
    ingestion_time: Path,
    stack: Vec<Frame>,
    /// Bit by column: already has a value.
    seen: u128,
    /// Bit by column: the value came from the second spelling.
    by_alias: u128,
    /// End of what the shape already holds.
    copied: usize,
    use_aliases: bool,
}

/// A column's own spelling came after its second one: the walk starts again, deaf to second spellings.
struct Restart;

impl Walker {
    pub(crate) fn new(key: FingerprintKey) -> Walker {
        Walker {
            members: Members::new(key),
            root: Path::root(key),
            ingestion_time: Path::root(key).member(b"metadata").member(b"ingestionTime"),
            stack: Vec::new(),
            seen: 0,
            by_alias: 0,
            copied: 0,
            use_aliases: true,
        }
    }

    /// Walks the record whose `{` stands at `start`.
    pub(crate) fn walk(&mut self, text: &str, start: usize, out: &mut Walked) -> Result<(), Fault> {
        if byte(text.as_bytes(), start) != b'{' {
            return Err(Fault { at: start, reason: FaultReason::NotObject });
        }
        self.use_aliases = true;
        if let Err(Restart) = self.attempt(text, start, out)? {
            self.use_aliases = false;
            if let Err(Restart) = self.attempt(text, start, out)? {
                unreachable!("without second spellings nothing restarts");
            }
        }
        Ok(())
    }

    fn attempt(&mut self, text: &str, start: usize, out: &mut Walked) -> Result<Result<(), Restart>, Fault> {
        out.values.clear();
        out.shape.clear();
        out.unmapped.clear();
        out.leaves = 0;
        self.stack.clear();
        self.seen = 0;
        self.by_alias = 0;
        self.copied = start;
        self.stack.push(Frame { path: self.root, node: ROOT, array: false, elements: 0, owner: Owner::Shape, start });
        let bytes = text.as_bytes();
        let mut at = scan::skip_blank(bytes, start + 1);
        if byte(bytes, at) == b'}' {
            at = self.close(text, at, out);
        }
        while let Some(frame) = self.stack.last_mut() {
            // Here the next thing is always a member or an element.
            let (path, target, name_start, in_root);
            if frame.array {
                path = frame.path.element(frame.elements);
                frame.elements += 1;
                (target, name_start, in_root) = (None, at, false);
            } else {
                if byte(bytes, at) != b'"' {
                    return Err(unexpected(bytes, at));
                }
                let node = frame.node;
                let parent = frame.path;
                in_root = self.stack.len() == 1;
                name_start = at;
                let name = scan::string(bytes, at)?;
                (path, target) = self.member(text, node, parent, at, name);
                at = scan::skip_blank(bytes, name.end);
                if byte(bytes, at) != b':' {
                    return Err(unexpected(bytes, at));
                }
                at = scan::skip_blank(bytes, at + 1);
            }
            let (owner, node) = match self.claim(target, in_root, name_start) {
                Ok(claimed) => claimed,
                Err(restart) => return Ok(Err(restart)),
            };
            match byte(bytes, at) {
                open @ (b'{' | b'[') => {
                    let array = open == b'[';
                    if self.stack.len() >= DEPTH_MAX {
                        return Err(Fault { at, reason: FaultReason::TooDeep });
                    }
                    self.stack.push(Frame {
                        path,
                        node: if array { UNKNOWN } else { node },
                        array,
                        elements: 0,
                        owner,
                        start: at,
                    });
                    at = scan::skip_blank(bytes, at + 1);
                    if byte(bytes, at) != if array { b']' } else { b'}' } {
                        continue;
                    }
                    self.count(path, || path.leaf(if array { b"[]" } else { b"{}" }), out);
                    at = self.close(text, at, out);
                }
                b'"' => {
                    let string = scan::string(bytes, at)?;
                    self.string(text, at, string, path, owner, out);
                    at = string.end;
                }
                _ => {
                    let end = scan::scalar(bytes, at)?;
                    self.count(path, || path.leaf(&bytes[at..end]), out);
                    self.scalar(text, at, end, owner, out);
                    at = end;
                }
            }
            at = self.after_value(text, at, out)?;
        }
        out.end = at;
        Ok(Ok(()))
    }

    /// Steps over commas and closing brackets to the next member or element, or past the record's end.
    #[inline(always)]
    fn after_value(&mut self, text: &str, mut at: usize, out: &mut Walked) -> Result<usize, Fault> {
        let bytes = text.as_bytes();
        while let Some(frame) = self.stack.last() {
            at = scan::skip_blank(bytes, at);
            let closing = if frame.array { b']' } else { b'}' };
            match byte(bytes, at) {
                b',' => return Ok(scan::skip_blank(bytes, at + 1)),
                found if found == closing => at = self.close(text, at, out),
                _ => return Err(unexpected(bytes, at)),
            }
        }
        Ok(at)
    }

    /// Finds what a member is, and hashes the path to it.
    #[inline(always)]
    fn member(&self, text: &str, node: u8, parent: Path, start: usize, name: scan::Text) -> (Path, Option<Target>) {
        let quoted = &text[start..name.end];
        let bare = &text.as_bytes()[start + 1..name.end - 1];
        if !name.escaped {
            if node != UNKNOWN
                && let Some(member) = self.members.find(node, bare)
            {
                return (member.path, Some(member.target));
            }
            return (parent.member(bare), None);
        }
        match scan::unescape(quoted) {
            Some(decoded) => {
                let known = self.members.find(node, decoded.as_bytes());
                (parent.member(decoded.as_bytes()), known.map(|member| member.target))
            }
            None => (parent.member(bare), None),
        }
    }

    /// Decides to whom the value of a member belongs, and which node it is if it is an object.
    #[inline(always)]
    fn claim(&mut self, target: Option<Target>, in_root: bool, name_start: usize) -> Result<(Owner, u8), Restart> {
        let nobody = if in_root { Owner::Unmapped(name_start) } else { Owner::Shape };
        match target {
            None => Ok((nobody, UNKNOWN)),
            Some(Target::Node(node)) => Ok((Owner::Shape, node)),
            Some(Target::Column { column, kind, alias }) => {
                let bit = 1u128 << column;
                if alias && (!self.use_aliases || self.seen & bit != 0) {
                    return Ok((nobody, UNKNOWN));
                }
                if self.seen & bit != 0 {
                    if self.by_alias & bit != 0 {
                        return Err(Restart);
                    }
                    return Ok((Owner::Shape, UNKNOWN));
                }
                self.seen |= bit;
                if alias {
                    self.by_alias |= bit;
                }
                Ok((Owner::Column { column, kind }, UNKNOWN))
            }
        }
    }

    /// Closes the innermost container; `at` is its closing bracket.
    fn close(&mut self, text: &str, at: usize, out: &mut Walked) -> usize {
        let end = at + 1;
        if let Some(frame) = self.stack.pop() {
            match frame.owner {
                Owner::Shape => {}
                Owner::Unmapped(name_start) => out.unmapped.push((name_start, end)),
                Owner::Column { column, kind: Kind::Json } => self.hole(text, column, frame.start, end, 0, out),
                Owner::Column { column, kind: Kind::Text } => {
                    out.values.push((column, Value::Span { start: frame.start, end }));
                }
                Owner::Column { column, .. } => out.values.push((column, Value::Null)),
            }
        }
        if self.stack.is_empty() {
            out.shape.push_str(&text[self.copied..end]);
        }
        end
    }

    /// Gives the bytes `start..end` to a column and leaves a hole in the shape; `quote` bytes on either side stay.
    #[inline(always)]
    fn hole(&mut self, text: &str, column: u8, start: usize, end: usize, quote: usize, out: &mut Walked) {
        out.values.push((column, Value::Span { start: start + quote, end: end - quote }));
        self.leave_hole(text, start + quote, end - quote, out);
    }

    #[inline(always)]
    fn leave_hole(&mut self, text: &str, start: usize, end: usize, out: &mut Walked) {
        out.shape.push_str(&text[self.copied..start]);
        out.shape.push(HOLE);
        self.copied = end;
    }

    /// Adds a leaf to the content.
    #[inline(always)]
    fn count(&self, path: Path, leaf: impl FnOnce() -> u128, out: &mut Walked) {
        if path != self.ingestion_time {
            out.leaves = out.leaves.wrapping_add(leaf());
        }
    }

    /// Takes a string, which stands with its quotes at `start`.
    #[inline(always)]
    fn string(&mut self, text: &str, start: usize, string: scan::Text, path: Path, owner: Owner, out: &mut Walked) {
        let end = string.end;
        let decoded = if string.escaped { scan::unescape(&text[start..end]) } else { None };
        let leaf = || match &decoded {
            // However its escapes are spelt, the content is the same.
            Some(decoded) => path.leaf_decoded(decoded),
            None => path.leaf(&text.as_bytes()[start..end]),
        };
        self.count(path, leaf, out);
        match owner {
            Owner::Shape => {}
            Owner::Unmapped(name_start) => out.unmapped.push((name_start, end)),
            Owner::Column { column, kind: Kind::Json } => self.hole(text, column, start, end, 0, out),
            Owner::Column { column, kind: Kind::Text } => match decoded {
                None if string.escaped => out.values.push((column, Value::Span { start: start + 1, end: end - 1 })),
                None => self.hole(text, column, start, end, 1, out),
                Some(decoded) => {
                    if scan::is_canonical(&text[start..end], &decoded) {
                        self.leave_hole(text, start + 1, end - 1, out);
                    }
                    out.values.push((column, Value::Decoded(decoded)));
                }
            },
            Owner::Column { column, kind: Kind::Boolean } => {
                let value = match &text[start + 1..end - 1] {
                    "true" => Value::Boolean(true),
                    "false" => Value::Boolean(false),
                    _ => Value::Null,
                };
                out.values.push((column, value));
            }
            Owner::Column { column, kind: Kind::Time } => {
                let inner = decoded.as_deref().unwrap_or(&text[start + 1..end - 1]);
                let value = match EventTime::parse(inner) {
                    Some(time) => {
                        if !string.escaped && time.prints_as(inner) {
                            self.leave_hole(text, start + 1, end - 1, out);
                        }
                        Value::Time(time)
                    }
                    None => Value::Null,
                };
                out.values.push((column, value));
            }
        }
    }

    /// Takes a number, `true`, `false` or `null`.
    #[inline(always)]
    fn scalar(&mut self, text: &str, start: usize, end: usize, owner: Owner, out: &mut Walked) {
        let is_null = byte(text.as_bytes(), start) == b'n';
        match owner {
            Owner::Shape => {}
            Owner::Unmapped(name_start) => out.unmapped.push((name_start, end)),
            Owner::Column { column, .. } if is_null => out.values.push((column, Value::Null)),
            Owner::Column { column, kind: Kind::Json } => self.hole(text, column, start, end, 0, out),
            Owner::Column { column, kind: Kind::Text } => out.values.push((column, Value::Span { start, end })),
            Owner::Column { column, kind: Kind::Boolean } => match &text[start..end] {
                literal @ ("true" | "false") => {
                    out.values.push((column, Value::Boolean(literal == "true")));
                    self.leave_hole(text, start, end, out);
                }
                _ => out.values.push((column, Value::Null)),
            },
            Owner::Column { column, kind: Kind::Time } => out.values.push((column, Value::Null)),
        }
    }
}
