//! The value of a field, for those who group by it or show it.

use crate::address::{Address, Source};
use crate::batch::Rows;
use crate::compile::Needs;
use crate::expr::Field;
use crate::record::Record;
use crate::value;

/// A field, resolved once, whose value is read of many events.
#[derive(Debug, Clone)]
pub struct Lookup {
    address: Address,
}

impl Lookup {
    /// Resolves a field.
    pub fn new(field: &Field) -> Lookup {
        Lookup { address: Address::resolve(field) }
    }

    /// Returns what it reads of a batch.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        needs.add(&self.address);
        needs
    }

    /// Returns the text of the first value of an event of a batch; of an array the whole array as compact JSON.
    pub fn of_row(&self, rows: &Rows<'_>, row: usize) -> Option<String> {
        if row < rows.len() { self.first(&rows.event(row)) } else { None }
    }

    /// Returns the text of the first value of a record; of an array the whole array as compact JSON.
    pub fn of_record(&self, record: &Record<'_>) -> Option<String> {
        self.first(record)
    }

    fn first<S: Source>(&self, source: &S) -> Option<String> {
        let mut found = None;
        source.base(self.address.at, |base| {
            value::any(base, &self.address.rest, self.address.arrays, &mut |value| {
                found = value.text().map(std::borrow::Cow::into_owned);
                found.is_some()
            })
        });
        found
    }
}
