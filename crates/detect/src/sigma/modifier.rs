//! A field with its modifiers and values, lowered to a condition.

use predicate::expr::{Case, Comparison, Expr, Field, Pattern, RegexFlags, Test, TextOp, TimePart};
use predicate::{Cidr, Predicate};

use crate::refusal::{Fault, Mark, Parsed};
use crate::sigma::encoding;
use crate::sigma::text::{self, Placeholders};
use crate::yaml::{Node, Yaml};

/// What selections are read with.
pub(crate) struct Reading<'a> {
    /// What placeholders stand for.
    pub placeholders: &'a Placeholders,
    /// Names of values that are no part of the record, by their numbers.
    pub given: &'a [&'a str],
}

impl Reading<'_> {
    /// Returns the field of a name.
    pub(crate) fn field(&self, name: &str) -> Field {
        match self.given.iter().position(|given| *given == name) {
            Some(number) => Field::given(number),
            None => Field::parse(name),
        }
    }
}

/// What the modifiers of a field say together.
#[derive(Debug, Clone, PartialEq)]
struct Modifiers {
    how: How,
    op: TextOp,
    case: Case,
    all: bool,
    negated: bool,
    flags: RegexFlags,
    /// Those that rewrite the value, in their order.
    rewrites: Vec<Rewrite>,
}

/// What kind of comparison is made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Text,
    Exists,
    Regex,
    Cidr,
    Number(Comparison),
    Time(TimePart, Comparison),
    FieldRef,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rewrite {
    Base64,
    Base64Offset,
    Utf16 { big_endian: bool, mark: bool },
    Dashes,
    Expand,
}

/// A value while modifiers rewrite it.
#[derive(Debug, Clone)]
enum Written {
    /// As it stands in the file.
    Raw(String),
    /// Bytes, or text that holds no wildcards.
    Bytes(Vec<u8>),
}

/// Lowers `field|modifier|...: values`. A field without a name is the whole event.
pub(crate) fn lower(key: &str, mark: Mark, value: &Node, reading: &Reading<'_>) -> Parsed<Expr> {
    let mut parts = key.split('|');
    let name = parts.next().unwrap_or_default();
    let keyword = name.is_empty();
    let modifiers =
        Modifiers::parse(parts, keyword).map_err(|reason| Fault::new(mark, format!("`{key}`: {reason}")))?;
    let field = if keyword { Field::anywhere() } else { reading.field(name) };
    let values: Vec<&Node> = match &value.value {
        Yaml::List(nodes) => nodes.iter().collect(),
        Yaml::Map(_) => return Err(Fault::new(value.mark, format!("`{key}` has a map where a value is expected"))),
        _ => vec![value],
    };
    if values.is_empty() {
        return Err(Fault::new(value.mark, format!("`{key}` has an empty list of values")));
    }
    let expr = modifiers.lower(&field, &values, reading).map_err(|fault| match fault.mark.line {
        0 => Fault::new(mark, format!("`{key}`: {}", fault.reason)),
        _ => Fault::new(fault.mark, format!("`{key}`: {}", fault.reason)),
    })?;
    Ok(if modifiers.negated { expr.negated() } else { expr })
}

