//! Sigma 2.1 read: documents, selections, modifiers, conditions, correlations and filters become plain values.
//!
//! Source: the Sigma specification 2.1.0, "Rules", "Modifiers", "Correlation rules" and "Filters". What it does not
//! know, or this reader does not, is refused with its place.

pub(crate) mod condition;
pub(crate) mod correlation;
pub(crate) mod detection;
pub(crate) mod document;
pub(crate) mod encoding;
pub(crate) mod extension;
pub(crate) mod modifier;
pub(crate) mod text;
