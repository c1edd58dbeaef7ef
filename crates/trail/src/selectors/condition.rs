//! What selectors of either kind come to: a small tree, of which expressions and SQL are made, so that both say the same.
//!
//! It is positive: what deselects stands inside a leaf. So an absent field needs thought in one place only: it fails what
//! selects and passes what deselects.

/// A condition on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Every part holds.
    All(Vec<Condition>),
    /// At least one part holds.
    Any(Vec<Condition>),
    /// The event is of this category.
    Category(String),
    /// The event says that it reads; or it does not say so, and counts as one that writes.
    ReadOnly(bool),
    /// The text of a member, given by its path in a record.
    Member(&'static str, Texts),
    /// One resource of the event has this type and an ARN that passes.
    Resource { kind: String, arn: Texts },
}

/// What a text must be. Texts are compared with their case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// One of these is enough; none asks for nothing.
    pub selecting: Vec<Hit>,
    /// Each of these is too much.
    pub deselecting: Vec<Hit>,
}

/// A text hits one of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub how: How,
    pub values: Vec<String>,
}

/// How a text is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Equals,
    StartsWith,
    EndsWith,
}

impl Texts {
    /// Asks for one of the values.
    pub(super) fn selecting(how: How, values: Vec<String>) -> Texts {
        Texts { selecting: vec![Hit { how, values }], deselecting: Vec::new() }
    }

    /// Asks for none of the values.
    pub(super) fn deselecting(how: How, values: Vec<String>) -> Texts {
        Texts { selecting: Vec::new(), deselecting: vec![Hit { how, values }] }
    }
}