impl Modifiers {
    fn parse<'a>(names: impl Iterator<Item = &'a str>, keyword: bool) -> Result<Modifiers, String> {
        let mut found = Modifiers {
            how: How::Text,
            op: if keyword { TextOp::Contains } else { TextOp::Equals },
            case: Case::Insensitive,
            all: false,
            negated: false,
            flags: RegexFlags::default(),
            rewrites: Vec::new(),
        };
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if seen.contains(&name) {
                return Err(format!("the modifier `{name}` stands twice"));
            }
            found.add(name)?;
            seen.push(name);
        }
        let bare = found.how != How::Text && found.how != How::FieldRef;
        let has_op = seen.iter().any(|name| matches!(*name, "contains" | "startswith" | "endswith"));
        if bare && (has_op || seen.contains(&"cased")) {
            return Err("`contains`, `startswith`, `endswith` and `cased` are for text only".to_owned());
        }
        let expands_only = found.rewrites.iter().all(|rewrite| *rewrite == Rewrite::Expand);
        if !expands_only && found.how != How::Text {
            return Err("`base64`, `utf16` and `windash` are for text only".to_owned());
        }
        if found.flags != RegexFlags::default() && found.how != How::Regex {
            return Err("`i`, `m` and `s` come after `re` only".to_owned());
        }
        if found.how == How::Exists && (found.all || !found.rewrites.is_empty()) {
            return Err("`exists` goes with no other modifier".to_owned());
        }
        Ok(found)
    }

    fn add(&mut self, name: &str) -> Result<(), String> {
        let comparison = |how: How, with: Comparison| match how {
            How::Text => Ok(How::Number(with)),
            How::Time(part, Comparison::Equal) => Ok(How::Time(part, with)),
            _ => Err(format!("`{name}` does not go with the modifiers before it")),
        };
        match name {
            "contains" => self.op = TextOp::Contains,
            "startswith" => self.op = TextOp::StartsWith,
            "endswith" => self.op = TextOp::EndsWith,
            "all" => self.all = true,
            "cased" => self.case = Case::Sensitive,
            "neq" => self.negated = true,
            "i" => self.flags.insensitive = true,
            "m" => self.flags.multi_line = true,
            "s" => self.flags.dot_all = true,
            "lt" => self.how = comparison(self.how, Comparison::Less)?,
            "lte" => self.how = comparison(self.how, Comparison::LessOrEqual)?,
            "gt" => self.how = comparison(self.how, Comparison::Greater)?,
            "gte" => self.how = comparison(self.how, Comparison::GreaterOrEqual)?,
            "base64" => self.rewrites.push(Rewrite::Base64),
            "base64offset" => self.rewrites.push(Rewrite::Base64Offset),
            "utf16le" | "wide" => self.rewrites.push(Rewrite::Utf16 { big_endian: false, mark: false }),
            "utf16be" => self.rewrites.push(Rewrite::Utf16 { big_endian: true, mark: false }),
            "utf16" => self.rewrites.push(Rewrite::Utf16 { big_endian: false, mark: true }),
            "windash" => self.rewrites.push(Rewrite::Dashes),
            "expand" => self.rewrites.push(Rewrite::Expand),
            _ => {
                let how = match name {
                    "exists" => How::Exists,
                    "re" => How::Regex,
                    "cidr" => How::Cidr,
                    "fieldref" => How::FieldRef,
                    "minute" => How::Time(TimePart::Minute, Comparison::Equal),
                    "hour" => How::Time(TimePart::Hour, Comparison::Equal),
                    "day" => How::Time(TimePart::Day, Comparison::Equal),
                    "week" => How::Time(TimePart::Week, Comparison::Equal),
                    "month" => How::Time(TimePart::Month, Comparison::Equal),
                    "year" => How::Time(TimePart::Year, Comparison::Equal),
                    _ => return Err(format!("the modifier `{name}` is not known")),
                };
                if self.how != How::Text {
                    return Err(format!("`{name}` does not go with the modifiers before it"));
                }
                self.how = how;
            }
        }
        Ok(())
    }

    fn lower(&self, field: &Field, values: &[&Node], reading: &Reading<'_>) -> Parsed<Expr> {
        if self.how == How::Exists {
            let [value] = values else { return Err(unplaced("`exists` takes one value, `true` or `false`")) };
            let absent = Expr::null(field.clone());
            return Ok(if value.boolean("`exists`")? { absent.negated() } else { absent });
        }
        let mut exprs = Vec::new();
        let mut patterns = Vec::new();
        for value in values {
            if value.value == Yaml::Null {
                if self.how != How::Text || self.op != TextOp::Equals || !self.rewrites.is_empty() {
                    return Err(Fault::new(value.mark, "`null` goes with no modifier that changes a comparison"));
                }
                exprs.push(Expr::null(field.clone()));
                continue;
            }
            let text =
                value.scalar_text().ok_or_else(|| Fault::new(value.mark, "a value must be a text or a number"))?;
            let placed = |reason: String| Fault::new(value.mark, reason);
            let written = self.rewrite(text, reading.placeholders).map_err(placed)?;
            if self.how == How::Text {
                let fitting: Vec<Pattern> = written
                    .into_iter()
                    .map(|written| self.pattern(written))
                    .collect::<Result<_, String>>()
                    .map_err(placed)?;
                if self.all { exprs.push(text::fits_any(field, self.case, fitting)) } else { patterns.extend(fitting) }
            } else {
                let tests = written.into_iter().map(|written| match written {
                    Written::Raw(text) => self.test(&text, reading).map(|test| Expr::leaf(field.clone(), test)),
                    Written::Bytes(_) => Err("an encoded value can only be compared as text".to_owned()),
                });
                let mut any = tests.collect::<Result<Vec<Expr>, String>>().map_err(placed)?;
                exprs.push(if any.len() == 1 { any.remove(0) } else { Expr::Any(any) });
            }
        }
        if !patterns.is_empty() || exprs.is_empty() {
            exprs.push(text::fits_any(field, self.case, patterns));
        }
        Ok(match exprs.len() {
            1 => exprs.remove(0),
            _ if self.all => Expr::All(exprs),
            _ => Expr::Any(exprs),
        })
    }

    /// Applies the modifiers that rewrite a value. One value may become several.
    fn rewrite(&self, text: String, placeholders: &Placeholders) -> Result<Vec<Written>, String> {
        let mut values = vec![Written::Raw(text)];
        for rewrite in &self.rewrites {
            let mut next = Vec::new();
            for value in values {
                match (rewrite, value) {
                    (Rewrite::Expand, Written::Raw(text)) => {
                        next.extend(text::expand(&text, placeholders)?.into_iter().map(Written::Raw));
                    }
                    (Rewrite::Dashes, Written::Raw(text)) => {
                        let spellings = encoding::dashes(&text);
                        let spellings =
                            spellings.ok_or_else(|| format!("`{text}` has too many dashes for `windash`"))?;
                        next.extend(spellings.into_iter().map(Written::Raw));
                    }
                    (Rewrite::Expand | Rewrite::Dashes, Written::Bytes(_)) => {
                        return Err("`expand` and `windash` come before an encoding".to_owned());
                    }
                    (Rewrite::Base64, value) => {
                        next.push(Written::Bytes(encoding::base64(&plain_bytes(value)?).into()))
                    }
                    (Rewrite::Base64Offset, value) => {
                        let texts = encoding::base64_offsets(&plain_bytes(value)?);
                        next.extend(texts.into_iter().map(|text| Written::Bytes(text.into())));
                    }
                    (Rewrite::Utf16 { big_endian, mark }, value) => {
                        let text = String::from_utf8(plain_bytes(value)?);
                        let text = text.map_err(|_| "an encoded value cannot become UTF-16".to_owned())?;
                        next.push(Written::Bytes(encoding::utf16(&text, *big_endian, *mark)));
                    }
                }
            }
            values = next;
        }
        Ok(values)
    }

    fn pattern(&self, written: Written) -> Result<Pattern, String> {
        let pattern = match written {
            Written::Raw(text) => text::pattern(&text),
            Written::Bytes(bytes) => {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| "UTF-16 is no text that a field can hold: add `base64`".to_owned())?;
                Pattern(vec![predicate::expr::Piece::Text(text)])
            }
        };
        Ok(text::widened(pattern, self.op))
    }

    fn test(&self, text: &str, reading: &Reading<'_>) -> Result<Test, String> {
        let number = || text.parse::<f64>().map_err(|_| format!("`{text}` is no number"));
        Ok(match self.how {
            How::Regex => {
                let test = Test::Regex { pattern: text.to_owned(), flags: self.flags };
                // Compiled here too, so that one that cannot be used is refused at its own place.
                let compiled = Predicate::compile(&Expr::leaf(Field::anywhere(), test.clone()));
                compiled.map_err(|error| error.to_string())?;
                test
            }
            How::Cidr => Test::Cidr(vec![text.parse::<Cidr>().map_err(|error| error.to_string())?]),
            How::Number(op) => Test::Number { op, value: number()? },
            How::Time(part, op) => {
                let value = text.parse().map_err(|_| format!("`{text}` is no whole number"))?;
                Test::Time { part, op, value }
            }
            How::FieldRef => Test::Field { op: self.op, case: self.case, other: reading.field(text) },
            How::Text | How::Exists => return Err("a value that is not compared".to_owned()),
        })
    }
}

/// A fault whose place the caller knows.
fn unplaced(reason: &str) -> Fault {
    Fault::new(Mark::default(), reason)
}

/// Returns the bytes of a value that has no wildcards.
fn plain_bytes(value: Written) -> Result<Vec<u8>, String> {
    match value {
        Written::Bytes(bytes) => Ok(bytes),
        Written::Raw(text) => {
            let pattern = text::pattern(&text);
            let literal =
                text::literal(&pattern).ok_or_else(|| format!("`{text}` has wildcards, which cannot be encoded"))?;
            Ok(literal.as_bytes().to_vec())
        }
    }
}
