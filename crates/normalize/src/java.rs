//! How Java prints what JSON holds: the integration's text fields are its `toString`.
//!
//! Text is written as the inside of a JSON string. What stands in the record is escaped already, so names and strings
//! are copied as they are. Sources: Java SE API, `AbstractMap.toString`, `AbstractCollection.toString`,
//! `Double.toString`; the order of `HashMap` is that of its table, by the hash of `String.hashCode` folded in half.

use crate::tree::{Kind, NodeId, Tree, scan};

/// Slots of a new table.
const TABLE_MIN: usize = 16;

/// Writes values; keeps its scratch between them.
#[derive(Debug, Default)]
pub(crate) struct Java {
    /// Bucket and place of each member of the objects that are being written, the innermost last.
    order: Vec<u64>,
    members: Vec<NodeId>,
}

impl Java {
    /// Writes a value that a clean-up has left.
    pub(crate) fn write(&mut self, tree: Tree<'_>, id: NodeId, out: &mut Vec<u8>) {
        match tree.kind(id) {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Bool => out.extend_from_slice(tree.raw(id).as_bytes()),
            Kind::Number => out.extend_from_slice(number(tree.raw(id)).as_bytes()),
            Kind::String => out.extend_from_slice(tree.raw_string(id).unwrap_or_default().as_bytes()),
            Kind::List => {
                out.push(b'[');
                for (nth, element) in tree.elements(id).enumerate() {
                    if nth > 0 {
                        out.extend_from_slice(b", ");
                    }
                    self.write(tree, element, out);
                }
                out.push(b']');
            }
            Kind::Object => {
                out.push(b'{');
                self.write_members(tree, id, out);
                out.push(b'}');
            }
        }
    }

    fn write_members(&mut self, tree: Tree<'_>, id: NodeId, out: &mut Vec<u8>) {
        let (first, first_member) = (self.order.len(), self.members.len());
        // Members that a clean-up drops had their part in the size of the table.
        self.members.extend(tree.children(id));
        let table = table_size(self.members.len() - first_member);
        for nth in first_member..self.members.len() {
            let Some(member) = self.members.get(nth).copied() else { break };
            if tree.is_kept(member) {
                let bucket = bucket(hash_of(tree, member), table);
                self.order.push((u64::from(bucket) << 32) | (nth - first_member) as u64);
            }
        }
        if let Some(order) = self.order.get_mut(first..) {
            order.sort_unstable();
        }
        let end = self.order.len();
        for nth in first..end {
            let place = self.order.get(nth).map_or(0, |key| (*key as u32) as usize);
            let Some(member) = self.members.get(first_member + place).copied() else { break };
            if nth > first {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(tree.raw_name(member).as_bytes());
            out.push(b'=');
            self.write(tree, member, out);
        }
        self.order.truncate(first);
        self.members.truncate(first_member);
    }
}

/// Puts texts into the order in which a `HashMap` gives them out; `texts` stand in the order of insertion.
pub(crate) fn hash_map_order(texts: &[String]) -> Vec<usize> {
    let table = table_size(texts.len());
    let mut order: Vec<(u32, usize)> =
        texts.iter().enumerate().map(|(nth, text)| (bucket(hash(text), table), nth)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, nth)| nth).collect()
}

/// Slots of a table after so many insertions: it doubles when it is more than three quarters full.
fn table_size(members: usize) -> usize {
    let mut size = TABLE_MIN;
    while members > size / 4 * 3 {
        size *= 2;
    }
    size
}

fn bucket(hash: u32, table: usize) -> u32 {
    (hash ^ (hash >> 16)) & (table as u32).wrapping_sub(1)
}

fn hash_of(tree: Tree<'_>, id: NodeId) -> u32 {
    let raw = tree.raw_name(id).as_bytes();
    if raw.iter().all(|byte| byte.is_ascii() && *byte != b'\\') {
        return raw.iter().fold(0, |hash, byte| step(hash, u16::from(*byte)));
    }
    hash(&tree.name(id))
}

