//! From text to nodes, in one pass and without recursion, so that no nesting can exhaust the stack.

use super::scan::{self, Fault, FaultReason, byte, unexpected};
use super::{Kind, NOWHERE, Node, NodeId, Rules, Span, Tree};

/// A list or an object that is open.
#[derive(Debug)]
pub(super) struct Frame {
    id: NodeId,
    is_object: bool,
    /// Whether a child is kept by a clean-up.
    kept: bool,
    /// Whether all children so far are tidy and no white space was met.
    tidy: bool,
    children: u32,
    /// One bit for each name so far, by its hash.
    names: u64,
    /// Whether names have to be compared decoded, or are too many for `names`.
    compare_at_end: bool,
}

/// Beyond so many members the bits of [`Frame::names`] are too full to tell names apart.
const NAMES_BY_BITS_MAX: u32 = 48;

pub(super) struct Parser<'p> {
    pub text: &'p str,
    pub rules: Rules,
    pub nodes: &'p mut Vec<Node>,
    pub open: &'p mut Vec<Frame>,
    pub has_space: &'p mut bool,
}

#[derive(Clone, Copy, Default)]
struct Name {
    span: Span,
    escaped: bool,
}

impl Parser<'_> {
    /// Parses the value that the text begins with, and returns the offset behind it. Without a value no node
    /// is made.
    pub(super) fn value_at_start(mut self) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        let mut at = scan::skip_blank(bytes, 0);
        if at == bytes.len() {
            return Ok(at);
        }
        let mut name = Name::default();
        loop {
            let opened;
            (at, opened) = self.value(at, name)?;
            if opened {
                at = self.blank(at);
                let close = if self.is_in_object() { b'}' } else { b']' };
                if byte(bytes, at) != close {
                    (at, name) = self.name(at)?;
                    continue;
                }
            }
            loop {
                if self.open.is_empty() {
                    return Ok(at);
                }
                at = self.blank(at);
                match (byte(bytes, at), self.is_in_object()) {
                    (b',', _) => {
                        at = self.blank(at + 1);
                        (at, name) = self.name(at)?;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        at += 1;
                        self.close(at)?;
                    }
                    _ => return Err(unexpected(bytes, at)),
                }
            }
        }
    }

    fn is_in_object(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.is_object)
    }

    /// Skips white space, which makes the container around it untidy.
    #[inline]
    fn blank(&mut self, at: usize) -> usize {
        let end = scan::skip_blank(self.text.as_bytes(), at);
        if end != at
            && let Some(frame) = self.open.last_mut()
        {
            frame.tidy = false;
            *self.has_space = true;
        }
        end
    }

    /// Takes the name at `at` and its colon, if an object is open.
    #[inline]
    fn name(&mut self, at: usize) -> Result<(usize, Name), Fault> {
        if !self.is_in_object() {
            return Ok((at, Name::default()));
        }
        let bytes = self.text.as_bytes();
        if byte(bytes, at) != b'"' {
            return Err(unexpected(bytes, at));
        }
        let (end, escaped) = scan::string(bytes, at + 1)?;
        let name = Name { span: span(at + 1, end), escaped };
        let colon = self.blank(end + 1);
        if byte(bytes, colon) != b':' {
            return Err(unexpected(bytes, colon));
        }
        if !self.rules.duplicates {
            self.note(name, at)?;
        }
        Ok((self.blank(colon + 1), name))
    }

    /// Looks for a sibling of the same name, if there may be one.
    #[inline]
    fn note(&mut self, name: Name, at: usize) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let Some(frame) = self.open.last_mut() else { return Ok(()) };
        frame.compare_at_end |= name.escaped || frame.children >= NAMES_BY_BITS_MAX;
        if frame.compare_at_end {
            return Ok(());
        }
        let spelled = bytes.get(name.span.start as usize..name.span.end as usize).unwrap_or_default();
        let bit = 1u64 << (bit_of(spelled) & 63);
        let seen = frame.names & bit != 0;
        frame.names |= bit;
        if seen {
            let mut sibling = frame.id + 1;
            while let Some(node) = self.nodes.get(sibling as usize) {
                if bytes.get(node.name.start as usize..node.name.end as usize) == Some(spelled) {
                    return Err(Fault { at, reason: FaultReason::Duplicate });
                }
                sibling = node.after;
            }
        }
        Ok(())
    }

    /// Takes a value of one token, or opens a list or an object. Returns where to go on, and whether one was opened.
    #[inline]
    fn value(&mut self, at: usize, name: Name) -> Result<(usize, bool), Fault> {
        let bytes = self.text.as_bytes();
        let (kind, end, escaped) = match byte(bytes, at) {
            b'"' => {
                let (end, escaped) = scan::string(bytes, at + 1)?;
                (Kind::String, end + 1, escaped)
            }
            b'{' => return self.open(Kind::Object, at, name),
            b'[' => return self.open(Kind::List, at, name),
            b't' => (Kind::Bool, scan::literal(bytes, at, b"true")?, false),
            b'f' => (Kind::Bool, scan::literal(bytes, at, b"false")?, false),
            b'n' => (Kind::Null, scan::literal(bytes, at, b"null")?, false),
            b'-' | b'0'..=b'9' => (Kind::Number, scan::number(bytes, at)?, false),
            _ => return Err(unexpected(bytes, at)),
        };
        let blank = match kind {
            Kind::Null => true,
            Kind::String => says_nothing(bytes.get(at + 1..end - 1).unwrap_or_default(), escaped),
            _ => false,
        };
        self.nodes.push(Node {
            name: name.span,
            value: span(at, end),
            after: self.nodes.len() as NodeId + 1,
            kind,
            name_escaped: name.escaped,
            value_escaped: escaped,
            blank,
            tidy: !blank,
        });
        if let Some(frame) = self.open.last_mut() {
            frame.add(blank, !blank);
        }
        Ok((end, false))
    }

    fn open(&mut self, kind: Kind, at: usize, name: Name) -> Result<(usize, bool), Fault> {
        if self.open.len() >= self.rules.depth_max {
            return Err(Fault { at, reason: FaultReason::TooDeep });
        }
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node {
            name: name.span,
            value: span(at, at),
            after: NOWHERE,
            kind,
            name_escaped: name.escaped,
            value_escaped: false,
            blank: true,
            tidy: false,
        });
        self.open.push(Frame {
            id,
            is_object: kind == Kind::Object,
            kept: false,
            tidy: true,
            children: 0,
            names: 0,
            compare_at_end: false,
        });
        Ok((at + 1, true))
    }

    /// Closes the innermost container, which ends at `end`.
    fn close(&mut self, end: usize) -> Result<(), Fault> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let after = self.nodes.len() as NodeId;
        let (blank, tidy) = (!frame.kept, frame.tidy && frame.kept);
        if let Some(node) = self.nodes.get_mut(frame.id as usize) {
            node.value.end = end as u32;
            node.after = after;
            node.blank = blank;
            node.tidy = tidy;
        }
        if frame.compare_at_end {
            let tree = Tree { text: self.text, nodes: self.nodes, moved: NOWHERE, has_space: true };
            if super::has_duplicates(tree.children(frame.id).map(|child| tree.name(child))) {
                return Err(Fault { at: end, reason: FaultReason::Duplicate });
            }
        }
        if let Some(parent) = self.open.last_mut() {
            parent.add(blank, tidy);
        }
        Ok(())
    }
}

impl Frame {
    #[inline]
    fn add(&mut self, blank: bool, tidy: bool) {
        self.children += 1;
        self.kept |= !blank;
        self.tidy &= tidy;
    }
}

/// Spreads names by what they differ in most.
#[inline]
fn bit_of(name: &[u8]) -> usize {
    let first = byte(name, 0) as usize;
    let middle = byte(name, name.len() / 2) as usize;
    let last = byte(name, name.len().wrapping_sub(1)) as usize;
    name.len() + first * 5 + middle * 3 + last * 17
}

/// Longest spelling of a string that says nothing: `none` with each letter escaped.
const NOTHING_BYTES_MAX: usize = 4 * 6;

/// Tells the strings that the first clean-up drops.
#[inline]
fn says_nothing(raw: &[u8], escaped: bool) -> bool {
    if !escaped {
        return matches!(raw, b"" | b"-" | b"none");
    }
    raw.len() <= NOTHING_BYTES_MAX
        && str::from_utf8(raw).is_ok_and(|raw| matches!(scan::unescape(raw).as_str(), "" | "-" | "none"))
}

#[inline]
fn span(start: usize, end: usize) -> Span {
    // The arena takes no text whose offsets do not fit.
    Span { start: start as u32, end: end as u32 }
}
