//! Event selectors: which events a trail or an event data store records.
//!
//! [`Selectors`] are kept as they were sent. [`Holder::check`] holds them against the grammar of who has them, and
//! [`Selectors::put`] is what a put of the API comes to. To be evaluated they are lowered, once, to a condition
//! (`condition`), which becomes an expression ([`Selectors::expr`]) or SQL ([`Selectors::sql`]). A [`Target`] adds whose
//! events a trail sees at all; [`route`] asks any number of targets about a batch.

mod error;
mod text;
mod wire;

mod arn_shape;
mod grammar;
mod validate;

mod condition;
mod expr;
mod lower;
mod reach;
mod sql;

mod scope;
mod target;

pub use error::{Error, ErrorKind, Result};
pub use grammar::{Holder, SELECTORS_MAX, VALUES_MAX};
pub use reach::Call;
pub use scope::{folder_region, global_services};
pub use sql::StoreScope;
pub use target::{Target, needs, route};
pub use wire::{AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType, Selectors};