/// `String.hashCode`.
fn hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, step)
}

#[inline]
fn step(hash: u32, unit: u16) -> u32 {
    hash.wrapping_mul(31).wrapping_add(u32::from(unit))
}

/// Prints a number as Java prints what its JSON readers make of it: integers as they are, all others as `double`.
pub(crate) fn number(raw: &str) -> String {
    if !raw.contains(['.', 'e', 'E']) {
        return if raw == "-0" { "0".to_owned() } else { raw.to_owned() };
    }
    raw.parse().map_or_else(|_| raw.to_owned(), double)
}

/// `Double.toString`, as of JDK 19: the shortest digits that give the number back.
fn double(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    // Rust's digits are the shortest as well; only the form differs.
    if (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => text,
    }
}

/// Returns the length of a text in UTF-16 units; the text is given as the inside of a JSON string.
pub(crate) fn utf16_units(escaped: &str) -> usize {
    if escaped.contains('\\') { scan::unescape(escaped).encode_utf16().count() } else { escaped.encode_utf16().count() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Arena, ROOT, Rules};

    #[test]
    fn prints_as_java_does() {
        let cases = [
            (r#"{"a":1}"#, "{a=1}"),
            // The buckets of one-letter names are their codes modulo 16: "q" (113) comes before "b" (98).
            (r#"{"b":1,"q":[true,"x y"]}"#, "{q=[true, x y], b=1}"),
            (r#"{"b":1,"r":null,"B":2}"#, "{b=1, B=2}"),
            (r#"{"n":1.0,"m":1e10,"l":0.5,"k":-0,"j":1e-5}"#, "{j=1.0E-5, k=0, l=0.5, m=1.0E10, n=1.0}"),
            (r#"{"a":{"b":["\"q\"\n"]}}"#, r#"{a={b=[\"q\"\n]}}"#),
            (r#"[{},{"a":""},"none","None"]"#, "[None]"),
            (r#""text""#, "text"),
        ];
        for (json, expect) in cases {
            assert_eq!(printed(json), expect, "{json}");
        }
    }

    #[test]
    fn the_table_grows_with_all_names() {
        // "P" (80) and "a" (97): buckets 0 and 1 of 16 slots, 16 and 1 of 32.
        let with = |dropped: usize| {
            let dropped: String = (0..dropped).map(|nth| format!(r#","x{nth}":null"#)).collect();
            printed(&format!(r#"{{"P":1,"a":2{dropped}}}"#))
        };
        assert_eq!(with(10), "{P=1, a=2}");
        assert_eq!(with(11), "{a=2, P=1}");
    }

    #[test]
    fn numbers() {
        let cases = [
            ("100", "100"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("2.0", "2.0"),
            ("2.50", "2.5"),
            ("1e2", "100.0"),
            ("1.0E7", "1.0E7"),
            ("9999999.5", "9999999.5"),
            ("0.001", "0.001"),
            ("0.00099", "9.9E-4"),
            ("-12345678.25", "-1.234567825E7"),
            ("-0.0", "-0.0"),
            ("1e999", "Infinity"),
        ];
        for (raw, expect) in cases {
            assert_eq!(number(raw), expect, "{raw}");
        }
    }

    #[test]
    fn lengths_are_those_of_utf_16() {
        for (text, expect) in [("abc", 3), ("é", 1), ("😀", 2), (r"\n\u00e9", 2), (r"\ud83d\ude00", 2)] {
            assert_eq!(utf16_units(text), expect, "{text}");
        }
    }

    fn printed(json: &str) -> String {
        let mut arena = Arena::default();
        let tree = arena.parse(json, Rules { depth_max: 10, duplicates: false }).unwrap().unwrap();
        let mut out = Vec::new();
        Java::default().write(tree, ROOT, &mut out);
        String::from_utf8(out).unwrap()
    }
}
