//! Fields resolved, once, to where their values stand: a column, or a path below one, or a path in the record.

use event::schema::{ALIASES, COLUMNS, Kind};

use crate::expr::{Arrays, Field, Place, Segment};
use crate::value::Base;

/// Where a field's values stand.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub at: At,
    /// The steps from there.
    pub rest: Vec<Segment>,
    pub arrays: Arrays,
}

/// Where an address begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// A column of the record.
    Column(usize),
    /// The members of the record that have no column.
    Unmapped,
    /// The record's own text.
    Record,
    /// Every scalar of the record.
    Anywhere,
    /// The event's category, derived where the record does not say it.
    Category,
    /// A value that the caller gives.
    Given(usize),
    /// The element under test.
    Element,
}

/// An event, whatever it is held in.
pub(crate) trait Source {
    /// Calls `then` with what stands where an address begins.
    ///
    /// A source may say [`Base::Absent`] of a member that is null, where it cannot tell cheaply.
    fn base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R;

    /// Calls `then` as [`Source::base`] does, with what is null told from what is absent.
    fn exact_base<R>(&self, at: At, then: impl FnOnce(Base<'_>) -> R) -> R {
        self.base(at, then)
    }
}

impl Address {
    /// Resolves a field of the record.
    pub(crate) fn resolve(field: &Field) -> Address {
        let arrays = field.arrays;
        let path = match &field.place {
            Place::Anywhere => return Address { at: At::Anywhere, rest: Vec::new(), arrays },
            Place::Given(number) => return Address { at: At::Given(*number), rest: Vec::new(), arrays },
            Place::Category => return Address { at: At::Category, rest: Vec::new(), arrays },
            Place::Path(path) => path,
        };
        let column = COLUMNS.iter().position(|column| starts_with(path, column.path));
        if let Some((at, column)) = column.and_then(|at| Some((at, COLUMNS.get(at)?))) {
            let rest = path.get(column.path.len()..).unwrap_or_default().to_vec();
            return Address { at: At::Column(at), rest, arrays };
        }
        let Some(Segment::Member(first)) = path.first() else {
            return Address { at: At::Record, rest: path.clone(), arrays };
        };
        let known = COLUMNS.iter().any(|column| column.path.first() == Some(&first.as_str()))
            || ALIASES.iter().any(|(alias, _)| alias == first);
        Address { at: if known { At::Record } else { At::Unmapped }, rest: path.clone(), arrays }
    }

    /// Resolves a field that is relative to an element; what is no part of the record stays what it is.
    pub(crate) fn resolve_in_element(field: &Field) -> Address {
        match &field.place {
            Place::Path(path) => Address { at: At::Element, rest: path.clone(), arrays: field.arrays },
            Place::Anywhere | Place::Given(_) | Place::Category => Address::resolve(field),
        }
    }

    /// Returns what it costs to look there, in the order of things that cost more.
    pub(crate) fn cost(&self) -> u32 {
        match self.at {
            At::Given(_) | At::Category => 1,
            At::Column(column) => match COLUMNS.get(column).map(|column| column.kind) {
                Some(Kind::Boolean) => 1,
                Some(Kind::Text) => 2,
                _ => 20,
            },
            At::Unmapped => 10,
            At::Element => 30,
            At::Record => 200,
            At::Anywhere => 400,
        }
    }
}

fn starts_with(path: &[Segment], prefix: &[&str]) -> bool {
    path.len() >= prefix.len()
        && path.iter().zip(prefix).all(|(segment, name)| matches!(segment, Segment::Member(member) if member == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_resolve_to_the_nearest_column() {
        let cases = [
            ("eventName", "eventname", 0),
            ("userIdentity.sessionContext.sessionIssuer.arn", "useridentity_sessioncontext_sessionissuer_arn", 0),
            ("requestParameters", "requestparameters", 0),
            ("requestParameters.a.b", "requestparameters", 2),
            ("errorMessage.a", "errormessage", 1),
            ("userIdentity", "record", 1),
            ("userIdentity.attributes.x", "record", 3),
            ("eventId", "record", 1),
            ("eventname", "unmapped", 1),
            ("status", "unmapped", 1),
        ];
        for (field, at, rest) in cases {
            let address = Address::resolve(&Field::parse(field));
            let found = match address.at {
                At::Column(column) => COLUMNS[column].name,
                At::Record => "record",
                At::Unmapped => "unmapped",
                _ => "other",
            };
            assert_eq!((found, address.rest.len()), (at, rest), "{field}");
        }
    }
}
