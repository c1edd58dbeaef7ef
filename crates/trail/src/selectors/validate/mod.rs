//! Selectors held against the grammar, in the words of the API.

mod advanced;
mod basic;

use crate::selectors::error::{Error, ErrorKind, Result};
use crate::selectors::{AdvancedEventSelector, EventSelector, Holder, Selectors};

impl Selectors {
    /// Returns the selectors of a put for a trail: of the kind that was given, checked, and otherwise as they were sent.
    ///
    /// # Errors
    /// [`ErrorKind::Kind`] for selectors of both kinds, [`ErrorKind::Selectors`] for none, else as [`Holder::check`].
    pub fn put(basic: Option<Vec<EventSelector>>, advanced: Option<Vec<AdvancedEventSelector>>) -> Result<Selectors> {
        let (basic, advanced) = (basic.unwrap_or_default(), advanced.unwrap_or_default());
        let selectors = match (basic.is_empty(), advanced.is_empty()) {
            (false, false) => {
                let message = "You can use either EventSelectors or AdvancedEventSelectors in a PutEventSelectors \
                               request, but not both.";
                return Err(Error::new(ErrorKind::Kind, message));
            }
            (_, true) => Selectors::Basic(basic),
            (true, false) => Selectors::Advanced(advanced),
        };
        Holder::Trail.check(&selectors)?;
        Ok(selectors)
    }
}

impl Holder {
    /// Checks selectors.
    ///
    /// # Errors
    /// The first thing that is wrong, selector by selector; what is wrong with all of them together comes last. The message
    /// is the one that the API gives.
    pub fn check(self, selectors: &Selectors) -> Result<()> {
        match (self, selectors) {
            (Holder::Trail, Selectors::Basic(selectors)) => basic::check(selectors),
            (Holder::EventDataStore, Selectors::Basic(_)) => {
                let message = "An event data store takes AdvancedEventSelectors only.";
                Err(Error::new(ErrorKind::Kind, message))
            }
            (holder, Selectors::Advanced(selectors)) => advanced::check(holder, selectors),
        }
    }
}
