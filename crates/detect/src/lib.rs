//! Rules that find attacks in CloudTrail events: Sigma with its correlations, first-seen terms, indicator lists.
//!
//! The way through: [`RuleSet::load`](ruleset::RuleSet::load) reads rule files and says what it refuses;
//! [`Detector::observe`](detector::Detector::observe) looks at a batch of events and gives out
//! [`Finding`](finding::Finding)s. Pure: rule files, events and the time are arguments, findings and state are values.

pub mod error;

pub mod refusal;
mod yaml;

mod sigma;

pub mod ruleset;

pub mod origin;

pub mod finding;
mod window;

pub mod indicator;

pub mod detector;

mod state;

pub use sigma::document::{Level, Meta};
pub use sigma::extension::Advice;
pub use sigma::text::Placeholders;
