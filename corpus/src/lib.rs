//! A deterministic generator of realistic CloudTrail log files, for demos, benchmarks and tests.
//!
//! From one seed it makes a believable organisation (five accounts, six Regions, people, users, roles, builds,
//! services) and writes what its organization trail would have delivered: gzipped log files in the true layout and with
//! the true names, from 1 MB to 100 GB and more. The same [`Config`] gives the same bytes on any machine, with any number
//! of threads.
//!
//! ```no_run
//! let config = corpus::Config::new(7, 20_000_000);
//! let summary = corpus::generate(&config, std::path::Path::new("bucket"))?;
//! println!("{} records in {} files", summary.records, summary.files);
//! println!("the key that leaked: {}", summary.story.leaked_key);
//! # Ok::<(), corpus::Error>(())
//! ```
//!
//! What one may rely on, whatever the seed:
//!
//! * Records have the members AWS promises, in AWS's order, about 1.5 kB each, about 60 to a file with a long tail; gzip
//!   brings them to about a sixth.
//! * About 85 % are reads, over 300 different event names; there are data events, errors, console sign-ins, service
//!   events, and root once. Nights and weekends are quiet.
//! * About a quarter use a temporary key whose issuing record is in the corpus, before the use, at the second that
//!   `creationDate` names. An `AssumeRole` from one account into another is recorded in both, with one `sharedEventID`.
//! * One attack runs through it all: [`Story`] has its facts, so that what must be found can be stated.
//!
//! With [`Config::digests`] each account and Region gets its hourly digest files as well, signed by a sample key and chained,
//! and one log file can be changed and one deleted afterwards, for a verification to find.
//!
//! The generator knows nothing of the parser it is used to test: it writes JSON text on its own. Accounts, domains and
//! addresses are those set aside for documentation; access keys have the right shape and were never issued.
//!
//! Days are independent: each has its own stream of chance, derived from the seed and the day's number. Within a day the
//! flow is `day` (who acts, in spells and bursts) -> `catalogue` and `template` (what, with which parameters) ->
//! `identity`, `session`, `signin` (as whom) -> `record` (JSON) -> `delivery` (files). `story` and root's visit are
//! scripted ahead of time and mixed in.

mod catalogue;
mod config;
mod day;
mod delivery;
mod dice;
mod digests;
mod error;
mod generate;
mod identity;
mod organisation;
mod plan;
mod record;
mod session;
mod shift;
mod signin;
mod story;
mod tamper;
mod template;

pub use config::{BYTES_MAX, BYTES_MIN, Config, DAYS_MAX, Digests, THREADS_MAX};
pub use digests::BUCKET;
pub use error::{Error, ErrorKind};
pub use generate::{Summary, generate, story};
pub use story::{Hop, Stage, Step, Story};
pub use tamper::Tampered;
