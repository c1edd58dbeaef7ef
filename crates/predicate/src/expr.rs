//! The tree that every grammar lowers to. Nothing in it is implied: a leaf says itself how it compares.

use crate::cidr::Cidr;

/// A condition on one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every part holds; true if there is none.
    All(Vec<Expr>),
    /// At least one part holds; false if there is none.
    Any(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// A test of a field.
    Leaf(Leaf),
    /// One element of the array at a field (or the object there) meets the whole expression, whose fields are relative
    /// to the element.
    Element {
        /// Where the array stands.
        of: Field,
        /// What one element must meet.
        holds: Box<Expr>,
    },
}

/// A test of the values at a field: one of them has to pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Where to look.
    pub field: Field,
    /// What to look for.
    pub test: Test,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The field is absent or JSON `null`. An array is never null, nor is an object.
    Null,
    /// The field is there, JSON `null` included.
    Present,
    /// The value's text against literal values: one is enough. An object or array is compared as compact JSON.
    Text {
        /// How they are compared.
        op: TextOp,
        /// Whether ASCII case counts.
        case: Case,
        /// The literals: no character in them is a wildcard.
        values: Vec<String>,
    },
    /// The value's whole text against patterns with wildcards.
    Like {
        /// Whether ASCII case counts.
        case: Case,
        /// The patterns: one is enough.
        patterns: Vec<Pattern>,
    },
    /// A regular expression found anywhere in the value's text.
    Regex {
        /// In the syntax of the crate `regex`.
        pattern: String,
        /// How it is read.
        flags: RegexFlags,
    },
    /// The value is an address in one of the networks.
    Cidr(Vec<Cidr>),
    /// The value, read as a number, against a number. A value that is no number never passes.
    Number {
        /// How they are compared.
        op: Comparison,
        /// The right-hand side.
        value: f64,
    },
    /// A part of the value, read as a time in UTC, against a number.
    Time {
        /// The part.
        part: TimePart,
        /// How they are compared.
        op: Comparison,
        /// The right-hand side.
        value: i64,
    },
    /// The value's text against the text of another field; an absent or null field never passes.
    Field {
        /// How they are compared.
        op: TextOp,
        /// Whether ASCII case counts.
        case: Case,
        /// The other field, on the right-hand side.
        other: Field,
    },
}

/// How a value's text is compared with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// The whole text.
    Equals,
    /// Its start.
    StartsWith,
    /// Its end.
    EndsWith,
    /// Any part of it.
    Contains,
}

/// Whether the case of ASCII letters counts. Other letters always count as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Case {
    /// `A` is not `a`.
    Sensitive,
    /// `A` is `a`.
    Insensitive,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

impl Comparison {
    /// Returns true if `left` stands so to `right`.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

/// How a regular expression is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegexFlags {
    /// Letters match in either case.
    pub insensitive: bool,
    /// `^` and `$` match at every line.
    pub multi_line: bool,
    /// `.` matches a line's end too.
    pub dot_all: bool,
}

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// 1 to 53, as ISO 8601 counts weeks.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

/// A pattern for a whole text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(pub Vec<Piece>);

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// These characters.
    Text(String),
    /// Exactly one character, whatever it is.
    One,
    /// Any number of characters.
    Run,
}

/// Where a value stands: a path of member names from the record down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    pub(crate) place: Place,
    pub(crate) arrays: Arrays,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A path in the record; empty for the record, or the element, itself.
    Path(Vec<Segment>),
    /// Every value of the record at any depth, but no names.
    Anywhere,
    /// A value that the caller gives beside the event, by its number.
    Given(usize),
    /// The event's category.
    Category,
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// The member of that name.
    Member(String),
    /// The element at that place, from 0.
    Index(usize),
}

/// What arrays mean on the way to a value and at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrays {
    /// A path goes through arrays, any element may pass, and containers count as compact JSON: Sigma's rule.
    Walked,
    /// Only an index enters an array, and a container never passes a comparison: the rule of filter patterns.
    Indexed,
}

impl Field {
    /// Returns the field at a path of names joined by dots, such as `userIdentity.arn`; arrays are walked. A member
    /// whose own name holds dots is found too.
    pub fn parse(path: &str) -> Field {
        let segments = path.split('.').map(|name| Segment::Member(name.to_owned())).collect();
        Field::at(segments, Arrays::Walked)
    }

    /// Returns the field at a path of segments.
    pub fn at(path: Vec<Segment>, arrays: Arrays) -> Field {
        Field { place: Place::Path(path), arrays }
    }

    /// Returns the number of a value that the caller gives, if the field is one.
    pub fn given_number(&self) -> Option<usize> {
        match self.place {
            Place::Given(number) => Some(number),
            Place::Path(_) | Place::Anywhere | Place::Category => None,
        }
    }

    /// Returns the field that stands for every value of the record at any depth.
    pub fn anywhere() -> Field {
        Field { place: Place::Anywhere, arrays: Arrays::Walked }
    }

    /// Returns the field that holds the event's category: `eventCategory`, or what follows from the rest of the record
    /// where it says none, as the column of the lake has it.
    pub fn category() -> Field {
        Field { place: Place::Category, arrays: Arrays::Walked }
    }

    /// Returns a value that is no part of the record: the caller gives it with each event (see
    /// [`Given`](crate::Given)).
    pub fn given(number: usize) -> Field {
        Field { place: Place::Given(number), arrays: Arrays::Walked }
    }
}

impl Expr {
    /// Returns the leaf that tests a field.
    pub fn leaf(field: Field, test: Test) -> Expr {
        Expr::Leaf(Leaf { field, test })
    }

    /// Returns the leaf that compares a field's text with literals.
    pub fn text<S: Into<String>>(field: Field, op: TextOp, case: Case, values: impl IntoIterator<Item = S>) -> Expr {
        Expr::leaf(field, Test::Text { op, case, values: values.into_iter().map(Into::into).collect() })
    }

    /// Returns the leaf that a field meets which is absent or null.
    pub fn null(field: Field) -> Expr {
        Expr::leaf(field, Test::Null)
    }

    /// Returns the opposite.
    pub fn negated(self) -> Expr {
        Expr::Not(Box::new(self))
    }

    /// Returns the expression that always holds.
    pub fn always() -> Expr {
        Expr::All(Vec::new())
    }

    /// Returns the expression that never holds.
    pub fn never() -> Expr {
        Expr::Any(Vec::new())
    }
}
