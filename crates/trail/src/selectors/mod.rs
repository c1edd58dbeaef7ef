//! Event selectors: which events a trail or an event data store records.

mod wire;

pub use wire::{AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType, Selectors};
