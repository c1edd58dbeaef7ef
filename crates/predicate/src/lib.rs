//! One expression tree over a CloudTrail event, compiled once and evaluated on a batch of events or on a single record.
//!
//! A grammar (Sigma, event selectors, filter patterns, a look-up) lowers to an [`Expr`](expr::Expr): fields, tests,
//! and/or/not, with the rules for case, wildcards and arrays written out in each leaf. [`Predicate::compile`] resolves
//! every field once, to a column of the batch or a path in the JSON of one. [`RuleIndex`](index::RuleIndex) tries a
//! predicate only on the events whose name or source it demands. Pure: no files, no clock, no grammar.
//!
//! ```
//! use predicate::Predicate;
//! use predicate::expr::{Case, Expr, Field, TextOp};
//! use predicate::record::Record;
//!
//! let stop = Expr::text(Field::parse("eventName"), TextOp::Equals, Case::Insensitive, ["StopLogging"]);
//! let denied = Expr::null(Field::parse("errorCode")).negated();
//! let predicate = Predicate::compile(&Expr::All(vec![stop, denied]))?;
//! let record = Record::parse(br#"{"eventName":"stopLogging","errorCode":"AccessDenied"}"#).expect("an object");
//! assert!(predicate.matches(&record));
//! # Ok::<(), predicate::error::Error>(())
//! ```

pub mod error;
pub mod expr;

mod address;
mod cidr;
mod json;
mod pathological;
mod text;
mod value;

mod check;
mod compile;

mod batch;
pub mod index;
mod lookup;
pub mod record;

pub use batch::{Given, Rows, Shapes};
pub use cidr::Cidr;
pub use compile::{Needs, Predicate, demanded};
pub use lookup::Lookup;
